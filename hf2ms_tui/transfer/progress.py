"""Counting bytes as they move, for the board: per chunk with a smoothed rate, and for the job as a whole."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from hf2ms_tui.domain.job import ChunkState, ChunkView
from hf2ms_tui.transfer.ports import Board

EVERY = 0.2
"""seconds between two reports to the board"""
MEMORY = 5.0
"""seconds over which a rate is smoothed: older bytes weigh less than a third"""


class Tally:
    """A count that many threads add to, told to ``sink`` a few times a second."""

    def __init__(self, sink: Callable[[int], None]) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._count = 0
        self._reported = 0.0

    @property
    def count(self) -> int:
        """The count so far."""
        with self._lock:
            return self._count

    def add(self, count: int) -> None:
        """Count some more; fewer when negative."""
        with self._lock:
            self._count += count
            at = time.monotonic()
            due = at - self._reported >= EVERY
            if due:
                self._reported = at
            total = self._count
        if due:
            self._sink(total)

    def report(self) -> None:
        """Tell the sink now."""
        self._sink(self.count)


class ChunkMeter:
    """The live view of one chunk, fed by the streams that move its blobs."""

    def __init__(
        self, board: Board, view: ChunkView, moved: Tally, resent: Tally, was_there: Callable[[int], None]
    ) -> None:
        self._board = board
        self._view = view
        self._moved = moved
        self._resent = resent
        self._was_there = was_there
        self._lock = threading.Lock()
        self._reported = time.monotonic()
        self._since = 0
        self._rate = 0.0

    def begin(self, worker: str) -> None:
        """A worker took the chunk."""
        with self._lock:
            self._view = replace(self._view, state=ChunkState.RUNNING, worker=worker, attempts=1)
            self._reported = time.monotonic()
        self._board.chunk(self._view)

    def at(self, shown: str) -> None:
        """The file that is being moved now, its name already clean."""
        with self._lock:
            self._view = replace(self._view, path=shown)

    def add(self, count: int) -> None:
        """Bytes that moved; negative ones have to be moved again."""
        self._moved.add(count)
        if count < 0:
            self._resent.add(-count)
        with self._lock:
            at = time.monotonic()
            self._view = replace(self._view, moved=self._view.moved + count)
            if count > 0:
                self._since += count
                self._view = replace(self._view, changed_at=datetime.now(UTC))
            passed = at - self._reported
            if passed < EVERY:
                return
            self._rate = smooth(self._rate, self._since / passed, passed)
            self._reported, self._since = at, 0
            self._view = replace(self._view, rate=self._rate)
            view = self._view
        self._board.chunk(view)

    def forget(self, count: int) -> None:
        """Bytes of a blob that the destination turned out to have: the chunk is done with them, nothing moved."""
        self._was_there(count)
        with self._lock:
            self._view = replace(self._view, moved=self._view.moved + count)

    def again(self) -> None:
        """Something of the chunk is tried again."""
        with self._lock:
            self._view = replace(self._view, attempts=self._view.attempts + 1)
            view = self._view
        self._board.chunk(view)

    def end(self, error: str = "") -> None:
        """The chunk is over: done, or failed with a clean text."""
        state = ChunkState.FAILED if error else ChunkState.DONE
        with self._lock:
            self._view = replace(self._view, state=state, rate=0.0, path="", error=error)
        self._board.chunk(self._view)


def smooth(rate: float, now: float, passed: float) -> float:
    """An exponentially weighted rate: ``now`` was measured over the last ``passed`` seconds. The first one counts fully."""
    if not rate:
        return now
    weight = 1.0 - math.exp(-passed / MEMORY)
    return rate + weight * (now - rate)
