"""Turns: how many jobs of one state folder move bytes at the same time on this machine.

A plan may start dozens of jobs. Each is a process with many streams, and all share one link and the hubs' rate limits, so
that the others wait in the phase *queued*; a killed job gives its turn back by dying.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hf2ms_tui.store.paths import Places

AT_ONCE = 3
"""jobs that run at the same time; one alone fills most links, three hide each other's listings and commits"""
_LOOK = 0.2
"""seconds between two looks for a free turn"""


@contextmanager
def turn(places: Places, waits: Callable[[], None], enough: Callable[[], bool]) -> Iterator[bool]:
    """Hold one of the turns. ``waits`` is called once when all are taken; gives False when ``enough`` came true meanwhile."""
    locks = [
        FileLock(places.turn_lock(number), timeout=0, mode=0o600, thread_local=False)
        for number in range(AT_ONCE)
    ]
    held = _first_free(locks)
    if held is None:
        waits()
    while held is None and not enough():
        time.sleep(_LOOK)
        held = _first_free(locks)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.release()


def _first_free(locks: list[FileLock]) -> FileLock | None:
    for lock in locks:
        try:
            lock.acquire()
        except Timeout:
            continue
        return lock
    return None
