"""Gathering what the gate looks at, freshly from both hubs; judging it is ``domain.gate``'s work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hf2ms_tui.domain.errors import Hf2msError, Moved, NotFound
from hf2ms_tui.domain.gate import GateFacts, ReadAt, RefCoverage
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef
from hf2ms_tui.hubs.protocol import DeleteRights, HubReader
from hf2ms_tui.services import elsewhere, held, outcome
from hf2ms_tui.services.coverage import coverage
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard


def gather(
    program: Program,
    ref: RepoRef,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Tell = unheard,
) -> GateFacts:
    """Read every fact that the gate needs, now. ``on_step`` hears what is being read.

    Nothing raises for a hub that fails: the fact is missing then, with its reason, and its check does not hold. Blocks on
    the network; costs about six requests, and a listing for each branch or tag that is not the proven revision.
    """
    now = source_at = program.now()
    reader = program.hub(ref.hub).read
    source, refs, source_trouble, refs_at = _read_source(program, reader, ref, on_step)
    proof = program.proofs.standing(ref)
    destination_ref = proof.destination if proof else program.destination_ref(ref)
    on_step(f"reading {destination_ref.id} on {destination_ref.hub.title}")
    destination_at = program.now()
    destination, revision, destination_trouble = _read_destination(
        program.hub(destination_ref.hub).read, destination_ref
    )
    covered: tuple[RefCoverage, ...] = ()
    if proof is not None and source is not None:
        covered = coverage(program, source, proof, refs, on_step)
    places = elsewhere.facts_of(program, proof, on_step)
    on_step("asking what the token may do")
    rights = _rights(program, ref)
    jobs_at = program.now()
    facts = GateFacts(
        ref=ref,
        now=now,
        read_only=program.settings.read_only,
        source=source,
        source_trouble=source_trouble,
        refs=refs,
        branch=ref.hub.default_branch,
        destination=destination,
        destination_revision=revision,
        destination_trouble=destination_trouble,
        proof=proof,
        required=program.settings.level,
        coverage=covered,
        places=places,
        acknowledged=acknowledged,
        running_jobs=running_jobs(program, ref),
        unsettled=ref in outcome.unsettled(program),
        may_delete=rights.allowed,
        may_delete_why=rights.why,
        delete_page=rights.page,
        read_at=ReadAt(
            source=source_at,
            refs=refs_at,
            destination=destination_at,
            jobs=jobs_at,
            rights=rights.at,
            settings=now,
        ),
    )
    return replace(facts, held=held.look(program, facts, on_step, read=False))


def changes(seen: GateFacts, now: GateFacts) -> tuple[str, ...]:
    """What differs between the facts a person saw and those read now, as phrases; empty when the same holds still.

    Only what a decision rests on: branches and tags, the destination's revision and visibility, the proof, the id.
    """
    found = []
    before = {(ref.kind, ref.name): ref.revision for ref in seen.refs}
    after = {(ref.kind, ref.name): ref.revision for ref in now.refs}
    for kind, name in sorted(before.keys() | after.keys()):
        was, is_ = before.get((kind, name)), after.get((kind, name))
        if was is None:
            found.append(f"{kind} {name} is new")
        elif is_ is None:
            found.append(f"{kind} {name} is gone")
        elif was != is_:
            found.append(f"{kind} {name} moved from {was[:7]} to {is_[:7]}")
    if seen.destination_revision != now.destination_revision:
        found.append(
            f"the destination went from {seen.destination_revision[:7] or '?'} to {now.destination_revision[:7] or '?'}"
        )
    if seen.destination and now.destination and seen.destination.visibility is not now.destination.visibility:
        found.append(f"the destination is {now.destination.visibility.value} now")
    before_, after_ = ({item.place: item for item in facts.places} for facts in (seen, now))
    for place, item in after_.items():
        was_ = before_.get(place)
        if was_ is not None and (was_.kept, was_.info is None) != (item.kept, item.info is None):
            found.append(f"{place.words} is not what it was")
        elif was_ and was_.info and item.info and was_.info.visibility is not item.info.visibility:
            found.append(f"{place.repo.id} is {item.info.visibility.value} now")
    if (seen.proof.id if seen.proof else "") != (now.proof.id if now.proof else ""):
        found.append("there is another proof")
    return tuple(found)


def running_jobs(program: Program, ref: RepoRef) -> tuple[str, ...]:
    """Ids of jobs that read or write the repo and are not over; a job whose process died is not running."""
    return tuple(
        view.id
        for view in program.engine.reconcile()
        if not view.phase.final and not view.lost and ref in {view.spec.source, view.spec.destination}
    )


def _read_source(
    program: Program, reader: HubReader, ref: RepoRef, tell: Tell
) -> tuple[RepoInfo | None, tuple[GitRef, ...], str, datetime]:
    """The repo, its refs, why they are missing, and when the refs were asked for, or what failed before them."""
    tell(f"reading {ref.id} on {ref.hub.title}")
    at = program.now()
    try:
        info = reader.repo(ref)
        tell("reading branches and tags")
        at = program.now()
        return info, reader.refs(ref), "", at
    except Moved as error:
        return None, (), f"{error.what}; it is now {error.now}", at
    except Hf2msError as error:
        return None, (), str(error), at


def _read_destination(reader: HubReader, ref: RepoRef) -> tuple[RepoInfo | None, str, str]:
    try:
        return reader.repo(ref), reader.resolve(ref), ""
    except NotFound:
        return None, "", ""
    except Hf2msError as error:
        return None, "", str(error)


def _rights(program: Program, ref: RepoRef) -> DeleteRights:
    half = program.hub(ref.hub).delete
    if half is None:
        return DeleteRights(False, "the program runs read-only")
    at = program.now()
    try:
        return half.rights(ref)
    except Hf2msError as error:
        return DeleteRights(None, str(error), at=at)
