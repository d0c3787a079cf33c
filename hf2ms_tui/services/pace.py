"""How fast jobs go and how long they will take, from looks at their boards a moment apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from hf2ms_tui.domain.job import JobView, Phase

SPAN = 8.0
"""seconds over which a rate is measured: long enough to be steady, short enough to notice a stall"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Bytes per second read from hubs (``down``) and sent to them (``up``); ``left`` are seconds of the present phase.

    ``left`` is None when it cannot be told. ``done`` of ``total`` are the bytes of the present phase. ``stalled`` says that
    bytes are outstanding and none came for as long as a rate is measured.
    """

    down: float = 0.0
    up: float = 0.0
    left: float | None = None
    done: int = 0
    total: int = 0
    stalled: bool = False

    @property
    def share(self) -> float | None:
        """The share of the phase's bytes that is done, 0.0 to 1.0; None when there is nothing to measure by."""
        return min(self.done / self.total, 1.0) if self.total else None


def progress_of(view: JobView) -> tuple[int, int]:
    """Bytes done and in all of the phase a job is in: moved while moving, read back while proving."""
    if view.phase is Phase.PROVING:
        return view.read_back, view.to_read_back
    if view.phase in {Phase.QUEUED, Phase.PLANNING}:
        return 0, 0
    return view.moved, view.to_move


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    moved: int
    read_back: int
    phase: Phase


class Paces:
    """Remembers the last looks of each running job. Times are of a clock that never runs backwards, in seconds."""

    def __init__(self, span: float = SPAN) -> None:
        self._span = span
        self._looks: dict[str, deque[_Look]] = {}
        self._paces: dict[str, Pace] = {}

    def look(self, views: Iterable[JobView], at: float) -> None:
        """Take what boards say at ``at``; jobs that are not named are forgotten."""
        kept: dict[str, deque[_Look]] = {}
        self._paces = {}
        for view in views:
            if view.phase.final or view.lost:
                continue
            looks = kept[view.id] = self._looks.get(view.id, deque())
            if looks and looks[-1].phase is not view.phase:
                looks.clear()  # another phase, another pace
            looks.append(_Look(at, view.moved, view.read_back, view.phase))
            while len(looks) > 2 and at - looks[1].at >= self._span:
                looks.popleft()
            self._paces[view.id] = _pace(view, looks, self._span)
        self._looks = kept

    def of(self, view: JobView) -> Pace:
        """The pace of a job as of the last look; of one that does not run only how far it came."""
        found = self._paces.get(view.id)
        if found is not None:
            return found
        done, total = progress_of(view)
        return Pace(done=done, total=total)

    @property
    def down(self) -> float:
        """Bytes per second that all jobs read."""
        return sum(pace.down for pace in self._paces.values())

    @property
    def up(self) -> float:
        """Bytes per second that all jobs send."""
        return sum(pace.up for pace in self._paces.values())


def _pace(view: JobView, looks: deque[_Look], span: float) -> Pace:
    first, last = looks[0], looks[-1]
    passed = last.at - first.at
    # What moves streams through: it is read as fast as it is sent.
    up = max(0, last.moved - first.moved) / passed if passed > 0 else 0.0
    back = max(0, last.read_back - first.read_back) / passed if passed > 0 else 0.0
    done, total = progress_of(view)
    rate = back if view.phase is Phase.PROVING else up
    left = (total - done) / rate if rate > 0 and total > done else None
    still = passed >= span * 0.9 and total > done and not rate
    return Pace(up + back, up, left, done, total, still)
