"""Proving without moving: compare a repo with its destination at a level, and record the proof."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.services.jobs import Direction
from hf2ms_tui.services.program import Program
from hf2ms_tui.transfer.verify import verify


def prove(
    program: Program,
    ends: Direction,
    level: Level | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Proof:
    """Compare both ends at ``level`` and record what was found, whether it holds or not.

    ``on_progress`` hears a step's name, bytes done and bytes in all. Raises what the hubs raise when a side cannot be read
    at all; a side that was read in part gives a proof that does not hold.
    """
    wanted = level or program.settings.level
    intent = program.journal.intent("prove", ends.source, {"to": ends.destination.key, "level": wanted.value})
    try:
        proof = verify(
            program.hub(ends.source.hub).read,
            ends.source,
            program.hub(ends.destination.hub),
            ends.destination,
            level=wanted,
            workers=program.settings.workers,
            on_progress=on_progress,
            cancelled=cancelled,
        )
        proof_id = program.proofs.save(proof)
    except Hf2msError as error:
        program.journal.outcome(intent, "failed", error.as_dict())
        raise
    program.journal.outcome(
        intent, "done" if proof.holds else "failed", {"proof": proof_id, "summary": proof.summary}
    )
    return proof
