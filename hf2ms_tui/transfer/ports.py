"""What a job needs from whoever runs it: a board, a ledger, a pool and a way to be cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.domain.job import ChunkView, JobView, Phase
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Proof, ReadBack

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


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

    def doubt_read_backs(self, destination_revision: str) -> None:
        """Forget all that was read back from a revision: some of it reads otherwise by now."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker elsewhere says of its chunk while it works: bytes and requests since it took the chunk."""

    moved: int = 0
    resent: int = 0
    read: int = 0
    requests: int = 0
    view: ChunkView | None = None


class Task(Protocol[R_co]):
    """Work on chunks, which a worker beside us runs by calling it, and one on another machine from plain data.

    ``kind`` names what ``orders.carry_out`` does with an order. ``mark`` says what the work is about (a revision): chunks
    that an earlier life of the job handed out are waited for only where both are the same.
    """

    @property
    def kind(self) -> str:
        """The name in the registry of orders."""

    @property
    def mark(self) -> str:
        """What it is about."""

    def __call__(self, chunk: Chunk, worker: str) -> R_co:
        """Do it here. Raises what ends the whole job."""

    def order(self, chunk: Chunk) -> dict[str, Any]:
        """All that a worker elsewhere must know to do it, as plain data without secrets."""

    def hear(self, before: Told, now: Told) -> None:
        """Count what a worker elsewhere did between two looks."""

    def take_in(self, chunk: Chunk, answer: Mapping[str, Any]) -> R_co:
        """What a worker elsewhere answered, as the result that a call would have given."""


class Pool(Protocol):
    """Workers that run tasks at once. ``run`` yields results as they finish, in any order."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""

    @property
    def requests(self) -> int:
        """Requests that workers of other processes sent to hubs; those of this one are counted by their sessions."""

    def standing(self, kind: str, mark: str) -> tuple[Chunk, ...]:
        """Chunks of an earlier life of this job that workers still have in hand."""

    def run(self, task: Task[R], items: Iterable[Chunk]) -> Iterable[R]:
        """Run the task for each chunk, taken in order; the first exception cancels the rest and is raised.

        Chunks that are ``standing`` are waited for instead of being handed out again.
        """
