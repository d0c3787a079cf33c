"""A hub that only asks to slow down keeps the gate shut with that reason, and nobody waiting for half an hour."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hf2ms_tui.services import gatelook
from support.gate_world import gate_world, prepare


@pytest.mark.slow
def test_a_hub_that_stays_busy_is_said_to_be_so_soon(tmp_path: Path) -> None:
    with gate_world(tmp_path) as world:
        program = world.program()
        prepare(program, world.ref())
        world.running.faults.add("ms:POST:lfs-batch:status=429")
        began = time.monotonic()
        seen = gatelook.look(program, world.ref())
        assert time.monotonic() - began < 90
        assert not seen.open
        assert any("slow down" in check.evidence for check in seen.checks if not check.ok)
