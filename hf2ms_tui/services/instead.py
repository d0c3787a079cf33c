"""How much of a repo was read back from other repos of the destination's owner: whether it needs a copy of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import elsewhere
from hf2ms_tui.services.program import Program


@dataclass(frozen=True, slots=True)
class Instead:
    """Of ``files``, ``held`` are known to be in the copies of ``repos``; ``unread`` are small ones whose SHA-256 no hub tells,
    so that only proving finds out.
    """

    repos: tuple[RepoRef, ...]
    files: int
    held: int
    unread: int

    @property
    def whole(self) -> bool:
        """Whether every file is there."""
        return self.held == self.files

    @property
    def lacking(self) -> int:
        """Files that are known to be in none of them."""
        return self.files - self.held - self.unread


def instead_of(program: Program, manifest: Manifest, others: Collection[RepoRef]) -> Instead | None:
    """What of ``manifest`` was read back from the copies of ``others`` within the age that a proof may have.

    None when nothing was. From proofs on record, without a request: whether those copies are still what they were, and seen
    by nobody who may not see the source, is looked at when it is proven.
    """
    if not others or not manifest.complete:
        return None
    destination = program.destination_ref(manifest.ref)
    entries = elsewhere.hashed(program, manifest).files
    held: set[str] = set()
    repos: list[RepoRef] = []
    for proof in elsewhere.candidates(program, destination, program.now()):
        if proof.source not in others:
            continue
        blobs = elsewhere.blobs_in(proof)
        found = {entry.path for entry in entries if entry.blob in blobs} - held
        if found:
            held |= found
            repos.append(proof.destination)
    if not held:
        return None
    unread = sum(1 for entry in entries if entry.path not in held and not entry.sha256 and not entry.lfs)
    return Instead(tuple(dict.fromkeys(repos)), len(entries), len(held), unread)
