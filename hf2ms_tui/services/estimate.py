"""What moving a repo would take: bytes after what is there already, requests, seconds. Estimates, shown as such."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.domain.manifest import Blob, Manifest
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.engines.modal.engine import ModalEngine
from hf2ms_tui.engines.modal.rates import Rate
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program

ASSUMED_RATE = 30e6
"""bytes per second while nothing was measured: what one worker of the predecessor reached at best was 53 MB/s"""
ASSUMED_SETUP = 6.0
"""seconds of a job that move nothing: listing, preparing, committing"""
CLOUD_SETUP = 20.0
"""the same where containers are started first"""
ASSUMED_CALL = 0.0125
"""seconds that a request adds: 100 ms each, eight at once"""
_JOBS = 12
_LEAST = 5_000_000
"""bytes below which a job says more about its setup than about the link"""
_MIB = 1 << 20
_IDLE = 20.0
"""seconds that containers wait for more work at the end of a job, and start at its beginning"""
_PAGE, _BATCH, _COMMIT = 1_000, 500, 2_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes per second of moving and proving together, seconds of setup, and where the numbers come from.

    On the engine modal the rate is that of one container, of which a job has up to ``containers``; ``cost`` is what a second
    of one is billed, None where nothing is.
    """

    per_second: float = ASSUMED_RATE
    setup: float = ASSUMED_SETUP
    jobs: int = 0
    containers: int = 1
    cost: Rate | None = None

    @property
    def source(self) -> str:
        """Where the rate, and the price if there is one, come from, as a sentence."""
        each = f" for each of up to {self.containers} containers" if self.cost else ""
        if not self.jobs:
            speed = f"assumed {words.rate(self.per_second)}{each}, nothing was measured yet"
        else:
            jobs = words.count(self.jobs, "earlier job")
            speed = f"{words.rate(self.per_second)}{each}, measured over {jobs}"
        if self.cost is None:
            return speed
        return f"{speed}; ${self.cost.per_second * 3600:.4f} an hour and container: {self.cost.source}"

    @classmethod
    def measured(cls, program: Program) -> Rates:
        """The median of the newest finished jobs of the same engine; the assumption when there are none large enough."""
        cloud = program.settings.engine == "modal"
        rates = [
            rate
            for view in program.jobs.views()
            if view.phase is Phase.DONE
            and view.spec.engine == program.settings.engine
            and (rate := _rate_of(view)) is not None
        ][:_JOBS]
        made = cls(statistics.median(rates), ASSUMED_SETUP, len(rates)) if rates else cls()
        if not cloud:
            return made
        member = program.engine.chosen
        cost = member.rate() if isinstance(member, ModalEngine) else None
        return replace(made, setup=CLOUD_SETUP, containers=program.settings.containers, cost=cost)

    def seconds(self, carried: int, chunks: int) -> float:
        """Seconds that so many bytes take, cut into so many chunks at most."""
        return carried / max(self.per_second * max(1, min(self.containers, chunks)), 1.0)


def _rate_of(view: JobView) -> float | None:
    carried = view.moved + view.read_back
    if view.started_at is None or view.ended_at is None or carried < _LEAST:
        return None
    if view.spec.engine == "modal":
        return carried / max(view.container_seconds, 0.1)
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
    # A single file is never split, and no chunk is smaller than a MiB.
    chunks = max(1, min(blobs, to_move // _MIB + 1))
    seconds = rates.setup + rates.seconds(to_move + back, chunks) + calls * ASSUMED_CALL
    dollars = 0.0
    if rates.cost is not None:
        # Every byte is paid for once, however many containers share them; the coordinator runs all the time.
        dollars = rates.cost.cost((to_move + back) / max(rates.per_second, 1.0) + seconds + _IDLE)
    return Move(total, total - to_move, to_move, back, calls, seconds, dollars)
