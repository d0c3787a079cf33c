"""Jobs and the board: one migration of one repo at one revision, and the live state that outlives the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import GitRef, RepoRef


class Phase(Enum):
    """Where a job is. The last three are final."""

    QUEUED = "queued"
    PLANNING = "planning"
    MOVING = "moving"
    COMMITTING = "committing"
    PROVING = "proving"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the job will not go on by itself."""
        return self in {Phase.DONE, Phase.FAILED, Phase.CANCELLED}

    @property
    def glyph(self) -> str:
        """One cell that tells the phases apart without colour."""
        return {"queued": "○", "done": "✓", "failed": "✗", "cancelled": "⊘"}.get(self.value, "●")


class ChunkState(Enum):
    """Where a chunk is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefMove:
    """A branch or tag of the source at a pinned revision, and the branch or tag of the destination that is to hold it."""

    source: GitRef
    kind: str
    name: str

    @property
    def words(self) -> str:
        """What it is on the source: ``tag v1.0``."""
        return self.source.words

    @property
    def there(self) -> str:
        """What it becomes on the destination: ``tag v1.0``."""
        return f"{self.kind} {self.name}"

    @property
    def text(self) -> str:
        """As one text; git allows no blanks in names. ``of`` reads it back."""
        return f"{self.source.kind} {self.source.name} {self.source.revision} {self.kind} {self.name}"

    @classmethod
    def of(cls, text: str) -> RefMove:
        """Read what ``text`` gave. Raises ValueError for anything else."""
        kind, name, revision, to_kind, to_name = text.split(" ")
        return cls(GitRef(name, kind, revision), to_kind, to_name)


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job is to do; enough to start it again. Holds no token.

    ``revision`` is pinned at submission, empty when the job itself resolves ``branch`` as its first act. ``workers`` are
    chunks at once, ``streams`` blobs at once in each worker. ``refs`` are branches and tags that are brought over besides,
    each a ``RefMove.text``. ``tombstone`` names the one that a restore is made from; ``source`` is then its destination.
    """

    id: str
    source: RepoRef
    destination: RepoRef
    revision: str = ""
    branch: str = ""
    level: Level = Level.READ_BACK
    workers: int = 4
    streams: int = 2
    source_endpoint: str = ""
    destination_endpoint: str = ""
    engine: str = "local"
    refs: tuple[str, ...] = ()
    tombstone: str = ""

    @property
    def ref_moves(self) -> tuple[RefMove, ...]:
        """The branches and tags to bring over, in order."""
        return tuple(RefMove.of(text) for text in self.refs)


@dataclass(frozen=True, slots=True)
class ChunkView:
    """The live state of one chunk. Bytes; ``changed_at`` is when bytes last moved (UTC); ``rate`` is bytes per second."""

    number: int
    size: int
    blobs: int = 1
    moved: int = 0
    state: ChunkState = ChunkState.WAITING
    attempts: int = 0
    worker: str = ""
    path: str = ""
    rate: float = 0.0
    changed_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class JobView:
    """What a board says of a job at one moment. Bytes and UTC throughout.

    ``total`` is what the repo holds, ``present`` what the destination had before (costs nothing), ``to_move`` the rest,
    ``moved`` how much of that arrived, ``to_read_back`` and ``read_back`` the same for the proof.
    """

    spec: JobSpec
    phase: Phase = Phase.QUEUED
    files: int = 0
    total: int = 0
    present: int = 0
    to_move: int = 0
    moved: int = 0
    resent: int = 0
    to_read_back: int = 0
    read_back: int = 0
    requests: int = 0
    chunks: tuple[ChunkView, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    beat_at: datetime | None = None
    attempt: int = 0
    cancel_requested: bool = False
    alive: bool | None = None
    """whether its process runs, as the engine found; None when nobody has looked"""
    error: dict[str, object] = field(default_factory=dict)
    """``Hf2msError.as_dict`` of what ended it"""
    proof_id: str = ""
    excepted: int = 0
    """files that the proof excepts: they differ on the destination for a reason it names"""
    destination_revision: str = ""
    note: str = ""
    containers: int = 0
    """containers of the engine that work for it now"""
    container_seconds: float = 0.0
    """seconds that containers were in use for it so far, added up; what an account is billed for"""
    dollars: float | None = None
    """US dollars that it cost so far, by the engine's rates; None where nothing is billed or no rate is known"""

    @property
    def outcome(self) -> str:
        """What its proof says, for a job that is done: ``proven``, or ``proven, 1 excepted``."""
        return f"proven, {self.excepted:,} excepted" if self.excepted else "proven"

    @property
    def id(self) -> str:
        """The job's id."""
        return self.spec.id

    @property
    def unseen(self) -> bool:
        """Whether nobody can tell now if the job runs: this is how it was when it was last seen, and ``note`` says why."""
        return not self.phase.final and self.alive is None and bool(self.note)

    @property
    def lost(self) -> bool:
        """Whether the job should be running but its process is known to be gone."""
        return not self.phase.final and self.alive is False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a job's log, its ``text`` clean. ``seq`` counts from 1 without gaps, ``at`` is UTC."""

    seq: int
    at: datetime
    worker: str
    text: str
    chunk: int = 0
    """the chunk it is about, 0 for the job as a whole"""
