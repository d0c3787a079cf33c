"""Manifests of pinned revisions, read once."""

from __future__ import annotations

from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services.program import Program


def manifest_of(program: Program, ref: RepoRef, revision: str) -> Manifest:
    """The files at a pinned revision, from the cache or read now; one that may be cut short is read again the next time.

    Raises what the hub raises.
    """
    manifest = program.manifests.get(ref, revision)
    if manifest is None:
        manifest = program.hub(ref.hub).read.manifest(ref, revision)
        program.manifests.put(manifest)
    return manifest
