"""A small world with one repo to delete, and a program for which everything holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hf2ms_tui.services.program import Program
from support.gate_world import GateWorld, gate_world, prepare


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    """Both hubs, with the repo on each."""
    with gate_world(tmp_path) as here:
        yield here


@pytest.fixture
def ready(world: GateWorld) -> Program:
    """A program whose repo is proven and decided to be deleted."""
    program = world.program()
    prepare(program, world.ref())
    return program
