"""What a bench says: one row for each budget of the design, and the table of all of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One budget: what was measured, what is allowed, whether it holds (None: told for information only)."""

    name: str
    measured: str
    budget: str = ""
    holds: bool | None = None
    notes: str = ""

    @property
    def verdict(self) -> str:
        """The word of the table."""
        return {None: "", True: "holds", False: "MISSED"}[self.holds]


def at_most(
    name: str, value: float, limit: float, unit: str = "", notes: str = "", *, digits: int = 2
) -> Row:
    """A row for a value that must not exceed a limit."""
    gap = "" if unit in {"", "×"} else " "
    return Row(
        name,
        f"{value:,.{digits}f}{gap}{unit}",
        f"≤ {limit:,g}{gap}{unit}",
        value <= limit,
        notes,
    )


def told(name: str, measured: str, notes: str = "") -> Row:
    """A row without a budget."""
    return Row(name, measured, notes=notes)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of all lie (nearest rank)."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """All values of repeated measurements, so that a median does not hide its spread."""
    return " ".join(f"{value:.{digits}f}" for value in sorted(values))


def median(values: Iterable[float]) -> float:
    """The median."""
    return float(statistics.median(values))


def print_rows(rows: Iterable[Row], head: bool = False) -> None:
    """Print rows in fixed columns, so that they can come one by one."""
    if head:
        print(f"{'what':<58}{'measured':>14}  {'budget':<12}{'verdict':<9}notes")
    for row in rows:
        print(f"{row.name:<58}{row.measured:>14}  {row.budget:<12}{row.verdict:<9}{row.notes}", flush=True)
