"""Content proven elsewhere: the same bytes, read back from another repo of the destination's owner.

A file counts only with the SHA-256 and size that the proof of that other repo read back, within the age that a proof may
have, at a revision which that repo still has as a branch or tag now, and only if nobody can see that repo who may not see
the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.errors import Hf2msError, NotFound
from hf2ms_tui.domain.gate import MAX_PROOF_AGE, PlaceFact
from hf2ms_tui.domain.gate.coverage import Evidence, evidence_of
from hf2ms_tui.domain.gate.places import read_back_in, seen_by_too_many
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import RepoInfo, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.domain.verdict import FileVerdict, Level, Verdict
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell
from hf2ms_tui.store.proofs import ProofSummary, standing
from hf2ms_tui.transfer.blob import read_small
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.retry import BRIEF, Retrier
from hf2ms_tui.transfer.source import Origin


@dataclass(frozen=True, slots=True)
class Holder:
    """Another repo, looked at just now, and the proof of what was read back from it."""

    fact: PlaceFact
    proof: Proof

    @property
    def evidence(self) -> Evidence:
        """What it is evidence of."""
        direct = replace(self.proof, files=tuple(file for file in self.proof.files if not file.where))
        return evidence_of(direct, self.fact.place.words, Level.READ_BACK)


def place_of(proof: Proof) -> Elsewhere:
    """The place that a proof read: its destination, at the revision that the branch or tag there kept."""
    there = proof.destination
    ref = proof.destination_ref or f"branch {there.hub.default_branch}"
    return Elsewhere(there, proof.destination_revision, ref, proof.id, proof.evidence_at)


def look_at(program: Program, place: Elsewhere, proof: Proof | None) -> PlaceFact:
    """A place as it is now. Never raises for a hub that fails: the fact is missing then, with its reason."""
    reader = program.hub(place.repo.hub).read
    at = program.now()
    try:
        info = reader.repo(place.repo)
        refs = reader.refs(place.repo)
    except NotFound:
        return PlaceFact(place, None, False, proof, at=at)
    except Hf2msError as error:
        return PlaceFact(place, None, None, proof, str(error), at)
    held = any(item.kind in {"branch", "tag"} and item.revision == place.revision for item in refs)
    return PlaceFact(place, info, held, proof, at=at)


def facts_of(program: Program, proof: Proof | None, tell: Tell) -> tuple[PlaceFact, ...]:
    """Every place that ``proof`` rests on, read again now."""
    found = []
    for place in proof.places if proof else ():
        tell(f"reading {place.repo.id} on {place.repo.hub.title}")
        found.append(look_at(program, place, _recorded(program, place.proof_id)))
    return tuple(found)


def _recorded(program: Program, proof_id: str) -> Proof | None:
    """The proof on record; None when there is none, or when what is there is not what was saved."""
    try:
        return program.proofs.get(proof_id)
    except Hf2msError:
        return None


def is_there(program: Program, ref: RepoRef) -> bool:
    """Whether a hub has the repo. Raises what else the hub raises."""
    try:
        program.hub(ref.hub).read.repo(ref)
    except NotFound:
        return False
    return True


def candidates(program: Program, destination: RepoRef, now: datetime) -> Iterator[Proof]:
    """Proofs of other repos of the destination's owner that are young enough, newest first."""
    known = program.proofs.summaries()
    speaking = {proof.id for proof in standing(known).values()}
    seen: set[tuple[str, str, str]] = set()
    for proof in known:
        about = (proof.source.key, proof.ref, proof.source_revision)
        if proof.ref and about not in seen:
            seen.add(about)
            speaking.add(proof.id)
        if proof.id in speaking and _usable(proof, destination, now):
            found = _recorded(program, proof.id)
            if found is not None and now - found.evidence_at <= MAX_PROOF_AGE:
                yield found


def _usable(proof: ProofSummary, destination: RepoRef, now: datetime) -> bool:
    there = proof.destination
    return (
        proof.level is Level.READ_BACK
        and bool(proof.destination_revision)
        and there != destination
        and (there.hub, there.owner) == (destination.hub, destination.owner)
        and now - proof.at <= MAX_PROOF_AGE
    )


def holders(
    program: Program, source: RepoInfo, destination: RepoRef, wanted: Iterable[Blob], tell: Tell
) -> list[Holder]:
    """Other repos that hold some of ``wanted``, as many as it takes; each is looked at now. Blocks on the network."""
    left = set(wanted)
    found: list[Holder] = []
    now = program.now()
    for proof in candidates(program, destination, now):
        if not left:
            break
        place = place_of(proof)
        blobs = blobs_in(proof)
        if left.isdisjoint(blobs):
            continue
        tell(f"reading {place.repo.id} on {place.repo.hub.title}")
        fact = look_at(program, place, proof)
        if fact.info is None or not fact.kept or fact.info.ref != place.repo:
            continue
        if seen_by_too_many(fact.info, source, "") is None:
            found.append(Holder(fact, proof))
            left -= blobs
    return found


def blobs_in(proof: Proof) -> frozenset[Blob]:
    """What a proof read back in its own destination."""
    read = read_back_in(proof, PlaceFact(place_of(proof))).values()
    return frozenset(Blob(sha256, size) for sha256, size in read if sha256 and size is not None)


def filled(program: Program, proof: Proof, tell: Tell) -> Proof:
    """``proof`` with the files that its destination lacks looked for elsewhere; itself when nothing is found.

    Raises what the hubs raise when the source cannot be read.
    """
    missing = [file for file in proof.files if file.verdict is Verdict.MISSING]
    if not missing or proof.level is not Level.READ_BACK or proof.doubt:
        return proof
    reader = program.hub(proof.source.hub).read
    listed = reader.manifest(proof.source, proof.source_revision).by_path()
    entries = [listed[file.path] for file in missing if file.path in listed]
    return _with_places(program, proof, reader.repo(proof.source), entries, tell)


def instead(program: Program, source: RepoRef, destination: RepoRef, tell: Tell) -> Proof:
    """A proof that rests on other repos alone, for a source without a destination of its own.

    Raises NotFound when some file is nowhere, saying how many; nothing is recorded then, as there is no backup.
    """
    reader = program.hub(source.hub).read
    info = reader.repo(source)
    revision = reader.resolve(source)
    manifest = reader.manifest(source, revision)
    nothing = tuple(
        FileVerdict(entry.path, Verdict.MISSING, entry.sha256, None, entry.size, None, why="nowhere")
        for entry in manifest.files
    )
    empty = Proof(
        source, revision, destination, "", Level.READ_BACK, program.now(), nothing, manifest.incomplete
    )
    proof = _with_places(program, empty, info, manifest.files, tell)
    if proof.files and proof.holds:
        return proof
    left = len(proof.problems)
    there = f"{destination.hub.title} has no {destination.id}"
    elsewhere = ", ".join(place.repo.name for place in proof.places)
    raise NotFound(
        f"{there}, and {left:,} of {proof.total:,} files of {source.id} are in no other repo of {destination.owner} there"
        if proof.places
        else f"{there}, and no other repo of {destination.owner} there was found to hold its files",
        meaning=f"The others were read back from {elsewhere}; not there is, for example, {_first(proof)}."
        if proof.places
        else "",
        way_out="Migrate it: only what is not there moves.",
        repo=str(source.id),
    )


def _first(proof: Proof) -> str:
    return clean(proof.problems[0].path, 120) if proof.problems else ""


def _with_places(
    program: Program, proof: Proof, source: RepoInfo, entries: Iterable[FileEntry], tell: Tell
) -> Proof:
    hashed = hashed_all(program, Manifest(proof.source, proof.source_revision, tuple(entries)), tell)
    blobs = {entry.path: entry.blob for entry in hashed.files if entry.blob is not None}
    found = holders(program, source, proof.destination, blobs.values(), tell)
    where: dict[Blob, tuple[Elsewhere, str]] = {}
    for holder in found:
        for path, (sha256, size) in read_back_in(holder.proof, holder.fact).items():
            if sha256 is not None and size is not None:
                where.setdefault(Blob(sha256, size), (holder.fact.place, path))
    files = []
    used: set[Elsewhere] = set()
    for file in proof.files:
        blob = blobs.get(file.path)
        if file.verdict is not Verdict.MISSING or blob is None or blob not in where:
            files.append(file)
            continue
        place, path = where[blob]
        used.add(place)
        files.append(
            FileVerdict(
                file.path,
                Verdict.PROVEN,
                blob.sha256,
                blob.sha256,
                blob.size,
                blob.size,
                Level.READ_BACK,
                f"in {place.words}: {path}",
                place.path(path),
            )
        )
    kept = tuple(holder.fact.place for holder in found if holder.fact.place in used)
    return replace(proof, files=tuple(files), places=kept)


def hashed(program: Program, manifest: Manifest) -> Manifest:
    """With the SHA-256 of regular files that were read before, known by their git blob ids. No request."""
    unknown = manifest.unhashed
    return manifest.with_hashes(program.ledger_of(manifest.ref).sha256_of(unknown)) if unknown else manifest


def hashed_all(program: Program, manifest: Manifest, tell: Tell) -> Manifest:
    """The same, and what is still unknown is read from the source, where each file is checked against its git blob id."""
    known = hashed(program, manifest)
    unknown = [entry for entry in known.files if not entry.sha256 and not entry.lfs and entry.git_oid]
    if not unknown:
        return known
    tell(f"reading small files of {manifest.ref.id}")
    reader = program.hub(manifest.ref.hub).read
    control = Control(lambda: program.closed)
    origin = Origin(reader, manifest.ref, manifest.revision, Retrier(control, patience=BRIEF))
    learnt = {}
    for entry in unknown:
        small = read_small(origin, entry)
        if small.git_oid == entry.git_oid:
            learnt[small.git_oid] = small.sha256
    program.ledger_of(manifest.ref).learn_sha256(learnt)
    return known.with_hashes(learnt)
