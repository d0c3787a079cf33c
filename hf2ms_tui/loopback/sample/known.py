"""Hashes of the sample's large files that were computed once and recorded, so that nobody waits for them.

Hashing the sample takes seconds on a machine without instructions for it. What is generated follows from its seed alone,
so the hashes of the default seed are data: `hashes.json` maps ``seed:size`` to sha256. A test computes them again. After a
change of the sample, ``python -m hf2ms_tui.loopback.sample.known`` writes the file anew.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from ..content import SeededContent

RECORD = Path(__file__).with_name("hashes.json")


@cache
def recorded() -> dict[str, str]:
    """The recorded table."""
    table: dict[str, str] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return table


def seeded(seed: str, size: int) -> SeededContent:
    """Content of `seed` and `size` bytes, with its sha256 where that is recorded."""
    return SeededContent(seed, size, sha256=recorded().get(f"{seed}:{size}"))


def contents() -> list[SeededContent]:
    """All generated contents of the sample org and of large orgs, for the default seed."""
    from .build import DEFAULT_SEED, Shelf, specs
    from .bulk import stock

    shelf = Shelf(DEFAULT_SEED)
    for spec in specs():
        for step in (*spec.steps, *(step for branch in spec.branches for step in branch.steps)):
            for file in step.put.values():
                shelf.content(file)
    return [*shelf.recipes, *stock(DEFAULT_SEED)]


def compute(below: int) -> dict[str, str]:
    """The table as it must be, hashed from the bytes themselves, for contents of less than `below` bytes."""
    chosen = [SeededContent(c.seed, c.size) for c in contents() if c.size < below]
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(lambda content: content.sha256, chosen)
        return {f"{c.seed}:{c.size}": sha256 for c, sha256 in zip(chosen, hashes, strict=True)}


if __name__ == "__main__":
    RECORD.write_text(json.dumps(compute(sys.maxsize), indent=1, sort_keys=True) + "\n")
