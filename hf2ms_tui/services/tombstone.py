"""Writing a repo's tombstone before its deletion, and looking whether the one that is there is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hf2ms_tui.domain.errors import Hf2msError, HubLied, StoreFailed
from hf2ms_tui.domain.gate import GateFacts, checks, lacks_only_tombstone, refs_digest
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef
from hf2ms_tui.domain.tombstone import Kept, Tombstone, TombstoneFact
from hf2ms_tui.services.gate import gather
from hf2ms_tui.services.holdings import holdings
from hf2ms_tui.services.keeping import Contents
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard
from hf2ms_tui.store.stonefiles import Parts
from hf2ms_tui.store.tombstones import TombstoneRow

_AGAIN = 3
_STALE = timedelta(seconds=15)


def ensure(program: Program, facts: GateFacts, on_step: Tell = unheard) -> GateFacts:
    """The facts with what is known of a tombstone for exactly them: verified now, or written now when all else holds.

    Nothing raises: what went wrong is the fact's trouble, and the check does not hold. Writing reads the small files of every
    branch and tag, and blocks on the network and the disk.
    """
    if facts.proof is None or facts.source is None or facts.read_only:
        return facts
    fact, trouble, at = None, "", program.now()
    try:
        row = program.tombstones.find(facts.ref, refs_digest(facts.refs), facts.proof.id)
        if row is not None:
            on_step("verifying the tombstone")
            fact = _verified(program, row, facts.source, facts.proof)
    except StoreFailed as error:
        trouble = str(error)
    if fact is None and lacks_only_tombstone(facts, checks(facts)):
        try:
            row = write(program, facts, on_step)
            at = row.at
            fact, trouble = _fact(row, _originals(program, row, facts.proof)), ""
        except Hf2msError as error:
            trouble, at = str(error), program.now()
    return replace(
        facts,
        tombstone=fact,
        tombstone_trouble=trouble,
        read_at=replace(facts.read_at, tombstone=at if fact is not None or trouble else None),
    )


def with_facts(
    program: Program, ref: RepoRef, acknowledged: frozenset[str], on_step: Tell = unheard
) -> GateFacts:
    """Every fact of the gate, read now, and the tombstone with it: for whoever is about to hand out a pass.

    Facts that grew old while a tombstone was written are read again.
    """
    for _ in range(_AGAIN):
        facts = ensure(program, gather(program, ref, acknowledged, on_step), on_step)
        if program.now() - facts.now < _STALE:
            break
    return facts


def claim(program: Program, facts: GateFacts) -> str:
    """Note that a deletion rests on the tombstone, so that it is never removed; its id. Raises StoreFailed."""
    assert facts.tombstone is not None
    program.tombstones.use(program.tombstones.named(facts.tombstone.id))
    return facts.tombstone.id


def _verified(program: Program, row: TombstoneRow, source: RepoInfo, proof: Proof) -> TombstoneFact | None:
    """The fact of a tombstone that verifies; None when it has to be written anew: the repo's settings are others by now, or
    it lacks the original bytes of an excepted file. Raises StoreFailed.
    """
    stone, parts = program.tombstones.load(row)
    originals = _held(parts, proof)
    whole = len(originals) == len({file.source_sha256 for file in proof.exceptions})
    return _fact(row, originals) if whole and _settings(stone.info) == _settings(source) else None


def _originals(program: Program, row: TombstoneRow, proof: Proof) -> frozenset[str]:
    """What a tombstone that was just written holds of the excepted files. Raises StoreFailed."""
    return _held(program.tombstones.load(row)[1], proof) if proof.exceptions else frozenset()


def _held(parts: Parts, proof: Proof) -> frozenset[str]:
    return frozenset(
        file.source_sha256
        for file in proof.exceptions
        if file.source_sha256 is not None and parts.holds(file.source_sha256)
    )


def _settings(info: RepoInfo) -> tuple[object, ...]:
    return info.visibility, info.gating, info.licence, info.tags, info.sdk, info.revision


def _fact(row: TombstoneRow, originals: frozenset[str]) -> TombstoneFact:
    return TombstoneFact(
        row.id, row.ref, row.refs_digest, row.proof_id, row.at, row.contents, row.size, originals
    )


def write(program: Program, facts: GateFacts, tell: Tell = unheard) -> TombstoneRow:
    """Write a tombstone from facts that have a source and a proof; it is synced and verified when this returns.

    Raises StoreFailed for the disk, what the hub raises, HubLied when a listing is cut short.
    """
    assert facts.proof is not None and facts.source is not None
    reader = program.hub(facts.ref.hub).read
    heads = _heads(facts)
    manifests: dict[str, Manifest] = {}
    for head in heads:
        tell(f"listing {head[:7]} for the tombstone")
        manifests[head] = _whole(manifest_of(program, facts.ref, head))
    tell("reading commits and discussions")
    chronicle = reader.chronicle(facts.ref, heads)
    work = Contents(program, facts, facts.proof, holdings(program, facts), tell)
    with program.tombstones.draft(facts.ref, program.now()) as draft:
        work.keep(draft, manifests)
        newest = program.journal.head()
        stone = Tombstone(
            ref=facts.ref,
            at=program.now(),
            account=program.identity(facts.ref.hub).account,
            branch=facts.branch,
            info=facts.source,
            refs=facts.refs,
            refs_digest=refs_digest(facts.refs),
            states={head: tuple(work.files(draft, head, manifests[head])) for head in heads},
            copies=work.holdings.copies,
            proof=facts.proof,
            chronicle=chronicle,
            journal=(newest.seq, newest.digest) if newest else (0, ""),
            kept=Kept(draft.contents, draft.size, work.left_out, work.left_out_size),
        )
        tell("syncing the tombstone")
        row = program.tombstones.finish(draft, stone)
    program.tombstones.drop_older(row)
    return row


def _heads(facts: GateFacts) -> list[str]:
    """The revision of every branch and tag, once, the default branch's first."""

    def order(ref: GitRef) -> tuple[bool, bool, str]:
        return ref.name != facts.branch, ref.kind != "branch", ref.name

    found = sorted((ref for ref in facts.refs if ref.kind in {"branch", "tag"}), key=order)
    return list(dict.fromkeys(ref.revision for ref in found))


def _whole(manifest: Manifest) -> Manifest:
    if manifest.incomplete:
        raise HubLied(
            f"{manifest.ref.hub.title} may not list every file of {manifest.ref.id}: {manifest.incomplete}",
            meaning="A tombstone of a part would be none.",
            way_out="Look at the gate again later.",
            repo=str(manifest.ref.id),
        )
    return manifest
