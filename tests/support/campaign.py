"""What all campaigns share: one command line, cases drawn from a seed, a table of figures, a summary line, an exit code.

A campaign makes things go wrong on purpose and looks whether what was promised still holds. Its exit code is 1 when it did
not, whatever else went wrong meanwhile; a case can be run again alone by its number and the seed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """What a campaign counted: rows of figures, and sentences about promises that were broken."""

    columns: Sequence[str]
    rows: dict[str, Counter[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    cases: int = 0
    began: float = field(default_factory=time.monotonic)

    def count(self, row: str, column: str, times: int = 1) -> None:
        """Count ``times`` under a row and a column."""
        if column not in self.columns:
            raise KeyError(column)
        self.rows.setdefault(row, Counter())[column] += times

    def case(self, row: str, column: str, broken: Iterable[str] = ()) -> None:
        """Count one case and remember what it broke."""
        self.cases += 1
        self.count(row, column)
        self.broken += broken

    def total(self, column: str) -> int:
        """The sum of a column."""
        return sum(row[column] for row in self.rows.values())

    def table(self) -> list[str]:
        """The figures, one line per row, with sums."""
        width = max((len(name) for name in self.rows), default=5)
        head = f"{'':<{width}}" + "".join(f"  {name:>{max(len(name), 6)}}" for name in self.columns)
        lines = [head]
        for name in self.rows:
            figures = self.rows[name]
            lines.append(
                f"{name:<{width}}"
                + "".join(f"  {figures[column] or '·':>{max(len(column), 6)}}" for column in self.columns)
            )
        sums = "".join(f"  {self.total(column):>{max(len(column), 6)}}" for column in self.columns)
        return [*lines, f"{'all':<{width}}{sums}"]

    def report(self, name: str, seed: int, *more: str) -> int:
        """Print the table, what was broken and the summary line; the exit code."""
        print("\n".join(self.table()))
        for sentence in self.broken[:50]:
            print(f"BROKEN  {sentence}")
        seconds = time.monotonic() - self.began
        print(
            f"{name}: seed {seed} · {self.cases:,} cases in {seconds:,.0f} s"
            f" · {' · '.join((*more, f'broken promises {len(self.broken)}'))}"
        )
        return 1 if self.broken else 0


def options(description: str, *, seed: int = 1, minutes: float = 20.0) -> argparse.ArgumentParser:
    """The command line that all campaigns have; add what is particular."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--seed", type=int, default=seed, help=f"what all chance is drawn from; default {seed}"
    )
    parser.add_argument(
        "--minutes", type=float, default=minutes, help=f"begin no new case after so long; default {minutes:g}"
    )
    return parser


def drawn(seed: int, *names: object) -> random.Random:
    """Chance of its own for one case: the same for the same seed and names, whatever ran before."""
    return random.Random(f"{seed} {names}")
