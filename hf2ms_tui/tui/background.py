"""Work off the event loop: daemon threads that never touch widgets and hand their result back as one message.

Textual's own thread workers are joined at exit, so a hanging network call would hold the program; these are not.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.message import Message

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.text import clean

T = TypeVar("T")


class Outcome(Message):
    """A piece of work is over; the app calls ``then`` on the event loop."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then


class Background:
    """Starts work in daemon threads and posts what came of it. ``post`` is the app's thread-safe ``post_message``."""

    def __init__(self, post: Callable[[Message], bool]) -> None:
        self._post = post
        self._writes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._write_for_ever, name="writes", daemon=True).start()

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        *,
        only: str = "",
    ) -> bool:
        """Run ``work`` in a thread of its own, then ``done`` or ``failed`` on the event loop.

        With ``only``, nothing is started while earlier work of that name is still under way; returns whether it started.
        """
        if only:
            with self._lock:
                if only in self._busy:
                    return False
                self._busy.add(only)
        thread = threading.Thread(
            target=self._one, args=(work, done, failed, only), name=only or "work", daemon=True
        )
        thread.start()
        return True

    def write(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Like ``run``, but one after another in the order given: for decisions and other small writes."""
        self._writes.put(lambda: self._one(work, done, failed, ""))

    def under_way(self, name: str) -> bool:
        """Whether work of a name that begins with ``name`` is under way."""
        with self._lock:
            return any(busy.startswith(name) for busy in self._busy)

    def tell(self, then: Callable[[], None]) -> None:
        """From a thread: have ``then`` called on the event loop."""
        self._post(Outcome(then))

    def _one(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        only: str,
    ) -> None:
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - every failure of a thread is shown on the screen
            caught = error
            self._end(only)
            self._post(Outcome(lambda: failed(caught)))
            return
        self._end(only)
        self._post(Outcome(lambda: done(value)))

    def _end(self, only: str) -> None:
        with self._lock:
            self._busy.discard(only)

    def _write_for_ever(self) -> None:
        while True:
            self._writes.get()()


def sentence(error: Exception) -> str:
    """An error as one inert sentence: ours with its way out, anything else with its type."""
    if isinstance(error, Hf2msError):
        return str(error)
    return clean(f"{type(error).__name__}: {error}", 400)
