"""The adversary campaign: ``python tests/campaigns/adversary.py [--steps 10000] [--seed N]``.

Two programs triage, migrate, prove, look and delete on two hubs in this process, while an adversary changes the world
between any two of their steps and inside their deletions. An oracle that shares no code with the program looks at the
hubs' storage when a deletion arrives there. Prints figures; the last line sums up; exit code 1 when anything was unsafe,
a reason was untrue, a proof was false, or a deletion in a quiet world was refused.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.adversary.figures import Figures

ROOT = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Make the tests' helpers and this checkout importable, and keep the hubs' SDKs quiet."""
    # Not this folder itself, whose modules would stand before those of the same names elsewhere.
    here = Path(__file__).resolve().parent
    sys.path[:] = [
        str(ROOT),
        str(ROOT / "tests"),
        *(path for path in sys.path if Path(path).resolve() != here),
    ]
    os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    os.environ.update(HF_HUB_DISABLE_IMPLICIT_TOKEN="1")


def play(steps: int, seed: int, one: bool) -> Figures:
    """Episodes from ``seed`` on until so many steps are done, each 60 of them in a world of their own."""
    prepare()
    from support.adversary.arena import arena
    from support.adversary.drive import episode
    from support.adversary.figures import Figures

    figures, began = Figures(), time.monotonic()
    # Thousands of journal entries, each synced: on a disk in memory where there is one.
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    while figures.total < steps:
        folder = Path(tempfile.mkdtemp(prefix="hf2ms-adversary-", dir=base))
        os.environ["HF_HOME"] = str(folder)
        try:
            with arena(folder) as here:
                for _ in range(60):
                    episode(here, figures, seed)
                    seed += 1
                    if figures.total >= steps or one:
                        break
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        told = f"unsafe {len(figures.unsafe)}, seed {seed}, {time.monotonic() - began:.0f} s"
        print(f"… {figures.total:,} steps, {told}", file=sys.stderr, flush=True)
        if one:
            break
    return figures


def main() -> int:
    """Run the campaign; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=10_000, help="steps of the programs and the adversary together"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same choices")
    parser.add_argument("--processes", type=int, default=2, help="worlds played at the same time")
    parser.add_argument(
        "--one", action="store_true", help="only the one episode of that seed, as a case names it"
    )
    given = parser.parse_args()
    prepare()
    began = time.monotonic()
    if given.one:
        figures = play(1, given.seed, True)
    else:
        count = max(1, given.processes)
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            seeds = [given.seed * 1_000_003 + 100_000 * number for number in range(count)]
            parts = list(pool.map(play, [-(-given.steps // count)] * count, seeds, [False] * count))
        figures = parts[0]
        for part in parts[1:]:
            figures.add(part)
    for line in figures.lines(time.monotonic() - began):
        print(line)
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
