"""Proof: the recorded comparison of two manifests, with the level of its evidence and a verdict for every file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.verdict import FileVerdict, Level, Verdict

__all__ = ["FileVerdict", "Level", "Proof", "ReadBack", "Verdict"]


@dataclass(frozen=True, slots=True)
class Proof:
    """A comparison of ``source`` at a revision with ``destination`` at a revision. Files are sorted by path.

    ``level`` is what was asked for; ``holds`` says whether every file of the source was proven at that level, but for the
    ``exceptions``. ``doubt`` is the reason when either listing may be cut short. ``ref`` names the branch or tag of the
    source that it is about (``tag v1.0``), empty for the default branch; ``destination_ref`` the one of the destination that
    keeps its revision. ``places`` are other repos in which some files were found proven; ``destination_revision`` is empty
    when all were, because there is no destination. ``oldest`` is when the oldest file that counts as read back was read,
    where that was before this comparison.
    """

    source: RepoRef
    source_revision: str
    destination: RepoRef
    destination_revision: str
    level: Level
    at: datetime
    files: tuple[FileVerdict, ...]
    doubt: str = ""
    job_id: str = ""
    ref: str = ""
    destination_ref: str = ""
    places: tuple[Elsewhere, ...] = ()
    oldest: datetime | None = None

    @property
    def evidence_at(self) -> datetime:
        """When the oldest evidence in it was gathered (UTC): its own moment, an earlier reading, or a proof it rests on."""
        return min((self.at, self.oldest or self.at, *(place.at for place in self.places)))

    @property
    def counts(self) -> Counter[Verdict]:
        """How many files have each verdict."""
        return Counter(file.verdict for file in self.files)

    @property
    def problems(self) -> tuple[FileVerdict, ...]:
        """The files that keep the proof from holding."""
        return tuple(file for file in self.files if self._is_problem(file))

    @property
    def exceptions(self) -> tuple[FileVerdict, ...]:
        """The files that differ on the destination for a known reason. They count neither as proven nor as problems.

        Whoever deletes the source needs their original bytes (``source_sha256``, ``source_size``) kept elsewhere.
        """
        return tuple(
            file for file in self.files if file.verdict is Verdict.EXCEPTED and not self._is_problem(file)
        )

    def _is_problem(self, file: FileVerdict) -> bool:
        return file.verdict.problem or file.unfounded or self._too_weak(file)

    def _too_weak(self, file: FileVerdict) -> bool:
        return file.verdict is not Verdict.EXTRA and file.level.rank < self.level.rank

    @property
    def holds(self) -> bool:
        """Whether every file of the source is proven at the asked level, or excepted, and both listings are known to be whole.

        Whoever says so also says how many are excepted.
        """
        return not self.doubt and not self.problems

    @property
    def total(self) -> int:
        """Files of the source."""
        return sum(1 for file in self.files if file.verdict is not Verdict.EXTRA)

    @property
    def proven(self) -> int:
        """Files of the source proven at the asked level; excepted ones are not among them."""
        return self.total - len(self.problems) - len(self.exceptions)

    @property
    def outcome(self) -> str:
        """How many files are proven, in words: ``12 of 12``, or ``11 of 12, 1 excepted``."""
        excepted = len(self.exceptions)
        return f"{self.proven:,} of {self.total:,}" + (f", {excepted:,} excepted" if excepted else "")

    @property
    def id(self) -> str:
        """A digest of everything the proof says: 16 hex digits, equal only for equal proofs."""
        text = json.dumps(
            [
                self.source.key,
                self.source_revision,
                self.destination.key,
                self.destination_revision,
                self.level.value,
                self.at.isoformat(),
                self.doubt,
                [
                    [f.path, f.verdict.value, f.source_sha256, f.destination_sha256, f.level.value]
                    + ([f.why] if f.verdict is Verdict.EXCEPTED else [])
                    + ([f.where] if f.where else [])
                    for f in self.files
                ],
                *([self.ref, self.destination_ref] if self.ref else []),
                *([[place.row for place in self.places]] if self.places else []),
                *([self.oldest.isoformat()] if self.oldest else []),
            ]
        )
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def summary(self) -> str:
        """One line: ``proven 1,045 · mismatch 1 · missing 0 · unknown 0 · extra 2``; excepted files second, if any."""
        counts = self.counts
        return " · ".join(
            f"{verdict.value} {counts[verdict]:,}"
            for verdict in _ORDER
            if verdict is not Verdict.EXCEPTED or counts[verdict]
        )


_ORDER = (
    Verdict.PROVEN,
    Verdict.EXCEPTED,
    Verdict.MISMATCH,
    Verdict.MISSING,
    Verdict.UNKNOWN,
    Verdict.EXTRA,
)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What reading one file back from the destination gave: the digest and size of the bytes, or why it failed.

    ``at`` is when that was (UTC), where it is remembered from before.
    """

    sha256: str = ""
    size: int = 0
    error: str = ""
    at: datetime | None = field(default=None, compare=False)
