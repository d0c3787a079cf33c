"""The one log of a job: lines of coordinator and workers merged, in an order that is decided once.

Lines lie in pages of the job's ``said`` Dict. A page also holds how far each worker's own lines were taken in, so that page
and position are one value: a coordinator that is killed in between can neither lose a line nor take one twice.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.reporting import PAGE as WORKER_PAGE
from hf2ms_tui.transfer.plain import stamp

PAGE = 500


class LogBook:
    """Appends to the log. One coordinator holds it, and one thread of it flushes."""

    def __init__(self, said: Record, record: Record) -> None:
        self._said, self._record = said, record
        self._lock = threading.Lock()
        self._page: list[list[Any]] = []
        self._number = 0
        self._taken: dict[str, int] = {}
        self._pulled: dict[str, int] = {}
        self._waiting: list[_Waiting] = []
        self._done: list[str] = []

    def load(self, lines: int) -> None:
        """Go on where an earlier coordinator stopped; ``lines`` is what its board said, there may be more."""
        number = max(lines // PAGE - 1, 0)
        while (page := self._said.get(f"log:{number}")) is not None:
            self._number, self._page, self._taken = number, page["lines"], page["taken"]
            number += 1
        self._pulled = dict(self._taken)

    @property
    def count(self) -> int:
        """Lines that are in the Dict."""
        return self._number * PAGE + len(self._page)

    def add(self, worker: str, chunk: int, text: str) -> None:
        """A line of the coordinator itself; in the Dict after the next ``flush``."""
        with self._lock:
            self._waiting.append(_Waiting([stamp(datetime.now(UTC)), worker, chunk, text]))

    def pull(self, key: str, mark: str, lines: int) -> None:
        """Take in a worker's lines up to number ``lines``, in their order; in the Dict after the next ``flush``."""
        origin = f"{key}:{mark}"
        taken = self._pulled.get(origin, 0)
        while taken < lines:
            page = self._record.get(f"lines:{origin}:{taken // WORKER_PAGE}") or []
            fresh = page[taken % WORKER_PAGE : taken % WORKER_PAGE + lines - taken]
            if not fresh:
                return
            with self._lock:
                self._waiting += [
                    _Waiting(line, origin, taken + place) for place, line in enumerate(fresh, 1)
                ]
            taken += len(fresh)
            self._pulled[origin] = taken

    def forget(self, key: str, mark: str) -> None:
        """A worker is done and its lines were pulled: its own copy is dropped once they are in the Dict."""
        with self._lock:
            self._done.append(f"{key}:{mark}")

    def flush(self) -> None:
        """Put what waits into the Dict. What cannot be put waits on. Raises errors of ours."""
        with self._lock:
            waiting, done = list(self._waiting), list(self._done)
        number, page, taken = self._number, list(self._page), dict(self._taken)
        changed = False
        for item in waiting:
            if len(page) >= PAGE:
                if changed:
                    self._said.put(f"log:{number}", {"lines": page, "taken": taken})
                number, page = number + 1, []
            page.append(item.line)
            if item.origin:
                taken[item.origin] = item.place
            changed = True
        if changed:
            # In order: a page that is there means that all before it are whole.
            self._said.put(f"log:{number}", {"lines": page, "taken": taken})
        with self._lock:
            self._number, self._page, self._taken = number, page, taken
            del self._waiting[: len(waiting)]
            del self._done[: len(done)]
        for origin in done:
            count = self._taken.pop(origin, 0)
            self._pulled.pop(origin, None)
            self._record.drop(*(f"lines:{origin}:{at}" for at in range(-(-count // WORKER_PAGE))))


@dataclass(slots=True)
class _Waiting:
    """A line, and where it stands in the log of the worker that it comes from."""

    line: list[Any]
    origin: str = ""
    place: int = 0
