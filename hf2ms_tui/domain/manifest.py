"""A repo's files at a pinned revision, with hashes, and whether the listing is known to be complete."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean

_REVISION = re.compile(r"[0-9a-f]{40}")


def is_revision(text: str) -> bool:
    """Say whether ``text`` is a pinned 40-hex commit, as opposed to a branch or tag name."""
    return _REVISION.fullmatch(text) is not None


def git_blob_id(data: bytes) -> str:
    """The id git gives to a file's content: sha1 over ``blob <size>``, a NUL and the bytes (git-hash-object(1))."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class Blob:
    """A file's content, known by (sha256, size in bytes). Several files may share one."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One path of a manifest. ``path`` is exact, as the hub spells it; show ``shown``.

    ``sha256`` is of the content, None while unknown. ``git_oid`` is the git blob id of what git stores: of the content
    for a regular file, of the pointer for an LFS one; None where the hub does not tell.
    """

    path: str
    size: int
    sha256: str | None = None
    git_oid: str | None = None
    lfs: bool = False

    @property
    def shown(self) -> str:
        """The path made inert for screens and logs."""
        return clean(self.path)

    @property
    def blob(self) -> Blob | None:
        """The content's key, None while the hash is unknown."""
        return Blob(self.sha256, self.size) if self.sha256 else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of ``ref`` at ``revision``, sorted by path. ``incomplete`` says why the listing may be cut; empty if whole."""

    ref: RepoRef
    revision: str
    files: tuple[FileEntry, ...]
    incomplete: str = ""
    listed_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether the listing is known to hold every file."""
        return not self.incomplete

    @property
    def size(self) -> int:
        """Bytes of all files, shared blobs counted once per file."""
        return sum(entry.size for entry in self.files)

    @property
    def unhashed(self) -> tuple[str, ...]:
        """Git blob ids of the regular files whose sha256 the hub does not tell, for ``with_hashes``."""
        return tuple(
            entry.git_oid for entry in self.files if not entry.sha256 and not entry.lfs and entry.git_oid
        )

    def by_path(self) -> dict[str, FileEntry]:
        """The files keyed by exact path."""
        return {entry.path: entry for entry in self.files}

    def with_hashes(self, sha256_of: Mapping[str, str]) -> Manifest:
        """Fill unknown sha256 values from a mapping of git blob id to sha256 of the same content, learnt by reading it."""
        if all(entry.sha256 for entry in self.files):
            return self
        return replace(
            self,
            files=tuple(
                replace(entry, sha256=sha256_of.get(entry.git_oid))
                if entry.sha256 is None and not entry.lfs and entry.git_oid
                else entry
                for entry in self.files
            ),
        )
