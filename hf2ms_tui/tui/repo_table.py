"""The inventory's table: its columns and what stands in each cell. Numbers and dates come from ``services.words``."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hf2ms_tui.domain.decision import Confidence, Decision
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.ordering import SORT_KEYS
from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.services import words
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable

DECISIONS = {
    Decision.UNDECIDED: ("─", "dim"),
    Decision.MIGRATE: ("→ migrate", "busy"),
    Decision.DELETE: ("× delete", "bad"),
    Decision.KEEP: ("= keep", "ok"),
    Decision.LATER: ("… later", "dim"),
}
"""How a decision is drawn: glyph, word and tone."""
BACKUP_TONES = {
    BackupState.PROVEN: "ok",
    BackupState.PARTIAL: "warn",
    BackupState.STALE: "warn",
    BackupState.DIFFERS: "bad",
    BackupState.NONE: "dim",
}

NARROW = 90
"""cells below which words are shortened"""


def columns(exact: bool = False, narrow: bool = False) -> tuple[Column, ...]:
    """The columns, left to right; with ``exact`` those of bytes and dates are as wide as exact values need.

    ``narrow`` squeezes types and visibilities, so that a line of 80 cells still has both.
    """
    key = SORT_KEYS

    def column(name: str, title: str, width: int, priority: int, **more: object) -> Column:
        return Column(name, title, width, priority=priority, sort_key=key.get(name), **more)  # type: ignore[arg-type]

    return (
        column("repo", "repo", 24, 0, flex=2, min_width=20, max_width=60, elide="middle"),
        Column("flag", "", 1, priority=1, sortable=False),
        column("type", "type", 5 if narrow else 7, 4),
        column("size", "size", 19 if exact else 10, 0, align="right", descending=True),
        column("cost", "$/month", 8, 7, align="right", descending=True),
        column("visibility", "vis", 7 if narrow else 8, 3),
        column("updated", "updated", 20 if exact else 9, 5, descending=True),
        column("downloads", "dl", 7, 8, align="right", descending=True),
        column("backup", "backup", 21, 1, min_width=12, flex=1, max_width=34),
        column("decision", "decision", 9, 0),
        column("advice", "advice", 26, 6, flex=2, min_width=20, max_width=44),
    )


class RepoTable(VTable[Row]):
    """Repos as rows. ``stale`` holds the keys of rows that were not read since the start."""

    def __init__(self, stale: Callable[[], Collection[str]], *, id: str | None = None) -> None:
        """Make an empty table."""
        self.exact = False
        self._narrow = False
        self._stale = stale
        super().__init__(
            columns(),
            self._shown,
            empty=(
                "This owner has no repos that the token may see",
                "o looks at another org; hf2ms-tui doctor says whose token it is and what it may see.",
            ),
            no_hits=("No repo matches the filter", "Esc clears it, / changes it"),
            tiebreak="repo",
            id=id,
        )

    def set_exact(self, exact: bool) -> None:
        """Show exact bytes and dates, or rounded ones."""
        self.exact = exact
        self.on_resize()
        super().on_resize()

    def on_resize(self) -> None:
        """Choose the columns for this width; the table lays them out next, as handlers of base classes run too."""
        self._narrow = self.size.width < NARROW
        self.columns = columns(self.exact, self._narrow)
        self._by_key = {column.key: column for column in self.columns}

    def _kind(self, kind: Kind) -> str:
        return "data" if self._narrow and kind is Kind.DATASET else kind.value

    def _shown(self, row: Row, column: str) -> Cell:
        info = row.info
        match column:
            case "repo":
                return Cell(info.ref.name, "strong" if not row.decision.decided else "")
            case "flag":
                if info.trouble or row.unsettled:
                    return Cell("!", "bad")
                return Cell("↻", "warn") if row.key in self._stale() else Cell("")
            case "type":
                return Cell(self._kind(info.ref.kind))
            case "size":
                return Cell(words.size(info.size, exact=self.exact, estimate=info.size_is_estimate))
            case "cost":
                return Cell(
                    words.money(monthly_cost(info.size, info.visibility)).replace("under ", "<"), "dim"
                )
            case "visibility":
                return Cell(info.visibility.value)
            case "updated":
                at = info.updated_at
                return Cell(words.date(at) if self.exact else words.ago(at), "dim")
            case "downloads":
                return Cell(words.UNKNOWN if info.downloads is None else f"{info.downloads:,}", "dim")
            case "backup":
                return backup_cell(row)
            case "decision":
                return Cell(*DECISIONS[row.decision])
            case _:
                return advice_cell(row)


def backup_cell(row: Row) -> Cell:
    """A backup status as glyph and words; of a proven one also how old the proof is.

    A deletion whose outcome is unknown goes before it: nothing else of the repo is as urgent.
    """
    backup = row.backup
    if row.unsettled:
        return Cell("? deleted? outcome unknown", "warn")
    said = backup.words
    if backup.state is BackupState.PROVEN and backup.proven_at is not None:
        excepted = f", {backup.excepted:,} excepted" if backup.excepted else ""
        said = f"proven {words.age(backup.proven_at)}{excepted}"
    elif backup.state is BackupState.EXISTS:
        said = "exists"
    elif backup.state is BackupState.DIFFERS:
        wrong = backup.total - backup.proven
        said = f"{wrong:,} differ{'s' if wrong == 1 else ''}"
    return Cell(f"{backup.glyph} {said}", BACKUP_TONES.get(backup.state, ""))


def advice_cell(row: Row) -> Cell:
    """An advice's headline; one that is only possible carries a question mark."""
    if row.advice is None:
        return Cell("")
    headline = row.advice.headline
    if row.advice.confidence is Confidence.POSSIBLE and not headline.endswith("?"):
        headline += "?"
    return Cell(headline, "note")
