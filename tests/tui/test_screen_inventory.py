"""The inventory on the sample org: what it shows, what its keys do, and where it comes back to."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.tui.screens.batch import BatchScreen
from hf2ms_tui.tui.screens.inventory import InventoryScreen
from hf2ms_tui.tui.screens.small import SmallScreen
from support.screen_text import assert_fits, assert_golden, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, press, said, settled, until

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"


def cursor_name(app: object) -> str:
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, InventoryScreen)
    row = screen.table.cursor_row
    return row.info.ref.name if row else ""


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app().run_test(size=size) as pilot:
        app = await settled(pilot)
        assert_golden(app, GOLDENS / f"inventory-{size[0]}x{size[1]}.txt")
        assert len(foot(app)) <= size[0]
        for text in ("Hugging Face → ModelScope", "DEMO", "26 repos", "decided 0 of 26"):
            assert text in screen_text(app)


async def test_first_paint_and_quit_wait_for_nobody(open_app: OpenApp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        app = open_app(cold=True, HF_ENDPOINT=url)
        async with app.run_test(size=SMALL) as pilot:
            assert "Reading aurora-labs from Hugging Face" in screen_text(app)
            await pilot.pause(0.3)
            assert "Reading aurora-labs from Hugging Face" in screen_text(app)
            began = time.monotonic()
            await pilot.press("q")
        assert time.monotonic() - began < 1.0
        assert app.return_value == 0


async def test_rows_of_an_earlier_start_are_shown_with_their_age(open_app: OpenApp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with open_app(HF_ENDPOINT=url).run_test(size=WIDE) as pilot:
            app = pilot.app
            await until(pilot, lambda: "aurora-video-clips" in screen_text(app))
            await until(pilot, lambda: "reading them again" in screen_text(app))
            assert "26 of 26 rows read" in screen_text(app)
            assert screen_text(app).count("↻") == 27
            await press(pilot, "x")
            assert "delete 1 (1.02 GB" in screen_text(app), "usable while the org is read"


async def test_a_hub_that_is_down_leaves_what_was_read(open_app: OpenApp) -> None:
    async with open_app(HF_ENDPOINT="http://127.0.0.1:9").run_test(size=WIDE) as pilot:
        app = pilot.app
        await until(pilot, lambda: "could not be read again" in screen_text(app), 60)
        assert "aurora-video-clips" in screen_text(app)


async def test_rows_stream_in(open_app: OpenApp) -> None:
    async with open_app(cold=True).run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        assert len(app.model.rows) == 26 and "↻" not in screen_text(app)
        assert cursor_name(app) == "aurora-video-clips", "rows that stream in leave the cursor on top"


async def test_filter_as_you_type(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await pilot.press("slash", *"poc")
        assert "2 of 26 shown" in screen_text(app)
        assert "enter to the rows" in foot(app)
        await pilot.press("enter")
        assert "/ poc   2 of 26 shown   esc clears it" in screen_text(app)
        assert cursor_name(app) == "poc-tokenizer-v0"
        await pilot.press("slash", *"nothing is called that")
        assert "No repo matches the filter" in screen_text(app)
        await pilot.press("escape")
        assert "26" in screen_text(app) and "shown" not in screen_text(app)
        await pilot.press("slash", *"size:>lots")
        assert "unit of size" in screen_text(app) or "size:" in screen_text(app)
        assert "0 of 26 shown" in screen_text(app)
        await pilot.press("escape", "escape")
        assert "this is the first screen" in said(app)


async def test_sort_by_key_and_by_header(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        assert cursor_name(app) == "aurora-video-clips"
        header = next(line for line in screen_lines(app) if "size ↓" in line)
        await pilot.press("S")
        assert "size ↑" in screen_text(app)
        assert cursor_name(app) == "aurora-video-clips", "the cursor stays with its repo"
        await pilot.click("#rows", offset=(header.index("repo"), 0))
        assert "repo ↑" in screen_text(app)
        names = [app.model.rows[str(key)].info.ref.name.casefold() for key in app.screen.table.model.shown]  # type: ignore[attr-defined]
        assert names == sorted(names)
        await pilot.press("s")
        assert "type ↑" in screen_text(app)


async def test_decisions_are_shown_at_once_undone_and_survive(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "m", "down", "x", "down", "k", "down", "l")
        await until(pilot, lambda: len(app.program.decisions.current()) == 4)
        assert "decided 3 of 26" in screen_text(app)
        assert "migrate 1 (1.02 GB)" in screen_text(app)
        await press(pilot, "u", "u")
        await until(pilot, lambda: "undone" in said(app) and len(app.program.decisions.current()) == 2)
        assert said(app).endswith("keep → undecided")
        await press(pilot, "U")
        await until(pilot, lambda: "redone" in said(app))
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        kept = sorted(
            row.decision.value for row in app.model.rows.values() if row.decision is not Decision.UNDECIDED
        )
        assert kept == ["delete", "keep", "migrate"]


async def test_a_space_is_not_migrated_and_says_why(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "slash", *"type:space", "enter", "m")
        assert "spaces are listed but not migrated" in said(app)
        await press(pilot, "D")
        assert "not decided to be deleted" in said(app)
        await press(pilot, "z")
        assert said(app) == "“z” does nothing here; ? lists the keys that do"


async def test_a_held_key_decides_once(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await pilot.press("m")
        await pilot.pause(0.4)  # a terminal's delay before it repeats
        for _ in range(6):
            app.simulate_key("m")
        await pilot.pause(0.4)
        assert "too fast" in said(app)
        assert sum(row.decision is Decision.MIGRATE for row in app.model.rows.values()) == 1


async def test_marks_and_a_batch_that_says_what_it_touches(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "space", "down", "space", "v")
        assert "◆ 3 marked" in screen_text(app)
        await press(pilot, "slash", *"faces", "enter")
        assert "3 marked" in screen_text(app) and "3 of them hidden by the filter" in screen_text(app)
        await pilot.press("x")
        await pilot.pause(0.2)
        assert isinstance(app.screen, BatchScreen)
        assert_golden(app, GOLDENS / "batch-120x40.txt")
        await pilot.press("x")
        assert isinstance(app.screen, BatchScreen), "the key that asks does not answer"
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert not app.program.decisions.current()
        await pilot.press("x")
        await pilot.pause(0.2)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.program.decisions.current()) == 3)
        assert "marked" not in screen_text(app)
        await press(pilot, "u")
        await until(pilot, lambda: not app.program.decisions.current())


async def test_comes_back_to_the_same_place(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "slash", *"type:model", "enter", "S", "e", "up", "up")
        name = cursor_name(app)
        await until(pilot, lambda: bool(app.program.view_state.get("screen:hf:aurora-labs:cursor")))
        await pilot.pause(0.4)
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        assert cursor_name(app) == name
        assert "/ type:model" in screen_text(app)
        assert "size ↑" in screen_text(app)
        assert "109,001,629" in screen_text(app)


async def test_resizing_loses_nothing(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "down", "space", "down", "slash", *"au")
        for size in ((80, 24), (60, 16), (59, 16), (30, 5), (140, 45), (100, 15)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            assert_fits(app)
            small = size[0] < 60 or size[1] < 16
            assert isinstance(app.screen, SmallScreen) is small
            if small:
                assert "make it larger" in " ".join(screen_text(app).split())
                await pilot.press("m")
        await pilot.resize_terminal(*SMALL)
        await pilot.pause(0.1)
        assert "/  au" in screen_text(app), "typed text stays"
        await pilot.press("r", "enter")
        assert "/ aur" in screen_text(app)
        assert "1 marked" in screen_text(app)
        assert not app.program.decisions.current()


async def test_copy_and_mouse(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await pilot.click("#rows", offset=(6, 3))
        assert cursor_name(app) == "shards-repacked"
        await press(pilot, "y")
        assert app.clipboard == "aurora-labs/shards-repacked"
        at = foot(app).index("triage")
        await pilot.click("#keys", offset=(at, 0))
        await until(pilot, lambda: app.screen.id != "x" and type(app.screen).__name__ == "TriageScreen")


async def test_all_states_are_told_apart_without_colour(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await press(pilot, "m", "down", "x", "down", "k", "down", "l")
        text = screen_text(app)
        for shown in (
            "→ migrate",
            "× delete",
            "= keep",
            "… later",
            "○ none",
            "◌ exists",
            "✗ 1 differs",
            "◐ 15 of 29",
        ):
            assert shown in text
