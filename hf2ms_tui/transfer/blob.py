"""One blob: pushed from its source to the destination; and small files and proofs read in the same way."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hf2ms_tui.domain.errors import Corrupt, Hf2msError, HubLied, NotFound, NotPermitted, Unreachable
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.protocol import HubWriter, Ticket
from hf2ms_tui.transfer.retry import Retrier
from hf2ms_tui.transfer.source import BLOCK, BytesSource, HashingSource, Origin, Progress, ignore

STALE = 60.0
"""seconds after which a refused upload may be due to an address that has expired"""
ASK = 500
"""blobs asked about in one request that is tried again by itself; both hubs' adapters ask for no more at once"""
FILE_ERRORS = (Corrupt, HubLied, NotFound)
"""what is wrong with one file of a source, so that the others are still worth moving"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where bytes go: the writing half of a hub and one of its repos, with the retrier of that hub."""

    writer: HubWriter
    ref: RepoRef
    retrier: Retrier

    def ask(self, blobs: Sequence[Blob]) -> dict[Blob, Ticket]:
        """Ask which of these blobs the hub lacks, ``ASK`` a request; a ticket for each of those."""
        lacking: dict[Blob, Ticket] = {}
        for start in range(0, len(blobs), ASK):
            part = blobs[start : start + ASK]
            answer = self.retrier.call(partial(self.writer.missing, self.ref, part))
            lacking.update((ticket.blob, ticket) for ticket in answer)
        return lacking


def move_blob(
    origin: Origin,
    entry: FileEntry,
    target: Target,
    ticket: Ticket,
    asked_at: float,
    *,
    progress: Progress = ignore,
) -> Hf2msError | None:
    """Stream one blob from the source to the destination; return what is wrong with the file when it is bad at the source.

    A destination that failed is first asked whether it holds the blob after all, as the answer to a complete upload may be
    what was lost; only then is the blob sent again from its start. ``asked_at`` is when the ticket was given (monotonic
    seconds). ``progress`` hears negative counts for bytes that did not count in the end. Raises what ends the whole job:
    a hub that cannot be reached or refuses, cancelling.
    """

    def open_source() -> HashingSource:
        return HashingSource(origin, entry, progress=progress)

    return send(target, ticket, asked_at, open_source, entry.shown, progress=progress)


def send(
    target: Target,
    ticket: Ticket,
    asked_at: float,
    open_source: Callable[[], HashingSource | BytesSource],
    shown: str,
    *,
    progress: Progress = ignore,
) -> Hf2msError | None:
    """Upload one blob from a source that can be opened anew for every try; see ``move_blob``."""
    blob = ticket.blob
    given: list[tuple[Ticket, float]] = [(ticket, asked_at)]

    def attempt() -> None:
        if given:
            now, asked = given.pop()
        else:
            renewed = {t.blob: t for t in target.writer.missing(target.ref, (blob,))}
            if blob not in renewed:
                progress(blob.size)
                return
            now, asked = renewed[blob], time.monotonic()
        source = open_source()
        sent = False
        try:
            target.writer.put(target.ref, now, source)
            if not source.finished:
                raise HubLied(
                    f"The upload ended after {source.pulled:,} of {blob.size:,} bytes without an error",
                    repo=str(target.ref.id),
                    path=shown,
                )
            sent = True
        except Hf2msError as error:
            if source.failure is not None:
                raise _Final(source.failure) from error
            if isinstance(error, NotPermitted | NotFound) and time.monotonic() - asked > STALE:
                raise Unreachable(
                    error.what, meaning=error.meaning, way_out=error.way_out, path=shown
                ) from error
            raise
        finally:
            source.close()
            if not sent:
                progress(-source.pulled)

    try:
        target.retrier.call(attempt)
    except _Final as final:
        if isinstance(final.error, FILE_ERRORS):
            return final.error
        raise final.error from final.__cause__
    return None


class _Final(Exception):
    """Carries the source's own error past the destination's retries."""

    def __init__(self, error: Hf2msError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Small:
    """A whole small file in memory, its digests checked against what the source lists."""

    entry: FileEntry
    data: bytes
    sha256: str
    git_oid: str


def read_small(origin: Origin, entry: FileEntry, *, progress: Progress = ignore) -> Small:
    """Read a whole file into memory. Raises Corrupt when it is not what the source lists."""
    source = HashingSource(origin, entry, progress=progress)
    try:
        data = source.read()
    finally:
        source.close()
    git_oid = (
        source.git_oid or hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    )
    return Small(entry, data, source.sha256, git_oid)


def read_back(
    origin: Origin, entry: FileEntry, *, progress: Progress = ignore, check: bool = False
) -> ReadBack:
    """Download a file and hash it, keeping nothing.

    Says what the bytes are, not whether they are right; with ``check`` it raises Corrupt when they are not what is listed.
    """
    source = HashingSource(origin, entry, progress=progress, check=check)
    try:
        while source.read(BLOCK):
            pass
    except BaseException:
        progress(-source.pulled)
        raise
    finally:
        source.close()
    return ReadBack(source.sha256, source.pulled)
