"""Benches without a network: the chunk plan's makespan, and comparing two large manifests."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

from table import Row, at_most, median, spread

from hf2ms_tui.domain.chunks import Piece, makespan, makespan_bound, plan_chunks
from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Level, ReadBack
from hf2ms_tui.domain.repo import Hub, Kind, RepoRef

FILES, TOTAL, WORKERS = 678, 3_300 * 10**9, 100
ENTRIES = 100_000


def plan(quick: bool) -> list[Row]:
    """The worst of several plausible repos of that size: alike shards, unlike ones, a few giants."""
    worst, cuts = 0.0, []
    for seed, sigma in ((1, 0.0), (2, 0.3), (3, 0.5), (4, 0.8), (5, 1.0)):
        rng = random.Random(seed)
        weights = [rng.lognormvariate(0, sigma) for _ in range(FILES)]
        pieces = [
            Piece(Blob(f"{number:064x}", int(TOTAL * weight / sum(weights))), f"{number:05}.tar")
            for number, weight in enumerate(weights)
        ]
        chunks = plan_chunks(pieces, workers=WORKERS)
        worst = max(worst, makespan(chunks, WORKERS) / makespan_bound(chunks, WORKERS))
        cuts.append(len(chunks))
    return [
        at_most(
            "makespan of the chunk plan, 3.3 TB, 678 files, 100 workers",
            worst,
            1.05,
            "×",
            f"worst of 5 spreads of sizes, lognormal σ 0 to 1; {min(cuts)} to {max(cuts)} chunks; against any schedule's bound",
            digits=3,
        )
    ]


def manifests(quick: bool) -> list[Row]:
    """Comparing 100,000 files, all stored and read back, by the function that makes every proof."""
    digests = [f"{number:064x}" for number in range(ENTRIES)]
    revision = "a" * 40

    def side(hub: Hub) -> Manifest:
        entries = tuple(
            FileEntry(f"data/{number:06}.bin", number, digest, None, True)
            for number, digest in enumerate(digests)
        )
        return Manifest(RepoRef.of(hub, Kind.MODEL, "bench/many"), revision, entries)

    ours, theirs = side(Hub.HF), side(Hub.MS)
    stored = frozenset(entry.blob for entry in theirs.files if entry.blob)
    read = {entry.path: ReadBack(entry.sha256 or "", entry.size) for entry in theirs.files}
    taken = []
    for _ in range(2 if quick else 5):
        began = time.process_time()
        proof = compare(
            ours, theirs, level=Level.READ_BACK, at=datetime.now(UTC), stored=stored, read_back=read
        )
        taken.append(time.process_time() - began)
        if not (proof.holds and proof.total == ENTRIES):
            raise RuntimeError("the proof does not hold, so nothing was measured")
    return [
        at_most(
            "comparing two manifests of 100,000 files",
            median(taken),
            0.5,
            "s",
            f"all: {spread(taken)}; processor seconds",
        )
    ]
