"""What a job needs from whoever runs it: a board, a ledger, a pool and a way to be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from hf2ms_tui.domain.job import ChunkView, JobView, Phase
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Proof, ReadBack

T = TypeVar("T")
R = TypeVar("R")


class Board(Protocol):
    """The live state of a job, as its runner writes it. Safe to call from any thread, cheap, never raises for load."""

    def update(self, **changes: object) -> None:
        """Set fields of ``JobView`` by name (``phase``, ``files``, ``total``, ``present``, ``to_move``, ``moved``, …)."""

    def phase(self, phase: Phase, note: str = "") -> None:
        """Enter a phase. Durable before it returns."""

    def chunk(self, view: ChunkView) -> None:
        """Replace the view of one chunk, by number; coalesced."""

    def log(self, text: str, *, worker: str = "job", chunk: int = 0) -> None:
        """Add a line to the job's log. Foreign text in it is already clean."""

    def proof(self, proof: Proof) -> None:
        """Record the proof and link it to the job. Durable before it returns."""

    def intent(self, kind: str, payload: Mapping[str, object]) -> int:
        """Journal a remote act (``repo.create``, ``repo.commit``) of this job before it is sent; durable before it returns.

        Returns the number that ``outcome`` takes. Blobs are not journalled one by one: they are known by their content.
        """

    def outcome(self, intent: int, state: str, payload: Mapping[str, object]) -> None:
        """Journal how the act ended: ``done``, ``failed`` or ``unknown`` (its answer was lost)."""

    def view(self) -> JobView:
        """The state as written so far."""

    def cancel_requested(self) -> bool:
        """Whether the person asked to cancel; cheap enough to ask for every block of bytes."""


class Ledger(Protocol):
    """What a job remembers across kills, so that a second run starts where the first stopped. Durable, thread-safe.

    Keyed by blob, and by hub and owner where the destination is concerned.
    """

    def sha256_of(self, git_oids: Iterable[str]) -> Mapping[str, str]:
        """Known sha256 for git blob ids of regular files, learnt by reading them."""

    def learn_sha256(self, pairs: Mapping[str, str]) -> None:
        """Remember sha256 values by git blob id."""

    def uploaded(self, blob: Blob) -> None:
        """Note that the destination confirmed this blob."""

    def was_uploaded(self, blob: Blob) -> bool:
        """Whether an earlier run got a confirmation for this blob. A hint for reports; the hub is asked all the same."""

    def read_backs(self, destination_revision: str) -> Mapping[str, ReadBack]:
        """What was read back from that revision of this job's destination, by exact path."""

    def note_read_back(self, destination_revision: str, path: str, result: ReadBack) -> None:
        """Remember one file read back successfully from a revision."""


class Pool(Protocol):
    """Workers that run tasks at once. ``run`` yields results as they finish, in any order."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""

    def run(self, task: Callable[[T, str], R], items: Iterable[T]) -> Iterable[R]:
        """Run ``task(item, worker_name)`` for each item, taken in order; the first exception cancels the rest and is raised."""
