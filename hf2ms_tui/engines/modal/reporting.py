"""A worker's board: what it says of its chunk, put into the job's Dicts a few times a minute, and whether to go on."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import ChunkView, JobSpec
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.names import TICK
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.surroundings import own_name, say
from hf2ms_tui.transfer.memory import MemoryBoard
from hf2ms_tui.transfer.plain import chunk_view_of, chunk_view_plain, read_back_plain, stamp

PAGE = 400
"""lines of a worker's log that share one entry"""


class WorkerBoard(MemoryBoard):
    """``ports.Board`` of one try of one chunk.

    Its state goes under ``key`` of ``live``, its lines and what it read back into ``record``. A report that fails is made
    again with the next: the bytes do not wait for it.
    """

    def __init__(self, spec: JobSpec, record: Record, live: Record, key: str, tokens: Tokens) -> None:
        super().__init__(spec)
        self._record, self._live, self._key = record, live, key
        self._tokens = tokens
        self.mark = secrets.token_hex(4)
        """tells the lines of this try from those of an earlier one of the same chunk"""
        self.name = own_name()
        self._notes: dict[str, ReadBack] = {}
        self._notes_put = 0
        self._pages_put = 0
        self._told_lines = 0
        self._tries = 0
        self._end = ""
        self._recalled = threading.Event()
        self._over = threading.Event()
        self._reporting = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name="report")

    def begin(self) -> None:
        """Say that the chunk is taken, and go on reporting until ``close``."""
        earlier = self._live.get(self._key)
        if earlier and not earlier["end"] and earlier["try"] != self.mark:
            self._tries = (chunk_view_of(earlier["view"]).attempts if earlier["view"] else 1) or 1
            self.log(f"its worker {earlier['worker']} was lost; taken over", worker=self.name)
        self._report()
        self._thread.start()

    def log(self, text: str, *, worker: str = "job", chunk: int = 0) -> None:
        """Add a line, here and to the service's own log."""
        text = clean(redact(text, self._tokens.hf, self._tokens.ms))
        super().log(text, worker=worker, chunk=chunk)
        say(worker, chunk, text)

    def note(self, path: str, result: ReadBack) -> None:
        """Keep what one file gave, so that a kill does not make it be read again."""
        with self._lock:
            self._notes[path] = result

    def known(self, notes: Mapping[str, ReadBack]) -> None:
        """What an earlier try noted."""
        with self._lock:
            self._notes = dict(notes)
            self._notes_put = len(notes)

    def cancel_requested(self) -> bool:
        """Whether the job was cancelled, as seen two ticks ago at the latest."""
        return self._recalled.is_set()

    def close(self, end: str) -> None:
        """Make the last report: ``end`` says how the try ended. Raises when it cannot be made."""
        self._end = end
        self._over.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._report()

    def abandon(self) -> None:
        """Report no more: another container will do the chunk."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(TICK):
            try:
                self._report()
                if self._record.get("cancel"):
                    self._recalled.set()
            except Hf2msError as error:
                say(self.name, 0, f"a report was not made: {error}")

    def _report(self) -> None:
        with self._reporting:
            self._put_lines()
            self._put_notes()
            self._live.put(self._key, self._state())

    def _put_lines(self) -> None:
        """Pages that are full or grew; the last one is put again while it grows."""
        with self._lock:
            lines = self.lines[self._pages_put * PAGE :]
            count = len(self.lines)
        if count == self._told_lines:
            return
        pages = {
            f"lines:{self._key}:{self.mark}:{self._pages_put + start // PAGE}": [
                [stamp(line.at), line.worker, line.chunk, line.text] for line in lines[start : start + PAGE]
            ]
            for start in range(0, len(lines), PAGE)
        }
        self._record.put_all(pages)
        self._pages_put = count // PAGE
        self._told_lines = count

    def _put_notes(self) -> None:
        with self._lock:
            notes = dict(self._notes) if len(self._notes) > self._notes_put else None
        if notes is not None:
            self._record.put(
                f"notes:{self._key}", {path: read_back_plain(result) for path, result in notes.items()}
            )
            self._notes_put = len(notes)

    def _state(self) -> dict[str, Any]:
        view = self.view()
        chunk: ChunkView | None = next(iter(view.chunks), None)
        if chunk is not None:
            chunk = replace(chunk, attempts=self._tries + chunk.attempts)
        return {
            "try": self.mark,
            "worker": self.name,
            "moved": view.moved,
            "resent": view.resent,
            "read": view.read_back,
            "requests": view.requests,
            "view": chunk_view_plain(chunk) if chunk is not None else None,
            "lines": self._told_lines,
            "end": self._end,
        }
