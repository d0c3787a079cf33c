"""Backup status: what is known of a repo's copy on the other hub, and how an inventory row joins both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.decision import Advice, Decision
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoInfo, RepoRef


class BackupState(Enum):
    """How far a repo is known to be backed up."""

    NONE = "none"
    EXISTS = "exists"
    """a repo of that id is there; its files were not compared, or (``total`` > 0) only listed on both sides and found alike"""
    PARTIAL = "partial"
    DIFFERS = "differs"
    PROVEN = "proven"
    STALE = "stale"
    """was proven, but the source has moved on"""
    UNKNOWN = "unknown"

    @property
    def glyph(self) -> str:
        """One cell that tells the states apart without colour."""
        return {
            "none": "○",
            "exists": "◌",
            "partial": "◐",
            "differs": "✗",
            "proven": "✓",
            "stale": "!",
            "unknown": "?",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Backup:
    """What is known of the copy of a repo on the other hub.

    ``proven`` of ``total`` files were proven for ``source_revision`` at ``proven_at`` (UTC); ``why`` says what is unknown
    or wrong in a few words.
    """

    state: BackupState
    destination: RepoRef | None = None
    proven: int = 0
    total: int = 0
    source_revision: str = ""
    proven_at: datetime | None = None
    level: str = ""
    proof_id: str = ""
    why: str = ""

    @property
    def excepted(self) -> int:
        """Files of a proven copy that are not proven but excepted: they differ for a reason that the proof names."""
        return self.total - self.proven if self.state is BackupState.PROVEN else 0

    @property
    def glyph(self) -> str:
        """One cell for the state; a copy that is proven with exceptions does not look like one that is proven whole."""
        return "≈" if self.excepted else self.state.glyph

    @property
    def words(self) -> str:
        """The state in words for a table cell, without the glyph."""
        if self.state is BackupState.PARTIAL:
            return f"{self.proven:,} of {self.total:,}"
        if self.state is BackupState.DIFFERS:
            bad = self.total - self.proven
            return f"{bad:,} file{'' if bad == 1 else 's'} differ{'s' if bad == 1 else ''}"
        if self.state in {BackupState.UNKNOWN, BackupState.STALE} and self.why:
            return f"{self.state.value} ({self.why})"
        if self.state is BackupState.EXISTS:
            doubt = f" ({self.why})" if self.why else ""
            return f"listed alike, not proven{doubt}" if self.total else f"exists{doubt or ', not compared'}"
        if self.state is BackupState.PROVEN and self.level == Level.STORED.value:
            return f"proven as stored, not read back{self._but}"
        if self.state is BackupState.PROVEN and self.why == "elsewhere":
            return "proven elsewhere"
        return f"{self.state.value}{self._but}"

    @property
    def _but(self) -> str:
        return f", {self.excepted:,} excepted" if self.excepted else ""


NOT_LOOKED = Backup(BackupState.UNKNOWN, why="not looked yet")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inventory: the repo, its backup, the person's decision and the program's advice."""

    info: RepoInfo
    backup: Backup = NOT_LOOKED
    decision: Decision = Decision.UNDECIDED
    advice: Advice | None = None
    job_id: str = ""
    """the newest job of this repo, empty when it never had one"""
    unsettled: bool = False
    """whether its deletion was sent and the outcome is unknown: it may be gone or not"""

    @property
    def key(self) -> str:
        """The repo's stable key."""
        return self.info.ref.key
