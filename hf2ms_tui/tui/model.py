"""What the screens show: the rows, the jobs and the messages, held once for all screens. Knows no widget and no hub."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.services.totals import Totals


@dataclass(frozen=True, slots=True)
class Said:
    """A message at the foot of the screen, kept for the messages screen. ``tone`` is one of the theme's tones."""

    at: datetime
    text: str
    tone: str


@dataclass(slots=True)
class Model:
    """Rows in the hub's order by key, jobs newest first, and everything that was said.

    ``loading``, ``trouble`` and ``way_out`` describe the inventory as a whole; ``version`` counts changes of the rows.
    ``cached_at`` is when the rows were read, UTC, as long as they come from the cache, and ``stale`` the keys not read
    since. ``order`` are the keys that the inventory shows, first to last, for those who go through them one by one.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    jobs: tuple[JobView, ...] = ()
    said: list[Said] = field(default_factory=list)
    loading: bool = True
    trouble: str = ""
    way_out: str = ""
    version: int = 0
    cached_at: datetime | None = None
    stale: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    filter: str = ""
    looks: int = 0
    """how often repos were looked into: what a repo shares with others may be known better since"""
    at: str = ""
    """key of the repo that triage has on its card"""
    _totals: Totals | None = None

    def put(self, rows: Iterable[Row]) -> set[str]:
        """Add or replace rows; what was decided here meanwhile is kept. Returns the keys that changed."""
        changed = set()
        for row in rows:
            key = row.key
            before = self.rows.get(key)
            if before is not None and before.decision is not row.decision:
                row = replace(row, decision=before.decision)
            if key in self.stale:
                self.stale.discard(key)
                changed.add(key)
            if before != row:
                self.rows[key] = row
                changed.add(key)
        if changed:
            self._changed()
        return changed

    def advise(self, rows: Iterable[Row]) -> set[str]:
        """Take only the advice of ``rows``, for rows that have none: the rest may be older than what is shown. Returns keys."""
        changed = set()
        for row in rows:
            shown = self.rows.get(row.key)
            if shown is not None and shown.advice is None and row.advice is not None:
                self.rows[row.key] = replace(shown, advice=row.advice)
                changed.add(row.key)
        self.version += bool(changed)
        return changed

    def replace_all(self, rows: Iterable[Row], cached_at: datetime | None = None) -> None:
        """Take a whole new inventory; repos that are gone disappear, what was decided here meanwhile is kept.

        With ``cached_at`` the rows come from the cache and are stale until they are read again.
        """
        before = self.rows
        self.rows = {
            row.key: replace(row, decision=before[row.key].decision)
            if row.key in before and before[row.key].decision is not row.decision
            else row
            for row in rows
        }
        self.cached_at = cached_at
        self.stale = set(self.rows) if cached_at else set()
        self._changed()

    def decide(self, decisions: dict[str, Decision]) -> None:
        """Show decisions at once, before they are stored; the store's answer may put them back."""
        for key, decision in decisions.items():
            row = self.rows.get(key)
            if row is not None and row.decision is not decision:
                now = self.rows[key] = replace(row, decision=decision)
                self.version += 1
                if self._totals is not None:
                    self._totals = self._totals.with_change(row, now)

    def drop(self, key: str) -> None:
        """Forget a repo that is gone."""
        if self.rows.pop(key, None) is not None:
            self._changed()

    def clear(self) -> None:
        """Forget all rows, because another org is looked at."""
        self.rows, self.order, self.stale = {}, [], set()
        self.cached_at, self.trouble, self.way_out, self.filter, self.loading = None, "", "", "", True
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._totals = None

    @property
    def totals(self) -> Totals:
        """Sums over all rows, kept up to date decision by decision."""
        if self._totals is None:
            self._totals = Totals.of(self.rows.values())
        return self._totals

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
