"""The burst guard: a key held down, or a paste, decides at most once."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

MIN_GAP = 0.150
"""Seconds between two decisions of one person; key repeat and pastes are faster, hands are not."""
REPEAT_DELAY = 1.2
"""Seconds within which the same key may come from being held: terminals begin to repeat after 0.2 to 1.1 s."""


class Verdict(Enum):
    """What to do with a decision key: decide now, wait ``MIN_GAP`` to see whether it repeats, or ignore it."""

    NOW = "now"
    WAIT = "wait"
    IGNORE = "ignore"


class BurstGuard:
    """Tells a deliberate key from one of a burst.

    The first key of a burst is let through, every further one that follows its predecessor by less than ``min_gap``
    seconds is not. A held key pauses before it repeats, longer than that: so the same key, coming again within
    ``REPEAT_DELAY``, is to wait until it is clear that no third one follows. Times should be the times at which the keys
    arrived (``event.time`` of a Textual event): a loop that was busy must not turn two slow keys into a burst.
    """

    def __init__(self, min_gap: float = MIN_GAP, clock: Callable[[], float] = time.monotonic) -> None:
        """Guard with a gap in seconds and a clock that never runs backwards."""
        self.min_gap = min_gap
        self._clock = clock
        self._last: float | None = None
        self._same: tuple[str, float] | None = None
        self._held_back = 0

    @property
    def held_back(self) -> int:
        """How many keys of the present burst were refused; 0 after a key that was let through."""
        return self._held_back

    def allow(self, at: float | None = None) -> bool:
        """Say whether the decision key that arrived at ``at`` (seconds; default now) may decide."""
        if self._in_burst(at):
            self._held_back += 1
            return False
        self._held_back = 0
        return True

    def judge(self, what: str, at: float | None = None) -> Verdict:
        """Like ``allow``, for the decision ``what``; also finds the first repeat of a key that is held down."""
        now = self._clock() if at is None else at
        before, self._same = self._same, (what, now)
        if not self.allow(now):
            return Verdict.IGNORE
        if before is not None and before[0] == what and now - before[1] < REPEAT_DELAY:
            return Verdict.WAIT
        return Verdict.NOW

    def note(self, at: float | None = None) -> None:
        """Record a key or a paste that is no decision: a decision key right behind it belongs to the same burst."""
        self._in_burst(at)

    def _in_burst(self, at: float | None) -> bool:
        now = self._clock() if at is None else at
        last, self._last = self._last, now if self._last is None else max(now, self._last)
        return last is not None and now - last < self.min_gap

    def reason(self) -> str:
        """Return what to tell the person when a key was held back."""
        return "keys came too fast: one decision made, the rest of the burst ignored"
