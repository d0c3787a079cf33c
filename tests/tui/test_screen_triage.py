"""Triage on the sample org: one card, one key, the next one; and coming back to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.triage import TriageScreen
from support.screen_text import assert_golden, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, press, said, settled, until

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"


def card_name(app: CleanupApp) -> str:
    assert isinstance(app.screen, TriageScreen)
    row = app.screen.row
    return row.info.ref.name if row else ""


async def at_triage(pilot: Pilot[int]) -> CleanupApp:
    app = await settled(pilot)
    await pilot.press("t")
    await until(pilot, lambda: isinstance(app.screen, TriageScreen) and "reading …" not in screen_text(app))
    return app


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app().run_test(size=size) as pilot:
        app = await settled(pilot)
        await pilot.press("slash", *"poc-tok", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, TriageScreen) and "to move" in screen_text(app))
        assert_golden(app, GOLDENS / f"triage-{size[0]}x{size[1]}.txt")
        text = screen_text(app)
        for question in ("still worth", "exist elsewhere", "backed up", "backup take", "deleting free"):
            assert question in text
        for fact in (
            "27.09 MB",
            "private",
            "13 months",
            "looks abandoned (likely)",
            "aurora-tokenizer",
            "DEMO",
        ):
            assert fact in text
        assert len(foot(app)) <= size[0] and "m migrate" in foot(app)


async def test_one_key_decides_and_the_next_undecided_comes(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await at_triage(pilot)
        assert card_name(app) == "aurora-video-clips"
        await press(pilot, "m")
        assert card_name(app) == "aurora-xl-1.0"
        await press(pilot, "k", "x")
        assert card_name(app) == "aurora-2.6m-train"
        assert "3/26 decided" in screen_lines(app)[0] and "81.96 MB to free" in screen_lines(app)[0]
        await press(pilot, "left", "left")
        assert card_name(app) == "aurora-xl-1.0" and "= keep" in screen_text(app)
        await press(pilot, "l")
        assert card_name(app) == "aurora-2.6m-train", "decided ones are passed over"
        await press(pilot, "u")
        await until(
            pilot, lambda: said(app) == "undone: aurora-xl-1.0: keep → later" or "later → keep" in said(app)
        )


async def test_later_comes_round_and_the_end_is_said(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        rows = [row for row in app.model.rows.values() if not row.info.ref.name.startswith("poc-")]
        app.decide(rows, Decision.KEEP)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TriageScreen))
        first = card_name(app)
        await press(pilot, "l")
        second = card_name(app)
        assert {first, second} == {"poc-tokenizer-v0", "poc-flow-matching"}
        await press(pilot, "x")
        assert card_name(app) == first, "what was put off comes round"
        await press(pilot, "x")
        assert "Every repo is decided" in screen_text(app)


async def test_why_shows_the_reasons(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        await pilot.press("slash", *"half", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, TriageScreen))
        assert "Its name says" not in screen_text(app)
        await pilot.press("w")
        assert "Its name says “half_done”" in screen_text(app)
        await pilot.press("w")
        assert "Its name says" not in screen_text(app)
        await press(pilot, "D")
        assert "not decided to be deleted; x decides that" in said(app)


async def test_a_burst_decides_one_repo(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await at_triage(pilot)
        for key in "xkxkm":
            app.simulate_key(key)
        await pilot.pause(0.1)
        assert "too fast" in said(app)
        assert sum(row.decision is not Decision.UNDECIDED for row in app.model.rows.values()) == 1
        assert card_name(app) == "aurora-xl-1.0"


async def test_comes_back_to_the_same_card_after_a_restart(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await at_triage(pilot)
        await press(pilot, "x", "m", "right")
        name = card_name(app)
        await until(pilot, lambda: len(app.program.decisions.current()) == 2)
        await until(pilot, lambda: name in str(app.program.view_state.get("screen:hf:aurora-labs:triage")))
    async with open_app().run_test(size=SMALL) as pilot:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, TriageScreen))
        assert card_name(app) == name
        assert "2/26 decided" in screen_lines(app)[0]
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert f"▸  {name}" in screen_text(app), "the inventory's cursor follows the card"


async def test_a_refused_write_is_put_back(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await at_triage(pilot)
        with app.program.database.write() as connection:
            connection.execute("DROP TABLE decisions")
        await press(pilot, "x")
        await until(pilot, lambda: app.model.said[-1].tone == "bad")
        assert all(row.decision is Decision.UNDECIDED for row in app.model.rows.values())


async def test_resizing_keeps_the_card(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await at_triage(pilot)
        await press(pilot, "right")
        name = card_name(app)
        for size in ((40, 10), (60, 16), SMALL, (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
        assert card_name(app) == name
