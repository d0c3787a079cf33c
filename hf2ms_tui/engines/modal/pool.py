"""The pool of a job in the cloud: chunks are calls of the worker function, their queue is Modal's own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.domain.errors import Hf2msError, RateLimited, Unreachable
from hf2ms_tui.domain.text import counted
from hf2ms_tui.engines.modal.board import CloudBoard
from hf2ms_tui.engines.modal.children import Children, Fate, Hand, fate_of
from hf2ms_tui.engines.modal.ledger import RecordLedger
from hf2ms_tui.engines.modal.names import QUIET, STALLED, TICK
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.roll import Roll
from hf2ms_tui.engines.modal.trouble import patiently
from hf2ms_tui.transfer.control import Control, Stopped
from hf2ms_tui.transfer.plain import chunk_view_of, error_of
from hf2ms_tui.transfer.ports import Task, Told

R = TypeVar("R")

QUICK = 0.15
"""seconds between the first looks at workers"""
TRIES = 3
"""times that a chunk whose call ended without an answer is handed out again"""


@dataclass(slots=True)
class _Round:
    """One ``run``: what waits, what is out, and how often a chunk was handed out."""

    waiting: deque[Chunk]
    out: dict[str, Hand]
    tries: dict[int, int]


class CloudPool:
    """``ports.Pool`` whose workers are containers of the account, at most ``cap`` beside the coordinator, and a fair share."""

    def __init__(
        self,
        children: Children,
        live: Record,
        board: CloudBoard,
        roll: Roll,
        ledger: RecordLedger,
        control: Control,
        cap: int,
    ) -> None:
        self._ledger = ledger
        self._children, self._live, self._board, self._roll = children, live, board, roll
        self._control, self._cap = control, cap
        self._requests = 0
        self._spent = board.view().container_seconds
        self._began = time.monotonic()
        self._moved_at = time.monotonic()

    @property
    def workers(self) -> int:
        """The cap: chunks are cut for so many."""
        return self._cap

    @property
    def requests(self) -> int:
        """Requests that workers sent so far."""
        return self._requests

    def standing(self, kind: str, mark: str) -> tuple[Chunk, ...]:
        """Chunks of an earlier coordinator that are still out."""
        found = [hand for hand in self._children.out.values() if (hand.kind, hand.mark) == (kind, mark)]
        if found:
            self._board.log(f"{counted(len(found), 'chunk')} handed out before: going on")
        return tuple(hand.chunk for hand in sorted(found, key=lambda hand: hand.chunk.number))

    def recall(self) -> None:
        """End all that is out: nothing may go on when the job is over."""
        self._children.recall(lambda text, chunk: self._board.log(text, chunk=chunk))
        self._roll.leave()
        self._board.update(containers=0)

    def run(self, task: Task[R], items: Iterable[Chunk]) -> Iterator[R]:
        """Hand out each chunk, largest first, and yield results as answers come.

        An error recalls what is out before it is raised; being told to stop leaves it to the next coordinator.
        """
        here = _Round(deque(items), {}, {})
        for hand in list(self._children.out.values()):
            # The very same chunk, not one of the same number: it is waited for instead of being handed out.
            if (hand.kind, hand.mark) == (task.kind, task.mark) and hand.chunk in here.waiting:
                here.waiting.remove(hand.chunk)
                here.out[hand.key] = hand
        self._moved_at = time.monotonic()
        pause = QUICK
        try:
            while here.waiting or here.out:
                self._control.check()
                self._hand_out(task, here)
                ended = self._look(task, here)
                for hand in ended:
                    answer = self._children.answer(hand)
                    if answer is not None:
                        yield self._take_in(task, here, hand, answer)
                self._check_stall(here)
                # Short jobs are not kept waiting, long ones do not ask often.
                pause = QUICK if ended else min(pause * 1.3, TICK)
                if here.waiting or here.out:
                    self._control.sleep(pause)
        except Stopped:
            raise
        except Hf2msError:
            self._spent += sum(hand.seconds for hand in here.out.values())
            self._children.recall(
                lambda text, chunk: self._board.log(text, chunk=chunk), list(here.out.values())
            )
            raise
        finally:
            self._board.update(containers=1)

    def _hand_out(self, task: Task[Any], here: _Round) -> None:
        running = sum(1 for hand in here.out.values() if hand.last is not None)
        room = self._roll.room(running, len(here.out), len(here.waiting))
        self._bill(here)
        while here.waiting and room > 0:
            self._control.check()
            chunk = here.waiting[0]
            try:
                hand = self._children.hand_out(task.kind, task.mark, chunk, task.order(chunk))
            except (RateLimited, Unreachable) as error:
                # Too many inputs wait already, or Modal is out of reach. A plain spawn does not try again by itself; what is
                # out goes on meanwhile, and the chunk is handed out later under another key.
                self._board.log(f"{error} {len(here.out):,} chunks are out; the others wait.")
                self._control.sleep(5 * TICK)
                return
            here.waiting.popleft()
            here.out[hand.key] = hand
            here.tries[chunk.number] = here.tries.get(chunk.number, 0) + 1
            room -= 1

    def _bill(self, here: _Round) -> None:
        running = sum(1 for hand in here.out.values() if hand.last is not None)
        under_way = sum(hand.seconds for hand in here.out.values())
        self._board.update(
            containers=min(running, self._cap) + 1,
            container_seconds=self.spent + under_way,
        )

    @property
    def spent(self) -> float:
        """Seconds of containers so far: earlier coordinators', the chunks that are done, and this one's own."""
        return self._spent + time.monotonic() - self._began

    def _look(self, task: Task[Any], here: _Round) -> list[Hand]:
        """Hear all workers; return those that say that they ended, or are too quiet to be believed."""
        try:
            snapshot = self._live.everything()
        except Unreachable as error:
            self._board.log(f"{error} Workers go on; asking again.")
            return []
        ended: list[Hand] = []
        for hand in list(here.out.values()):
            state = snapshot.get(hand.key)
            if state is not None and state != hand.last:
                self._hear(task, hand, state)
                if state["end"]:
                    ended.append(hand)
            elif time.monotonic() - hand.heard_at > QUIET and self._lost(here, hand):
                ended.append(hand)
        return ended

    def _hear(self, task: Task[Any], hand: Hand, state: dict[str, Any]) -> None:
        view = replace(chunk_view_of(state["view"])) if state["view"] else None
        same = hand.last is not None and hand.last["try"] == state["try"]
        # The bytes that a killed worker had sent of a blob that did not arrive are sent again.
        before = hand.told if same else replace(hand.told, resent=0, requests=0)
        now = Told(state["moved"], state["resent"], state["read"], state["requests"], view)
        if (now.moved, now.read) != (hand.told.moved, hand.told.read):
            self._moved_at = time.monotonic()
        self._requests += max(now.requests - before.requests, 0)
        task.hear(before, now)
        hand.told, hand.last, hand.heard_at = now, state, time.monotonic()
        hand.began_at = hand.began_at or hand.heard_at
        self._board.book.pull(hand.key, state["try"], state["lines"])
        if state["end"]:
            self._board.book.forget(hand.key, state["try"])

    def _lost(self, here: _Round, hand: Hand) -> bool:
        """Whether a worker that is quiet has answered; one that ended without an answer goes back to the queue."""
        hand.heard_at = time.monotonic()
        fate, why = fate_of(hand.call)
        if fate is not Fate.ENDED:
            return False
        if self._children.answer(hand) is not None:
            return True
        number = hand.chunk.number
        self._spent += hand.seconds
        self._children.done(hand)
        here.out.pop(hand.key, None)
        self._board.log(f"its worker was lost{f': {why}' if why else ''}", chunk=number)
        if here.tries.get(number, 1) >= TRIES:
            raise Hf2msError(
                f"Chunk {number} was lost {TRIES} times",
                meaning=f"Its container ended without an answer{f': {why}' if why else ''}.",
                way_out="Look at the app's log in Modal, then retry the job; what arrived is not sent again.",
            )
        here.waiting.appendleft(hand.chunk)
        return False

    def _take_in(self, task: Task[R], here: _Round, hand: Hand, answer: dict[str, Any]) -> R:
        self._moved_at = time.monotonic()
        here.out.pop(hand.key, None)
        # An answer knows only of its own try.
        self._spent += max(float(answer.get("seconds", 0.0)), hand.seconds)
        if "error" in answer:
            self._children.done(hand)
            raise error_of(answer["error"])
        result = task.take_in(hand.chunk, answer)
        # In this order: a kill in between leaves an answer that is taken in once more.
        patiently("keeping what was learnt", self._ledger.keep, self._control.sleep)
        self._children.done(hand)
        return result

    def _check_stall(self, here: _Round) -> None:
        if here.out and time.monotonic() - self._moved_at > STALLED:
            raise Hf2msError(
                f"Nothing moved for {STALLED / 60:.0f} minutes",
                meaning="The job was ended so that its containers are not billed for waiting.",
                way_out="Look into its log, then retry it; what arrived is not sent again.",
            )
