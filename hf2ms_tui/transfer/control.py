"""Ending work early: the person cancelled, the process was asked to stop, or another worker failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hf2ms_tui.domain.errors import Cancelled, Hf2msError

STEP = 0.2
"""seconds between two looks at the cancel flag while sleeping"""


class Stopped(Hf2msError):
    """The process was asked to end. The job stays where it is and can be resumed."""


class Aborted(Hf2msError):
    """Work that ended because another worker failed; that worker's error is the one to report."""


def never() -> bool:
    """The answer of someone who is never asked to end."""
    return False


class Control:
    """What every loop over bytes asks whether to go on. Safe to share between threads; ``check`` is cheap.

    ``cancelled`` says whether the person cancelled, ``stopping`` whether the process is to end.
    """

    def __init__(
        self,
        cancelled: Callable[[], bool] = never,
        stopping: Callable[[], bool] = never,
        parent: Control | None = None,
    ) -> None:
        self._cancelled = cancelled
        self._stopping = stopping
        self._parent = parent
        self._failed = threading.Event()
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    def child(self) -> Control:
        """A control for one group of workers: failing there ends that group, and whatever ends this one ends it too."""
        return Control(self._cancelled, self._stopping, self)

    def check(self) -> None:
        """Return when work may go on. Raises Cancelled, Stopped or Aborted."""
        if self._cancelled():
            raise Cancelled(
                "The job was cancelled", way_out="Retry it any time; what has arrived is not sent again."
            )
        if self._stopping():
            raise Stopped(
                "The job's process was asked to end", way_out="Retry the job: it carries on from here."
            )
        if self.failed:
            raise Aborted("Another worker failed")

    @property
    def failed(self) -> bool:
        """Whether a worker of this group, or of one around it, failed."""
        return self._failed.is_set() or (self._parent is not None and self._parent.failed)

    def fail(self, error: BaseException) -> None:
        """Tell the other workers of this group to end because of ``error``; the first one counts."""
        with self._lock:
            if self._error is None and not isinstance(error, Aborted):
                self._error = error
        self._failed.set()

    @contextmanager
    def group(self) -> Iterator[Control]:
        """A child for a group of workers; what is raised is what the first of them failed with, never that others ended."""
        control = self.child()
        try:
            yield control
        except Aborted:
            if control._error is not None:
                raise control._error from None
            raise

    def sleep(self, seconds: float) -> None:
        """Wait, looking at the flags every ``STEP`` seconds. Raises as ``check`` does."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            self._failed.wait(min(STEP, left))
