"""Which branches and tags a migration takes along, as what, and why some cannot come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hf2ms_tui.domain.errors import BadInput, NotFound
from hf2ms_tui.domain.gate import CheckState, GateFacts
from hf2ms_tui.domain.gate.refs import judge_refs
from hf2ms_tui.domain.job import JobView, RefMove
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.repo import GitRef, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import refnames
from hf2ms_tui.services import jobs
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program


@dataclass(frozen=True, slots=True)
class Taken:
    """What comes along, and what cannot: pairs of the branch or tag and the reason."""

    moves: tuple[RefMove, ...] = ()
    left: tuple[tuple[GitRef, str], ...] = ()


def failing(facts: GateFacts) -> tuple[GitRef, ...]:
    """The branches and tags that keep the gate shut and could be brought over."""
    cannot = {item.ref for item in facts.coverage if item.cannot}
    return tuple(
        item.ref
        for item in judge_refs(facts)
        if item.state is CheckState.FAILS and item.ref not in cannot and facts.proof is not None
    )


def bring_over(program: Program, facts: GateFacts) -> JobView:
    """Start a job that brings over what ``failing`` names. Blocks on the network.

    Raises BadInput when there is nothing to bring over, or a job of this repo runs; and what ``jobs.start`` raises.
    """
    wanted, proof = failing(facts), facts.proof
    if not wanted or proof is None:
        raise BadInput(
            f"No branch or tag of {facts.ref.id} needs to be brought over, or could be",
            way_out="See the check of the other branches and tags.",
            repo=str(facts.ref.id),
        )
    taken = as_moves(wanted, proof.destination, _stale(program, facts.ref, proof.destination, wanted))
    if not taken.moves:
        item, why = taken.left[0]
        raise BadInput(
            f"{item.words} of {facts.ref.id} cannot be brought over: {why}", repo=str(facts.ref.id)
        )
    return jobs.start(program, jobs.Direction(facts.ref, proof.destination), refs=taken.moves)


def others(refs: Iterable[GitRef], ref: RepoRef) -> tuple[GitRef, ...]:
    """The branches and tags besides the default branch; branches first, by name."""
    return tuple(
        sorted(
            (
                item
                for item in refs
                if item.kind in {"branch", "tag"}
                and (item.kind, item.name) != ("branch", ref.hub.default_branch)
            ),
            key=lambda item: (item.kind, item.name),
        )
    )


def take(
    program: Program,
    source: RepoRef,
    destination: RepoRef,
    names: Sequence[str] | None = None,
) -> Taken:
    """The branches and tags of ``source`` to bring over to ``destination``: the named ones, or all with content of their own.

    A name may say its kind, ``tag:v1.0``, where a branch and a tag share it. Content of its own is what the default branch
    does not have. Blocks on the network: the refs of both, without names a listing for each branch and tag as well. Raises
    BadInput for a name that there is not, and what the hubs raise.
    """
    reader = program.hub(source.hub).read
    refs = reader.refs(source)
    wanted = others(refs, source)
    if names is not None:
        wanted = _named(source, wanted, names)
    else:
        head = reader.resolve(source)
        whole = manifest_of(program, source, head)
        wanted = tuple(
            item
            for item in wanted
            if item.revision != head and _own(manifest_of(program, source, item.revision), whole)
        )
    taken = as_moves(wanted, destination, _stale(program, source, destination, wanted))
    if names is not None and taken.left:
        item, why = taken.left[0]
        raise BadInput(
            f"{item.words} of {source.id} cannot be brought over to {destination.hub.title}: {why}",
            way_out="Leave it out; at the gate its loss can be accepted by typing its name.",
            repo=str(source.id),
        )
    return taken


def as_moves(
    wanted: Iterable[GitRef], destination: RepoRef, stale: frozenset[tuple[str, str]] = frozenset()
) -> Taken:
    """What each becomes on the destination. Where there are tags only, a branch becomes a tag of the same name.

    ``stale`` are pairs of kind and name that are taken there by an earlier state, as no tag is ever moved: the revision is
    added to the name then.
    """
    moves: list[RefMove] = []
    left: list[tuple[GitRef, str]] = []
    for item in wanted:
        kind = target_kind(item, destination)
        name = f"{item.name}-{item.revision[:7]}" if (kind, item.name) in stale else item.name
        why = refnames.why_not(destination.hub, kind, name)
        if not why and any((move.kind, move.name) == (kind, name) for move in moves):
            why = f"another one becomes the {kind} {name} there already"
        if why:
            left.append((item, why))
        else:
            moves.append(RefMove(item, kind, name))
    return Taken(tuple(moves), tuple(left))


def target_kind(item: GitRef, destination: RepoRef) -> str:
    """Whether it becomes a branch or a tag there."""
    return item.kind if item.kind in refnames.KINDS[destination.hub] else "tag"


def _named(source: RepoRef, there: Sequence[GitRef], names: Sequence[str]) -> tuple[GitRef, ...]:
    found: list[GitRef] = []
    for name in names:
        matching = [item for item in there if name in (item.name, f"{item.kind}:{item.name}")]
        if not matching:
            known = ", ".join(f"{item.kind}:{item.name}" for item in there[:8]) or "none"
            raise BadInput(
                f"{source.id} has no branch or tag called {clean(name, 120)} besides {source.hub.default_branch}",
                way_out=f"There are: {known}.",
                repo=str(source.id),
            )
        found += [item for item in matching if item not in found]
    return tuple(found)


def _stale(
    program: Program, source: RepoRef, destination: RepoRef, wanted: Sequence[GitRef]
) -> frozenset[tuple[str, str]]:
    """Tags there that an earlier revision of the same branch or tag has become, by the proofs made of them."""
    earlier: dict[tuple[str, str], str] = {
        (proof.ref, proof.destination_ref): proof.source_revision
        for proof in reversed(program.proofs.of_refs(source, destination))
        if proof.destination_ref.startswith("tag ")
    }
    if not earlier:
        return frozenset()
    try:
        there = {item.words for item in program.hub(destination.hub).read.refs(destination)}
    except NotFound:
        return frozenset()
    return frozenset(
        ("tag", item.name)
        for item in wanted
        if (before := earlier.get((item.words, f"tag {item.name}"))) is not None
        and before != item.revision
        and f"tag {item.name}" in there
    )


def _own(state: Manifest, head: Manifest) -> bool:
    """Whether a state has content that the head does not have, or may have."""
    if not state.complete or not head.complete:
        return True
    known = {key for entry in head.files for key in _keys(entry)}
    return any(not known.intersection(_keys(entry)) for entry in state.files)


def _keys(entry: FileEntry) -> set[tuple[str, int]]:
    keys = {(entry.sha256, entry.size)} if entry.sha256 else set()
    if entry.git_oid and not entry.lfs:
        keys.add((entry.git_oid, entry.size))
    return keys
