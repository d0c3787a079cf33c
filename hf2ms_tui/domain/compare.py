"""Comparing two manifests file by file: the one place where a verdict is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import datetime

from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof, ReadBack
from hf2ms_tui.domain.verdict import EXCEPTABLE, Explained, FileVerdict, Level, Verdict


def compare(
    source: Manifest,
    destination: Manifest,
    *,
    level: Level,
    at: datetime,
    stored: Set[Blob] | None = None,
    read_back: Mapping[str, ReadBack] | None = None,
    explained: Mapping[str, Explained] | None = None,
    job_id: str = "",
) -> Proof:
    """Compare two manifests file by file and record the evidence.

    A hash missing on either side is never a match. ``stored`` are the blobs the destination confirmed when asked again;
    inline (non-LFS) files are stored by being listed. ``read_back`` maps paths to what their downloaded bytes hashed to.
    Bytes read back that differ are a mismatch whatever the listings say. A difference that is ``explained``, by path, is an
    exception when the file is one that may be excepted and both contents are the ones listed. Runs in one pass over both
    sides.
    """
    with _no_collecting():
        verdicts = _judge_all(source, destination, stored, read_back or {})
        if explained:
            verdicts = _except(verdicts, explained)
    doubts = [
        f"the listing of the {side} may be cut short: {manifest.incomplete}"
        for side, manifest in (("source", source), ("destination", destination))
        if manifest.incomplete
    ]
    return Proof(
        source=source.ref,
        source_revision=source.revision,
        destination=destination.ref,
        destination_revision=destination.revision,
        level=level,
        at=at,
        files=tuple(verdicts),
        doubt="; ".join(doubts),
        job_id=job_id,
        oldest=min(
            (back.at for back in (read_back or {}).values() if back.at and back.at < at), default=None
        ),
    )


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Look for no cyclic garbage meanwhile: nothing that is made here is any, and looking takes as long as the work itself."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _judge_all(
    source: Manifest, destination: Manifest, stored: Set[Blob] | None, back: Mapping[str, ReadBack]
) -> list[FileVerdict]:
    """The verdicts on all paths of both sides, sorted by path."""
    theirs = destination.by_path()
    proven, plainly = Verdict.PROVEN, Level.READ_BACK
    verdicts: list[FileVerdict] = []
    for entry in source.files:
        path, size, sha256 = entry.path, entry.size, entry.sha256
        other, found = theirs.pop(path, None), back.get(path)
        if (
            found is not None
            and other is not None
            and sha256 is not None
            and not found.error
            and sha256 == found.sha256 == other.sha256
            and size == found.size == other.size
        ):
            # Nearly every file of nearly every proof: listings and bytes agree. `_judge` would say the same, slower.
            verdicts.append(FileVerdict(path, proven, sha256, sha256, size, size, plainly))
        else:
            verdicts.append(_judge(entry, other, stored, found))
    for path, other in theirs.items():
        verdicts.append(
            FileVerdict(
                path,
                Verdict.EXTRA,
                destination_sha256=other.sha256,
                destination_size=other.size,
                why="only on the destination",
            )
        )
    verdicts.sort(key=lambda verdict: verdict.path)
    return verdicts


def _judge(
    entry: FileEntry, other: FileEntry | None, stored: Set[Blob] | None, back: ReadBack | None
) -> FileVerdict:
    theirs = other.sha256 if other is not None else None
    verdict, level, why = _reasons(entry, other, stored, back)
    # What was read counts as the destination's hash, unless it lists another one than the bytes it serves.
    if (
        back is not None
        and not back.error
        and other is not None
        and other.size == entry.size
        and entry.sha256 is not None
        and why != _LIES
    ):
        theirs = back.sha256
    return FileVerdict(
        entry.path,
        verdict,
        entry.sha256,
        theirs,
        entry.size,
        other.size if other is not None else None,
        level,
        why,
    )


def _except(verdicts: list[FileVerdict], explained: Mapping[str, Explained]) -> list[FileVerdict]:
    """The verdicts, with the mismatches that are explained turned into exceptions."""
    return [
        _excepted(verdict, explained[verdict.path]) if verdict.path in explained else verdict
        for verdict in verdicts
    ]


def _excepted(found: FileVerdict, why: Explained) -> FileVerdict:
    """An exception, unless it may be none: another file, no mismatch, a lie, or other contents than the listed ones."""
    fits = (
        found.verdict is Verdict.MISMATCH
        and found.path in EXCEPTABLE
        and found.why != _LIES
        and found.source_size == why.source.size
        and found.destination_size == why.destination.size
        and found.source_sha256 in {None, why.source.sha256}
        and found.destination_sha256 in {None, why.destination.sha256}
    )
    if not fits:
        return found
    return FileVerdict(
        found.path,
        Verdict.EXCEPTED,
        why.source.sha256,
        why.destination.sha256,
        why.source.size,
        why.destination.size,
        Level.READ_BACK,
        why.why,
    )


_LIES = "the destination lists another SHA-256 than the bytes it serves"


def _reasons(
    entry: FileEntry, other: FileEntry | None, stored: Set[Blob] | None, back: ReadBack | None
) -> tuple[Verdict, Level, str]:
    """The verdict on one file, the level of its evidence, and why."""
    listed = Level.LISTED
    if other is None:
        return Verdict.MISSING, listed, "not on the destination"
    if other.size != entry.size:
        return (
            Verdict.MISMATCH,
            listed,
            f"{entry.size:,} bytes on the source, {other.size:,} on the destination",
        )
    if entry.sha256 is None:
        return Verdict.UNKNOWN, listed, "the source's SHA-256 is not known"
    if back is not None and not back.error:
        if back.sha256 != entry.sha256 or back.size != entry.size:
            return Verdict.MISMATCH, listed, "the bytes read back hash differently"
        if other.sha256 is not None and other.sha256 != entry.sha256:
            return Verdict.MISMATCH, listed, _LIES
        return Verdict.PROVEN, Level.READ_BACK, ""
    if other.sha256 is None:
        return Verdict.UNKNOWN, listed, "the destination does not tell the SHA-256"
    if other.sha256 != entry.sha256:
        return Verdict.MISMATCH, listed, "the SHA-256 differs"
    held = stored is not None and (not other.lfs or Blob(entry.sha256, entry.size) in stored)
    if back is not None:
        return Verdict.PROVEN, Level.STORED if held else listed, f"could not be read back: {back.error}"
    if stored is not None and not held:
        return Verdict.MISSING, listed, "listed, but the destination does not hold the bytes"
    return Verdict.PROVEN, Level.STORED if held else listed, ""
