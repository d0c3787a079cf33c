"""Proving without moving anything."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.protocol import HubReader, HubWriter
from hf2ms_tui.transfer.blob import Target
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Ledger
from hf2ms_tui.transfer.progress import Tally
from hf2ms_tui.transfer.prove import Prover, Say, silent
from hf2ms_tui.transfer.retry import Patience, Retrier
from hf2ms_tui.transfer.source import Origin


def verify(
    source: HubReader,
    source_ref: RepoRef,
    destination: HubReader,
    destination_ref: RepoRef,
    level: Level,
    *,
    source_revision: str = "",
    destination_revision: str = "",
    writer: HubWriter | None = None,
    ledger: Ledger | None = None,
    reuse: bool = True,
    streams: int = 8,
    control: Control | None = None,
    patience: Patience | None = None,
    say: Say = silent,
    on_progress: Callable[[int, int], None] | None = None,
    job_id: str = "",
) -> Proof:
    """Prove without moving anything: what the verb ``verify`` and the gate use.

    Revisions are resolved when not given. ``writer`` is the destination's writing half, only asked what is stored; without
    it *stored* cannot be proven. ``reuse`` lets files count that ``ledger`` remembers as read back from the same revision.
    ``on_progress`` hears bytes read back and bytes to read back, from any thread. Raises BadInput for a level that cannot be
    reached, NotFound, Moved, Cancelled, Unreachable.
    """
    if level is Level.STORED and writer is None:
        raise BadInput(
            "without a writing half nobody can ask the destination what it stores",
            way_out="Ask for the level listed or read-back.",
        )
    control = control or Control()
    here = Retrier(control, patience=patience, on_retry=lambda error, attempt, wait: say(str(error)))
    there = Retrier(control, patience=patience, on_retry=lambda error, attempt, wait: say(str(error)))
    ours = source_revision or here.call(lambda: source.resolve(source_ref))
    theirs = destination_revision or there.call(lambda: destination.resolve(destination_ref))
    expected = [0]
    tally = Tally(lambda count: on_progress(count, expected[0]) if on_progress else None)

    def expect(count: int) -> None:
        expected[0] = count
        tally.report()

    prover = Prover(
        source=Origin(source, source_ref, ours, here),
        destination=Origin(destination, destination_ref, theirs, there),
        level=level,
        ledger=ledger or MemoryLedger(),
        pool=ThreadPool(streams, control=control),
        streams=1,
        control=control,
        target=Target(writer, destination_ref, there) if writer is not None else None,
        say=say,
        expect=expect,
        progress=tally.add,
        job_id=job_id,
        reuse=reuse,
    )
    proof = prover.prove()
    tally.report()
    return proof
