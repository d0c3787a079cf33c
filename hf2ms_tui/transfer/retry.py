"""Trying again: jittered and bounded, as long as a hub asks for, and together, so that many streams do not hammer it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from hf2ms_tui.domain.errors import Hf2msError, RateLimited
from hf2ms_tui.transfer.control import Control

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try. Seconds throughout.

    ``attempts`` counts tries of one act that failed for any transient reason but a request to slow down; of those at most
    ``rate_limited`` are obeyed. ``base`` is the first wait, doubled up to ``longest``; ``obey`` caps what a hub may ask for.
    """

    attempts: int = 6
    rate_limited: int = 60
    base: float = 0.5
    longest: float = 30.0
    obey: float = 300.0


BRIEF = Patience(attempts=4, rate_limited=4, base=0.5, longest=8.0, obey=20.0)
"""where a person waits in front of the screen: a hub that stays busy is said to be so within about a minute, not waited for"""


class Throttle:
    """One hub's request to slow down, shared by everybody who talks to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Nobody sends anything for so long."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until requests may be sent again, with a jitter so that not all are sent at the same instant."""
        with self._lock:
            left = self._until - time.monotonic()
        return left + random.uniform(0, min(1.0, left / 4 + 0.05)) if left > 0 else 0.0


class Retrier:
    """Runs calls to one hub again while their errors are transient. Safe to share between threads.

    ``on_retry`` hears the error, the number of the next try and the wait before it (seconds).
    """

    def __init__(
        self,
        control: Control,
        *,
        patience: Patience | None = None,
        throttle: Throttle | None = None,
        on_retry: Callable[[Hf2msError, int, float], None] | None = None,
    ) -> None:
        self.control = control
        self.patience = patience or Patience()
        self.throttle = throttle or Throttle()
        self._on_retry = on_retry

    def under(
        self, control: Control, on_retry: Callable[[Hf2msError, int, float], None] | None = None
    ) -> Retrier:
        """The same hub's retrier for work that ends with ``control``."""
        return Retrier(
            control, patience=self.patience, throttle=self.throttle, on_retry=on_retry or self._on_retry
        )

    def call(self, act: Callable[[], R], *, pausing: bool = True) -> R:
        """Run ``act`` until it succeeds. Raises its error at once when it is not transient, else when patience ends.

        Every try waits while the hub asks everybody to slow down, unless ``act`` does so itself (``pausing=False``).
        """
        rate_limits = 0

        def wait(state: tenacity.RetryCallState) -> float:
            error = _error(state)
            if isinstance(error, RateLimited):
                return self.hold(error, rate_limits)
            tries = max(state.attempt_number - rate_limits - 1, 0)
            return random.uniform(0.5, 1.0) * min(
                self.patience.base * 2.0 ** min(tries, 30), self.patience.longest
            )

        def stop(state: tenacity.RetryCallState) -> bool:
            nonlocal rate_limits
            if isinstance(_error(state), RateLimited):
                rate_limits += 1
                return rate_limits > self.patience.rate_limited
            return state.attempt_number - rate_limits >= self.patience.attempts

        def announce(state: tenacity.RetryCallState) -> None:
            error = _error(state)
            if self._on_retry is not None and error is not None:
                self._on_retry(error, state.attempt_number + 1, state.upcoming_sleep)

        def attempt() -> R:
            if pausing:
                self.pause()
            else:
                self.control.check()
            return act()

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=wait,
            stop=stop,
            sleep=self.control.sleep,
            before_sleep=announce,
            reraise=True,
        )
        return retrying(attempt)

    def pause(self) -> None:
        """Wait while the hub asks everybody to slow down. Raises as ``Control.check`` does."""
        self.control.check()
        while (left := self.throttle.left()) > 0:
            self.control.sleep(left)

    def hold(self, error: RateLimited, before: int = 1) -> float:
        """Make everybody wait as long as the hub asked, within bounds; return our own wait (seconds).

        A hub that does not say how long is asked ever more rarely: ``before`` is how often it was, this time included.
        """
        growing = min(self.patience.base * 2.0 ** min(before + 1, 30), self.patience.longest)
        asked = error.retry_after if error.retry_after is not None else growing
        seconds = min(max(asked, self.patience.base), self.patience.obey)
        self.throttle.hold(seconds)
        return seconds + random.uniform(0, min(1.0, seconds / 4))


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later unchanged."""
    return isinstance(error, Hf2msError) and error.transient


def _error(state: tenacity.RetryCallState) -> Hf2msError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, Hf2msError) else None
