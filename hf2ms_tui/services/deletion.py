"""The one door: the only function that calls a hub's repo deletion, and what settles a deletion whose answer was lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.errors import Conflict, Hf2msError, InterlockRefused, Moved, NotFound, OutcomeUnknown
from hf2ms_tui.domain.gate import GateFacts, checks, issue
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import tombstone
from hf2ms_tui.services.closing import alone, judged, last_look
from hf2ms_tui.services.gate import changes
from hf2ms_tui.services.program import Program

_LOOKS = 4
_PAUSE = 0.7
"""seconds between looks: a hub may answer from a cache for a moment after a deletion"""


class Gone(Enum):
    """What is known of a repo after its deletion was asked for."""

    GONE = "gone"
    STILL_THERE = "still there"
    UNKNOWN = "outcome unknown"


@dataclass(frozen=True, slots=True)
class Deletion:
    """How a deletion ended, with the evidence. ``at`` is UTC."""

    ref: RepoRef
    state: Gone
    evidence: str
    at: datetime


def delete(
    program: Program,
    ref: RepoRef,
    typed: str,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Callable[[str], None] | None = None,
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
    tell = on_step or (lambda text: None)
    facts, pass_ = judged(program, ref, acknowledged, on_step, lambda found: issue(found, typed))
    if seen is not None and (differing := changes(seen, facts)):
        raise Conflict(
            f"{ref.id} was not deleted: something changed since you looked",
            meaning=f"{'; '.join(differing)}.",
            way_out="Look at the gate again, then decide.",
            repo=str(ref.id),
        )
    half = program.hub(ref.hub).delete
    if half is None:
        raise InterlockRefused(
            f"{ref.id} was not deleted",
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
                "checks": [[check.name.value, check.evidence] for check in checks(facts)],
            },
        )
        lost_answer = ""
        try:
            last_look(program, facts, tell)
            half.delete_repo(pass_)
        except OutcomeUnknown as error:
            lost_answer = str(error)
        except Hf2msError as error:
            program.journal.outcome(intent, "failed", error.as_dict())
            raise
        except BaseException:
            program.journal.outcome(intent, "unknown", {"why": "the program was interrupted while deleting"})
            raise
        tell("looking whether it is gone")
        found = look(program, ref, lost_answer)
        record(program, intent, found)
    return found


def look(program: Program, ref: RepoRef, lost_answer: str = "", looks: int = _LOOKS) -> Deletion:
    """See whether a repo is gone, looking up to ``looks`` times: a 404 counts only with a token that the hub knows now."""
    reader = program.hub(ref.hub).read
    trouble = lost_answer
    for attempt in range(looks):
        if attempt:
            time.sleep(_PAUSE)
        try:
            account = reader.whoami().account
        except Hf2msError as error:
            trouble = f"the token could not be checked: {error}"
            continue
        try:
            info = reader.repo(ref)
        except NotFound:
            return Deletion(ref, Gone.GONE, f"{ref.hub.title} answers 404 to {account}", program.now())
        except Moved as error:
            return Deletion(ref, Gone.STILL_THERE, f"it answers as {error.now}", program.now())
        except Hf2msError as error:
            trouble = str(error)
            continue
        trouble = f"{ref.hub.title} still shows it at {(info.revision or '?')[:7]}"
        if lost_answer:
            trouble = f"{trouble}; {lost_answer}"
        if attempt == looks - 1:
            return Deletion(ref, Gone.STILL_THERE, trouble, program.now())
    return Deletion(ref, Gone.UNKNOWN, trouble or "no answer", program.now())


def record(program: Program, intent: int, found: Deletion) -> None:
    """Journal how a deletion ended; an unknown outcome stays open and is looked at again at the next start."""
    state = {Gone.GONE: "done", Gone.STILL_THERE: "failed", Gone.UNKNOWN: "unknown"}[found.state]
    program.journal.outcome(intent, state, {"state": found.state.value, "evidence": found.evidence})
    if found.state is Gone.GONE:
        program.forget(found.ref)


def settle(program: Program, ref: RepoRef | None = None, *, lost: bool = False) -> tuple[Deletion, ...]:
    """Look again at every deletion whose outcome is not known: after a kill, a crash or a lost answer. Repeats none.

    With ``lost`` only at those whose answer is known to be lost, as others may be under way; with ``ref`` at that repo's.
    """
    settled = []
    for entry in program.journal.open_intents("delete"):
        if entry.ref is None or (ref is not None and entry.ref != ref):
            continue
        if lost and entry.state != "unknown":
            continue
        found = look(program, entry.ref, looks=1 if lost else _LOOKS)
        if found.state is not Gone.UNKNOWN or entry.state != "unknown":
            record(program, entry.seq, found)
        settled.append(found)
    return tuple(settled)
