"""What the gate looks at, and what a check says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef

MAX_PROOF_AGE = timedelta(hours=24)


class CheckState(Enum):
    """Whether a check holds. Unknown never opens the gate."""

    OK = "ok"
    FAILS = "fails"
    UNKNOWN = "unknown"

    @property
    def glyph(self) -> str:
        """One cell that tells the states apart without colour."""
        return {"ok": "✓", "fails": "✗", "unknown": "?"}[self.value]


class CheckName(Enum):
    """The checks, in the order in which they are shown."""

    WRITABLE = "deleting is allowed here"
    SAME_REPO = "same repo as listed"
    BACKUP_EXISTS = "backup exists"
    FILES_PROVEN = "every file proven"
    SOURCE_UNCHANGED = "source unchanged"
    PROOF_FRESH = "proof is fresh"
    DESTINATION_UNCHANGED = "destination unchanged"
    OTHER_REFS = "other branches and tags"
    NO_JOB = "no job running"
    MAY_DELETE = "token may delete"


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its evidence and, when it does not hold, the way out."""

    name: CheckName
    state: CheckState
    evidence: str
    way_out: str = ""

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.state is CheckState.OK


@dataclass(frozen=True, slots=True)
class RefCoverage:
    """How many files of a branch or tag, other than the proven revision, exist nowhere on the destination.

    ``lost`` names them (exact paths, sorted); ``unknown`` says why that could not be found out. Bytes in ``lost_bytes``.
    """

    ref: GitRef
    lost: tuple[str, ...] = ()
    lost_bytes: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything the gate looks at, read at one moment (``now``, UTC).

    Each ``*_trouble`` says why a fact could not be read, empty when it could. ``acknowledged`` are the names of refs whose
    loss the person accepted by typing them.
    """

    ref: RepoRef
    now: datetime
    read_only: bool = False
    source: RepoInfo | None = None
    source_trouble: str = ""
    refs: tuple[GitRef, ...] = ()
    branch: str = "main"
    destination: RepoInfo | None = None
    destination_revision: str = ""
    destination_trouble: str = ""
    proof: Proof | None = None
    required: Level = Level.READ_BACK
    max_age: timedelta = MAX_PROOF_AGE
    coverage: tuple[RefCoverage, ...] = ()
    acknowledged: frozenset[str] = field(default_factory=frozenset)
    running_jobs: tuple[str, ...] = ()
    may_delete: bool | None = None
    may_delete_why: str = ""
    delete_page: str = ""
    """address of the page on which a person can delete the repo by hand, empty when the hub does not tell"""
