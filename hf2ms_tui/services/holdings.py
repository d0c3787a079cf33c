"""Where on the destination the contents of a repo are, as its proofs found them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hf2ms_tui.domain.gate import GateFacts
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.tombstone import Copy
from hf2ms_tui.domain.verdict import FileVerdict, Verdict
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program


@dataclass(frozen=True, slots=True)
class There:
    """A content on the destination: its SHA-256, and a path in one of the copies."""

    sha256: str
    copy: int
    path: str


@dataclass(slots=True)
class Holdings:
    """Contents by SHA-256 and by git blob id, each with a place that a proof found them in. ``copies`` in order of use."""

    _copies: dict[Copy, int] = field(default_factory=dict)
    _blobs: dict[tuple[str, int], There] = field(default_factory=dict)
    _oids: dict[tuple[str, int], There] = field(default_factory=dict)

    @property
    def copies(self) -> tuple[Copy, ...]:
        """The repos in which something was found."""
        return tuple(self._copies)

    def find(self, entry: FileEntry) -> There | None:
        """Where a file's content is; None when no proof found it. Regular files are known by git blob id as well."""
        if entry.sha256 is not None:
            return self._blobs.get((entry.sha256, entry.size))
        return self._oids.get((entry.git_oid, entry.size)) if entry.git_oid and not entry.lfs else None

    def add(self, file: FileVerdict, copy: Copy, path: str, git_oid: str | None) -> None:
        """Note that a proof found a file's bytes at ``path`` of ``copy``; what was noted first stays."""
        if file.source_sha256 is None or file.source_size is None:
            return
        there = There(file.source_sha256, self._copies.setdefault(copy, len(self._copies)), path)
        self._blobs.setdefault((file.source_sha256, file.source_size), there)
        if git_oid:
            self._oids.setdefault((git_oid, file.source_size), there)


def holdings(program: Program, facts: GateFacts) -> Holdings:
    """What the standing proof, and those of the branches and tags that were brought over, found on the destination.

    Blocks on the network for listings of the source that are not cached. Raises what the hub raises.
    """
    assert facts.proof is not None
    found = Holdings()
    for proof in _speaking(program, facts):
        oids = {
            entry.path: entry.git_oid
            for entry in manifest_of(program, facts.ref, proof.source_revision).files
            if not entry.lfs
        }
        for file, copy, path in _places(proof):
            found.add(file, copy, path, oids.get(file.path))
    return found


def contents(program: Program, facts: GateFacts) -> dict[Copy, dict[Blob, str]]:
    """Every content that those proofs found, once, with a path that holds it, by the repo on the destination. No request."""
    found: dict[Copy, dict[Blob, str]] = {}
    seen: set[Blob] = set()
    for proof in _speaking(program, facts):
        for file, copy, path in _places(proof):
            if file.source_sha256 is None or file.source_size is None:
                continue
            blob = Blob(file.source_sha256, file.source_size)
            if blob not in seen:
                seen.add(blob)
                found.setdefault(copy, {})[blob] = path
    return found


def _speaking(program: Program, facts: GateFacts) -> Iterator[Proof]:
    """The standing proof, and those that hold of branches and tags as they are now."""
    assert facts.proof is not None
    revisions = {ref.revision for ref in facts.refs}
    yield facts.proof
    for proof in program.proofs.of_refs(facts.ref, facts.proof.destination):
        if proof.holds and proof.source_revision in revisions:
            yield proof


def _places(proof: Proof) -> Iterator[tuple[FileVerdict, Copy, str]]:
    """Every proven file of a proof with the place its bytes are in."""
    there = Copy(proof.destination, proof.destination_revision)
    for file in proof.files:
        if file.verdict is not Verdict.PROVEN or file.level.rank < proof.level.rank:
            continue
        if not file.where:
            yield file, there, file.path
            continue
        for place in proof.places:
            path = place.holds(file.where)
            if path is not None:
                yield file, Copy(place.repo, place.revision), path
                break
