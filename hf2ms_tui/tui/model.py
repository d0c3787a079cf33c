"""What the screens show: the rows, the jobs and the messages, held once for all screens. Knows no widget and no hub."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobView


@dataclass(frozen=True, slots=True)
class Said:
    """A message at the foot of the screen, kept for the messages screen. ``tone`` is one of the theme's tones."""

    at: datetime
    text: str
    tone: str


@dataclass(slots=True)
class Model:
    """Rows in the hub's order by key, jobs newest first, and everything that was said.

    ``loading`` and ``trouble`` describe the inventory as a whole; ``version`` counts changes of the rows.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    jobs: tuple[JobView, ...] = ()
    said: list[Said] = field(default_factory=list)
    loading: bool = True
    trouble: str = ""
    version: int = 0

    def put(self, rows: Iterable[Row]) -> set[str]:
        """Add or replace rows; a decision made here while a refresh ran is kept. Returns the keys that changed."""
        changed = set()
        for row in rows:
            if self.rows.get(row.key) != row:
                self.rows[row.key] = row
                changed.add(row.key)
        if changed:
            self.version += 1
        return changed

    def replace_all(self, rows: Iterable[Row]) -> None:
        """Take a whole new inventory; repos that are gone disappear."""
        self.rows = {row.key: row for row in rows}
        self.version += 1

    def decide(self, decisions: dict[str, Decision]) -> None:
        """Show decisions at once, before they are stored; the store's answer may put them back."""
        for key, decision in decisions.items():
            row = self.rows.get(key)
            if row is not None and row.decision is not decision:
                self.rows[key] = replace(row, decision=decision)
                self.version += 1

    def drop(self, key: str) -> None:
        """Forget a repo that is gone."""
        if self.rows.pop(key, None) is not None:
            self.version += 1

    def say(self, text: str, tone: str) -> Said:
        """Keep a message; at most a thousand of them."""
        said = Said(datetime.now(UTC), text, tone)
        self.said.append(said)
        del self.said[:-1000]
        return said

    @property
    def running(self) -> int:
        """How many jobs are under way."""
        return sum(1 for view in self.jobs if not view.phase.final and not view.lost)

    def job_of(self, key: str) -> JobView | None:
        """The newest job of a repo."""
        return next((view for view in self.jobs if view.spec.source.key == key), None)
