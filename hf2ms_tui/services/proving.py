"""Proving without moving: compare a repo with its destination at a level, and record the proof."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.errors import Hf2msError, NotFound
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.services import elsewhere
from hf2ms_tui.services.jobs import Direction
from hf2ms_tui.services.program import Program
from hf2ms_tui.transfer.control import never
from hf2ms_tui.transfer.verify import verify


def prove(
    program: Program,
    ends: Direction,
    level: Level | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Proof:
    """Compare both ends at ``level`` and record what was found, whether it holds or not.

    Every byte that the level asks for is read now: what an earlier proof read does not count, or proving again would only
    give old evidence a new date. Files that are not on the destination count where other repos of its owner were proven to
    hold the same bytes, see ``elsewhere``; without a destination all must be there. ``on_progress`` hears a step's name,
    bytes done and bytes in all, from any thread.

    Raises what the hubs raise when a side cannot be read at all, BadInput for a level that this program cannot reach
    (*stored* needs the destination's writing half), Cancelled; a side read in part gives a proof that does not hold.
    """
    wanted = level or program.settings.level
    over = cancelled or never
    program.acquaint()
    intent = program.journal.intent("prove", ends.source, {"to": ends.destination.key, "level": wanted.value})
    try:
        proof = _prove(program, ends, wanted, on_progress, lambda: over() or program.closed)
        proof_id = program.proofs.save(proof)
    except Hf2msError as error:
        program.journal.outcome(intent, "failed", error.as_dict())
        raise
    program.journal.outcome(
        intent,
        "done" if proof.holds else "failed",
        {
            "proof": proof_id,
            "summary": proof.summary,
            "to": ends.destination.key,
            "level": proof.level.value,
            "files": proof.outcome,
        },
    )
    return proof


def _prove(
    program: Program,
    ends: Direction,
    level: Level,
    on_progress: Callable[[str, int, int], None] | None,
    cancelled: Callable[[], bool],
) -> Proof:
    def tell(text: str) -> None:
        if on_progress is not None:
            on_progress(text, 0, 0)

    try:
        proof = verify(
            program.hub(ends.source.hub).read,
            ends.source,
            program.hub(ends.destination.hub),
            ends.destination,
            level=level,
            ledger=program.ledger_of(ends.destination),
            reuse=False,
            workers=program.settings.workers * program.settings.streams,
            on_progress=on_progress,
            cancelled=cancelled,
        )
    except NotFound:
        if elsewhere.is_there(program, ends.destination):
            raise
        return elsewhere.instead(program, ends.source, ends.destination, tell)
    return elsewhere.filled(program, proof, tell)


def next_level(program: Program, proof: Proof | None) -> Level:
    """The level to prove at next: the weakest without a proof, else one deeper than the newest proof, at most *read back*.

    *Stored* is left out where the program may not write: only the writing half can ask for it.
    """
    if proof is None:
        return Level.LISTED
    if proof.level is Level.LISTED and not program.settings.read_only:
        return Level.STORED
    return Level.READ_BACK
