"""The gate on the screen: what it shows, what opens and closes it, and that nothing but a meant press deletes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.gate import CheckName, CheckState
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.services import inventory
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.gate import GateScreen
from hf2ms_tui.tui.screens.inventory import InventoryScreen
from support.gate_world import NAME, ORG, GateWorld, prepare
from support.screen_text import assert_fits, assert_golden, masked, screen_text
from support.screens import SMALL, WIDE, foot, press, said, settled, until

GOLDENS = Path(__file__).parent / "goldens"
FULL = f"{ORG}/{NAME}"


@pytest.fixture
def ready(world: GateWorld) -> Program:
    """A program for whose repo everything holds."""
    program = world.program()
    prepare(program, world.ref())
    return program


async def at_gate(pilot: Pilot[int], world: GateWorld, hub: str = "hf") -> GateScreen:
    """Open the gate with the key D from the inventory and wait until the facts were read."""
    app = await settled(pilot)
    table = app.screen.query_one("#rows")
    table.move_cursor(world.ref(hub).key)  # type: ignore[attr-defined]
    await pilot.press("D")
    await until(pilot, lambda: isinstance(app.screen, GateScreen))
    screen = app.screen
    assert isinstance(screen, GateScreen)
    await until(pilot, lambda: screen.look is not None and not screen.busy)
    return screen


async def type_name(pilot: Pilot[int], text: str = FULL) -> None:
    """Put the keys on the field and type."""
    await pilot.press("tab")
    await pilot.press(*("slash" if char == "/" else char for char in text))
    await pilot.pause(0.1)


def button(screen: GateScreen) -> Button:
    return screen.query_one("#delete", Button)


def failing(screen: GateScreen) -> set[CheckName]:
    assert screen.look is not None
    return {
        check.name for check in screen.look.checks if check.state in {CheckState.FAILS, CheckState.UNKNOWN}
    }


async def test_an_open_gate_deletes_after_the_name_and_a_meant_press(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house
        assert screen.look is not None and screen.look.open
        text = screen_text(app)
        assert "✓ every file proven" in text and "DEMO" in text and FULL in text
        assert button(screen).disabled and app.focused is screen.body
        await type_name(pilot)
        assert not button(screen).disabled
        await pilot.press("tab", "tab")
        assert app.focused is button(screen)
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: screen.over)
        text = " ".join(screen_text(app).split())
        assert "gone" in text and "404" in text
        assert not world.exists() and world.exists("ms")
        assert world.ref().key not in app.model.rows
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert isinstance(app.screen, InventoryScreen)
    entries = [entry for entry in ready.journal.entries() if entry.kind == "delete"]
    assert [entry.state for entry in entries if entry.role == "outcome"] == ["done"]
    assert len(world.deletions()) == 1


@pytest.mark.parametrize("keys", [["enter"] * 12, ["D"] * 12, ["x", "D", "enter"] * 4, ["tab", "enter"] * 8])
async def test_no_key_by_itself_deletes(world: GateWorld, ready: Program, keys: list[str]) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await pilot.press(*keys)
        await pilot.pause(0.2)
        assert not screen.over
    assert world.exists() and world.deletions() == []


async def test_enter_in_the_field_deletes_nothing_however_long_it_is_held(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await type_name(pilot)
        assert not button(screen).disabled
        await pilot.press(*["enter"] * 30)
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert screen.house.focused is screen.name_field and not screen.over
    assert world.exists() and world.deletions() == []


async def burst(pilot: Pilot[int], keys: list[str]) -> None:
    """Keys as one read of a terminal brings them, a hundredth of a second apart by their times, however busy the machine is."""
    began = time.monotonic()
    for number, key in enumerate(keys):
        name, char = ("slash", "/") if key == "§" else (key, key if len(key) == 1 else None)
        event = events.Key(name, char)
        event.time = began + number / 100
        event.set_sender(pilot.app)
        assert pilot.app._driver is not None
        pilot.app._driver.send_message(event)
        await pilot.pause()


BURST = ["tab", *FULL.replace("/", "§"), "tab", "tab", *["enter"] * 30]
"""What a terminal without bracketed paste makes of a paste; and Enter goes on being held behind it."""


async def test_a_burst_of_keys_without_a_moment_between_deletes_nothing(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        app = screen.house
        for key in BURST:
            event = events.Key(
                "slash" if key == "§" else key, "/" if key == "§" else key if len(key) == 1 else None
            )
            event.set_sender(app)
            app._driver.send_message(event)  # type: ignore[union-attr]
        await pilot.pause(1.0)
        assert not screen.over and not screen.busy
    assert world.exists() and world.deletions() == []


async def test_a_burst_of_keys_that_reaches_the_button_presses_nothing(
    world: GateWorld, ready: Program
) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await burst(pilot, BURST)
        assert screen.house.focused is button(screen) and not button(screen).disabled
        assert "too fast" in said(screen.house) and not screen.over and not screen.busy
    assert world.exists() and world.deletions() == []


async def test_a_paste_into_the_field_presses_nothing(world: GateWorld, ready: Program) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await pilot.press("tab")
        screen.house.post_message(events.Paste(f"{FULL}\n\t\t\n\n"))
        await pilot.pause(0.2)
        assert screen.name_field.value == FULL and not screen.over
    assert world.exists() and world.deletions() == []


@pytest.mark.parametrize("typed", ["", f"{FULL} ", FULL.upper(), NAME, FULL[:-1], f" {FULL}"])
async def test_another_name_leaves_the_button_shut(world: GateWorld, ready: Program, typed: str) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await pilot.press("tab")
        screen.name_field.value = typed
        await pilot.pause(0.1)
        assert button(screen).disabled and screen.name_field.placeholder == ""
        button(screen).press()
        await pilot.pause(0.2)
        assert not screen.over
    assert world.exists() and world.deletions() == []


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


async def test_a_lost_answer_is_looked_into_and_told(world: GateWorld, ready: Program) -> None:
    world.running.faults.add("hf:DELETE:.*:reset=0:late")
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world)
        await type_name(pilot)
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(
            pilot, lambda: not screen.busy and any(g.value in screen_text(screen.house) for g in Gone)
        )
        assert screen.over is not world.exists()
    assert len(world.deletions()) == 1


async def test_a_deletion_that_nobody_can_tell_the_outcome_of_is_told_in_its_row(
    world: GateWorld, ready: Program
) -> None:
    """Until reading settles it: then the row says what it said before."""
    inventory.refresh(ready)
    intent = ready.journal.intent("delete", world.ref(), {"proof": "p"})
    ready.journal.outcome(intent, "unknown", {"state": "outcome unknown"})
    ready.decisions.decide([world.ref()], Decision.DELETE)
    world.running.faults.add("hf:GET:.*:status=403")
    async with CleanupApp(ready).run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        key = world.ref().key
        await until(pilot, lambda: "? deleted? …" in screen_text(app))
        assert app.model.rows[key].unsettled
        await press(pilot, "enter")
        await until(pilot, lambda: "may be gone or not" in screen_text(app))
        await press(pilot, "escape")
        world.running.faults.clear()
        screen = await at_gate(pilot, world)
        await until(pilot, lambda: not app.model.rows[key].unsettled)
        assert not screen.look or not screen.look.facts.unsettled
        await press(pilot, "escape")
        await until(pilot, lambda: "✓ proven" in screen_text(app))
        assert "deleted?" not in screen_text(app)


async def test_where_tokens_may_not_delete_the_page_is_handed_over_and_watched(world: GateWorld) -> None:
    program = world.program(source="ms")
    prepare(program, world.ref("ms"))
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_gate(pilot, world, "ms")
        app = screen.house
        assert failing(screen) == {CheckName.MAY_DELETE}
        assert "/settings" not in "".join(screen_text(app).split())
        await type_name(pilot)
        assert str(button(screen).label) == "Show the page" and not button(screen).disabled
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: f"/models/{FULL}/settings" in screen_text(app))
        assert app.clipboard.endswith(f"/models/{FULL}/settings")
        await until(pilot, lambda: "waiting" in screen_text(app))
        assert world.exists("ms") and world.deletions() == []
        world.remove("ms")
        await until(pilot, lambda: screen.over)
        assert world.ref("ms").key not in app.model.rows
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert isinstance(app.screen, InventoryScreen)


async def test_read_only_says_why_and_opens_no_gate(world: GateWorld) -> None:
    program = world.program()
    prepare(program, world.ref())
    async with CleanupApp(world.program(read_only=True)).run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        await pilot.press("D")
        assert "read-only" in said(app) and not isinstance(app.screen, GateScreen)
        app.open_repo("gate", world.ref())
        await until(pilot, lambda: isinstance(app.screen, GateScreen) and app.screen.look is not None)
        screen = app.screen
        assert isinstance(screen, GateScreen)
        await until(pilot, lambda: not screen.busy)
        assert {CheckName.WRITABLE, CheckName.MAY_DELETE} <= failing(screen)
        assert "start it without --read-only" in " ".join(screen_text(app).split())
        assert button(screen).disabled and screen.name_field.disabled
    assert world.exists() and world.deletions() == []


async def test_a_gone_repo_takes_its_proof_along(world: GateWorld, ready: Program) -> None:
    async with CleanupApp(ready).run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        app.open_repo("proof", world.ref())
        await until(pilot, lambda: "4" in screen_text(app) and app.screen.query("#files") is not None)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, GateScreen))
        screen = app.screen
        assert isinstance(screen, GateScreen)
        await until(pilot, lambda: screen.look is not None and not screen.busy)
        await type_name(pilot)
        await pilot.press("tab", "tab")
        await pilot.pause(0.35)
        await pilot.press("enter")
        await until(pilot, lambda: screen.over)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert isinstance(app.screen, InventoryScreen)


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
