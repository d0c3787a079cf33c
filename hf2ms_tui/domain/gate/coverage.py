"""Which files of a branch or tag are proven, and by what evidence: pure comparison of contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hf2ms_tui.domain.gate.facts import RefCoverage
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.domain.verdict import FileVerdict, Level, Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """Contents that one proof found on the destination. ``words`` says where, ``at`` when they were read (UTC).

    ``blobs`` are known by SHA-256; ``oids`` are the same contents by git blob id, for regular files of other revisions of
    the source, whose SHA-256 the hub does not tell.
    """

    words: str
    at: datetime
    blobs: frozenset[Blob]
    oids: frozenset[tuple[str, int]] = frozenset()
    excepted: tuple[tuple[str, str, int, str], ...] = ()
    """path, SHA-256 or git blob id, size, and SHA-256 of files that differ there for a known reason"""

    def excepts(self, entry: FileEntry) -> str | None:
        """The SHA-256 of this very file, with this content, if it is one of those that differ there for a known reason."""
        keys = {entry.sha256} if entry.sha256 is not None else {entry.git_oid}
        return next(
            (
                sha256
                for path, key, size, sha256 in self.excepted
                if path == entry.path and key in keys and size == entry.size
            ),
            None,
        )

    def holds(self, entry: FileEntry) -> bool:
        """Whether the content of a file is among them. A file whose content is not known by any id never is."""
        if entry.sha256 is not None:
            return Blob(entry.sha256, entry.size) in self.blobs
        return not entry.lfs and entry.git_oid is not None and (entry.git_oid, entry.size) in self.oids


def proven_files(proof: Proof, level: Level) -> tuple[FileVerdict, ...]:
    """The files of a proof whose bytes are on the destination itself or elsewhere, at ``level`` or stronger, as listed."""
    return tuple(
        file
        for file in proof.files
        if file.verdict is Verdict.PROVEN
        and file.level.rank >= level.rank
        and file.source_sha256 is not None
        and file.source_size is not None
    )


def evidence_of(proof: Proof, words: str, level: Level, base: Manifest | None = None) -> Evidence:
    """What a proof is evidence of. ``base`` is the source's listing at the proof's revision, for git blob ids."""
    files = proven_files(proof, level)
    blobs = frozenset(
        Blob(file.source_sha256, file.source_size)
        for file in files
        if file.source_sha256 is not None and file.source_size is not None
    )
    oids: frozenset[tuple[str, int]] = frozenset()
    excepted = [
        (file.path, file.source_sha256, file.source_size, file.source_sha256)
        for file in proof.exceptions
        if file.source_sha256 is not None and file.source_size is not None
    ]
    if base is not None and base.ref == proof.source and base.revision == proof.source_revision:
        sizes = {file.path: file.source_size for file in files}
        oids = frozenset(
            (entry.git_oid, entry.size)
            for entry in base.files
            if entry.git_oid and not entry.lfs and sizes.get(entry.path) == entry.size
        )
        by_path = base.by_path() if excepted else {}
        excepted += [
            (path, entry.git_oid, size, sha256)
            for path, _, size, sha256 in tuple(excepted)
            if (entry := by_path.get(path)) is not None
            and entry.git_oid
            and not entry.lfs
            and entry.size == size
        ]
    return Evidence(words, proof.evidence_at, blobs, oids, tuple(excepted))


def cover(
    ref: GitRef, manifest: Manifest, evidence: Sequence[Evidence], target: str, why: str
) -> RefCoverage:
    """How a branch or tag fares: each file is held by the first evidence that has its content, or lost.

    ``target`` says what the ref would become on the destination, ``why`` why it cannot be brought there.
    """
    held: dict[str, int] = {}
    used: list[datetime] = []
    lost: list[FileEntry] = []
    excepted: list[tuple[str, str]] = []
    for entry in manifest.files:
        found = next((item for item in evidence if item.holds(entry)), None)
        original = None
        if found is None:
            known = ((item, sha) for item in evidence if (sha := item.excepts(entry)) is not None)
            original = next(known, None)
        if original is not None:
            excepted.append((entry.path, original[1]))
            used.append(original[0].at)
        elif found is None:
            lost.append(entry)
        else:
            held[found.words] = held.get(found.words, 0) + 1
            used.append(found.at)
    return RefCoverage(
        ref,
        lost=tuple(entry.path for entry in lost),
        lost_bytes=unique_bytes(lost),
        unknown=manifest.incomplete,
        files=len(manifest.files),
        held=tuple(held.items()),
        at=min(used, default=None),
        excepted=tuple(excepted),
        target=target,
        cannot=why,
    )


def unique_bytes(entries: Iterable[FileEntry]) -> int:
    """Bytes of the contents, each counted once however many files share it."""
    sizes: dict[object, int] = {}
    for number, entry in enumerate(entries):
        sizes[entry.sha256 or entry.git_oid or number] = entry.size
    return sum(sizes.values())
