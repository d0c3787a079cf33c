"""The calls that a coordinator made: handed out, noted, found again after a restart, asked about, ended."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import modal

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.text import counted
from hf2ms_tui.engines.modal.names import CANCEL_GRACE
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.trouble import patiently, translated
from hf2ms_tui.transfer.plain import chunk_of
from hf2ms_tui.transfer.ports import Told

Spawn = Callable[[str, int], str]
"""Hands out the order of a key, whose chunk has so many bytes; returns the id of the call."""


class Fate(Enum):
    """What became of a call, as the service tells."""

    PENDING = "pending"
    ENDED = "ended"
    UNKNOWN = "unknown"


def fate_of(call_id: str, client: modal.Client | None = None) -> tuple[Fate, str]:
    """Ask the service about a call; with what it ended, as a text, when it failed. Never raises."""
    try:
        with translated("asking about a call"):
            try:
                # Not ready is the builtin TimeoutError. Modal's own TimeoutErrors (a call that ran out of time, a result
                # that expired) are no subclass of it: they are final.
                modal.FunctionCall.from_id(call_id, client=client).get(timeout=0)
            except TimeoutError:
                return Fate.PENDING, ""
        return Fate.ENDED, ""
    except Hf2msError as error:
        cause = error.__cause__
        if error.transient:
            return Fate.UNKNOWN, str(error)
        # What the call failed with says nothing about why: a cancelled one may carry an empty text.
        return Fate.ENDED, f"{type(cause).__name__}: {cause}" if cause is not None else str(error)
    except BaseException as error:
        # With another payload format a remote SystemExit is raised as one, here.
        if isinstance(error, KeyboardInterrupt):
            raise
        return Fate.ENDED, type(error).__name__


def end_call(call_id: str, *, terminate: bool, client: modal.Client | None = None) -> None:
    """Cancel a call; with ``terminate`` its container is ended too. One that is over or unknown is no error."""
    try:
        with translated("cancelling a call"):
            modal.FunctionCall.from_id(call_id, client=client).cancel(terminate_containers=terminate)
    except Hf2msError as error:
        if error.transient:
            raise


@dataclass(slots=True)
class Hand:
    """One order that is out: whose it is, and what was last heard of it."""

    key: str
    kind: str
    mark: str
    chunk: Chunk
    call: str = ""
    told: Told = field(default_factory=Told)
    last: Any = None
    heard_at: float = field(default_factory=time.monotonic)
    began_at: float = 0.0
    """when a container of it was first heard, 0 before (monotonic seconds)"""

    @property
    def number(self) -> int:
        """The number of the chunk that the screen knows, 0 where it shows none."""
        return self.chunk.number if self.kind == "move" else 0

    @property
    def words(self) -> str:
        """What it is, for people: ``chunk 7``, ``reading back 7``."""
        return f"{'chunk' if self.kind == 'move' else 'reading back'} {self.chunk.number}"

    @property
    def seconds(self) -> float:
        """How long containers have worked for it, as seen from here."""
        return time.monotonic() - self.began_at if self.began_at else 0.0


class Children:
    """All orders of a job that are out. Kept in the record, so that the next coordinator finds them."""

    def __init__(self, record: Record, live: Record, spawn: Spawn, sleep: Callable[[float], object]) -> None:
        self._record, self._live, self._spawn, self._sleep = record, live, spawn, sleep
        self.out: dict[str, Hand] = {}
        self._life = secrets.token_hex(3)
        self._count = 0

    def find(self, everything: Mapping[str, Any]) -> None:
        """Take over from an earlier coordinator what is still under way; forget what is not."""
        for name, order in everything.items():
            kind, _, key = name.partition(":")
            if kind != "order":
                continue
            chunk = chunk_of(order["chunk"])
            # A call that was handed out and not noted can be known from its own claim.
            call = everything.get(f"call:{key}") or everything.get(f"claim:{key}") or ""
            answer = everything.get(f"answer:{key}")
            # An answer that nobody took in is taken in now, if it tells more than that blobs are stored.
            useful = answer is not None and "error" not in answer
            useful = useful and (
                order["kind"] != "move" or not all(piece.blob.sha256 for piece in chunk.pieces)
            )
            if not useful and (answer is not None or not call or fate_of(call)[0] is Fate.ENDED):
                self._forget(key)
                continue
            self.out[key] = Hand(key, order["kind"], order["mark"], chunk, call)

    def hand_out(self, kind: str, mark: str, chunk: Chunk, order: Mapping[str, Any]) -> Hand:
        """Give a chunk to a worker. Noted before and after, so that a kill in between loses nothing."""
        self._count += 1
        key = f"{kind}-{self._life}-{self._count}"
        patiently(
            "noting an order",
            lambda: self._record.put(f"order:{key}", {**order, "kind": kind, "mark": mark}),
            self._sleep,
        )
        try:
            with translated("handing out a chunk"):
                call = self._spawn(key, chunk.size)
        except BaseException:
            # It may have been handed out all the same: without its order the worker finds nothing to do.
            self._forget(key)
            raise
        patiently("noting a call", lambda: self._record.put(f"call:{key}", call), self._sleep)
        hand = self.out[key] = Hand(key, kind, mark, chunk, call)
        return hand

    def answer(self, hand: Hand) -> Any:
        """What the worker answered; None when it has not."""
        return self._record.get(f"answer:{hand.key}")

    def done(self, hand: Hand) -> None:
        """The answer was taken in, or there will be none."""
        self.out.pop(hand.key, None)
        self._forget(hand.key)

    def _forget(self, key: str) -> None:
        patiently(
            "forgetting an order",
            lambda: self._record.drop(
                *(f"{kind}:{key}" for kind in ("order", "call", "claim", "notes", "answer"))
            ),
            self._sleep,
        )
        patiently("forgetting a report", lambda: self._live.drop(key), self._sleep)

    def recall(self, say: Callable[[str, int], None], hands: Iterable[Hand] | None = None) -> None:
        """End calls, all of them if none are named: those that wait never start, those that run stop by themselves.

        The containers of those that do not stop within ``CANCEL_GRACE`` are ended. Returns when none goes on.
        """
        left = self._unanswered(list(self.out.values()) if hands is None else list(hands))
        if not left:
            return
        say(f"ending {counted(len(left), 'chunk')} under way or waiting", 0)
        for terminate, grace in ((False, CANCEL_GRACE), (True, CANCEL_GRACE)):
            for hand in left:
                call = hand.call
                patiently(
                    "cancelling a chunk",
                    lambda call=call, terminate=terminate: end_call(call, terminate=terminate),  # type: ignore[misc]
                    self._sleep,
                )
            left = self._await_end(left, grace, say)
            if not left:
                return
        for hand in left:
            say(f"{hand.words}: its worker does not end; its timeout will end it", hand.number)

    def _unanswered(self, hands: list[Hand]) -> list[Hand]:
        """Those that go on or wait; the others are forgotten. Their chunks were found done by a coordinator that came later."""
        answered = {
            name.partition(":")[2]
            for name in patiently("reading the record", self._record.everything, self._sleep)
            if name.startswith("answer:")
        }
        for hand in hands:
            if hand.key in answered:
                self.done(hand)
        return [hand for hand in hands if hand.key not in answered]

    def _await_end(self, hands: list[Hand], grace: float, say: Callable[[str, int], None]) -> list[Hand]:
        end = time.monotonic() + grace
        while hands and time.monotonic() < end:
            left = []
            for hand in hands:
                if fate_of(hand.call)[0] is Fate.ENDED:
                    say(f"{hand.words}: its worker ended", hand.number)
                    self.done(hand)
                else:
                    left.append(hand)
            hands = left
            if hands:
                time.sleep(0.25)
        return hands
