"""A coordinator's board: the state of a job in its ``said`` Dict, from where the person's machine copies it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import ChunkView, JobSpec, Phase
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.logbook import LogBook
from hf2ms_tui.engines.modal.names import TICK
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.surroundings import say
from hf2ms_tui.engines.modal.trouble import patiently
from hf2ms_tui.transfer.memory import MemoryBoard
from hf2ms_tui.transfer.plain import chunk_view_plain, job_view_of, job_view_plain, proof_plain, stamp

PAGE = 200
"""chunks that share one value"""


class CloudBoard(MemoryBoard):
    """``ports.Board`` in a Dict. Everything that it says is under an index that is written last.

    ``lead`` is what this coordinator claimed the job with: as soon as another leads, it counts as told to end and says
    nothing any more. ``before_end`` is called before a final phase is told: nothing may go on after it.
    """

    def __init__(self, spec: JobSpec, said: Record, record: Record, tokens: Tokens, lead: Mapping[str, Any]):
        super().__init__(spec)
        self._said, self._record, self._tokens, self._lead = said, record, tokens, dict(lead)
        self.book = LogBook(said, record)
        self.before_end: Callable[[], None] = lambda: None
        self.superseded = threading.Event()
        self._versions: dict[int, int] = {}
        self._dirty: set[int] = set()
        self._acts_put = 0
        self._proof_id = ""
        self._ref_proofs: list[str] = []
        self._over = threading.Event()
        self._publishing = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name="publish")

    def load(self) -> None:
        """Go on from what an earlier coordinator of the same attempt said, if there was one."""
        index = self._said.get("board") or {}
        self.book.load(int(index.get("lines", 0)))
        with self._lock:
            self._versions = {int(page): version for page, version in index.get("pages", {}).items()}
            acts = int(index.get("acts", 0))
            while self._said.get(f"act:{acts + 1}") is not None:
                acts += 1
            self._acts_put = acts
            if index and index["attempt"] == self._lead["attempt"]:
                self._view = job_view_of(self._view.spec, index["view"])
                # Planning begins a new attempt of the board; what was spent so far stays spent.
                if not self._view.phase.final:
                    self._view = replace(self._view, phase=Phase.QUEUED)
            elif index:
                before = job_view_of(self._view.spec, index["view"])
                spent = before.container_seconds
                self._view = replace(self._view, attempt=before.attempt, container_seconds=spent)

    def begin(self) -> None:
        """Publish from now on."""
        self.publish()
        self._thread.start()

    # -- ports.Board -------------------------------------------------------------------------------------------

    def phase(self, phase: Phase, note: str = "") -> None:
        """Enter a phase. In the Dict before it returns."""
        if phase.final:
            self.before_end()
        spent = self._view.container_seconds
        super().phase(phase, note)
        with self._lock:
            self._view = replace(self._view, container_seconds=spent)
            if phase is Phase.PLANNING:
                self._dirty |= set(self._versions)
        if phase.final and self.superseded.is_set():
            return
        patiently("saying the phase", self.publish, time.sleep)

    def chunk(self, view: ChunkView) -> None:
        """Replace the view of one chunk."""
        super().chunk(view)
        with self._lock:
            self._dirty.add(view.number // PAGE)

    def log(self, text: str, *, worker: str = "job", chunk: int = 0) -> None:
        """Add a line, here and to the service's own log."""
        text = clean(redact(text, self._tokens.hf, self._tokens.ms))
        self.book.add(worker, chunk, text)
        say(worker, chunk, text)

    def proof(self, proof: Proof) -> None:
        """Record the proof. In the Dict before it returns."""
        key = f"proof:{len(self._ref_proofs) + 1}" if proof.ref else "proof"
        patiently("keeping the proof", lambda: self._said.put(key, proof_plain(proof)), time.sleep)
        super().proof(proof)
        if proof.ref:
            self._ref_proofs.append(proof.id)
        else:
            self._proof_id = proof.id
        patiently("saying the proof", self.publish, time.sleep)

    def intent(self, kind: str, payload: Mapping[str, object]) -> int:
        """Note a remote act before it is sent. In the Dict before it returns."""
        return self._put_act({"kind": kind, "payload": dict(payload), "at": stamp(datetime.now(UTC))})

    def outcome(self, intent: int, state: str, payload: Mapping[str, object]) -> None:
        """Note how an act ended."""
        self._put_act({"of": intent, "state": state, "result": dict(payload)})

    def _put_act(self, act: dict[str, Any]) -> int:
        with self._publishing:
            place = self._acts_put + 1
            patiently("noting an act", lambda: self._said.put(f"act:{place}", act), time.sleep)
            self._acts_put = place
            return place

    def cancel_requested(self) -> bool:
        """Whether the person cancelled, as seen a tick ago."""
        return self._cancel.is_set()

    def keep_ledger(self, pages: Mapping[str, object]) -> None:
        """Leave what was learnt for the person's own store, before the end is told."""
        self._said.put_all(pages)

    # -- publishing --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._over.wait(TICK):
            try:
                self.publish()
            except Hf2msError as error:
                say("job", 0, f"the state was not published: {error}")

    def publish(self) -> None:
        """Put what changed into the Dict, and look whether the job was cancelled or another coordinator leads."""
        with self._publishing:
            lead = self._record.get("lead")
            if lead is not None and lead != self._lead:
                self.superseded.set()
                return
            if self._record.get("cancel"):
                self._cancel.set()
            self.book.flush()
            with self._lock:
                dirty, self._dirty = self._dirty, set()
                pages = {
                    page: [
                        chunk_view_plain(view)
                        for number, view in sorted(self._chunks.items())
                        if number // PAGE == page
                    ]
                    for page in dirty
                }
            try:
                for page, views in pages.items():
                    self._said.put(f"chunks:{page}", views)
                    self._versions[page] = self._versions.get(page, 0) + 1
                self._said.put("board", self._index())
            except Hf2msError:
                with self._lock:
                    self._dirty |= dirty
                raise

    def _index(self) -> dict[str, Any]:
        return {
            **self._lead,
            "view": job_view_plain(replace(self.view(), chunks=())),
            "pages": {str(page): version for page, version in self._versions.items()},
            "lines": self.book.count,
            "acts": self._acts_put,
            "proof": self._proof_id,
            "ref_proofs": list(self._ref_proofs),
            "beat": stamp(datetime.now(UTC)),
        }

    def close(self) -> None:
        """Publish what is left and end."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if not self.superseded.is_set():
            patiently("saying the end", self.publish, time.sleep)
