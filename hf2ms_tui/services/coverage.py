"""How the branches and tags besides the proven revision fare: gathered from both hubs, compared by ``domain.gate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hf2ms_tui.domain.errors import Hf2msError, NotFound
from hf2ms_tui.domain.gate import RefCoverage
from hf2ms_tui.domain.gate.coverage import Evidence, cover, evidence_of
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef
from hf2ms_tui.hubs import refnames
from hf2ms_tui.services import elsewhere
from hf2ms_tui.services.bringing import target_kind
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell


def coverage(
    program: Program, source: RepoInfo, proof: Proof, refs: Sequence[GitRef], tell: Tell
) -> tuple[RefCoverage, ...]:
    """What became of every branch and tag that is not the proven revision.

    Their contents are looked for in the proof, then in the proofs of branches and tags that were brought over and are still
    there, then in other repos of the destination's owner. Never raises for a hub that fails: the ref is unknown then, with
    the reason. Blocks on the network: a listing for each that is not cached, and the refs of the destination.
    """
    ref = source.ref
    others = [
        item for item in refs if item.kind in {"branch", "tag"} and item.revision != proof.source_revision
    ]
    if not others:
        return ()
    try:
        base = manifest_of(program, ref, proof.source_revision)
    except Hf2msError as error:
        return tuple(RefCoverage(item, unknown=str(error)) for item in others)
    evidence = [evidence_of(proof, ref.hub.default_branch, proof.level, base)]
    brought, carried, trouble = _brought(program, ref, proof.destination, refs, tell)
    evidence += brought
    found: list[RefCoverage] = []
    for item in others:
        tell(f"comparing {item.words}")
        try:
            manifest = elsewhere.hashed(program, manifest_of(program, ref, item.revision))
            covered = _covered(program, source, proof, item, manifest, evidence, trouble, tell)
            found.append(replace(covered, carried=carried.get((item.words, item.revision), "")))
        except Hf2msError as error:
            found.append(RefCoverage(item, unknown=str(error)))
    return tuple(found)


def _covered(
    program: Program,
    source: RepoInfo,
    proof: Proof,
    item: GitRef,
    manifest: Manifest,
    evidence: Sequence[Evidence],
    trouble: str,
    tell: Tell,
) -> RefCoverage:
    there = proof.destination
    kind = target_kind(item, there)
    target, why = f"{kind} {item.name}", refnames.why_not(there.hub, kind, item.name)
    if not proof.destination_revision:
        why = why or f"there is no {there.id} on {there.hub.title}"
    found = cover(item, manifest, evidence, target, why)
    if found.lost and not found.unknown:
        if trouble:
            return RefCoverage(item, unknown=trouble)
        lost = frozenset(found.lost)
        blobs = [entry.blob for entry in manifest.files if entry.path in lost and entry.blob is not None]
        more = [holder.evidence for holder in elsewhere.holders(program, source, there, blobs, tell)]
        if more:
            found = cover(item, manifest, [*evidence, *more], target, why)
    return found


def _brought(
    program: Program, source: RepoRef, destination: RepoRef, refs: Sequence[GitRef], tell: Tell
) -> tuple[list[Evidence], dict[tuple[str, str], str], str]:
    """What the proofs of branches and tags that are still there are evidence of; what those that were brought over as a whole
    are there, by words and revision here; and why that could not be read.
    """
    current = {(item.words, item.revision) for item in refs}
    proofs = [
        proof
        for proof in program.proofs.of_refs(source, destination)
        if (proof.ref, proof.source_revision) in current
    ]
    if not proofs:
        return [], {}, ""
    tell(f"reading branches and tags of {destination.id} on {destination.hub.title}")
    try:
        there = {(item.words, item.revision) for item in program.hub(destination.hub).read.refs(destination)}
        kept = [
            proof
            for proof in proofs
            if not proof.doubt and (proof.destination_ref, proof.destination_revision) in there
        ]
        # What they except is in no tombstone, so it counts as lost.
        evidence = [
            replace(
                evidence_of(
                    proof,
                    f"{proof.destination_ref} of {destination.id}",
                    program.settings.level,
                    manifest_of(program, source, proof.source_revision),
                ),
                excepted=(),
            )
            for proof in kept
        ]
    except NotFound:
        return [], {}, ""
    except Hf2msError as error:
        return [], {}, str(error)
    carried = {
        (proof.ref, proof.source_revision): f"{proof.destination_ref} of {destination.id}"
        for proof in kept
        if proof.holds and not proof.exceptions and proof.level.rank >= program.settings.level.rank
    }
    return evidence, carried, ""
