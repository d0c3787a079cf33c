"""Deleted and restored: every branch and tag is what it was, byte for byte, and nobody sees more than before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hf2ms_tui.domain.job import Phase
from hf2ms_tui.services import gatelook
from support.gate_world import GateWorld, gate_world
from support.stones import copied, deleted, restored, said, snapshot, with_refs

Worlds = Callable[..., AbstractContextManager[GateWorld]]


@pytest.fixture
def worlds(tmp_path: Path) -> Worlds:
    return lambda *builders: gate_world(tmp_path, *builders)


@pytest.mark.parametrize("hub", ["hf", "ms"])
def test_every_branch_and_tag_is_byte_equal_after_a_round_trip(worlds: Worlds, hub: str) -> None:
    with worlds(with_refs(hub)) as here:
        program = here.program(source=hub)
        ref = here.ref(hub)
        before = snapshot(here, hub)
        copied(program, ref)
        seen = gatelook.look(program, ref)
        assert {item.ref.name for item in seen.losing} == {"dev", "v1"}
        deleted(here, program, ref, frozenset({"dev", "v1"}))
        assert snapshot(here, hub) == {}
        view = restored(program, ref)
        assert view.phase is Phase.DONE, said(program, view)
        after = snapshot(here, hub)
        if hub == "ms":
            assert "comes back as a tag" in said(program, view)
            before["tag", "dev"] = before.pop(("branch", "dev"))
        assert after == before
