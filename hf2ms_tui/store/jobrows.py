"""Rows of jobs, chunks and log lines, for those who write them (boards) and those who read them (``Jobs``)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, JobView, LogLine, Phase
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.store.codec import decode, encode, moment, stamp

JOB = "id, spec, phase, fields, created_at, beat_at, cancel_requested"
_COLUMNS = frozenset({"spec", "phase", "chunks", "created_at", "beat_at", "cancel_requested", "alive"})
_FIELDS = tuple(field.name for field in fields(JobView) if field.name not in _COLUMNS)
_MOMENTS = ("started_at", "ended_at")


def spec_text(spec: JobSpec) -> str:
    """A job's spec as JSON."""
    return encode({field.name: getattr(spec, field.name) for field in fields(JobSpec)})


def read_spec(text: str) -> JobSpec:
    """Read what ``spec_text`` wrote."""
    values = decode(text)
    values["source"] = RepoRef.from_key(values["source"])
    values["destination"] = RepoRef.from_key(values["destination"])
    values["level"] = Level(values["level"])
    values["refs"] = tuple(values.get("refs", ()))
    return JobSpec(**values)


def fields_text(view: JobView) -> str:
    """The fields of a view that have no column of their own, as JSON."""
    return encode({name: getattr(view, name) for name in _FIELDS})


def view_of(row: tuple[Any, ...], chunks: tuple[ChunkView, ...] = ()) -> JobView:
    """A view from the columns ``JOB``."""
    _, spec, phase, rest, created_at, beat_at, cancel = row
    values = decode(rest)
    for name in _MOMENTS:
        values[name] = moment(values[name])
    return JobView(
        spec=read_spec(spec),
        phase=Phase(phase),
        chunks=chunks,
        created_at=moment(created_at),
        beat_at=moment(beat_at),
        cancel_requested=bool(cancel),
        **values,
    )


def no_such_job(job_id: str) -> BadInput:
    """The error for an id that no job has."""
    return BadInput(f"there is no job “{clean(job_id, 80)}”", way_out="List the jobs with: hf2ms-tui jobs")


def read_view(connection: sqlite3.Connection, job_id: str, *, chunks: bool) -> JobView:
    """The view of one job. Raises BadInput when there is no such job."""
    row = connection.execute(f"SELECT {JOB} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise no_such_job(job_id)
    return view_of(row, read_chunks(connection, job_id) if chunks else ())


def read_cancel(connection: sqlite3.Connection, job_id: str) -> bool:
    """Whether the person asked the job to stop; False for a job that is no longer known."""
    row = connection.execute("SELECT cancel_requested FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return bool(row and row[0])


def write_fields(connection: sqlite3.Connection, view: JobView | None, job_id: str, beat: datetime) -> None:
    """Write a view's fields, or only its heartbeat when it is None."""
    if view is None:
        connection.execute("UPDATE jobs SET beat_at = ? WHERE id = ?", (stamp(beat), job_id))
    else:
        connection.execute(
            "UPDATE jobs SET phase = ?, fields = ?, beat_at = ? WHERE id = ?",
            (view.phase.value, fields_text(view), stamp(beat), job_id),
        )


def _chunk_text(view: ChunkView) -> str:
    return encode(
        [
            view.number,
            view.size,
            view.blobs,
            view.moved,
            view.state.value,
            view.attempts,
            view.worker,
            view.path,
            view.rate,
            stamp(view.changed_at),
            view.error,
        ]
    )


def _chunk(text: str) -> ChunkView:
    number, size, blobs, moved, state, attempts, worker, path, rate, changed_at, error = decode(text)
    return ChunkView(
        number, size, blobs, moved, ChunkState(state), attempts, worker, path, rate, moment(changed_at), error
    )


def write_chunks(connection: sqlite3.Connection, job_id: str, chunks: Mapping[int, ChunkView | None]) -> None:
    """Replace the rows of these chunks; None removes one."""
    connection.executemany(
        "DELETE FROM chunks WHERE job = ? AND number = ?",
        [(job_id, number) for number, view in chunks.items() if view is None],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO chunks (job, number, data) VALUES (?, ?, ?)",
        [(job_id, number, _chunk_text(view)) for number, view in chunks.items() if view is not None],
    )


def read_chunks(connection: sqlite3.Connection, job_id: str) -> tuple[ChunkView, ...]:
    """A job's chunks in the order of their numbers."""
    rows = connection.execute("SELECT data FROM chunks WHERE job = ? ORDER BY number", (job_id,)).fetchall()
    return tuple(_chunk(row[0]) for row in rows)


def add_log(connection: sqlite3.Connection, job_id: str, lines: Iterable[LogLine]) -> None:
    """Append lines, numbering them on from the job's last one. Within a write transaction, so numbers have no gaps."""
    waiting = list(lines)
    if not waiting:
        return
    row = connection.execute("SELECT log_size FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise no_such_job(job_id)
    connection.executemany(
        "INSERT INTO log_lines (job, seq, at, worker, chunk, text) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (job_id, seq, stamp(line.at), line.worker, line.chunk, line.text)
            for seq, line in enumerate(waiting, row[0] + 1)
        ],
    )
    connection.execute("UPDATE jobs SET log_size = log_size + ? WHERE id = ?", (len(waiting), job_id))
