from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.job import ChunkState, ChunkView
from hf2ms_tui.tui.widgets.chunk_bars import ChunkBars, total_parts
from hf2ms_tui.tui.widgets.line import bar
from support.screen_text import assert_fits, assert_golden, screen_lines
from support.widget_app import WidgetApp

GOLDENS = Path(__file__).parent / "goldens"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RUNNING = ChunkView(
    18,
    14_800_000_000,
    moved=7_100_000_000,
    state=ChunkState.RUNNING,
    attempts=1,
    worker="w1",
    path="train/shard-0181.tar",
    rate=52e6,
    changed_at=NOW,
)
VIEWS = [
    ChunkView(17, 14_900_000_000, moved=14_900_000_000, state=ChunkState.DONE, attempts=1, worker="w3"),
    RUNNING,
    replace(
        RUNNING,
        number=19,
        moved=1_400_000_000,
        attempts=2,
        worker="w7",
        changed_at=NOW - timedelta(seconds=75),
    ),
    ChunkView(
        20,
        4_000_000_000,
        moved=9,
        state=ChunkState.FAILED,
        attempts=5,
        error="HF answered 403: storage locked",
    ),
    ChunkView(21, 14_800_000_000),
]


@given(st.floats(0, 1), st.integers(0, 60))
def test_a_bar_is_exactly_as_wide_as_asked_and_full_only_when_done(fraction: float, width: int) -> None:
    filled, track = bar(fraction, width)
    assert len(filled) + len(track) == width
    if width:
        assert (filled == "█" * width) == (fraction == 1.0)
        assert (filled == "") == (fraction == 0.0)


@given(st.integers(0, 10**13), st.integers(1, 10**13), st.integers(8, 60))
def test_a_total_says_a_hundred_per_cent_only_for_all(done: int, total: int, width: int) -> None:
    text = "".join(text for text, _ in total_parts(done, total, width))
    assert len(text) == width
    assert text.endswith("100 %") == (done >= total)


def test_an_unknown_total_is_a_question() -> None:
    assert "".join(text for text, _ in total_parts(5, None, 20)).endswith(" ? %")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (140, 45)])
async def test_reads_like_its_golden(size: tuple[int, int]) -> None:
    bars = ChunkBars()
    app = WidgetApp(bars)
    async with app.run_test(size=size) as pilot:
        bars.update_chunks(VIEWS, NOW)
        await pilot.pause()
        assert_golden(app, GOLDENS / f"chunk_bars_{size[0]}x{size[1]}.txt")


async def test_nothing_jumps_while_numbers_change() -> None:
    bars = ChunkBars()
    app = WidgetApp(bars)
    async with app.run_test(size=(120, 40)) as pilot:
        bars.update_chunks(VIEWS, NOW)
        await pilot.pause()
        before = screen_lines(app)
        moved = replace(RUNNING, moved=14_799_999_999, rate=1234e6, attempts=3)
        bars.update_chunks([moved], NOW + timedelta(seconds=1))
        await pilot.pause()
        after = screen_lines(app)
        for word in ("running", "w1", "train/shard"):
            assert before[2].index(word) == after[2].index(word)
        assert "14.7/14.8 GB" in after[2]
        assert "100" not in after[2]
        bars.update_chunks([replace(moved, moved=0, state=ChunkState.WAITING)], NOW)
        await pilot.pause()
        assert "○ waiting" in screen_lines(app)[2]
        assert_fits(app)


async def test_a_chunk_that_stands_still_says_for_how_long() -> None:
    bars = ChunkBars()
    app = WidgetApp(bars)
    async with app.run_test(size=(80, 24)) as pilot:
        bars.update_chunks([RUNNING], NOW + timedelta(seconds=5))
        await pilot.pause()
        assert "● running" in screen_lines(app)[1]
        bars.update_chunks([RUNNING], NOW + timedelta(seconds=312))
        await pilot.pause()
        assert "! stalled 5:12" in screen_lines(app)[1]
        assert "MB/s" not in screen_lines(app)[1]


async def test_states_differ_without_colour() -> None:
    bars = ChunkBars(header=False)
    app = WidgetApp(bars)
    async with app.run_test(size=(80, 24)) as pilot:
        bars.update_chunks(VIEWS, NOW)
        await pilot.pause()
        words = [" ".join(line[19:40].split()[:2]) for line in screen_lines(app)[:5]]
        assert words == ["✓ done", "● running", "! stalled", "✗ failed", "○ waiting"]


async def test_only_news_are_drawn() -> None:
    bars = ChunkBars()
    app = WidgetApp(bars)
    async with app.run_test(size=(120, 40)) as pilot:
        views = [ChunkView(n, 10**9, state=ChunkState.DONE) for n in range(300)]
        bars.update_chunks(views, NOW)
        await pilot.pause()
        drawn = dict(bars._drawn)
        bars.update_chunks([replace(view) for view in views], NOW + timedelta(seconds=1))
        await pilot.pause()
        assert {key: strips[""] for key, strips in bars._drawn.items() if "" in strips} == {
            key: strips[""] for key, strips in drawn.items() if "" in strips
        }
