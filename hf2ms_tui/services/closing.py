"""The last look before a deletion's request: whatever moved since the facts were gathered closes the door.

Neither hub can delete on condition. What happens between the answers of this look and the arrival of the deletion is not
seen by anybody; so nothing else is done in between, and the look is as short as it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hf2ms_tui.domain.errors import Conflict, Hf2msError, Moved, NotFound
from hf2ms_tui.domain.gate import GateFacts, refs_digest
from hf2ms_tui.domain.repo import RepoInfo, RepoRef
from hf2ms_tui.services import elsewhere, held, tombstone
from hf2ms_tui.services.gate import changes, running_jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard
from hf2ms_tui.store.locking import locked

T = TypeVar("T")
_STALE = timedelta(seconds=10)
WAIT = 30.0
"""seconds to wait for another deletion to end"""


def judged(
    program: Program,
    ref: RepoRef,
    acknowledged: frozenset[str],
    on_step: Tell,
    judge: Callable[[GateFacts], T],
    seen: GateFacts | None,
    not_done: str,
) -> tuple[GateFacts, T]:
    """Every fact of the gate with the tombstone, the destination read again as far as that is quick, and the judgement.

    Raises what ``judge`` raises, first from the facts alone, so that nothing is read for a gate that is shut anyway; then
    Conflict when anything differs from what the person had ``seen``, beginning with what is ``not_done`` because of it.
    """
    facts = tombstone.with_facts(program, ref, acknowledged, on_step)
    judge(facts)
    found = held.look(program, facts, on_step, read=True)
    if program.now() - facts.now > _STALE:
        facts = tombstone.with_facts(program, ref, acknowledged, on_step)
    facts = replace(facts, held=found)
    judgement = judge(facts)
    if seen is not None and (differing := changes(seen, facts)):
        raise Conflict(
            f"{not_done}: something changed since you looked",
            meaning=f"{'; '.join(differing)}.",
            way_out="Look at the gate again, then decide.",
            repo=str(ref.id),
        )
    return facts, judgement


@contextmanager
def alone(program: Program, ref: RepoRef) -> Iterator[None]:
    """One deletion at a time on a state folder, from its last look to its outcome.

    Two programs that each delete the other's copy at the same moment would otherwise both see the other's still there.
    Raises Conflict when another one takes too long, StoreFailed when the disk takes no lock.
    """
    taken = Conflict(
        f"{ref.id} was not deleted: another deletion is under way",
        meaning="Only one at a time is made, as each looks whether its copy is still there.",
        way_out="Wait for it, then look at the gate again.",
        repo=str(ref.id),
    )
    with locked(program.places.state / "deleting.lock", WAIT, taken):
        yield


def last_look(program: Program, facts: GateFacts, tell: Tell) -> None:
    """Read once more what can have moved: the copies first, the source's branches and tags last. Raises Conflict.

    What could not be read closes the door as well.
    """
    tell("looking once more at both sides")
    try:
        why = _moved(program, facts)
    except NotFound as error:
        why = f"{error.repo or facts.ref.id} is not there any more: {error.what}"
    except Moved as error:
        why = error.what
    except Hf2msError as error:
        why = str(error)
    if why:
        raise Conflict(
            f"{facts.ref.id} was not deleted: something changed in the last moment",
            meaning=why if why.endswith(".") else f"{why}.",
            way_out="Look at the gate again.",
            repo=str(facts.ref.id),
        )


def _moved(program: Program, facts: GateFacts) -> str:
    """What is another than in ``facts``, as a phrase; empty when nothing is. Raises what the hubs raise."""
    proof = facts.proof
    standing = program.proofs.standing(facts.ref)
    if proof is None or standing is None or standing.id != proof.id:
        return "there is another proof"
    if jobs := running_jobs(program, facts.ref):
        return f"job {jobs[0]} is running"
    for before, now in zip(facts.places, elsewhere.facts_of(program, proof, unheard), strict=True):
        if now.trouble or not now.kept or now.info is None or before.info is None:
            return f"{now.place.words} is not what it was"
        if seen := _wider(before.info, now.info):
            return seen
    if facts.destination is not None:
        there = program.hub(facts.destination.ref.hub).read
        if seen := _wider(facts.destination, there.repo(facts.destination.ref)):
            return seen
        if there.resolve(facts.destination.ref) != facts.destination_revision:
            return "the destination moved"
    reader = program.hub(facts.ref.hub).read
    source = reader.repo(facts.ref)
    if facts.source is None or (source.visibility, source.gating) != (
        facts.source.visibility,
        facts.source.gating,
    ):
        return f"{facts.ref.id} is {source.visibility.value} now"
    if refs_digest(reader.refs(facts.ref)) != refs_digest(facts.refs):
        return "a branch or tag moved"
    return ""


def _wider(before: RepoInfo, now: RepoInfo) -> str:
    if (before.ref, before.visibility, before.gating) == (now.ref, now.visibility, now.gating):
        return ""
    return f"{before.ref.id} on {before.ref.hub.title} is {now.visibility.value} now"
