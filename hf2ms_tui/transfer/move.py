"""Moving the chunks of a job over its pool of workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.manifest import Blob, Manifest
from hf2ms_tui.hubs.protocol import AddBlob
from hf2ms_tui.transfer.chunk import Given, MoveChunk
from hf2ms_tui.transfer.plan import Work
from hf2ms_tui.transfer.run import Run


@dataclass(slots=True)
class Moved:
    """What moving taught: sha256 by path where the source does not tell it, and what is wrong with single files by path."""

    learnt: dict[str, str] = field(default_factory=dict)
    bad: dict[str, Hf2msError] = field(default_factory=dict)


def move(run: Run, source: Manifest, chunks: Sequence[Chunk], given: Given | None) -> Moved:
    """Move all chunks, the largest first. Raises the first error that concerns more than one file."""
    moved = Moved()
    if not chunks:
        return moved
    wanted = {piece.path for chunk in chunks for piece in chunk.pieces}
    entries = {entry.path: entry for entry in source.files if entry.path in wanted}
    with run.control.group() as control:
        for result in run.pool.run(MoveChunk(run, entries, control, given), chunks):
            moved.learnt.update(result.learnt)
            moved.bad.update(result.bad)
    run.moved.report()
    run.resent.report()
    return moved


def blob_changes(work: Work, moved: Moved) -> list[AddBlob]:
    """The blobs to put at their paths, in path order: all that arrived or were there, none whose bytes were bad."""
    bad = _bad_blobs(work, moved.bad)
    theirs = work.destination.by_path()
    changes: list[AddBlob] = []
    for entry in (*work.blobs, *work.unknown):
        sha256 = entry.sha256 or moved.learnt.get(entry.path)
        if sha256 is None or (blob := Blob(sha256, entry.size)) in bad:
            continue
        other = theirs.get(entry.path)
        if other is None or other.blob != blob:
            changes.append(AddBlob(entry.path, blob))
    return sorted(changes, key=lambda change: change.path)


def _bad_blobs(work: Work, bad: Mapping[str, Hf2msError]) -> set[Blob]:
    return {entry.blob for entry in work.blobs if entry.path in bad and entry.blob is not None}
