"""The board of a job as its runner writes it: coalesced to a few writes a second, with a heartbeat."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.job import ChunkView, JobView, LogLine, Phase
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.text import clean
from hf2ms_tui.store.codec import now
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobrows import add_log, read_cancel, read_view, write_chunks, write_fields
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.proofs import Proofs

FLUSH_SECONDS = 0.2
BEAT_SECONDS = 2.0
MAX_WAITING_LINES = 100_000
_OWN = frozenset({"spec", "chunks", "created_at", "beat_at", "cancel_requested", "alive"})
_FIELDS = frozenset(field.name for field in fields(JobView)) - _OWN
_FRESH: dict[str, Any] = {
    "present": 0,
    "to_move": 0,
    "moved": 0,
    "resent": 0,
    "to_read_back": 0,
    "read_back": 0,
    "requests": 0,
    "containers": 0,
    "ended_at": None,
    "error": {},
    "proof_id": "",
    "excepted": 0,
}


class JobBoard:
    """A ``transfer.ports.Board`` in the database. One runner holds it; screens read the job through ``Jobs``.

    Calls only change memory, except ``phase`` and ``proof``, which are on the disk before they return and raise StoreFailed
    when that is impossible. The first call starts a thread that writes what changed every 0.2 s, says every 2 s that the
    runner lives, and asks whether the person cancelled. A write that fails is tried again with the next.
    """

    def __init__(self, db: Database, job_id: str) -> None:
        self._db = db
        self._id = job_id
        self._proofs = Proofs(db)
        self._journal = Journal(db, self._who)
        with db.read() as connection:
            self._view = read_view(connection, job_id, chunks=True)
        self._chunks = {chunk.number: chunk for chunk in self._view.chunks}
        self._cancel = self._view.cancel_requested
        self._dirty_fields = False
        self._dirty_chunks: set[int] = set()
        self._lines: list[LogLine] = []
        self._lost_lines = 0
        self._beaten = 0.0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def _who(self) -> str:
        """On whose accounts the job was started, by the journal."""
        return self._journal.job_account(self._id)

    def update(self, **changes: object) -> None:
        """Set fields of ``JobView`` by name; a list of chunks goes through ``chunk``. Raises TypeError for another name."""
        unknown = changes.keys() - _FIELDS - {"chunks"}
        if unknown:
            raise TypeError(f"the board does not take {', '.join(sorted(unknown))}")
        chunks = changes.pop("chunks", None)
        if isinstance(changes.get("note"), str):
            changes["note"] = clean(self._db.conceal(str(changes["note"])))
        with self._lock:
            self._view = replace(self._view, **changes)  # type: ignore[arg-type]
            self._dirty_fields = True
            if isinstance(chunks, list | tuple):
                self._dirty_chunks |= self._chunks.keys()
                self._chunks = {view.number: self._tidy(view) for view in chunks}
                self._dirty_chunks |= self._chunks.keys()
        self._start()

    def phase(self, phase: Phase, note: str = "") -> None:
        """Enter a phase. Planning begins an attempt: its counters, chunks and error start anew. Durable before it returns."""
        at = now()
        changes: dict[str, Any] = {"phase": phase, "note": clean(self._db.conceal(note))}
        with self._lock:
            if phase is Phase.PLANNING and self._view.phase is not Phase.PLANNING:
                changes |= _FRESH | {"started_at": at, "attempt": self._view.attempt + 1}
                self._dirty_chunks |= self._chunks.keys()
                self._chunks = {}
            if phase.final:
                changes["ended_at"] = at
            self._view = replace(self._view, **changes)
            self._dirty_fields = True
        self.flush(durable=True)
        if not phase.final:
            self._start()

    def chunk(self, view: ChunkView) -> None:
        """Replace the view of one chunk, by number."""
        tidy = self._tidy(view)
        with self._lock:
            self._chunks[view.number] = tidy
            self._dirty_chunks.add(view.number)
        self._start()

    def _tidy(self, view: ChunkView) -> ChunkView:
        path, error = clean(view.path), clean(self._db.conceal(view.error)) if view.error else ""
        if path == view.path and error == view.error:
            return view
        return replace(view, path=path, error=error)

    def log(self, text: str, *, worker: str = "job", chunk: int = 0) -> None:
        """Add a line. While nothing can be written at most 100,000 wait; the number of lines lost then is logged."""
        line = LogLine(0, now(), clean(worker), clean(self._db.conceal(text)), chunk)
        with self._lock:
            if len(self._lines) >= MAX_WAITING_LINES:
                self._lost_lines += 1
            else:
                self._lines.append(line)
        self._start()

    def proof(self, proof: Proof) -> None:
        """Record the proof and link it to the job, in one transaction. A job is linked to the proof of its default branch."""
        with self._lock:
            if not proof.ref:
                self._view = replace(
                    self._view,
                    proof_id=proof.id,
                    excepted=len(proof.exceptions),
                    destination_revision=proof.destination_revision,
                )
            self._dirty_fields = True
        with self._writing, self._db.write():
            self._proofs.save(proof)
            self._flush(durable=True)

    def intent(self, kind: str, payload: Mapping[str, object]) -> int:
        """Journal a remote act on the destination before it is sent; durable. Returns the number ``outcome`` takes."""
        spec = self._view.spec
        return self._journal.intent(
            kind, spec.destination, {**payload, "job": self._id, "source": spec.source.key}
        )

    def outcome(self, intent: int, state: str, payload: Mapping[str, object]) -> None:
        """Journal how an act ended: ``done``, ``failed`` or ``unknown``. Raises ValueError for another word."""
        self._journal.outcome(intent, state, {**payload, "job": self._id})

    def view(self) -> JobView:
        """The state as told to this board so far, chunks in the order of their numbers."""
        with self._lock:
            chunks = tuple(self._chunks[number] for number in sorted(self._chunks))
            return replace(self._view, chunks=chunks, cancel_requested=self._cancel)

    def cancel_requested(self) -> bool:
        """Whether the person asked to cancel, as seen at most half a second ago."""
        self._start()
        return self._cancel

    def flush(self, *, durable: bool = False) -> None:
        """Write what waits. Raises StoreFailed; then it waits on."""
        with self._writing:
            self._flush(durable=durable)

    def _flush(self, *, durable: bool) -> None:
        with self._lock:
            view, fields_too = self._view, self._dirty_fields
            numbers, self._dirty_chunks = self._dirty_chunks, set()
            chunks = {number: self._chunks.get(number) for number in numbers}
            lines, self._lines = self._lines, []
            lost, self._lost_lines = self._lost_lines, 0
            self._dirty_fields = False
        if lost:
            lines.append(
                LogLine(
                    0, now(), "job", f"{lost:,} lines of this log were lost: the state could not be written"
                )
            )
        beat = now()
        try:
            with self._db.write(durable=durable) as connection:
                write_fields(connection, view if fields_too else None, self._id, beat)
                write_chunks(connection, self._id, chunks)
                add_log(connection, self._id, lines)
        except BaseException:
            with self._lock:
                self._dirty_fields |= fields_too
                self._dirty_chunks |= numbers
                self._lines = (lines + self._lines)[: MAX_WAITING_LINES + 1]
            raise
        self._beaten = time.monotonic()

    def _start(self) -> None:
        if self._thread is not None or self._stop.is_set():
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"board-{self._id}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            try:
                self._tick()
            except StoreFailed:
                # Kept in memory and tried again; a phase that cannot be written raises in the runner itself.
                self._stop.wait(1.0)

    def _tick(self) -> None:
        with self._db.read() as connection:
            self._cancel = read_cancel(connection, self._id)
        with self._lock:
            dirty = self._dirty_fields or self._dirty_chunks or self._lines
        if dirty or time.monotonic() - self._beaten >= BEAT_SECONDS:
            self.flush()

    def close(self) -> None:
        """Write what waits and end the heartbeat. Raises StoreFailed when the last write is impossible."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self.flush()
