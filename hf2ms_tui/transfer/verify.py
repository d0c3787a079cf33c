"""Proving without moving anything."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.protocol import HubReader, HubSession
from hf2ms_tui.transfer.blob import Target
from hf2ms_tui.transfer.control import Control, never
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
    destination: HubSession,
    destination_ref: RepoRef,
    *,
    level: Level,
    source_revision: str = "",
    destination_revision: str = "",
    ledger: Ledger | None = None,
    reuse: bool = True,
    workers: int = 8,
    on_progress: Callable[[str, int, int], None] | None = None,
    cancelled: Callable[[], bool] = never,
    patience: Patience | None = None,
    say: Say = silent,
    job_id: str = "",
) -> Proof:
    """Prove without moving anything: what the verb ``verify`` and the gate use. At most ``workers`` files are read at once.

    Revisions are resolved when not given. The destination's writing half is only asked what is stored; a session without it
    cannot prove *stored*. With ``reuse``, files count that ``ledger`` remembers as read back from the same revision.
    ``on_progress`` hears the name of the step, bytes done and bytes in all, from any thread. Raises BadInput for a level
    that cannot be reached, NotFound, Moved, Cancelled, Unreachable; a side that was listed in part gives a proof with doubt.
    """
    if level is Level.STORED and destination.write is None:
        raise BadInput(
            f"{destination.hub.title} cannot be asked what it stores by a program that runs read-only",
            way_out="Ask for the level listed or read-back.",
        )
    control = Control(cancelled)
    here = Retrier(control, patience=patience, on_retry=lambda error, attempt, wait: say(str(error)))
    there = Retrier(control, patience=patience, on_retry=lambda error, attempt, wait: say(str(error)))
    report = on_progress or _unheard
    report("listing", 0, 0)
    ours = source_revision or here.call(lambda: source.resolve(source_ref))
    theirs = destination_revision or there.call(lambda: destination.read.resolve(destination_ref))
    expected = [0]
    tally = Tally(lambda count: report("reading back", count, expected[0]))

    def expect(count: int) -> None:
        expected[0] = count

    prover = Prover(
        source=Origin(source, source_ref, ours, here),
        destination=Origin(destination.read, destination_ref, theirs, there),
        level=level,
        ledger=ledger or MemoryLedger(),
        pool=ThreadPool(workers, control=control),
        streams=1,
        control=control,
        target=Target(destination.write, destination_ref, there) if destination.write else None,
        say=say,
        expect=expect,
        progress=tally.add,
        job_id=job_id,
        reuse=reuse,
    )
    proof = prover.prove()
    if expected[0]:
        tally.report()
    return proof


def _unheard(step: str, done: int, total: int) -> None:
    """Nobody watches."""
