"""What a proof says of single files: the levels of evidence, the verdicts, and which files may be excepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hf2ms_tui.domain.manifest import Blob

CARD = "README.md"
"""the file whose YAML front matter is a repo's card"""

EXCEPTABLE = frozenset({CARD, ".gitattributes", "configuration.json", "dataset_infos.json"})
"""The files that hubs rewrite or generate, at the top of a repo. No other file is ever excepted."""


class Level(Enum):
    """How strong the evidence of a proof is, weakest first."""

    LISTED = "listed"
    """both hubs' listings agree"""
    STORED = "stored"
    """the destination, asked again, still holds every blob"""
    READ_BACK = "read-back"
    """every byte was downloaded from the destination and hashed"""

    @property
    def rank(self) -> int:
        """0, 1, 2: comparable strength."""
        return _RANKS[self]

    @property
    def words(self) -> str:
        """The level in words, for screens."""
        return self.value.replace("-", " ")


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Verdict(Enum):
    """What the comparison says of one file."""

    PROVEN = "proven"
    MISMATCH = "mismatch"
    MISSING = "missing"
    UNKNOWN = "unknown"
    EXTRA = "extra"
    """on the destination only; reported, never a reason to doubt the source's files"""
    EXCEPTED = "excepted"
    """one of the ``EXCEPTABLE`` files, different on the destination for a reason that was recomputed from both contents"""

    @property
    def glyph(self) -> str:
        """One cell that tells the verdicts apart without colour."""
        return _GLYPHS[self.value]

    @property
    def problem(self) -> bool:
        """Whether it keeps the gate shut by itself."""
        return self in {Verdict.MISMATCH, Verdict.MISSING, Verdict.UNKNOWN}


_GLYPHS = {"proven": "✓", "mismatch": "✗", "missing": "○", "unknown": "?", "extra": "+", "excepted": "≈"}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict on one path, with the evidence: both sides' hashes (None unknown) and sizes in bytes (None absent).

    ``level`` is the strongest evidence that held for this file; ``why`` explains anything but a plain proven. ``where`` is
    empty when the bytes are in the destination itself, else the other repo's place that holds them (``domain.elsewhere``).
    """

    path: str
    verdict: Verdict
    source_sha256: str | None = None
    destination_sha256: str | None = None
    source_size: int | None = None
    destination_size: int | None = None
    level: Level = Level.LISTED
    why: str = ""
    where: str = ""

    @property
    def unfounded(self) -> bool:
        """Whether it is said to be excepted and cannot be: another file, a hash missing, or no difference at all."""
        return self.verdict is Verdict.EXCEPTED and (
            self.path not in EXCEPTABLE
            or not self.why
            or not self.source_sha256
            or not self.destination_sha256
            or self.source_sha256 == self.destination_sha256
        )


@dataclass(frozen=True, slots=True)
class Explained:
    """Two contents of one of the ``EXCEPTABLE`` files, both read whole, and the rule (``why``) that makes one of the other."""

    source: Blob
    destination: Blob
    why: str
