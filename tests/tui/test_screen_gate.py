"""The gate on the screen: what it shows, what opens and closes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf2ms_tui.domain.gate import CheckName
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.inventory import InventoryScreen
from support.gate_screen import at_gate, button, failing, type_name
from support.gate_world import GateWorld, prepare
from support.screen_text import assert_fits, assert_golden, masked, screen_text
from support.screens import SMALL, WIDE, foot, press, said, until

GOLDENS = Path(__file__).parent / "goldens"


async def test_a_change_between_looking_and_pressing_closes_the_door(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await type_name(pilot)
        world.change({"new.txt": b"new\n"})
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing was deleted" in screen_text(screen.house) and not screen.busy)
        await until(pilot, lambda: CheckName.SOURCE_UNCHANGED in failing(screen))
        assert button(screen).disabled and screen.name_field.value == ""
    assert world.exists() and world.deletions() == []


async def test_a_destination_that_loses_a_file_closes_the_door(world: GateWorld, ready: Program) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await type_name(pilot)
        world.change({"config.json": b"other\n"}, "ms")
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing was deleted" in screen_text(screen.house) and not screen.busy)
    assert world.exists() and world.deletions() == []


async def test_the_loss_of_a_branch_is_accepted_by_its_name_and_a_later_commit_counts_anew(
    world: GateWorld, ready: Program
) -> None:
    world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house
        assert failing(screen) == {CheckName.OTHER_REFS}
        assert "exp1" in screen_text(app) and screen.name_field.disabled
        await press(pilot, "a")
        await pilot.press(*"exp")
        assert failing(screen) == {CheckName.OTHER_REFS}
        await pilot.press("1")
        await until(pilot, lambda: screen.look is not None and screen.look.open and not screen.busy)
        assert screen.look is not None and screen.look.facts.tombstone is not None
        await pilot.press("enter", "enter")
        assert not screen.over
        await type_name(pilot)
        world.change({"more.bin": b"more\n"}, branch="exp1")
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: "exp1 moved" in " ".join(said.text for said in app.model.said))
        await until(pilot, lambda: not screen.busy)
    assert world.exists() and world.deletions() == []


async def test_a_key_shows_and_hides_what_becomes_of_each_branch_and_tag(
    world: GateWorld, ready: Program
) -> None:
    world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house
        assert "r refs" in foot(app), "the footer tells of it at the first-class size"
        assert "history lost" not in screen_text(app), "the checks have the room first"
        await press(pilot, "r")
        await until(pilot, lambda: "✗ branch exp1    lost" in screen_text(app))
        assert "1 file, 13 B" in screen_text(app) and "2 commits" in screen_text(app)
        assert_fits(app)
        await press(pilot, "r")
        await until(pilot, lambda: "history lost" not in screen_text(app))
        await press(pilot, "r", "r")
        await pilot.resize_terminal(*WIDE)
        await press(pilot, "r")
        await until(pilot, lambda: "e.g. only-here.bin" in screen_text(app).split("history lost")[-1])
        assert_fits(app)


async def test_there_is_a_line_for_each_branch_and_tag_as_long_as_there_is_room(
    world: GateWorld, ready: Program
) -> None:
    world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    async with CleanupApp(ready).run_test(size=WIDE) as pilot:
        screen = await at_gate(pilot, world)
        await until(pilot, lambda: "history lost" in screen_text(screen.house))
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: not screen.refs.display)
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "history lost" in screen_text(screen.house))


async def test_without_another_branch_or_tag_there_is_nothing_to_show(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=WIDE) as pilot:
        screen = await at_gate(pilot, world)
        await press(pilot, "r")
        assert "no branch or tag besides" in said(screen.house)
        assert "history lost" not in screen_text(screen.house)


async def test_ages_grow_while_the_screen_stays_open_and_looking_again_makes_them_young(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house

        def age() -> str:
            line = next(line for line in screen_text(app).splitlines() if "no job running" in line)
            return " ".join(line.split()[4:])

        await until(pilot, lambda: age() in {"none 6 s ago", "none 7 s ago", "none 8 s ago"})
        before = age()
        await until(pilot, lambda: age() > before or age() == "none 10 s ago")
        assert screen.look is not None and screen.look.open, "older, and the gate is as open as before"
        await press(pilot, "R")
        await until(pilot, lambda: not screen.busy and age() in {"none now", "none 5 s ago", "none 6 s ago"})
        assert "token may delete" in screen_text(app)


async def test_escape_and_cancel_always_leave(world: GateWorld, ready: Program) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house
        await type_name(pilot)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert isinstance(app.screen, InventoryScreen)
        screen = await at_gate(pilot, world)
        assert screen.name_field.value == ""
        await type_name(pilot)
        await pilot.press("tab", "enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, InventoryScreen)
    assert world.exists() and world.deletions() == []


async def test_a_resize_keeps_what_was_typed(world: GateWorld, ready: Program) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await type_name(pilot, "acme/ti")
        await pilot.resize_terminal(*WIDE)
        await pilot.pause(0.1)
        assert_fits(screen.house)
        await pilot.resize_terminal(40, 10)
        await pilot.pause(0.1)
        await pilot.resize_terminal(*SMALL)
        await pilot.pause(0.1)
        assert screen.name_field.value == "acme/ti"
        assert_fits(screen.house)


async def test_v_proves_at_the_level_that_the_gate_asks_for(world: GateWorld) -> None:
    program = world.program()
    prepare(program, world.ref(), level=Level.LISTED)
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        assert failing(screen) == {CheckName.FILES_PROVEN}
        assert "read back" in screen_text(screen.house)
        await pilot.press("v")
        await until(pilot, lambda: not failing(screen) and not screen.busy)
        assert screen.look is not None and screen.look.facts.proof is not None
        assert screen.look.facts.proof.level is Level.READ_BACK


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize("shut", [False, True])
async def test_looks(world: GateWorld, ready: Program, size: tuple[int, int], shut: bool) -> None:
    if shut:
        world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    async with CleanupApp(ready).run_test(size=size) as pilot:
        screen = await at_gate(pilot, world)
        await pilot.pause(0.1)
        name = f"gate-{'shut' if shut else 'open'}-{size[0]}x{size[1]}.txt"
        assert_golden(screen.house, GOLDENS / name, masked)
        assert len(foot(screen.house)) <= size[0]
