"""The gate on the screen: no key, no burst of keys and no paste deletes; only the name and a meant press do."""

from __future__ import annotations

import time

import pytest
from textual import events
from textual.pilot import Pilot

from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.inventory import InventoryScreen
from support.gate_screen import FULL, at_gate, button, type_name
from support.gate_world import NAME, GateWorld
from support.screen_text import screen_text
from support.screens import SMALL, said, until


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
