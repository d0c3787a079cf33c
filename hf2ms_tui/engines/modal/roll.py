"""Sharing the account's containers among all jobs of it that run at once.

Each coordinator says in one Dict how many chunks it has left and how many run; each takes an even share of the workers
that the cap leaves beside the coordinators.
"""

from __future__ import annotations

import time

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.surroundings import say

FRESH = 60.0
"""seconds after which a job that said nothing counts as gone"""
EVERY = 3.0


def share_of(job: str, wants: dict[str, int], cap: int) -> int:
    """How many of ``cap`` workers a job may use: an even share, and what those with fewer chunks leave over.

    ``wants`` are chunks not yet done, by job. At least one, whatever the cap, so that every job goes on.
    """
    left, waiting = cap, dict(wants)
    while waiting:
        even = left // len(waiting)
        modest = {name: count for name, count in waiting.items() if count <= even}
        if not modest:
            # Who is first in the order of names gets what cannot be divided.
            extra = sorted(waiting).index(job) < left - even * len(waiting) if job in waiting else False
            return max(1, even + (1 if extra else 0))
        if job in modest:
            return max(1, modest[job])
        left -= sum(modest.values())
        waiting = {name: count for name, count in waiting.items() if name not in modest}
    return max(1, left)


class Roll:
    """One job's view of the roll; ``cap`` is of workers. A Dict that cannot be read leaves the last share standing."""

    def __init__(self, record: Record, job: str, cap: int) -> None:
        self._record, self._job, self._cap = record, job, cap
        self._asked = -EVERY
        self._free = cap
        self._alone = True

    def room(self, running: int, out: int, left: int) -> int:
        """How many more chunks may be handed out by a job of which ``running`` have a container, of ``out`` in all.

        A job that is alone has a few more waiting than run, so that no container waits for us; the function's own limit
        keeps them within the cap. With others beside it, it waits while its share is still in their hands.
        """
        if time.monotonic() - self._asked >= EVERY:
            self._asked = time.monotonic()
            try:
                self._look(running, out + left)
            except Hf2msError as error:
                say("job", 0, f"the roll of jobs was not read: {error}")
        ahead = max(2, self._cap // 4) if self._alone else 0
        return max(self._free + ahead - out, 1 if out == 0 else 0)

    def _look(self, running: int, left: int) -> None:
        self._record.put(self._job, {"left": left, "running": running, "at": time.time()})
        fresh = {
            name: entry
            for name, entry in self._record.everything().items()
            if time.time() - entry["at"] < FRESH and (entry["left"] or name == self._job)
        }
        self._alone = len(fresh) == 1
        mine = share_of(self._job, {name: entry["left"] for name, entry in fresh.items()}, self._cap)
        others = sum(entry["running"] for name, entry in fresh.items() if name != self._job)
        self._free = max(min(mine, self._cap - others), 0)

    def leave(self) -> None:
        """The job needs no containers any more."""
        try:
            self._record.drop(self._job)
        except Hf2msError as error:
            say("job", 0, f"the roll of jobs was not told: {error}")
