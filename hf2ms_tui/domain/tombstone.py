"""The tombstone: what is kept of a deleted repo, so that together with the destination it can be restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.chronicle import Chronicle
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef


class Place(Enum):
    """Where the bytes of a file are once the repo is deleted."""

    HERE = "here"
    """in the tombstone itself"""
    THERE = "there"
    """on the destination, where they were proven"""
    LOST = "lost"
    """nowhere: the person accepted that"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A repo on the destination at a pinned revision, whose files hold bytes of the deleted one."""

    ref: RepoRef
    revision: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of a state, and where its bytes are. ``copy`` is an index into ``Tombstone.copies``, ``there`` a path in it."""

    entry: FileEntry
    place: Place
    copy: int = -1
    there: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of the repo's bytes the tombstone holds itself: contents and bytes; and small files left to the destination."""

    contents: int = 0
    size: int = 0
    left_out: int = 0
    left_out_size: int = 0


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is kept of ``ref`` as it was at ``at`` (UTC).

    ``states`` are the files of every branch and tag by revision, each in path order; ``refs`` say which revision is which
    branch or tag, conversions and pull requests among them, whose files are not kept. ``journal`` is the number and digest
    of the journal's newest entry at that moment.
    """

    ref: RepoRef
    at: datetime
    account: str
    branch: str
    info: RepoInfo
    refs: tuple[GitRef, ...]
    refs_digest: str
    states: Mapping[str, tuple[KeptFile, ...]]
    copies: tuple[Copy, ...]
    proof: Proof
    chronicle: Chronicle
    journal: tuple[int, str] = (0, "")
    kept: Kept = field(default_factory=Kept)

    @property
    def restorable(self) -> tuple[GitRef, ...]:
        """Branches and tags, in the order in which they are restored: tags, branches, the default branch last."""
        found = [ref for ref in self.refs if ref.kind in {"branch", "tag"}]
        return tuple(sorted(found, key=lambda ref: (self._is_default(ref), ref.kind == "branch", ref.name)))

    def _is_default(self, ref: GitRef) -> bool:
        return ref.kind == "branch" and ref.name == self.branch

    @property
    def head(self) -> str:
        """The revision of the default branch."""
        return next(ref.revision for ref in self.refs if self._is_default(ref))

    def manifest(self, revision: str) -> Manifest:
        """The files of a state that can come back: all but those that were given up."""
        files = tuple(item.entry for item in self.states[revision] if item.place is not Place.LOST)
        return Manifest(self.ref, revision, files, listed_at=self.at)

    def lost(self, revision: str) -> tuple[FileEntry, ...]:
        """The files of a state that were given up."""
        return tuple(item.entry for item in self.states[revision] if item.place is Place.LOST)

    @property
    def distinct(self) -> dict[str, KeptFile]:
        """Every content that can come back, once, by SHA-256; one held here is preferred to one on the destination."""
        found: dict[str, KeptFile] = {}
        for files in self.states.values():
            for item in files:
                sha256 = item.entry.sha256
                if item.place is Place.LOST or sha256 is None:
                    continue
                if sha256 not in found or (item.place is Place.HERE and found[sha256].place is Place.THERE):
                    found[sha256] = item
        return found


@dataclass(frozen=True, slots=True)
class TombstoneFact:
    """A tombstone that is on the disk and was verified just now; what the gate wants to know of it. Sizes in bytes."""

    id: str
    ref: RepoRef
    refs_digest: str
    proof_id: str
    at: datetime
    contents: int = 0
    size: int = 0
    originals: frozenset[str] = frozenset()
    """SHA-256 of the excepted files whose original bytes it holds"""
