"""What the engine for Modal costs over the local one, both on this machine.

Containers are processes here, so their start says little about Modal's; what our own engine adds is what is measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from table import Row, told

from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.engines.base import Engine
from hf2ms_tui.engines.local import LocalEngine
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.world import World
from support.cloud import Cloud, cloud
from support.transfers import MIB, add, ref

WORKERS = 2
CONTAINERS = 4
"""of which two are kept for coordinators, so that there are as many workers as on this machine"""


def repo(name: str, count: int) -> Callable[[World], object]:
    """``count`` blobs of 2 MiB, each of which becomes a chunk."""
    files = {f"data/{number:03}.bin": SeededContent(f"{name} {number}", 2 * MIB) for number in range(count)}
    return lambda world: add(world, "hf", name, {"README.md": b"# x\n", **files})


def run(here: Cloud, engine: Engine, name: str, word: str) -> tuple[float, float, float, int]:
    """Seconds until it is handed over, until the first byte moved, and until it was proven; and how many chunks it had."""
    spec = here.spec(ref("hf", name), ref("ms", name), workers=CONTAINERS if word == "modal" else WORKERS)
    spec = type(spec)(**{field: getattr(spec, field) for field in spec.__slots__} | {"engine": word})
    here.jobs.create(spec)
    began = time.monotonic()
    engine.submit(spec, here.tokens)
    handed = time.monotonic() - began
    first = 0.0
    while True:
        view: JobView = next(each for each in engine.reconcile() if each.id == spec.id)
        if not first and view.moved:
            first = time.monotonic() - began
        if view.phase.final:
            break
        time.sleep(0.02)
    total = time.monotonic() - began
    assert view.phase is Phase.DONE, view.error
    return handed, first, total, len(here.jobs.view(spec.id).chunks)


def engines(quick: bool) -> list[Row]:
    """Rows for information: the design has no budget for this."""
    many = 12 if quick else 24
    names = ("warm", "few", "many", "few-local", "many-local")
    sizes = dict(zip(names, (1, 4, many, 4, many), strict=True))
    builders = [repo(name, size) for name, size in sizes.items()]
    with tempfile.TemporaryDirectory() as state, cloud(Path(state), *builders) as here:
        local = LocalEngine(here.database, here.places)
        first = run(here, here.engine, "warm", "modal")
        far = [run(here, here.engine, name, "modal") for name in ("few", "many")]
        near = [run(here, local, name, "local") for name in ("few-local", "many-local")]
    each = ((far[1][2] - far[0][2]) - (near[1][2] - near[0][2])) / max(far[1][3] - far[0][3], 1)
    return [
        told(
            "modal: key to handed over",
            f"{far[0][0]:.2f} s",
            f"{first[0]:.2f} s the first time, with deploying",
        ),
        told(
            "modal: key to first byte",
            f"{far[0][1]:.2f} s",
            f"{first[1]:.2f} s the first time; local {near[0][1]:.2f} s",
        ),
        told(
            "modal over local, per job",
            f"{far[0][2] - near[0][2]:.1f} s",
            f"{far[0][3]} chunks, proof included",
        ),
        told("modal over local, per chunk", f"{each:.2f} s", f"{far[0][3]} against {far[1][3]} chunks"),
    ]
