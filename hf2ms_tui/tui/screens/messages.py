"""Everything that was said at the foot of the screens, newest first, with the whole text of each."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from hf2ms_tui.services import words
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.model import Said
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.text import cells, wrap
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable

_GLYPHS = {"ok": "✓ good", "warn": "! note", "bad": "✗ error", "busy": "● busy"}
_BESIDE = 24
"""cells of a row beside the message"""
_ACTIONS = ("copy", "inventory", "triage", "plan", "jobs", "journal", "back")


class MessagesScreen(RoomScreen):
    """The messages of this run, newest first."""

    NAME = "messages"
    ACTIONS = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    CSS_PATH = "messages.tcss"
    HELP_TEXT = (
        "Everything that was said at the foot of the screens since the start, newest first; a selected message that its "
        "row cannot show whole stands below. What was decided, moved, proven and deleted is in the journal, which outlives "
        "the program."
    )

    def compose_body(self) -> ComposeResult:
        """The list, and the selected message in full."""
        yield VTable(
            (
                Column("at", "at", 8, sortable=False),
                Column("what", "", 7, sortable=False),
                Column("text", "message", 30, flex=1, sortable=False),
            ),
            self._cell,
            key=id,
            markable=False,
            empty=("Nothing was said yet", "Esc goes back"),
            id="said-list",
        )
        yield Static(id="whole", markup=False)

    def on_mount(self) -> None:
        """Put the keys on the list."""
        self._table.focus()

    @property
    def _table(self) -> VTable[Said]:
        return self.query_one("#said-list", VTable)

    def _cell(self, said: Said, column: str) -> Cell:
        match column:
            case "at":
                return Cell(f"{said.at.astimezone():%H:%M:%S}", "dim")
            case "what":
                return Cell(_GLYPHS.get(said.tone, "· said"), said.tone)
            case _:
                return Cell(said.text, said.tone if said.tone in {"bad", "warn"} else "")

    def head_parts(self) -> tuple[str, str]:
        """How many there are."""
        return f"messages   {words.count(len(self.house.model.said), 'message')}", ""

    def show_said(self) -> None:
        """Show new messages in the list, and so not at the foot as well."""
        self.query_one("#said", Static).update("")
        said = self.house.model.said
        if len(self._table.model) != len(said) or (said and id(said[-1]) not in self._table.model):
            self._table.set_rows(reversed(said))
            self.refresh_head()

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Show the selected message in full."""
        self._draw_whole()
        self.refresh_keys()

    def on_resize(self) -> None:
        """Wrap the message anew."""
        self._draw_whole()

    def _draw_whole(self) -> None:
        said = self._table.cursor_row
        lines = wrap(said.text, max(self.size.width - 2, 10))[:8] if said else []
        if said and cells(said.text) <= self.size.width - _BESIDE:
            lines = []  # its row shows all of it
        self.query_one("#whole", Static).update("\n".join(lines))

    def why_not_copy(self) -> str | None:
        """Needs a message."""
        return None if self._table.cursor_row else "nothing was said yet"

    def do_copy(self) -> None:
        """Copy the selected message; that is not said again, or it would push the list on."""
        if (said := self._table.cursor_row) is not None:
            self.house.copy_to_clipboard(said.text)
