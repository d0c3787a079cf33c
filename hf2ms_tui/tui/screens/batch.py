"""The question before a decision about several repos: it lists every one of them, hidden ones too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.services import words
from hf2ms_tui.tui.actions import Action
from hf2ms_tui.tui.repo_table import DECISIONS
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.key_bar import KeyBar
from hf2ms_tui.tui.widgets.vtable import VTable


class BatchScreen(ModalScreen[bool]):
    """Answers True when the decision is to be made. Enter decides, escape leaves; the key that asked does neither."""

    CSS_PATH = "batch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the table, whose own Enter a double click sends too.
        Binding("enter", "act('yes')", "decide", show=False, priority=True),
        Binding("escape,ctrl+c", "act('no')", "leave", show=False),
    ]
    HINTS = (
        Action("yes", ("enter",), "decide", "Decide for all of them"),
        Action("no", ("escape",), "leave", "Leave all as they are", shown="esc"),
    )

    def __init__(self, rows: Sequence[Row], decision: Decision, hidden: frozenset[str], skipped: int) -> None:
        """Ask about ``rows``; ``hidden`` are keys that the filter hides, ``skipped`` how many marked ones are left out."""
        super().__init__()
        self._rows, self._decision, self._hidden, self._skipped = rows, decision, hidden, skipped

    def compose(self) -> ComposeResult:
        """What is asked, the list, the keys."""
        count = words.count(len(self._rows), "marked repo")
        size = words.total_size(row.info.size for row in self._rows)
        notes = ["A decision changes nothing remote, and u takes it back."]
        hidden = len(self._hidden & {row.key for row in self._rows})
        if hidden:
            notes.insert(0, f"{hidden:,} of them {'is' if hidden == 1 else 'are'} hidden by the filter.")
        if self._skipped:
            notes.insert(0, f"{words.count(self._skipped, 'space')} left out: spaces are not migrated.")
        with Vertical(id="ask"):
            yield Static(
                Content(f"Decide “{self._decision.value}” for {count}, {size}?").stylize("bold"),
                id="question",
                markup=False,
            )
            yield VTable(
                (
                    Column("repo", "repo", 20, flex=1, elide="middle"),
                    Column("size", "size", 10, align="right"),
                    Column("decision", "decision now", 12, priority=2),
                    Column("hidden", "", 6, priority=1),
                ),
                self._cell,
                markable=False,
                id="touched",
            )
            yield Static(Content(" ".join(notes)), id="notes", markup=False)
            yield KeyBar(id="ways")

    def on_mount(self) -> None:
        """List the repos, largest first."""
        table = self.query_one("#touched", VTable)
        table.set_rows(sorted(self._rows, key=lambda row: -(row.info.size or 0)))
        table.focus()
        self.query_one("#ways", KeyBar).show([(hint, True) for hint in self.HINTS])

    def _cell(self, row: Row, column: str) -> Cell:
        match column:
            case "repo":
                return Cell(row.info.ref.name)
            case "size":
                return Cell(words.size(row.info.size, estimate=row.info.size_is_estimate))
            case "decision":
                return Cell(*DECISIONS[row.decision])
            case _:
                return Cell("hidden" if row.key in self._hidden else "", "warn")

    def action_act(self, name: str) -> None:
        """Leave with the answer."""
        self.dismiss(name == "yes")
