"""Elsewhere: other repos of the destination's owner in which the same bytes were read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hf2ms_tui.domain.repo import RepoRef


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A repo at a revision that another repo's proof found to hold content. ``at`` is when that proof was made (UTC).

    ``ref`` names the branch or tag of that repo which kept the revision (``branch master``); ``proof_id`` is that proof.
    """

    repo: RepoRef
    revision: str
    ref: str
    proof_id: str
    at: datetime

    def path(self, path: str) -> str:
        """How a file verdict names one of its files: ``ms:model:acme/parent@<revision>:<path>``."""
        return f"{self.repo.key}@{self.revision}:{path}"

    def holds(self, where: str) -> str | None:
        """The exact path that ``where`` names, None when it names another place."""
        head = f"{self.repo.key}@{self.revision}:"
        return where.removeprefix(head) if where.startswith(head) else None

    @property
    def words(self) -> str:
        """The place in short: ``acme/parent@1a2b3c4``."""
        return f"{self.repo.id}@{self.revision[:7]}"

    @property
    def row(self) -> list[str]:
        """As JSON-ready values, for digests and the store; ``of`` reads it back."""
        return [self.repo.key, self.revision, self.ref, self.proof_id, self.at.isoformat()]

    @classmethod
    def of(cls, row: list[str]) -> Elsewhere:
        """Read what ``row`` gave. Raises ValueError or BadInput for anything else."""
        key, revision, ref, proof_id, at = row
        return cls(RepoRef.from_key(key), revision, ref, proof_id, datetime.fromisoformat(at))
