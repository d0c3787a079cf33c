"""Decisions a person makes about a repo, and the advice the program may give. Neither changes anything remote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Decision(Enum):
    """What a person wants to happen with a repo."""

    UNDECIDED = "undecided"
    MIGRATE = "migrate"
    DELETE = "delete"
    KEEP = "keep"
    LATER = "later"

    @property
    def decided(self) -> bool:
        """Whether triage is through with the repo; ``later`` comes round again."""
        return self in {Decision.MIGRATE, Decision.DELETE, Decision.KEEP}


class Confidence(Enum):
    """How sure an advice is, surest first."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Advice:
    """What the program suggests for one repo. ``headline`` fits a table cell, ``reasons`` are whole sentences."""

    suggestion: Decision
    headline: str
    reasons: tuple[str, ...]
    confidence: Confidence
    then_delete: bool = False
    """with MIGRATE: delete the source once every file is proven"""
