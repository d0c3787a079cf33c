"""The journal on the screen: newest first, whole entries, a filter, and a chain that tells when it was touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.journal import JournalScreen
from support.screen_text import assert_fits, assert_golden, masked, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, said, settled, until

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"
REPO = RepoRef.of("hf", "model", "aurora-labs/poc-tokenizer-v0")


def some_entries(program: Program) -> None:
    journal = program.journal
    begun = journal.intent(
        "prove", REPO, {"to": "ms:model:aurora-labs/poc-tokenizer-v0", "level": "read-back"}
    )
    journal.outcome(
        begun,
        "done",
        {
            "proof": "0123456789abcdef",
            "files": "48 of 48",
            "level": "read-back",
            "to": "ms:model:aurora-labs/poc-tokenizer-v0",
        },
    )
    begun = journal.intent("delete", REPO, {"proof": "0123456789abcdef"}, account="mira")
    journal.outcome(begun, "failed", {"what": "the answer was lost \x1b[31m[/red]"})
    journal.append("cancel", REPO, {"job": "abcdefgh"})


async def at_journal(pilot: Pilot[int]) -> JournalScreen:
    app = await settled(pilot)
    await pilot.press("J")
    await until(
        pilot, lambda: isinstance(app.screen, JournalScreen) and "reading" not in screen_lines(app)[0]
    )
    screen = app.screen
    assert isinstance(screen, JournalScreen)
    return screen


async def test_an_empty_journal_says_so(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        screen = await at_journal(pilot)
        assert "The journal is empty" in screen_text(screen.house)
        await pilot.press("slash")
        assert "no entry yet" in said(screen.house)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(open_app: OpenApp, size: tuple[int, int]) -> None:
    app = open_app()
    some_entries(app.program)
    async with app.run_test(size=size) as pilot:
        await at_journal(pilot)
        await pilot.pause(0.1)
        assert_golden(app, GOLDENS / f"journal-{size[0]}x{size[1]}.txt", masked)
        assert len(foot(app)) <= size[0]
        rows = [line for line in screen_lines(app) if "begun" in line or "failed" in line or "done" in line]
        assert "delete failed" in rows[0] and "prove begun" in rows[-1]
        assert "✓ every entry follows" in screen_text(app)
        await pilot.resize_terminal(*(WIDE if size == SMALL else SMALL))
        await pilot.pause(0.1)
        assert_fits(app)


async def test_filter_and_the_whole_entry(open_app: OpenApp) -> None:
    app = open_app()
    some_entries(app.program)
    async with app.run_test(size=SMALL) as pilot:
        screen = await at_journal(pilot)
        await pilot.press("slash", *"delete lost", "enter")
        assert said(app) == "1 entry of 5"
        assert app.focused is screen.query_one("#entries")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FullTextScreen))
        text = screen_text(app)
        assert "the answer was lost" in text and "\x1b" not in text and "[/red]" in text
        assert "about entry" in text and "digest" in text
        await pilot.press("escape", "escape")
        assert app.screen is screen and "cancel" in screen_text(app)
        await pilot.press("slash", *"nothing has this")
        assert "No entry has these words" in screen_text(app)
        await pilot.press("escape", "escape")
        assert app.screen is not screen


async def test_a_touched_entry_breaks_the_chain(open_app: OpenApp) -> None:
    app = open_app()
    some_entries(app.program)
    with sqlite3.connect(app.program.places.database) as connection:
        connection.execute("DROP TRIGGER IF EXISTS journal_no_update")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE journal SET payload = '{}' WHERE seq = 3")
    async with app.run_test(size=WIDE) as pilot:
        await at_journal(pilot)
        assert "✗" in screen_lines(app)[0] and "broken at entry 3" in screen_lines(app)[0]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """The folder in which the program runs; by the end it holds the report on the repo."""
    yield tmp_path
    (report,) = tmp_path.glob("report-*.md")
    assert "`aurora-labs/poc-tokenizer-v0`" in report.read_text()
    assert "\x1b" not in report.read_text()
    assert len((tmp_path / "journal-5.jsonl").read_text().splitlines()) == 5


async def test_it_is_checked_exported_and_told(
    open_app: OpenApp, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app()
    some_entries(app.program)
    monkeypatch.chdir(written)
    async with app.run_test(size=WIDE) as pilot:
        await at_journal(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "each follows from the one before; 1 copy of its head agree" in said(app))
        await pilot.press("e")
        await until(pilot, lambda: said(app) == "written: journal-5.jsonl")
        await pilot.press("r")
        await until(pilot, lambda: said(app).startswith("written: report-hf-model-aurora-labs"))
