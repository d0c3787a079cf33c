"""What moving a repo would take: bytes after what is there already, requests, seconds. Estimates, shown as such."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.domain.manifest import Blob, Manifest
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program

ASSUMED_RATE = 30e6
"""bytes per second while nothing was measured: what one worker of the predecessor reached at best was 53 MB/s"""
ASSUMED_SETUP = 6.0
"""seconds of a job that move nothing: listing, preparing, committing"""
ASSUMED_CALL = 0.0125
"""seconds that a request adds: 100 ms each, eight at once"""
_JOBS = 12
_LEAST = 5_000_000
"""bytes below which a job says more about its setup than about the link"""
_PAGE, _BATCH, _COMMIT = 1_000, 500, 2_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes per second of moving and proving together, seconds of setup, and where the numbers come from."""

    per_second: float = ASSUMED_RATE
    setup: float = ASSUMED_SETUP
    jobs: int = 0

    @property
    def source(self) -> str:
        """Where the rate comes from, as a sentence."""
        if not self.jobs:
            return f"assumed {words.rate(self.per_second)}, nothing was measured yet"
        return f"{words.rate(self.per_second)}, measured over {words.count(self.jobs, 'earlier job')}"

    @classmethod
    def measured(cls, program: Program) -> Rates:
        """The median of the newest finished jobs; the assumption when there are none large enough."""
        rates = [
            rate
            for view in program.jobs.views()
            if view.phase is Phase.DONE and (rate := _rate_of(view)) is not None
        ][:_JOBS]
        return cls(statistics.median(rates), ASSUMED_SETUP, len(rates)) if rates else cls()


def _rate_of(view: JobView) -> float | None:
    carried = view.moved + view.read_back
    if view.started_at is None or view.ended_at is None or carried < _LEAST:
        return None
    return carried / max((view.ended_at - view.started_at).total_seconds(), 0.1)


@dataclass(frozen=True, slots=True)
class Move:
    """What one migration would take. Bytes: ``total`` of the repo's distinct contents, ``present`` on the destination already.

    ``calls`` are requests to both hubs. ``sure`` is False when the repo's files were not listed, so that its size stands in.
    """

    total: int
    present: int
    to_move: int
    to_read_back: int
    calls: int
    seconds: float
    dollars: float = 0.0
    sure: bool = True


def blobs_of(manifest: Manifest) -> set[Blob]:
    """The distinct contents of a manifest that have a known SHA-256."""
    return {entry.blob for entry in manifest.files if entry.blob is not None}


def present_of(program: Program, destination: RepoRef, blobs: set[Blob]) -> set[Blob]:
    """Those of ``blobs`` that the destination's owner is likely to hold: earlier jobs stored them, or a listing shows them."""
    found = set(program.ledger_of(destination).held(blobs))
    for manifest in program.manifests.all_latest(destination.owner, destination.hub):
        found.update(entry.blob for entry in manifest.files if entry.blob is not None and entry.blob in blobs)
    return found


def move_of(manifest: Manifest, present: set[Blob], rates: Rates, level: Level) -> Move:
    """Estimate from a manifest, when the destination holds ``present`` already."""
    missing = blobs_of(manifest) - present
    small = {
        (entry.git_oid, entry.size)
        for entry in manifest.files
        if entry.blob is None and entry.git_oid is not None
    }
    inline = sum(size for _, size in small)
    total = sum(blob.size for blob in blobs_of(manifest)) + inline
    to_move = sum(blob.size for blob in missing) + inline
    return _move(total, to_move, manifest.size, len(manifest.files), len(missing) + len(small), rates, level)


def guess_of(size: int | None, rates: Rates, level: Level) -> Move | None:
    """Estimate from a repo's size alone, before its files were listed; None when not even that is known."""
    if size is None:
        return None
    return replace(_move(size, size, size, 50, 20, rates, level), sure=False)


def _move(total: int, to_move: int, size: int, files: int, blobs: int, rates: Rates, level: Level) -> Move:
    back = size if level is Level.READ_BACK else 0
    calls = (
        4 * (files // _PAGE + 1)
        + 2 * (files // _BATCH + 1)
        + 3 * blobs
        + files // _COMMIT
        + 4
        + (files if back else 0)
    )
    seconds = rates.setup + (to_move + back) / max(rates.per_second, 1.0) + calls * ASSUMED_CALL
    return Move(total, total - to_move, to_move, back, calls, seconds)
