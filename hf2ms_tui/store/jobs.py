"""Jobs in the database: what was submitted, its board, its log and its ledger."""

from __future__ import annotations

from datetime import datetime

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import JobSpec, JobView, LogLine, Phase
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.store.board import JobBoard
from hf2ms_tui.store.codec import instant, now, stamp
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobrows import (
    JOB,
    add_log,
    fields_text,
    no_such_job,
    read_chunks,
    read_view,
    spec_text,
    view_of,
)
from hf2ms_tui.store.ledger import JobLedger

_DROPPED = "the log of this job was removed, as it ended long ago; its proof and the journal are kept"
_OVER = tuple(phase.value for phase in Phase if phase.final)


class Jobs:
    """All jobs in ``db``. Reading is safe while their runners write."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, spec: JobSpec) -> None:
        """Record a queued job, durably. Raises BadInput when the id is taken."""
        at = stamp(now())
        with self._db.write() as connection:
            if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (spec.id,)).fetchone():
                raise BadInput(f"there is a job “{clean(spec.id, 80)}” already")
            connection.execute(
                "INSERT INTO jobs (id, number, source, spec, phase, fields, created_at) "
                "VALUES (?, (SELECT COALESCE(MAX(number), 0) + 1 FROM jobs), ?, ?, ?, ?, ?)",
                (
                    spec.id,
                    spec.source.key,
                    spec_text(spec),
                    Phase.QUEUED.value,
                    fields_text(JobView(spec)),
                    at,
                ),
            )

    def views(self, source: RepoRef | None = None) -> list[JobView]:
        """All jobs, or those of one repo, newest first. Chunks are given for those that are not over; ``view`` gives all."""
        where, values = ("WHERE source = ?", (source.key,)) if source else ("", ())
        with self._db.read() as connection:
            rows = connection.execute(
                f"SELECT {JOB} FROM jobs {where} ORDER BY number DESC", values
            ).fetchall()
            return [view_of(row, () if row[2] in _OVER else read_chunks(connection, row[0])) for row in rows]

    def newest(self) -> dict[str, str]:
        """The id of the newest job of each repo that ever had one, by the source's key."""
        with self._db.read() as connection:
            return dict(connection.execute("SELECT source, id FROM jobs ORDER BY number").fetchall())

    def view(self, job_id: str) -> JobView:
        """One job with its chunks. Raises BadInput when there is no such job."""
        with self._db.read() as connection:
            return read_view(connection, job_id, chunks=True)

    def board(self, job_id: str) -> JobBoard:
        """The job's board, for its runner: it beats until it is closed. Raises BadInput when there is no such job."""
        return JobBoard(self._db, job_id)

    def ledger(self, job_id: str) -> JobLedger:
        """What the job, and earlier ones to the same place, remember. Raises BadInput when there is no such job."""
        with self._db.read() as connection:
            spec = read_view(connection, job_id, chunks=False).spec
        return JobLedger(self._db, spec.destination, spec.destination_endpoint)

    def log(self, job_id: str, after: int = 0, limit: int = 5000, chunk: int | None = None) -> list[LogLine]:
        """At most ``limit`` lines after number ``after``, oldest first; of one chunk where given."""
        where = "job = ? AND seq > ?"
        values: list[object] = [job_id, after]
        if chunk is not None:
            where += " AND chunk = ?"
            values.append(chunk)
        return self._lines(f"WHERE {where} ORDER BY seq LIMIT ?", [*values, limit])

    def log_tail(self, job_id: str, limit: int = 5000, chunk: int | None = None) -> list[LogLine]:
        """The newest ``limit`` lines, oldest first; of one chunk where given."""
        where = "job = ?"
        values: list[object] = [job_id]
        if chunk is not None:
            where += " AND chunk = ?"
            values.append(chunk)
        return self._lines(f"WHERE {where} ORDER BY seq DESC LIMIT ?", [*values, limit])[::-1]

    def _lines(self, where: str, values: list[object]) -> list[LogLine]:
        with self._db.read() as connection:
            rows = connection.execute(
                f"SELECT seq, at, worker, text, chunk FROM log_lines {where}", values
            ).fetchall()
        return [LogLine(seq, instant(at), worker, text, chunk) for seq, at, worker, text, chunk in rows]

    def log_size(self, job_id: str) -> int:
        """How many lines the job's log has."""
        with self._db.read() as connection:
            row = connection.execute("SELECT log_size FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise no_such_job(job_id)
        return int(row[0])

    def note(self, job_id: str, text: str, worker: str = "job") -> None:
        """Add a line to a job's log from outside its runner."""
        with self._db.write(durable=False) as connection:
            add_log(connection, job_id, [LogLine(0, now(), clean(worker), clean(self._db.conceal(text)))])

    def drop_logs(self, before: datetime) -> list[str]:
        """Remove the logs and chunks of jobs that ended before then (UTC); their ids. A line says so in place of each log."""
        dropped = []
        with self._db.write(durable=False) as connection:
            rows = connection.execute(
                f"SELECT {JOB} FROM jobs WHERE log_size > 1 AND created_at < ? "
                f"AND phase IN ({','.join('?' * len(_OVER))})",
                (stamp(before), *_OVER),
            ).fetchall()
            for row in rows:
                view = view_of(row)
                if (view.ended_at or view.beat_at or before) >= before:
                    continue
                connection.execute("DELETE FROM log_lines WHERE job = ?", (view.id,))
                connection.execute("DELETE FROM chunks WHERE job = ?", (view.id,))
                connection.execute("UPDATE jobs SET log_size = 0 WHERE id = ?", (view.id,))
                add_log(connection, view.id, [LogLine(0, now(), "job", _DROPPED)])
                dropped.append(view.id)
        return dropped

    def request_cancel(self, job_id: str) -> None:
        """Ask a job to stop; its runner hears it within half a second. Raises BadInput when there is no such job."""
        self._change(job_id, "UPDATE jobs SET cancel_requested = 1 WHERE id = ?")

    def reset_for_retry(self, job_id: str) -> None:
        """Queue a job anew: its error, end and wish to cancel are gone, what it moved stays known to its ledger."""
        with self._db.write() as connection:
            view = read_view(connection, job_id, chunks=False)
            fresh = JobView(view.spec, files=view.files, total=view.total, attempt=view.attempt)
            connection.execute(
                "UPDATE jobs SET cancel_requested = 0, phase = ?, fields = ?, beat_at = NULL WHERE id = ?",
                (Phase.QUEUED.value, fields_text(fresh), job_id),
            )
            connection.execute("DELETE FROM chunks WHERE job = ?", (job_id,))

    def _change(self, job_id: str, statement: str) -> None:
        with self._db.write() as connection:
            if connection.execute(statement, (job_id,)).rowcount == 0:
                raise no_such_job(job_id)
