"""The gate on the screen, opened as a person does, and what is to be seen of it."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Button

from hf2ms_tui.domain.gate import CheckName, CheckState
from hf2ms_tui.tui.screens.gate import GateScreen
from support.gate_world import NAME, ORG, GateWorld
from support.screens import settled, until

FULL = f"{ORG}/{NAME}"


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
