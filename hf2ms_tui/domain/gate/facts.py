"""What the gate looks at, and what a check says of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef
from hf2ms_tui.domain.tombstone import TombstoneFact

MAX_PROOF_AGE = timedelta(hours=24)


class CheckState(Enum):
    """Whether a check holds. Only OK opens the gate."""

    OK = "ok"
    FAILS = "fails"
    UNKNOWN = "unknown"
    WAITS = "waits"
    """it holds or fails only once the others hold"""

    @property
    def glyph(self) -> str:
        """One cell that tells the states apart without colour."""
        return {"ok": "✓", "fails": "✗", "unknown": "?", "waits": "○"}[self.value]


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
    TOMBSTONE = "tombstone written"


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its evidence and, when it does not hold, the way out."""

    name: CheckName
    state: CheckState
    evidence: str
    way_out: str = ""
    at: datetime | None = None
    """when the oldest of its evidence was read (UTC), be it by a look or by a proof some time ago; None without evidence"""
    lines: tuple[str, ...] = ()
    """the evidence in full where ``evidence`` sums it up: a line for each branch and tag"""

    def age(self, now: datetime) -> timedelta | None:
        """How old the evidence is at ``now``, never negative; None when there is none."""
        return max(now - self.at, timedelta()) if self.at is not None else None

    @property
    def row(self) -> list[str | list[str] | None]:
        """As JSON-ready values, for the journal: name, evidence, when that was read (ISO 8601, UTC; null without any), and its
        lines where it has some.
        """
        at = self.at.isoformat(timespec="seconds") if self.at else None
        return [self.name.value, self.evidence, at, *([list(self.lines)] if self.lines else [])]

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.state is CheckState.OK


@dataclass(frozen=True, slots=True)
class RefCoverage:
    """How the files of a branch or tag, other than the proven revision, fare. Made by ``coverage.cover``.

    ``lost`` names those whose content exists nowhere on the destination (exact paths, sorted), ``lost_bytes`` counts each
    content once; ``unknown`` says why that could not be found out. ``held`` says where the others are and how many, ``at``
    is when the oldest of that was read (UTC). ``excepted`` differ there for a known reason. ``target`` is what the ref
    would become on the destination (``tag dev``), ``cannot`` says why it cannot be brought over.
    """

    ref: GitRef
    lost: tuple[str, ...] = ()
    lost_bytes: int = 0
    unknown: str = ""
    files: int = 0
    held: tuple[tuple[str, int], ...] = ()
    at: datetime | None = None
    excepted: tuple[tuple[str, str], ...] = ()
    """path and SHA-256 of the source's bytes"""
    target: str = ""
    cannot: str = ""
    carried: str = ""
    """what it is on the destination by now (``tag dev``), proven there as a whole; empty when it was not brought over"""


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """Another repo that a proof rests on, as it is now. ``kept``: whether the revision is still one of its branches or tags.

    ``info`` is None when the repo is gone, ``kept`` None when that could not be read, with the reason in ``trouble``.
    ``proof`` is the recorded proof of that repo, None when it is not on record. ``at`` is when it was read (UTC).
    """

    place: Elsewhere
    info: RepoInfo | None = None
    kept: bool | None = None
    proof: Proof | None = None
    trouble: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldFact:
    """What the destination said at ``at`` (UTC) when asked again for everything that the proof ``proof_id`` found there.

    ``asked`` contents were asked for, ``read`` of them read again and hashed; ``lost`` names those that are not what was
    proven (paths, sorted). ``trouble`` says why that could not be found out, empty when it could.
    """

    proof_id: str
    at: datetime
    asked: int = 0
    read: int = 0
    lost: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReadAt:
    """When each part of the facts was read (UTC), None for what was not.

    It is the moment before the first request for it, so that no evidence is shown younger than it is.
    """

    source: datetime | None = None
    refs: datetime | None = None
    destination: datetime | None = None
    jobs: datetime | None = None
    rights: datetime | None = None
    tombstone: datetime | None = None
    """when the one on the disk was verified, or when writing one failed"""
    settings: datetime | None = None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything the gate looks at, as it is judged at ``now`` (UTC); ``read_at`` says when the parts of it were read.

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
    places: tuple[PlaceFact, ...] = ()
    """the other repos that the proof rests on"""
    held: HeldFact | None = None
    """what the destination said when it was asked again for every content, and which of them were read again"""
    acknowledged: frozenset[str] = field(default_factory=frozenset)
    running_jobs: tuple[str, ...] = ()
    unsettled: bool = False
    """whether an earlier deletion of it was asked for and its outcome is still unknown"""
    may_delete: bool | None = None
    may_delete_why: str = ""
    delete_page: str = ""
    """address of the page on which a person can delete the repo by hand, empty when the hub does not tell"""
    tombstone: TombstoneFact | None = None
    """the tombstone on this machine's disk, verified at this moment"""
    tombstone_trouble: str = ""
    read_at: ReadAt = field(default_factory=ReadAt)


def oldest(*times: datetime | None) -> datetime | None:
    """The earliest of some moments (UTC); None when none is known."""
    return min((at for at in times if at is not None), default=None)


def refs_digest(refs: tuple[GitRef, ...]) -> str:
    """A digest of a set of refs: equal only when every branch and tag is at the same revision."""
    lines = sorted(f"{ref.kind} {ref.name} {ref.revision}" for ref in refs)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
