"""What a worker on another machine does with an order: the same tasks, over hubs that it opened itself.

An order is plain data (``Task.order``); what comes back is plain data too (``Task.take_in``). Neither holds a secret: the
worker has its tokens from where it runs. Tickets to upload are asked for where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import JobSpec
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import counted
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.transfer.chunk import MoveChunk
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.hashing import HashFiles
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.plain import Plain, chunk_of, entry_of, read_back_plain
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Board
from hf2ms_tui.transfer.retry import Patience
from hf2ms_tui.transfer.run import Run
from hf2ms_tui.transfer.source import Origin


def unnoted(path: str, result: ReadBack) -> None:
    """Nobody notes single files."""


@dataclass(slots=True)
class Bench:
    """What a worker works with. ``board`` hears of one chunk; ``known`` are files that an earlier try of it read back."""

    spec: JobSpec
    source: HubSession
    destination: HubSession
    board: Board
    control: Control
    worker: str
    note: Callable[[str, ReadBack], None] = unnoted
    known: Mapping[str, ReadBack] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)

    def run(self, revision: str, ledger: MemoryLedger) -> Run:
        """What the tasks of ``transfer`` want to have around them. Raises BadInput without the right to write."""
        if self.destination.write is None:
            raise BadInput("a worker needs a session that may write")
        traffics = {
            id(session.traffic): session.traffic for session in (self.source, self.destination)
        }.values()

        def count() -> int:
            return sum(traffic.requests for traffic in traffics)

        before = count()  # a process that stays does chunk after chunk over the same counters
        made = Run(
            spec=self.spec,
            source=self.source.read,
            destination=self.destination.read,
            writer=self.destination.write,
            board=self.board,
            ledger=ledger,
            pool=ThreadPool(1, control=self.control),
            control=self.control,
            patience=self.patience,
            requests=lambda: count() - before,
            revision=revision,
        )
        if made.source.endpoint == made.destination.endpoint:
            made.destination_throttle = made.source_throttle
        return made


def carry_out(order: Mapping[str, Any], bench: Bench) -> Plain:
    """Do what an order says and return the answer. Raises what ends the whole job, as the task itself would."""
    kinds: dict[str, Callable[[Mapping[str, Any], Bench], Plain]] = {
        MoveChunk.KIND: _move,
        HashFiles.KIND: _hash,
    }
    act = kinds.get(str(order.get("kind")))
    if act is None:
        raise BadInput("an order of a kind that this version does not know")
    return act(order, bench)


def _move(order: Mapping[str, Any], bench: Bench) -> Plain:
    ledger = MemoryLedger()
    run = bench.run(order["revision"], ledger)
    entries = {entry.path: entry for entry in map(entry_of, order["entries"])}
    result = MoveChunk(run, entries, bench.control)(chunk_of(order["chunk"]), bench.worker)
    run.moved.report()
    run.resent.report()
    return {
        "learnt": dict(result.learnt),
        "hashes": ledger.hashes,
        "uploaded": [[blob.sha256, blob.size] for blob in ledger.blobs],
        "bad": {path: error.as_dict() for path, error in result.bad.items()},
    }


def _hash(order: Mapping[str, Any], bench: Bench) -> Plain:
    run = bench.run(order["revision"], MemoryLedger())
    ref = RepoRef.from_key(order["repo"])
    here = ref == bench.spec.source
    origin = Origin(
        run.source if here else run.destination,
        ref,
        order["revision"],
        run.from_source() if here else run.from_destination(),
    )
    chunk = chunk_of(order["chunk"])
    left = tuple(piece for piece in chunk.pieces if piece.path not in bench.known)
    run.read_back.add(chunk.size - sum(piece.blob.size for piece in left))
    with bench.control.group() as control:
        task = HashFiles(
            replace(origin, retrier=origin.retrier.under(control)),
            bench.spec.streams,
            control=control,
            checked=order["checked"],
            progress=run.read_back.add,
            note=bench.note,
            entries={entry.path: entry for entry in map(entry_of, order["entries"])},
        )
        found = dict(bench.known) | task(Chunk(chunk.number, left), bench.worker)
    run.read_back.report()
    bench.board.log(
        f"read {counted(len(left), 'file')}, {sum(piece.blob.size for piece in left):,} bytes",
        worker=bench.worker,
        chunk=0,
    )
    return {"found": {path: read_back_plain(result) for path, result in found.items()}}
