"""A board and a ledger that live in memory: for proving without a job, for benches, and wherever nothing must outlive us."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from hf2ms_tui.domain.job import ChunkView, JobSpec, JobView, LogLine, Phase
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Proof, ReadBack

_OWN = frozenset({"spec", "chunks", "created_at", "beat_at", "cancel_requested", "alive"})
_FIELDS = frozenset(each.name for each in fields(JobView)) - _OWN


@dataclass(frozen=True, slots=True)
class Act:
    """One journalled remote act. ``state`` is empty until its outcome is known."""

    number: int
    kind: str
    payload: Mapping[str, object]
    state: str = ""
    result: Mapping[str, object] = field(default_factory=dict)


class MemoryBoard:
    """``ports.Board`` in memory. Everything that was written can be looked at."""

    def __init__(self, spec: JobSpec) -> None:
        self._lock = threading.Lock()
        self._view = JobView(spec, created_at=datetime.now(UTC))
        self._chunks: dict[int, ChunkView] = {}
        self._numbers = itertools.count(1)
        self._cancel = threading.Event()
        self.lines: list[LogLine] = []
        self.phases: list[Phase] = []
        self.proofs: list[Proof] = []
        self.acts: list[Act] = []

    def update(self, **changes: object) -> None:
        """Set fields of the view by name. Raises TypeError for a name that is not the runner's to set."""
        if unknown := changes.keys() - _FIELDS:
            raise TypeError(f"the board does not take {', '.join(sorted(unknown))}")
        with self._lock:
            self._view = replace(self._view, **changes)  # type: ignore[arg-type]

    def phase(self, phase: Phase, note: str = "") -> None:
        """Enter a phase. Planning begins an attempt: its counters, chunks and error start anew."""
        with self._lock:
            view = self._view
            if phase is Phase.PLANNING and view.phase is not Phase.PLANNING:
                view = JobView(
                    view.spec,
                    files=view.files,
                    total=view.total,
                    created_at=view.created_at,
                    started_at=datetime.now(UTC),
                    attempt=view.attempt + 1,
                )
                self._chunks = {}
            if phase.final:
                view = replace(view, ended_at=datetime.now(UTC))
            self._view = replace(view, phase=phase, note=note)
            self.phases.append(phase)

    def chunk(self, view: ChunkView) -> None:
        """Replace the view of one chunk."""
        with self._lock:
            self._chunks[view.number] = view

    def log(self, text: str, *, worker: str = "job", chunk: int = 0) -> None:
        """Add a line."""
        with self._lock:
            self.lines.append(LogLine(len(self.lines) + 1, datetime.now(UTC), worker, text, chunk))

    def proof(self, proof: Proof) -> None:
        """Keep the proof. The job is linked to that of its default branch."""
        with self._lock:
            self.proofs.append(proof)
            if not proof.ref:
                self._view = replace(
                    self._view,
                    proof_id=proof.id,
                    excepted=len(proof.exceptions),
                    destination_revision=proof.destination_revision,
                )

    def intent(self, kind: str, payload: Mapping[str, object]) -> int:
        """Note an act before it is sent."""
        with self._lock:
            act = Act(next(self._numbers), kind, dict(payload))
            self.acts.append(act)
            return act.number

    def outcome(self, intent: int, state: str, payload: Mapping[str, object]) -> None:
        """Note how it ended."""
        with self._lock:
            place = next(index for index, act in enumerate(self.acts) if act.number == intent)
            self.acts[place] = replace(self.acts[place], state=state, result=dict(payload))

    def view(self) -> JobView:
        """The state so far, chunks by number."""
        with self._lock:
            return replace(
                self._view,
                chunks=tuple(self._chunks[number] for number in sorted(self._chunks)),
                cancel_requested=self._cancel.is_set(),
            )

    def cancel(self) -> None:
        """What a person's cancel does."""
        self._cancel.set()

    def cancel_requested(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancel.is_set()


class MemoryLedger:
    """``ports.Ledger`` in memory, for one destination."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sha256: dict[str, str] = {}
        self._uploaded: set[Blob] = set()
        self._read_backs: dict[str, dict[str, ReadBack]] = {}

    def sha256_of(self, git_oids: Iterable[str]) -> Mapping[str, str]:
        """Known sha256 by git blob id."""
        with self._lock:
            return {oid: self._sha256[oid] for oid in git_oids if oid in self._sha256}

    def learn_sha256(self, pairs: Mapping[str, str]) -> None:
        """Remember sha256 by git blob id."""
        with self._lock:
            self._sha256.update(pairs)

    @property
    def hashes(self) -> dict[str, str]:
        """Every known sha256 by git blob id."""
        with self._lock:
            return dict(self._sha256)

    @property
    def blobs(self) -> frozenset[Blob]:
        """Every confirmed blob."""
        with self._lock:
            return frozenset(self._uploaded)

    def uploaded(self, blob: Blob) -> None:
        """Note a confirmed blob."""
        with self._lock:
            self._uploaded.add(blob)

    def was_uploaded(self, blob: Blob) -> bool:
        """Whether it was confirmed before."""
        with self._lock:
            return blob in self._uploaded

    def read_backs(self, destination_revision: str) -> Mapping[str, ReadBack]:
        """What was read back from a revision, by path."""
        with self._lock:
            return dict(self._read_backs.get(destination_revision, {}))

    def doubt_read_backs(self, destination_revision: str) -> None:
        """Forget what was read back from a revision."""
        with self._lock:
            self._read_backs.pop(destination_revision, None)

    def note_read_back(self, destination_revision: str, path: str, result: ReadBack) -> None:
        """Remember one file read back, now unless ``result`` says when."""
        if result.at is None:
            result = replace(result, at=datetime.now(UTC))
        with self._lock:
            self._read_backs.setdefault(destination_revision, {})[path] = result
