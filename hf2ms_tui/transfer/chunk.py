"""The work of one chunk: its blobs, by several streams at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import ChunkView
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.text import counted
from hf2ms_tui.hubs.protocol import Ticket
from hf2ms_tui.transfer.blob import FILE_ERRORS, Small, Target, move_blob, read_small, send
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.plain import Plain, chunk_plain, entry_plain, error_of
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Told
from hf2ms_tui.transfer.progress import ChunkMeter
from hf2ms_tui.transfer.run import Announce, Run
from hf2ms_tui.transfer.source import BytesSource

FRESH = 300.0
"""seconds after which tickets are asked for again: hubs let upload addresses expire (Hugging Face after 15 minutes)"""
GROUP_BYTES = 8 << 20
GROUP_FILES = 64
"""files whose sha256 is learnt by reading are held in memory in groups of at most so much"""


@dataclass(frozen=True, slots=True)
class Given:
    """Tickets as they were given during planning, and when (monotonic seconds)."""

    tickets: Mapping[Blob, Ticket]
    asked_at: float


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of a chunk: sha256 learnt by path, and what is wrong with single files by path."""

    number: int
    learnt: Mapping[str, str] = field(default_factory=dict)
    bad: Mapping[str, Hf2msError] = field(default_factory=dict)


class Desk:
    """Hands out the tickets of one chunk, asking for all that are left again when they are old. Thread-safe."""

    def __init__(self, target: Target, blobs: Sequence[Blob], given: Given | None) -> None:
        self._target = target
        self._left = set(blobs)
        self._tickets: Mapping[Blob, Ticket] = given.tickets if given else {}
        self._asked_at = given.asked_at if given else -FRESH
        self._lock = threading.Lock()

    def take(self, blob: Blob) -> tuple[Ticket, float] | None:
        """The ticket for a blob and when it was given; None when the destination has the blob by now."""
        with self._lock:
            if time.monotonic() - self._asked_at >= FRESH:
                self._tickets = self._target.ask(sorted(self._left))
                self._asked_at = time.monotonic()
            self._left.discard(blob)
            ticket = self._tickets.get(blob)
            return (ticket, self._asked_at) if ticket is not None else None


@dataclass(frozen=True, slots=True)
class MoveChunk:
    """The task of a worker: move one chunk. ``entries`` are the source's files by path; ``control`` ends all chunks."""

    KIND: ClassVar[str] = "move"

    run: Run
    entries: Mapping[str, FileEntry]
    control: Control
    given: Given | None = None

    @property
    def kind(self) -> str:
        """``move``."""
        return self.KIND

    @property
    def mark(self) -> str:
        """The source's revision."""
        return self.run.revision

    def __call__(self, chunk: Chunk, worker: str) -> ChunkResult:
        """Move the chunk. Raises what ends the whole job; a bad file is told in the result."""
        return _Mover(self, chunk, worker).move()

    def order(self, chunk: Chunk) -> Plain:
        """The chunk and what the source lists of its files. Tickets are not in it: they age, and may hold signed addresses."""
        return {
            "revision": self.run.revision,
            "chunk": chunk_plain(chunk),
            "entries": [entry_plain(self.entries[piece.path]) for piece in chunk.pieces],
        }

    def hear(self, before: Told, now: Told) -> None:
        """Count bytes for the job and show the chunk."""
        self.run.moved.add(now.moved - before.moved)
        self.run.resent.add(max(now.resent - before.resent, 0))
        if now.view is not None and now.view != before.view:
            self.run.board.chunk(now.view)

    def take_in(self, chunk: Chunk, answer: Mapping[str, Any]) -> ChunkResult:
        """Learn what the worker learnt. Raises when there are too many bad files for a coincidence."""
        self.run.ledger.learn_sha256(answer["hashes"])
        for sha256, size in answer["uploaded"]:
            self.run.ledger.uploaded(Blob(sha256, size))
        bad = {path: error_of(error) for path, error in answer["bad"].items()}
        for error in bad.values():
            self.run.count(error)
        return ChunkResult(chunk.number, answer["learnt"], bad)


class _Mover:
    def __init__(self, task: MoveChunk, chunk: Chunk, worker: str) -> None:
        self._task = task
        self._chunk = chunk
        self._worker = worker
        run = task.run
        self._meter = ChunkMeter(
            run.board,
            ChunkView(chunk.number, chunk.size, len(chunk.pieces)),
            run.moved,
            run.resent,
            run.was_there,
        )
        self._origin = run.origin(task.control, self._heard())
        self._target = run.target(task.control, self._heard())
        self._learnt: dict[str, str] = {}
        self._bad: dict[str, Hf2msError] = {}

    def _heard(self) -> Announce:
        log = self._task.run.announce(self._worker, self._chunk.number)

        def heard(error: Hf2msError, attempt: int, wait: float) -> None:
            log(error, attempt, wait)
            self._meter.again()

        return heard

    def move(self) -> ChunkResult:
        self._meter.begin(self._worker)
        began = time.monotonic()
        try:
            self._move_known([piece for piece in self._chunk.pieces if piece.blob.sha256])
            for group in grouped([piece for piece in self._chunk.pieces if not piece.blob.sha256]):
                self._move_unknown(group)
        except BaseException as error:
            self._task.control.fail(error)
            self._meter.end(error.what if isinstance(error, Hf2msError) else type(error).__name__)
            raise
        first = next(iter(self._bad.values()), None)
        self._meter.end(first.what if first else "")
        seconds = time.monotonic() - began
        self._log(
            f"moved {counted(len(self._chunk.pieces) - len(self._bad), 'blob')}, {self._chunk.size:,} bytes, in {seconds:.1f} s"
        )
        return ChunkResult(self._chunk.number, self._learnt, self._bad)

    def _log(self, text: str) -> None:
        self._task.run.board.log(text, worker=self._worker, chunk=self._chunk.number)

    def _found_bad(self, path: str, error: Hf2msError) -> None:
        self._bad[path] = error
        self._task.run.failed(error)

    def _streams(self) -> ThreadPool:
        return ThreadPool(self._task.run.spec.streams, prefix=f"{self._worker}.", control=self._task.control)

    def _move_known(self, pieces: Sequence[Piece]) -> None:
        desk = Desk(self._target, [piece.blob for piece in pieces], self._task.given)

        def move(piece: Piece, stream: str) -> None:
            entry = self._task.entries[piece.path]
            self._meter.at(entry.shown)
            try:
                taken = desk.take(piece.blob)
                if taken is None:
                    self._meter.forget(piece.blob.size)
                    return
                error = move_blob(self._origin, entry, self._target, *taken, progress=self._meter.add)
                if error is None:
                    self._task.run.ledger.uploaded(piece.blob)
                else:
                    self._found_bad(piece.path, error)
            except BaseException as error:
                self._task.control.fail(error)
                raise

        for _ in self._streams().run(move, pieces):
            pass

    def _move_unknown(self, pieces: Sequence[Piece]) -> None:
        """Read files whose sha256 the source does not tell, then send those that the destination lacks from memory."""

        def read(piece: Piece, stream: str) -> Small | None:
            entry = self._task.entries[piece.path]
            self._meter.at(entry.shown)
            try:
                return read_small(self._origin, entry)
            except FILE_ERRORS as error:
                self._found_bad(piece.path, error)
                return None
            except BaseException as error:
                self._task.control.fail(error)
                raise

        smalls = [small for small in self._streams().run(read, pieces) if small is not None]
        self._task.run.ledger.learn_sha256({small.git_oid: small.sha256 for small in smalls})
        self._learnt.update({small.entry.path: small.sha256 for small in smalls})
        by_blob = {Blob(small.sha256, len(small.data)): small for small in smalls}
        tickets = self._target.ask(sorted(by_blob))
        asked_at = time.monotonic()
        for small in smalls:
            if by_blob[Blob(small.sha256, len(small.data))] is not small or not tickets:
                self._meter.forget(len(small.data))

        def put(item: tuple[Blob, Small], stream: str) -> None:
            blob, small = item
            ticket = tickets.get(blob)
            if ticket is None:
                self._meter.forget(blob.size)
                return
            try:
                send(
                    self._target,
                    ticket,
                    asked_at,
                    lambda: BytesSource(small.data, self._meter.add),
                    small.entry.shown,
                    progress=self._meter.add,
                )
            except BaseException as error:
                self._task.control.fail(error)
                raise
            self._task.run.ledger.uploaded(blob)

        for _ in self._streams().run(put, list(by_blob.items()) if tickets else []):
            pass


def grouped(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Cut pieces into runs of at most ``GROUP_BYTES`` and ``GROUP_FILES``; a larger one is a group of its own."""
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        if group and (size + piece.blob.size > GROUP_BYTES or len(group) >= GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(piece)
        size += piece.blob.size
    if group:
        yield group
