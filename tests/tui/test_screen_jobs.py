"""Jobs on the screen: what runs, what is stuck, what it said; cancelling asks once, failures stay, a lost job says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from hf2ms_tui.domain.errors import NotPermitted
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, Phase
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.engines import lock
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.jobs import JobsScreen
from support.screen_text import assert_fits, assert_golden, masked, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, said, settled, until

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"
MB = 1_000_000
STARTED = timedelta(minutes=21, seconds=10)
"""ago"""


def spec(job_id: str, name: str) -> JobSpec:
    return JobSpec(
        job_id,
        RepoRef.of("hf", "model", f"aurora-labs/{name}"),
        RepoRef.of("ms", "model", f"aurora-labs/{name}"),
        revision="a" * 40,
    )


class Boards:
    """Jobs in the store of a program; those that run are held by this process, as their own would hold them."""

    def __init__(self, program: Program, stack: ExitStack) -> None:
        self.program = program
        self._stack = stack

    def job(self, job_id: str, name: str, **fields: Any) -> Any:
        self.program.jobs.create(spec(job_id, name))
        board = self.program.jobs.board(job_id)
        self._stack.callback(board.close)
        board.update(started_at=datetime.now(UTC) - STARTED, attempt=1, **fields)
        return board

    def alive(self, job_id: str) -> None:
        self._stack.enter_context(lock.held(self.program.places, job_id))


@contextmanager
def boards(app: CleanupApp) -> Iterator[Boards]:
    with ExitStack() as stack:
        yield Boards(app.program, stack)


def moving(here: Boards, job_id: str = "movingaa", name: str = "aurora-xl-1.0") -> Any:
    """A job that moves: one chunk done, one running, one stalled, one waiting."""
    here.alive(job_id)
    board = here.job(
        job_id, name, files=40, total=400 * MB, to_move=400 * MB, present=0, moved=160 * MB, requests=80
    )
    still = datetime.now(UTC) - timedelta(seconds=75)
    for view in (
        ChunkView(1, 100 * MB, 4, 100 * MB, ChunkState.DONE, 1, "w1"),
        ChunkView(
            2, 100 * MB, 4, 50 * MB, ChunkState.RUNNING, 1, "w1", "train/a.tar", 5e6, datetime.now(UTC)
        ),
        ChunkView(3, 100 * MB, 4, 10 * MB, ChunkState.RUNNING, 2, "w2", "train/b.tar", 0.0, still),
        ChunkView(4, 100 * MB, 4),
    ):
        board.chunk(view)
    for number in range(1, 41):
        board.log(f"line {number} of {number % 4}", worker=f"w{number % 2 + 1}", chunk=number % 4)
    board.phase(Phase.MOVING)
    return board


async def at_jobs(pilot: Pilot[int]) -> JobsScreen:
    app = await settled(pilot)
    await pilot.press("j")
    await until(pilot, lambda: isinstance(app.screen, JobsScreen))
    screen = app.screen
    assert isinstance(screen, JobsScreen)
    return screen


async def test_without_jobs_the_screen_says_what_to_do(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        screen = await at_jobs(pilot)
        text = screen_text(screen.house)
        assert "No jobs yet" in text and "p opens the plan" in text
        await pilot.press("c")
        assert "no job yet" in said(screen.house)


async def test_running_done_failed_cancelled_and_lost_jobs(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        refused = NotPermitted(
            "HF answered 403 on model.safetensors: storage locked", way_out="Pay the bill."
        )
        lost = here.job("lostaaaa", "aurora-small", to_move=9 * MB, moved=3 * MB)
        lost.phase(Phase.MOVING)
        lost.close()
        failed = here.job("failedaa", "half_done-sr", error=refused.as_dict())
        failed.phase(Phase.FAILED)
        cancelled = here.job("cancelaa", "aurora-base", to_move=40 * MB, moved=12 * MB)
        cancelled.phase(Phase.CANCELLED)
        done = here.job(
            "doneaaaa", "aurora-tokenizer", files=3500, total=2100 * MB, moved=2100 * MB, resent=0
        )
        done.update(ended_at=datetime.now(UTC) - STARTED + timedelta(seconds=72))
        done.phase(Phase.DONE)
        moving(here)
        async with app.run_test(size=WIDE) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: len(app.model.jobs) == 5 and "✓ done" in screen_text(app))
            await until(pilot, lambda: "line 40" in screen_text(app))
            text = screen_text(app)
            for said_of in (
                "● moving",
                "✓ proven",
                "3,500 files     2.10 GB",
                "0 B re-sent",
                "✗ failed",
                "HF answered 403 on model.safetensors",
                "⊘ cancelled",
                "12.00 MB of 40.00 MB arrived and stay",
                "! lost",
                "r carries on where it stopped",
                "! stalled",
                "2 tries",
                "1 of 4 chunks done, 2 running, 1 waiting",
                "1 running   1 lost   1 failed   1 cancelled   1 proven",
            ):
                assert said_of in text, said_of
            assert "↓" in screen_lines(app)[0] and "↑" in screen_lines(app)[0]
            assert screen.selected is not None and screen.selected.id == "movingaa"


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_looks(open_app: OpenApp, size: tuple[int, int]) -> None:
    app = open_app()
    with boards(app) as here:
        failed = here.job("failedaa", "half_done-sr", error={"what": "HF answered 403 on model.safetensors"})
        failed.phase(Phase.FAILED)
        board = moving(here)
        for number in (2, 3, 4):
            board.chunk(ChunkView(number, 100 * MB, 4, 100 * MB, ChunkState.DONE, number, "w2"))
        # All bytes are there: how long a real clock says that nothing moves does not show.
        board.update(moved=400 * MB)
        board.phase(Phase.COMMITTING)
        async with app.run_test(size=size) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: "line 40" in screen_text(app) and "4 of 4 chunks" in screen_text(app))
            assert_golden(app, GOLDENS / f"jobs-{size[0]}x{size[1]}.txt", masked)
            assert len(foot(app)) <= size[0]
            await pilot.resize_terminal(*(WIDE if size == SMALL else SMALL))
            await pilot.pause(0.1)
            assert_fits(app)
            assert screen.selected is not None and screen.selected.id == "movingaa"


async def test_cancel_asks_once_and_only_y_cancels(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        moving(here)
        async with app.run_test(size=SMALL) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: screen.selected is not None)
            for keys in (["n"], ["escape"], ["enter", "c", "j", "n"], ["tab", "q", "n"]):
                await pilot.press("c")
                assert "Cancel the migration of aurora-labs/aurora-xl-1.0?" in screen_text(app)
                await pilot.press(*keys)
                assert not app.program.jobs.view("movingaa").cancel_requested
                assert "Cancel the migration" not in screen_text(app) and app.screen is screen
                assert app.focused is screen.table
            await pilot.press("c")
            await pilot.pause(0.2)
            await pilot.press("y")
            await until(pilot, lambda: app.program.jobs.view("movingaa").cancel_requested)
            await until(pilot, lambda: "carries on later" in said(app) and "● cancelling" in screen_text(app))
            await pilot.press("c")
            assert "being cancelled already" in said(app)


async def test_a_held_c_then_y_of_a_burst_cancels_nothing(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        moving(here)
        async with app.run_test(size=SMALL) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: screen.selected is not None)
            for key in "cyyyy":
                event = events.Key(key, key)
                event.set_sender(app)
                app._driver.send_message(event)  # type: ignore[union-attr]
            await pilot.pause(0.5)
            assert not app.program.jobs.view("movingaa").cancel_requested


async def test_the_log_has_no_gap_and_holds_still_while_it_is_read(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        board = moving(here)
        for number in range(5000):
            board.log(f"early {number}", worker="w1", chunk=1)
        async with app.run_test(size=WIDE) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: len(screen.pane.model) == 5040)
            for number in range(3000):
                board.log(f"late {number}", worker="w2", chunk=2)
            await until(pilot, lambda: len(screen.pane.model) == 8040)
            texts = [line.text for line in screen.pane.model.shown]
            assert texts[40:5040] == [f"early {number}" for number in range(5000)]
            assert texts[5040:] == [f"late {number}" for number in range(3000)]
            await pilot.press("l", "pageup", "pageup")
            before = screen_lines(app)[26:]
            board.log("one more")
            await until(pilot, lambda: "+1 new" in screen_text(app))
            assert screen_lines(app)[27:36] == before[1:10]
            await pilot.press("end")
            assert "one more" in screen_text(app) and "following" in screen_text(app)


async def test_log_of_one_chunk_and_search(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        moving(here)
        async with app.run_test(size=WIDE) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: len(screen.pane.model) == 40)
            screen.bars.focus()
            screen.bars.move_cursor(3)
            await pilot.press("o")
            assert {line.chunk for line in screen.pane.model.shown} == {"3"}
            assert "chunk 3" in screen_text(app)
            await pilot.press("o")
            assert len(screen.pane.model.shown) == 40
            await pilot.press("slash", *"line 7", "enter")
            assert "1 line with" in said(app) and app.focused is screen.pane
            assert "line 7 of 3" in screen_text(app)
            await pilot.press("n")
            assert "does nothing" not in said(app)
            await pilot.press("slash", "escape")
            assert app.screen is screen


async def test_a_failure_opens_in_full_and_can_be_copied(open_app: OpenApp) -> None:
    app = open_app()
    long = "HF answered 403 on " + "deep/" * 30 + "model.safetensors: storage locked END"
    with boards(app) as here:
        failed = here.job(
            "failedaa", "half_done-sr", error=NotPermitted(long, way_out="Pay the bill.").as_dict()
        )
        failed.phase(Phase.FAILED)
        async with app.run_test(size=SMALL) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: screen.selected is not None)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, FullTextScreen))
            await pilot.press("pagedown")
            text = "".join(line.strip("│ ") for line in screen_lines(app))
            assert "END" in text and "Pay the bill." in text
            await pilot.press("y")
            assert long in app.clipboard
            await pilot.press("escape")
            assert app.screen is screen


async def test_wrong_keys_say_why(open_app: OpenApp) -> None:
    app = open_app(read_only=True)
    with boards(app) as here:
        failed = here.job("failedaa", "poc-tokenizer-v0", error={"what": "no"})
        failed.phase(Phase.FAILED)
        async with app.run_test(size=SMALL) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: screen.selected is not None)
            for key, why in (("c", "over"), ("r", "read-only"), ("D", "read-only"), ("o", "no chunks")):
                await pilot.press(key)
                assert why in said(app), key


async def test_read_back_progress_shows_while_proving(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        board = moving(here)
        board.update(to_read_back=400 * MB, read_back=100 * MB)
        board.phase(Phase.PROVING)
        async with app.run_test(size=WIDE) as pilot:
            await at_jobs(pilot)
            await until(pilot, lambda: "read back 100.0/400.0 MB" in screen_text(app))
            board.update(read_back=300 * MB)
            await until(pilot, lambda: "read back 300.0/400.0 MB" in screen_text(app))
            assert "75 %" in screen_text(app) and "● proving" in screen_text(app)


async def test_another_job_shows_its_own_chunks_and_log(open_app: OpenApp) -> None:
    app = open_app()
    with boards(app) as here:
        other = here.job("otheraaa", "aurora-small", error={"what": "no"}, to_move=5 * MB)
        other.chunk(ChunkView(1, 5 * MB, state=ChunkState.FAILED, error="refused"))
        other.log("only of the other")
        other.phase(Phase.FAILED)
        moving(here)
        async with app.run_test(size=WIDE) as pilot:
            screen = await at_jobs(pilot)
            await until(pilot, lambda: "line 40" in screen_text(app))
            await pilot.press("down")
            await until(
                pilot, lambda: "only of the other" in screen_text(app) and "✗ failed" in screen_text(app)
            )
            assert "line 40" not in screen_text(app)
            assert [view.number for view in map(screen.bars.row, screen.bars.model.shown)] == [1]
            await pilot.press("up")
            await until(pilot, lambda: "line 40" in screen_text(app) and "of 4 chunks" in screen_text(app))
