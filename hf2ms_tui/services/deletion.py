"""The one door: the only function that calls a hub's repo deletion."""

from __future__ import annotations

from hf2ms_tui.domain.errors import Hf2msError, InterlockRefused, OutcomeUnknown
from hf2ms_tui.domain.gate import GateFacts, checks, issue
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import tombstone
from hf2ms_tui.services.closing import alone, judged, last_look
from hf2ms_tui.services.outcome import Deletion, look, record
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard


def delete(
    program: Program,
    ref: RepoRef,
    typed: str,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Tell = unheard,
    seen: GateFacts | None = None,
) -> Deletion:
    """Delete ``ref`` from its hub, if the gate is open at this very moment and ``typed`` is exactly ``owner/name``.

    Reads all facts again, verifies the tombstone or writes it, reads the destination's bytes again as far as that is quick,
    issues the pass from all that, journals the intent, looks a last time at what can have moved, deletes, and then looks
    whether the repo is gone.
    With ``seen``, the facts that the person had before them when they confirmed, any difference from those closes the door.
    Raises GateShut with the checks that do not hold, and the hub's refusal as an error of ours; a lost answer does not
    raise but ends as ``still there``, ``gone`` or ``outcome unknown`` after re-reading. Never repeats the call.
    """
    not_done = f"{ref.id} was not deleted"
    facts, pass_ = judged(
        program, ref, acknowledged, on_step, lambda found: issue(found, typed), seen, not_done
    )
    half = program.hub(ref.hub).delete
    if half is None:
        raise InterlockRefused(
            not_done,
            meaning="The program runs read-only.",
            way_out="Start it without --read-only.",
        )
    program.identity(ref.hub)
    program.acquaint()
    stone = tombstone.claim(program, facts)
    with alone(program, ref):
        # Before the last look, as nothing that can wait belongs between it and the deletion.
        intent = program.journal.intent(
            "delete",
            ref,
            {
                "proof": pass_.proof_id,
                "tombstone": stone,
                "refs": pass_.refs,
                "acknowledged": sorted(acknowledged),
                "checks": [check.row for check in checks(facts)],
            },
        )
        lost_answer = ""
        try:
            last_look(program, facts, on_step)
            half.delete_repo(pass_)
        except OutcomeUnknown as error:
            lost_answer = str(error)
        except Hf2msError as error:
            program.journal.outcome(intent, "failed", error.as_dict())
            raise
        except BaseException:
            program.journal.outcome(intent, "unknown", {"why": "the program was interrupted while deleting"})
            raise
        on_step("looking whether it is gone")
        found = look(program, ref, lost_answer)
        record(program, intent, found)
    return found
