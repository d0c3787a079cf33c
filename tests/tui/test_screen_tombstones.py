"""The tombstones on the screen: what is kept, what would come back, and a restore from the key to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hf2ms_tui.services import deletion
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.jobs import JobsScreen
from hf2ms_tui.tui.screens.tombstones import TombstonesScreen
from support.gate_world import NAME, ORG, GateWorld, prepare
from support.screen_text import assert_fits, assert_golden, masked, screen_text
from support.screens import SMALL, WIDE, said, settled, until
from support.stones import snapshot

FULL = f"{ORG}/{NAME}"
GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def gone(world: GateWorld) -> Program:
    """A program that has just deleted the repo."""
    program = world.program()
    prepare(program, world.ref())
    assert deletion.delete(program, world.ref(), FULL).state is Gone.GONE
    return program


async def at_tombstones(pilot: Pilot[int]) -> TombstonesScreen:
    app = await settled(pilot)
    await pilot.press("T")
    await until(pilot, lambda: isinstance(app.screen, TombstonesScreen))
    screen = app.screen
    assert isinstance(screen, TombstonesScreen)
    await until(pilot, lambda: "Reading" not in screen_text(app))
    return screen


async def test_without_any_it_says_so(world: GateWorld) -> None:
    async with CleanupApp(world.program()).run_test(size=SMALL) as pilot:
        screen = await at_tombstones(pilot)
        assert "There are no tombstones" in screen_text(screen.house)
        await pilot.press("r")
        assert "there is no tombstone" in said(screen.house)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(world: GateWorld, gone: Program, size: tuple[int, int]) -> None:
    async with CleanupApp(gone).run_test(size=size) as pilot:
        screen = await at_tombstones(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.found is not None and not screen.busy)
        await pilot.pause(0.1)
        text = screen_text(screen.house)
        assert "4 files" in text and "likes" in text
        assert_golden(screen.house, GOLDENS / f"tombstones-{size[0]}x{size[1]}.txt", masked_stone)
        await pilot.resize_terminal(*(WIDE if size == SMALL else SMALL))
        await pilot.pause(0.1)
        assert_fits(screen.house)


def masked_stone(text: str) -> str:
    """Without the moment in the folder's name."""
    return re.sub(r"\d{8}T\d{12}Z", "s" * 22, masked(text))


async def test_a_repo_is_restored_after_one_question(world: GateWorld, gone: Program) -> None:
    before = snapshot(world, "ms")
    async with CleanupApp(gone).run_test(size=SMALL) as pilot:
        screen = await at_tombstones(pilot)
        app = screen.house
        await pilot.press("r")
        await until(pilot, lambda: "Restore acme/tiny on Hugging Face, private?" in screen_text(app))
        await pilot.press("enter", "n")
        assert not gone.jobs.views() and not world.exists()
        await until(pilot, lambda: not screen.busy)
        await pilot.press("r")
        await until(pilot, lambda: "y restore it" in screen_text(app))
        await pilot.pause(0.35)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen))
        await until(pilot, lambda: any(view.phase.final for view in gone.jobs.views()), 60)
        await until(pilot, lambda: "✓ proven" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "✓ restored" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: "cannot be restored now" in said(app))
        assert "exists on Hugging Face" in " ".join(screen_text(app).split())
    assert snapshot(world, "hf")["branch", "main"] == before["branch", "master"]


async def test_what_is_missing_is_named(world: GateWorld, gone: Program) -> None:
    world.remove("ms")
    async with CleanupApp(gone).run_test(size=WIDE) as pilot:
        screen = await at_tombstones(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "cannot be restored now" in said(screen.house))
        assert "weights/one.safetensors" in screen_text(screen.house)
        assert not gone.jobs.views()


async def test_a_damaged_one_is_refused(world: GateWorld, gone: Program) -> None:
    (row,) = gone.tombstones.rows()
    (row.folder / "states.z").write_bytes(b"")
    async with CleanupApp(gone).run_test(size=WIDE) as pilot:
        screen = await at_tombstones(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "states.z was changed" in screen_text(screen.house))
        assert not world.exists()


async def test_read_only_restores_nothing(world: GateWorld, gone: Program) -> None:
    gone.close()
    program = world.program(read_only=True)
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_tombstones(pilot)
        await pilot.press("r")
        assert "read-only" in said(screen.house)
