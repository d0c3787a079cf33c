"""Boards: coalesced, durable where they promise it, gap-free logs, and heard wishes to cancel."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput, Hf2msError, StoreFailed
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, Phase
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.store.board import JobBoard
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.proofs import Proofs
from hf2ms_tui.transfer.ports import Board

SOURCE = RepoRef.of("hf", "model", "acme/tiny")
DESTINATION = RepoRef.of("ms", "model", "acme/tiny")


def spec(job_id: str = "job1") -> JobSpec:
    return JobSpec(job_id, SOURCE, DESTINATION, "a" * 40, level=Level.STORED, workers=3)


@pytest.fixture
def jobs(db: Database) -> Jobs:
    jobs = Jobs(db)
    jobs.create(spec())
    return jobs


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_board_is_what_jobs_need(jobs: Jobs) -> None:
    board: Board = jobs.board("job1")
    assert board.view().spec == spec()
    assert board.view().phase is Phase.QUEUED


def test_what_is_told_to_a_board_is_read_by_others(jobs: Jobs) -> None:
    board = jobs.board("job1")
    board.phase(Phase.PLANNING, "listing")
    board.update(files=48, total=1000, present=100, to_move=900)
    for number in range(1, 4):
        board.chunk(
            ChunkView(
                number, 300, state=ChunkState.RUNNING, worker="w1", rate=5.5, changed_at=datetime.now(UTC)
            )
        )
    board.chunk(ChunkView(2, 300, moved=300, state=ChunkState.DONE, attempts=2))
    board.log("moving", worker="w1", chunk=2)
    board.close()
    view = jobs.view("job1")
    assert (view.phase, view.note, view.files, view.to_move, view.attempt) == (
        Phase.PLANNING,
        "listing",
        48,
        900,
        1,
    )
    assert [chunk.number for chunk in view.chunks] == [1, 2, 3]
    assert view.chunks == board.view().chunks
    assert view.chunks[1].state is ChunkState.DONE
    assert view.created_at and view.started_at and view.beat_at
    assert [(line.seq, line.worker, line.chunk, line.text) for line in jobs.log("job1")] == [
        (1, "w1", 2, "moving")
    ]


def test_unknown_fields_and_those_of_the_board_itself_are_refused(jobs: Jobs) -> None:
    board = jobs.board("job1")
    for name in ("bytes", "spec", "cancel_requested", "beat_at"):
        with pytest.raises(TypeError, match=name):
            board.update(**{name: 1})


def test_changes_are_coalesced_to_few_writes(jobs: Jobs, db: Database, path: Path) -> None:
    board = jobs.board("job1")
    board.phase(Phase.MOVING)
    watcher = sqlite3.connect(path)
    versions = set()
    began = time.monotonic()
    step = 0
    while time.monotonic() - began < 1.5:
        step += 1
        for number in range(1, 60):
            board.chunk(ChunkView(number, 10**9, moved=step))
        board.update(moved=step)
        versions.add(watcher.execute("PRAGMA data_version").fetchone()[0])
        time.sleep(0.001)
    writes = len(versions)
    watcher.close()
    board.close()
    assert step > 100
    assert 3 <= writes <= 1.5 * 5 + 3
    assert jobs.view("job1").moved == step


def test_a_board_beats_while_nothing_happens(jobs: Jobs) -> None:
    board = jobs.board("job1")
    board.phase(Phase.MOVING)
    first = jobs.view("job1").beat_at
    assert first is not None
    until(lambda: (jobs.view("job1").beat_at or first) > first)
    board.close()


def test_a_wish_to_cancel_is_heard_soon_and_asked_for_cheaply(jobs: Jobs) -> None:
    board = jobs.board("job1")
    assert not board.cancel_requested()
    began = time.perf_counter()
    for _ in range(20_000):
        board.cancel_requested()
    assert time.perf_counter() - began < 15
    jobs.request_cancel("job1")
    until(board.cancel_requested, 2.0)
    assert jobs.view("job1").cancel_requested
    board.close()


def test_logs_have_no_gaps_whoever_writes(jobs: Jobs) -> None:
    board = jobs.board("job1")

    def work(name: str) -> None:
        for number in range(300):
            board.log(f"{name} {number}", worker=name, chunk=int(name[1:]))

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    jobs.note("job1", "from outside")
    for thread in threads:
        thread.join()
    board.close()
    lines = jobs.log("job1")
    assert [line.seq for line in lines] == list(range(1, 1202))
    assert jobs.log_size("job1") == 1201
    for name in ("w1", "w4"):
        mine = [line.text for line in lines if line.worker == name]
        assert mine == [f"{name} {number}" for number in range(300)]
    assert [line.seq for line in jobs.log("job1", after=1190, limit=3)] == [1191, 1192, 1193]
    assert [line.seq for line in jobs.log_tail("job1", 4)] == [1198, 1199, 1200, 1201]
    assert len(jobs.log("job1", chunk=3)) == 300
    assert all(line.chunk == 3 for line in jobs.log_tail("job1", 10, chunk=3))


def test_foreign_text_and_secrets_are_cleaned(path: Path) -> None:
    db = Database(path, secrets=[Secret("hf_Canary123")])
    jobs = Jobs(db)
    jobs.create(spec())
    board = jobs.board("job1")
    board.log("bad \x1b[31m name with hf_Canary123")
    board.chunk(ChunkView(1, 5, path="a\x1b]0;x\x07\udcff", error="token hf_Canary123 refused"))
    board.phase(Phase.FAILED, "hf_Canary123\n")
    board.close()
    view = jobs.view("job1")
    assert "\x1b" not in jobs.log("job1")[0].text and "Canary" not in jobs.log("job1")[0].text
    assert "\x1b" not in view.chunks[0].path and "Canary" not in view.chunks[0].error + view.note
    db.close()


def test_planning_begins_an_attempt_anew(jobs: Jobs) -> None:
    board = jobs.board("job1")
    board.phase(Phase.PLANNING)
    board.chunk(ChunkView(1, 10, moved=10))
    board.update(moved=10, error=Hf2msError("no").as_dict())
    board.phase(Phase.FAILED)
    board.close()
    ended = jobs.view("job1")
    assert ended.ended_at is not None and ended.error["what"] == "no"
    jobs.request_cancel("job1")
    jobs.reset_for_retry("job1")
    waiting = jobs.view("job1")
    assert (waiting.phase, waiting.error, waiting.cancel_requested, waiting.chunks) == (
        Phase.QUEUED,
        {},
        False,
        (),
    )
    board = jobs.board("job1")
    board.phase(Phase.PLANNING)
    board.close()
    view = jobs.view("job1")
    assert (view.attempt, view.moved, view.ended_at, view.error) == (2, 0, None, {})


def test_views_are_newest_first_and_know_their_repo(db: Database, jobs: Jobs) -> None:
    other = replace(spec("job2"), source=RepoRef.of("hf", "model", "acme/other"))
    jobs.create(other)
    jobs.create(spec("job3"))
    assert [view.id for view in jobs.views()] == ["job3", "job2", "job1"]
    assert [view.id for view in jobs.views(SOURCE)] == ["job3", "job1"]
    assert jobs.newest() == {SOURCE.key: "job3", other.source.key: "job2"}
    with pytest.raises(BadInput, match="already"):
        jobs.create(spec())
    for call in (
        jobs.view,
        jobs.board,
        jobs.ledger,
        jobs.request_cancel,
        jobs.reset_for_retry,
        jobs.log_size,
    ):
        with pytest.raises(BadInput, match="no job"):
            call("nope")


def test_a_proof_is_saved_and_linked(jobs: Jobs, db: Database) -> None:
    board = jobs.board("job1")
    proof = Proof(
        SOURCE, "a" * 40, DESTINATION, "b" * 40, Level.LISTED, datetime.now(UTC),
        (FileVerdict("x", Verdict.PROVEN, "0" * 64, "0" * 64, 1, 1),), job_id="job1",
    )  # fmt: skip
    board.proof(proof)
    assert Proofs(db).get(proof.id) == proof
    view = jobs.view("job1")
    assert (view.proof_id, view.destination_revision) == (proof.id, "b" * 40)
    board.close()


def test_remote_acts_are_journalled_with_their_job(jobs: Jobs, db: Database) -> None:
    board = jobs.board("job1")
    intent = board.intent("repo.create", {"visibility": "private"})
    entry = Journal(db).open_intents()[0]
    assert (entry.seq, entry.kind, entry.ref) == (intent, "repo.create", DESTINATION)
    assert entry.payload == {"visibility": "private", "job": "job1", "source": SOURCE.key}
    board.outcome(intent, "done", {})
    assert Journal(db).open_intents() == []
    board.close()


def test_a_phase_that_cannot_be_written_raises_and_waits(jobs: Jobs, db: Database, path: Path) -> None:
    board = jobs.board("job1")
    board.phase(Phase.MOVING)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("CREATE TRIGGER broken BEFORE UPDATE ON jobs BEGIN SELECT RAISE (ABORT, 'disk'); END")
    board.log("kept in memory")
    with pytest.raises(StoreFailed):
        board.phase(Phase.PROVING)
    assert jobs.view("job1").phase is Phase.MOVING
    raw.execute("DROP TRIGGER broken")
    raw.close()
    until(lambda: jobs.view("job1").phase is Phase.PROVING)
    until(lambda: [line.text for line in jobs.log("job1")] == ["kept in memory"])
    board.close()


KILLED = """
import sys, time
from pathlib import Path
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
board = Jobs(Database(Path(sys.argv[1]))).board("job1")
board.log("first")
board.phase(Phase.PROVING, "as far as this")
print("there", flush=True)
time.sleep(60)
"""


def test_a_phase_survives_kill_9(jobs: Jobs, path: Path) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout is not None
    assert runner.stdout.readline() == "there\n"
    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate()
    view = jobs.view("job1")
    assert (view.phase, view.note) == (Phase.PROVING, "as far as this")
    assert [line.text for line in jobs.log("job1")] == ["first"]


def test_many_lines_are_taken_quickly(jobs: Jobs) -> None:
    board: JobBoard = jobs.board("job1")
    began = time.perf_counter()
    for number in range(20_000):
        board.log(f"line {number}")
    board.close()
    assert time.perf_counter() - began < 60
    assert jobs.log_size("job1") == 20_000
