"""The process of one job: builds the hubs, runs the job, and leaves the truth behind however it ends."""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.engines import lock
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.local.engine import RUNS_ELSEWHERE
from hf2ms_tui.engines.local.turn import AT_ONCE, turn
from hf2ms_tui.engines.sessions import open_sessions
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.store.board import JobBoard
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.paths import Places, private_file
from hf2ms_tui.store.tombstones import Tombstones
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.job import Work, run_job
from hf2ms_tui.transfer.kept import KeptReader
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.restore import Restoring

STOPPED = 143
"""the exit code of an orderly stop: the job can be resumed"""
CODES = {Phase.DONE: 0, Phase.FAILED: 1, Phase.CANCELLED: 130}


def main(arguments: Sequence[str]) -> int:
    """Run the job that ``arguments`` name; tokens come as JSON from standard input. Returns the exit code.

    0 proven · 1 failed · 2 bad input · 3 another process runs it · 130 cancelled · 143 stopped by a signal.
    """
    parser = argparse.ArgumentParser(prog="python -m hf2ms_tui.engines.local", description="Run one job.")
    parser.add_argument("job")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--ready", type=int, help="a file descriptor that hears when the job runs")
    given = parser.parse_args(arguments)
    stopping = _quieten()
    tokens = Tokens()
    try:
        tokens = Tokens.from_wire(sys.stdin.buffer.read())
        return _run(given.job, Places(given.state).ready(), tokens, stopping, given.ready)
    except Hf2msError as error:
        print(redact(str(error), tokens.hf, tokens.ms), file=sys.stderr)  # noqa: T201 - its only way to be heard
        return error.exit_code


def _quieten() -> threading.Event:
    """No core dumps, which would hold the tokens; signals set the returned event, and a closed terminal means nothing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    stopping = threading.Event()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())
    return stopping


def _run(job_id: str, places: Places, tokens: Tokens, stopping: threading.Event, ready: int | None) -> int:
    try:
        with lock.held(places, job_id):
            pid = lock.pid_file(places, job_id)
            private_file(pid)
            pid.write_text(str(os.getpid()))
            database = Database(places.database, secrets=(tokens.hf, tokens.ms))
            jobs = Jobs(database)
            spec = jobs.view(job_id).spec
            if ready is not None:
                os.write(ready, b"ready")
                os.close(ready)
            try:
                return _carry_out(spec, places, jobs, Tombstones(database, places), tokens, stopping)
            finally:
                database.close()
    except BadInput:
        if lock.is_held(places, job_id):
            return RUNS_ELSEWHERE
        raise


def _carry_out(
    spec: JobSpec,
    places: Places,
    jobs: Jobs,
    stones: Tombstones,
    tokens: Tokens,
    stopping: threading.Event,
) -> int:
    board = jobs.board(spec.id)

    def waits() -> None:
        board.log(f"waiting for its turn: {AT_ONCE} jobs run at the same time on this machine")

    try:
        # One that was cancelled or stopped while it waited says so itself, before it asks a hub for anything.
        with turn(places, waits, lambda: board.cancel_requested() or stopping.is_set()):
            phase = _phase_after(spec, jobs, stones, board, tokens, stopping)
        return CODES.get(phase, STOPPED)
    finally:
        board.close()


def _phase_after(
    spec: JobSpec,
    jobs: Jobs,
    stones: Tombstones,
    board: JobBoard,
    tokens: Tokens,
    stopping: threading.Event,
) -> Phase:
    if board.view().phase.final:
        return board.view().phase
    try:
        streams = max(1, spec.workers) * max(1, spec.streams) + 2
        source, destination = open_sessions(spec, tokens, streams)
        source, work = what_to_do(spec, stones, source)
        control = Control(board.cancel_requested, stopping.is_set)
        return run_job(
            spec,
            source,
            destination,
            board,
            jobs.ledger(spec.id),
            ThreadPool(spec.workers, control=control),
            stopping=stopping.is_set,
            work=work,
        ).phase
    except Hf2msError as error:
        # The store's own failures come here: the board cannot be relied on, but it is tried.
        _give_up(board, error)
        raise
    except Exception as error:  # noqa: BLE001 - a fault of this program must not leave a job that seems to run
        print(redact(traceback.format_exc(), tokens.hf, tokens.ms), file=sys.stderr)  # noqa: T201
        _give_up(
            board,
            Hf2msError(
                f"A fault of this program ended the job ({type(error).__name__})",
                meaning="What has arrived at the destination stays there.",
                way_out="Retry the job; if it happens again, report it with the file of the job's process.",
            ),
        )
        return Phase.FAILED


def what_to_do(spec: JobSpec, stones: Tombstones, source: HubSession) -> tuple[HubSession, Work | None]:
    """The source as the job is to read it, and its work; a restore reads what its tombstone keeps from there.

    Raises StoreFailed for a damaged tombstone.
    """
    if not spec.tombstone:
        return source, None
    row = stones.named(spec.tombstone)
    stone, parts = stones.load(row)
    return replace(source, read=KeptReader(stone, parts, source.read, row.id)), Restoring(stone, row.id)


def _give_up(board: JobBoard, error: Hf2msError) -> None:
    board.log(str(error))
    board.update(error=error.as_dict())
    board.phase(Phase.FAILED)
