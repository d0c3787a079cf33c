"""The plan on the screen: problems first, one question before anything starts, deletions only through their gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import decisions, inventory
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.gate import GateScreen
from hf2ms_tui.tui.screens.jobs import JobsScreen
from hf2ms_tui.tui.screens.plan import PlanScreen
from support.gate_world import ORG, gate_world, prepare
from support.screen_text import assert_fits, assert_golden, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, said, settled, until
from support.transfers import CARD, MIB, SeededContent, add

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"


def decide(app: CleanupApp, decision: Decision, *names: str) -> None:
    """Decide as earlier runs did."""
    rows = {row.info.ref.name: row.info.ref for row in inventory.cached(app.program)}
    decisions.decide(app.program, [rows[name] for name in names], decision)


async def at_plan(pilot: Pilot[int], looked: bool = True) -> PlanScreen:
    app = await settled(pilot)
    await pilot.press("p")
    await until(pilot, lambda: isinstance(app.screen, PlanScreen) and "Making" not in screen_text(app))
    if looked:
        await until(pilot, lambda: "looking closer" not in screen_text(app))
    screen = app.screen
    assert isinstance(screen, PlanScreen)
    return screen


def exported(message: str) -> Any:
    """What was written, by what was said of it."""
    return json.loads(Path(message.removeprefix("written: ")).read_text())


async def test_nothing_decided(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        screen = await at_plan(pilot)
        assert "Nothing is decided yet" in screen_text(screen.house)
        await pilot.press("g")
        assert "nothing to migrate" in said(screen.house)
        await pilot.press("D")
        assert "nothing is decided" in said(screen.house)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(open_app: OpenApp, size: tuple[int, int]) -> None:
    app = open_app()
    decide(app, Decision.MIGRATE, "poc-tokenizer-v0", "nested-corpus")
    decide(app, Decision.DELETE, "test-upload", "aurora-demo")
    async with app.run_test(size=size) as pilot:
        screen = await at_plan(pilot)
        assert_golden(app, GOLDENS / f"plan-{size[0]}x{size[1]}.txt")
        assert len(foot(app)) <= size[0]
        text = screen_text(app)
        assert "migrate 2 repos" in " ".join(text.split()) and "requests" in text and "about" in text
        lines = [line for line in screen_lines(app) if "blocked" in line or "delete" in line]
        assert any("✗ blocked" in line for line in lines)
        rows = screen.query_one("#items")
        first = rows.model.at(0)  # type: ignore[attr-defined]
        assert first.blocked
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FullTextScreen))
        await pilot.press("escape")
        await pilot.resize_terminal(*(WIDE if size == SMALL else SMALL))
        await pilot.pause(0.1)
        assert_fits(app)


async def test_export(open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = open_app()
    decide(app, Decision.MIGRATE, "poc-tokenizer-v0")
    async with app.run_test(size=SMALL) as pilot:
        await at_plan(pilot)
        await pilot.press("e")
        await until(pilot, lambda: "written: " in said(app))
    written = exported(said(app))
    assert [item["repo"] for item in written["items"]] == ["hf:model:aurora-labs/poc-tokenizer-v0"]
    assert written["totals"]["migrate"] == 1 and written["totals"]["bytes_to_move"] > 0


async def test_read_only_starts_nothing(open_app: OpenApp) -> None:
    app = open_app(read_only=True)
    decide(app, Decision.MIGRATE, "poc-tokenizer-v0")
    async with app.run_test(size=SMALL) as pilot:
        screen = await at_plan(pilot)
        assert "read-only" in screen_text(app) and "✗ blocked" in screen_text(app)
        await pilot.press("g")
        assert "read-only" in said(app)
        assert not app.program.jobs.views() and app.screen is screen


async def test_a_decision_made_meanwhile_changes_the_plan(open_app: OpenApp) -> None:
    app = open_app()
    decide(app, Decision.MIGRATE, "poc-tokenizer-v0")
    async with app.run_test(size=SMALL) as pilot:
        screen = await at_plan(pilot)
        assert screen.plan is not None and len(screen.plan.items) == 1
        await pilot.press("t")
        await pilot.pause(0.3)
        await pilot.press("m")
        await pilot.pause(0.3)
        await pilot.press("escape")
        await until(pilot, lambda: screen.plan is not None and len(screen.plan.items) == 2)


def more(world: World) -> None:
    add(world, "hf", "alpha", {"README.md": CARD, "x.bin": SeededContent("x", 2 * MIB)})


async def test_g_asks_once_starts_the_migrations_and_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF2MS_KEYS", str(tmp_path / "keys.toml"))
    with gate_world(tmp_path, more) as world:
        program = world.program()
        prepare(program, world.ref())
        decisions.decide(program, [world.ref(name="alpha")], Decision.MIGRATE)
        async with CleanupApp(program).run_test(size=SMALL) as pilot:
            screen = await at_plan(pilot)
            app = screen.house
            for answer in ("n", "escape", "enter"):
                await pilot.press("g")
                assert "Start 1 migration" in screen_text(app)
                await pilot.press(answer)
                await pilot.pause(0.2)
                assert not program.jobs.views()
            await pilot.press("escape", "g")
            await pilot.pause(0.25)
            await pilot.press("y")
            await until(pilot, lambda: isinstance(app.screen, JobsScreen), seconds=40)
            await until(pilot, lambda: "✓ proven" in screen_text(app), seconds=60)
            (view,) = program.jobs.views()
            assert view.spec.source == world.ref(name="alpha")
            row = app.model.rows[world.ref(name="alpha").key]
            await until(pilot, lambda: app.model.rows[row.key].backup.state.value == "proven")
        assert world.exists() and world.exists("ms", "alpha") and world.deletions() == []


async def test_the_gate_opens_only_for_what_is_decided_delete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF2MS_KEYS", str(tmp_path / "keys.toml"))
    with gate_world(tmp_path, more) as world:
        program = world.program()
        prepare(program, world.ref())
        decisions.decide(program, [world.ref(name="alpha")], Decision.MIGRATE)
        async with CleanupApp(program).run_test(size=SMALL) as pilot:
            screen = await at_plan(pilot)
            app = screen.house
            table = screen.query_one("#items")
            table.move_cursor(world.ref(name="alpha").key)  # type: ignore[attr-defined]
            await pilot.press("D")
            assert "decided migrate" in said(app)
            table.move_cursor(world.ref().key)  # type: ignore[attr-defined]
            await pilot.press("D")
            await until(pilot, lambda: isinstance(app.screen, GateScreen))
            gate = app.screen
            assert isinstance(gate, GateScreen)
            assert gate.ref == RepoRef.of("hf", "model", f"{ORG}/tiny")
