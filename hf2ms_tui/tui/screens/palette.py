"""All actions, to search by name: those of the screen below first, then those of other screens with where they are."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from hf2ms_tui.tui.actions import REGISTRY, Action, bindings, key_name
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable

_ROOMS = ("inventory", "triage", "plan", "jobs", "journal", "tombstones", "messages", "org")


class Entry(NamedTuple):
    """One line: an action, and why it cannot be done now (empty when it can)."""

    action: Action
    reason: str

    @property
    def key(self) -> str:
        """The action's id."""
        return self.action.id


class SearchInput(Input):
    """Typing searches; up, down and Enter act on the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.step(-1)", show=False),
        Binding("down", "screen.step(1)", show=False),
        Binding("enter", "screen.choose", show=False),
    ]


class PaletteScreen(RoomScreen):
    """A list of all actions; Enter does the selected one on the screen below, or says why it cannot be done."""

    NAME = "actions"
    ACTIONS = ("back",)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(("back",))]
    CSS_PATH = "palette.tcss"
    HELP_TEXT = "All actions. Type to search, Enter does what is selected."

    def __init__(self, below: RoomScreen | None = None) -> None:
        super().__init__()
        self._below = below

    def compose_body(self) -> ComposeResult:
        """The field and the list."""
        yield SearchInput(id="search", compact=True)
        yield VTable(
            (
                Column("key", "key", 9, sortable=False),
                Column("label", "action", 12, sortable=False),
                Column("help", "what it does", 30, flex=2, sortable=False),
                Column("reason", "not now", 20, flex=1, priority=1, sortable=False),
            ),
            self._cell,
            markable=False,
            no_hits=("No action is called that", "Esc goes back"),
            id="actions",
        )

    def on_mount(self) -> None:
        """List what there is."""
        self._table.set_rows(self._entries())
        self.query_one("#search", SearchInput).focus()

    @property
    def _table(self) -> VTable[Entry]:
        return self.query_one("#actions", VTable)

    def offered(self) -> tuple[str, ...]:
        """Only the way back: letters are typed here."""
        return self.ACTIONS

    def head_parts(self) -> tuple[str, str]:
        """What this is."""
        return "actions   type to search, enter does it", ""

    def _entries(self) -> list[Entry]:
        from hf2ms_tui.tui.screens import actions_of_screens

        if self._below is None:
            return []
        here = self._below.offered()
        entries = [Entry(self.house.action_of(name), self._below.why_not(name) or "") for name in here]
        entries += [Entry(self.house.action_of(name), "") for name in _ROOMS if name not in here]
        where: dict[str, str] = {}
        for screen, names in actions_of_screens().items():
            for name in names:
                where.setdefault(name, screen)
        known = {entry.key for entry in entries}
        entries += [
            Entry(self.house.action_of(name), f"it is on the {where[name]} screen")
            for name in REGISTRY
            if name not in known and name in where
        ]
        return entries

    def _cell(self, entry: Entry, column: str) -> Cell:
        dim = "dim" if entry.reason else ""
        match column:
            case "key":
                keys = [key_name(key) for key in entry.action.keys[:2]]
                return Cell(" ".join(keys), dim or "warn")
            case "label":
                return Cell(entry.action.label, dim or "strong")
            case "help":
                return Cell(entry.action.help, dim)
            case _:
                return Cell(entry.reason, "dim")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as it is typed: every word somewhere in label, help, group or id."""
        typed = event.value.casefold().split()

        def matches(entry: Entry) -> bool:
            action = entry.action
            text = f"{action.label} {action.help} {action.group} {action.id}".casefold()
            return all(word in text for word in typed)

        self._table.set_filter(matches if typed else None)
        self._table.action_first()

    def action_step(self, by: int) -> None:
        """Move in the list."""
        self._table.move_by(by)

    def action_choose(self) -> None:
        """Do the selected action on the screen below."""
        entry, below = self._table.cursor_row, self._below
        if entry is None or below is None:
            return
        self.house.pop_screen()
        if entry.key in below.offered():
            below.action_act(entry.key)
        elif entry.reason:
            self.house.say(f"{entry.action.label}: {entry.reason}", "warn")
        else:
            self.house.go(entry.key)

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """A double click does it too."""
        self.action_choose()
