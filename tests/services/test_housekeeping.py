"""Clearing away at the start: old logs and old demos go; proofs, jobs and the journal stay."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import jobs
from hf2ms_tui.services.housekeeping import tidy
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load

SOURCE, DEST = RepoRef.of("hf", "model", "acme/x"), RepoRef.of("ms", "model", "acme/x")
OLD = datetime.now(UTC) - timedelta(days=91)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    found = Program(load({}, {"HF2MS_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}, tmp_path))
    yield found
    found.close()


def job(program: Program, name: str, phase: Phase, *, old: bool) -> None:
    """A job with five lines of log and a proof; an old one began, and if it is over ended, 91 days ago."""
    program.jobs.create(JobSpec(name, SOURCE, DEST))
    board = program.jobs.board(name)
    for number in range(5):
        board.log(f"line {number}")
    file = FileVerdict("a", Verdict.PROVEN, "1" * 64, "1" * 64, 1, 1)
    board.proof(Proof(SOURCE, "2" * 40, DEST, "3" * 40, Level.LISTED, OLD, (file,), job_id=name))
    board.phase(phase)
    board.close()
    program.places.job_stderr(name).write_text("said")
    if old:
        with sqlite3.connect(program.places.database) as connection:
            (text,) = connection.execute("SELECT fields FROM jobs WHERE id = ?", (name,)).fetchone()
            fields = json.loads(text)
            if fields.get("ended_at"):
                fields["ended_at"] = OLD.isoformat()
            connection.execute(
                "UPDATE jobs SET created_at = ?, fields = ? WHERE id = ?",
                (OLD.isoformat(), json.dumps(fields), name),
            )


def test_only_logs_of_jobs_that_ended_long_ago_go(program: Program) -> None:
    job(program, "old", Phase.DONE, old=True)
    job(program, "failed-old", Phase.FAILED, old=True)
    job(program, "running-old", Phase.MOVING, old=True)
    job(program, "new", Phase.DONE, old=False)
    entries = len(program.journal.entries())
    assert tidy(program).logs == 2
    for name, gone in (("old", True), ("failed-old", True), ("running-old", False), ("new", False)):
        log = [line.text for line in program.jobs.log(name)]
        assert ("was removed" in log[0], len(log), program.jobs.log_size(name)) == (
            (True, 1, 1) if gone else (False, 5, 5)
        )
        assert program.places.job_stderr(name).exists() is not gone
        view = program.jobs.view(name)
        assert program.proofs.get(view.proof_id) is not None
    assert len(program.journal.entries()) == entries
    assert tidy(program).logs == 0, "nothing is left to do"
    seen: list[str] = []
    jobs.follow(
        program, "old", lambda lines: seen.extend(line.text for line in lines), lambda view: None, 0.01
    )
    assert len(seen) == 1
    program.jobs.note("old", "again")
    assert [line.seq for line in program.jobs.log("old")] == [1, 2]


def test_only_demos_that_nobody_touched_for_long_go(program: Program, tmp_path: Path) -> None:
    demo = program.places.state / "demo"
    then = time.time() - timedelta(days=8).total_seconds()
    for name in ("program-old", "program-used", "program-new", "world"):
        (demo / name / "jobs").mkdir(parents=True)
        for path in (demo / name / "jobs" / "a", demo / name / "state.sqlite3"):
            path.write_text("x")
        if name != "program-new":
            for path in (*(demo / name).rglob("*"), demo / name):
                os.utime(path, (then, then))
    (demo / "program-used" / "jobs" / "a").write_text("beat")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").write_text("x")
    for path in (kept / "precious", kept):
        os.utime(path, (then, then))
    (demo / "program-link").symlink_to(kept)
    assert tidy(program).demos == 1
    assert {path.name for path in demo.iterdir()} == {"program-used", "program-new", "world", "program-link"}
    assert (kept / "precious").exists()
