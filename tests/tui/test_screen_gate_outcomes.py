"""The gate on the screen: how a deletion ends, where it cannot be made from here, and where it may not be made."""

from __future__ import annotations

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.gate import CheckName
from hf2ms_tui.services import inventory
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.gate import GateScreen
from hf2ms_tui.tui.screens.inventory import InventoryScreen
from support.gate_screen import FULL, at_gate, button, failing, type_name
from support.gate_world import GateWorld, prepare
from support.screen_text import screen_text
from support.screens import SMALL, WIDE, press, said, settled, until


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
