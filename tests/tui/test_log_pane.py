from __future__ import annotations

from pathlib import Path

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from hf2ms_tui.tui.widgets.log_pane import LogEntry, LogPane
from support.screen_text import assert_fits, assert_golden, screen_lines, screen_text
from support.widget_app import WidgetApp

GOLDENS = Path(__file__).parent / "goldens"
LINES = [
    LogEntry("shard-0180.tar  4.81 GB  sha256 ok  93 s", "w1", "18", "", "12:01:33"),
    LogEntry(
        "connection reset by storage host, resuming at 1.41 GB (attempt 2)", "w7", "19", "warn", "12:01:34"
    ),
    LogEntry("[red]foreign[/red] \x1b]0;PWNED\x07 日本語 " + "long " * 30, "w7", "19", "", "12:01:35"),
]


def numbered(start: int, count: int) -> list[LogEntry]:
    return [LogEntry(f"line {n}", f"w{n % 4}", str(n % 10)) for n in range(start, start + count)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (140, 45)])
async def test_reads_like_its_golden(size: tuple[int, int]) -> None:
    pane = LogPane("log of aurora-2.6m-train")
    app = WidgetApp(pane)
    async with app.run_test(size=size) as pilot:
        pane.extend(LINES * 20)
        await pilot.pause()
        assert "following" in screen_lines(app)[0]
        pane.search("RESET".lower())
        await pilot.press("N", "w")
        pane.extend(LINES * 2)
        await pilot.pause()
        assert_golden(app, GOLDENS / f"log_pane_{size[0]}x{size[1]}.txt")


async def test_it_follows_until_the_reader_scrolls_and_again_after_end() -> None:
    pane = LogPane(limit=1000)
    app = WidgetApp(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.extend(numbered(0, 500))
        await pilot.pause()
        assert screen_lines(app)[-1].endswith("line 499")
        await pilot.press("up", "up", "pageup")
        await pilot.pause()
        assert not pane.following
        held = screen_lines(app)[1:]
        for batch in range(60):
            pane.extend(numbered(500 + batch * 100, 100))
            if batch % 20 == 0:
                await pilot.pause()
                assert [line[:79].rstrip() for line in screen_lines(app)[1:]] == [
                    line[:79].rstrip() for line in held
                ], "the text moved under the reader"
        assert pane.new == 6000
        await pilot.pause()
        assert "+6,000 new · End follows" in screen_lines(app)[0]
        assert len(pane.model) <= 1000
        await pilot.press("end")
        await pilot.pause()
        assert pane.following
        assert "line 6499" in screen_lines(app)[-1]
        assert "new" not in screen_lines(app)[0]
        await pilot.press("home")
        assert not pane.following
        await pilot.pause()
        await pilot.press(*["pagedown"] * 60)
        await pilot.pause(0.5)
        assert pane.following, "scrolling down to the end follows again"


async def test_filter_by_worker_chunk_and_text_keeps_the_place() -> None:
    pane = LogPane()
    app = WidgetApp(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.extend(numbered(0, 1000))
        await pilot.press("home")
        await pilot.press(*["pagedown"] * 10)
        await pilot.pause(0.5)
        top = int(screen_lines(app)[1].split()[2])
        assert top > 100
        pane.filter_by(worker="w1")
        await pilot.pause()
        assert "worker w1" in screen_lines(app)[0]
        shown = [int(line.split()[2]) for line in screen_lines(app)[1:]]
        assert all(number % 4 == 1 for number in shown)
        assert 0 <= shown[0] - top < 4
        pane.filter_by(chunk="3", text="LINE 9")
        await pilot.pause()
        assert "No line matches the filter" in screen_text(app), "a capital makes it exact"
        pane.filter_by(chunk="3", text="line 9")
        await pilot.pause()
        shown = [int(line.split()[2]) for line in screen_lines(app)[1:] if line.strip()]
        assert shown == [93, *range(903, 1000, 10)]
        pane.set_filter(None)
        await pilot.pause()
        assert "all workers" in screen_lines(app)[0]


async def test_search_goes_round_and_lights_up() -> None:
    pane = LogPane()
    app = WidgetApp(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.extend(numbered(0, 300))
        assert pane.search("line 7") == 11
        await pilot.pause()

        def hit() -> str:
            return (
                next(line for line in screen_lines(app) if line.startswith("▸"))[:79].split("  ")[1].strip()
            )

        assert hit() == "line 79"
        await pilot.press("N")
        assert hit() == "line 78"
        await pilot.press("n", "n")
        assert hit() == "line 7"
        assert not pane.following
        assert pane.search("") == 0
        await pilot.pause()
        assert "▸" not in screen_text(app)


async def test_copy_takes_the_selection_the_hit_or_the_view() -> None:
    pane = LogPane()
    app = WidgetApp(pane)
    async with app.run_test(size=(40, 20)) as pilot:
        pane.extend(LINES)
        pane.action_wrap()
        await pilot.pause()
        everything = pane.copy_text().splitlines()
        assert len(everything) == 3
        assert "\x1b" not in pane.copy_text()
        assert everything[0] == "12:01:33  w1  shard-0180.tar  4.81 GB  sha256 ok  93 s"
        pane.search("shard")
        assert pane.copy_text() == everything[0]
        last = pane.model.end_row - 1
        app.screen.selections = {pane: Selection(Offset(10, pane.model.first_row), Offset(5, last))}
        chosen = pane.copy_text()
        assert chosen.startswith("w1  shard-0180.tar  4.81 GB  sha256 ok  93 s\n12:01:34")
        assert chosen.count("\n") == 2, "rows of a wrapped line are one line again"
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == chosen
        assert app.heard(LogPane.Copied)[0].count == 3


async def test_long_lines_are_cut_with_a_sign_or_shifted() -> None:
    pane = LogPane()
    app = WidgetApp(pane)
    async with app.run_test(size=(40, 10)) as pilot:
        pane.extend([LogEntry("日本語" * 20), LogEntry("0123456789" * 10)])
        await pilot.pause()
        assert [line[-1] for line in screen_lines(app)[1:3]] == ["›", "›"]
        assert_fits(app)
        await pilot.press("right")
        assert screen_lines(app)[2][1:5] == "6789"
        assert_fits(app)
        await pilot.press(*["right"] * 8)
        assert screen_lines(app)[2].endswith("6789")
        await pilot.press("w")
        await pilot.pause()
        assert_fits(app)
        assert (
            "".join(line[1:].strip() for line in screen_lines(app)[1:]) == "日本語" * 20 + "0123456789" * 10
        )


@pytest.mark.parametrize("size", [(20, 4), (10, 3), (3, 2)])
async def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    pane = LogPane()
    app = WidgetApp(pane)
    async with app.run_test(size=size) as pilot:
        pane.extend(LINES * 10)
        await pilot.press("up", "w", "up")
        pane.extend(LINES * 10)
        await pilot.pause()
        assert_fits(app)
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert_fits(app)
