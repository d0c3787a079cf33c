"""Choosing whose repos are cleaned up: at the first start without an org, and whenever a person wants another one."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.repo import RepoId
from hf2ms_tui.services import orgs
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable

_HERE = ("choose", "back")


class NameInput(Input):
    """A name typed by hand; up and down go back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("up,down", "screen.to_list", show=False)]


class OrgScreen(RoomScreen):
    """The organisations and the account of the token, and a field for any other name."""

    NAME = "org"
    ACTIONS = _HERE
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings((*_HERE, "help", "quit", "messages", "palette")),
        Binding("tab", "to_name", show=False),
    ]
    CSS_PATH = "org.tcss"
    HELP_TEXT = (
        "Whose repos do you want to look at? The list shows the organisations that your token belongs to and your own "
        "account; Tab goes to a field where any other name can be typed. Nothing is changed by looking. "
        "To begin with an organisation right away, start with: hf2ms-tui --org NAME"
    )

    def compose_body(self) -> ComposeResult:
        """A sentence, the list, the field."""
        yield Static(id="whose", markup=False)
        yield VTable(
            (
                Column("name", "organisation or account", 26, flex=1, elide="middle"),
                Column("role", "you are there", 20, flex=1),
            ),
            self._cell,
            key=lambda choice: choice.name,
            markable=False,
            empty=("The token names no organisation", "Tab goes to the field below: type a name there"),
            id="owners",
        )
        with Horizontal(id="other"):
            yield Static(Content(" another name (tab): "), id="label", markup=False)
            yield NameInput(id="name", compact=True)

    @property
    def _table(self) -> VTable[orgs.Choice]:
        return self.query_one("#owners", VTable)

    def on_mount(self) -> None:
        """Ask the hub who the token is."""
        hub = self.house.program.settings.source
        self._table.focus()
        self._table.show_loading(f"Asking {hub.title} whose token this is")
        self.house.background.run(
            lambda: orgs.choices(self.house.program), self._found, self._failed, only="choices"
        )

    def head_parts(self) -> tuple[str, str]:
        """What this is."""
        return f"whose repos?   {self.house.program.settings.source.title}", ""

    def _found(self, found: orgs.Choices) -> None:
        if not self.here:
            return
        self.query_one("#whose", Static).update(
            Content(
                f"The token belongs to {found.account}. Enter opens the inventory; nothing is changed by looking."
            )
        )
        self._table.set_rows(found.choices)
        current = self.house.program.settings.org or found.last
        if current:
            self._table.move_cursor(current)
        self.refresh_keys()

    def _failed(self, error: Exception) -> None:
        if not self.here:
            return
        if isinstance(error, Hf2msError):
            self._table.show_error(f"{error.what}. {error.meaning}".strip(), error.way_out)
        else:
            self._table.show_error(sentence(error), "hf2ms-tui doctor says more.")
        self.query_one("#name", NameInput).focus()

    def _cell(self, choice: orgs.Choice, column: str) -> Cell:
        return Cell(choice.name, "strong") if column == "name" else Cell(choice.role, "dim")

    def action_to_list(self) -> None:
        """Put the keys on the list."""
        self._table.focus()

    def action_to_name(self) -> None:
        """Put the keys on the field."""
        self.query_one("#name", NameInput).focus()

    def why_not_choose(self) -> str | None:
        """Needs a name."""
        return None if self._table.cursor_row else "type a name into the field: tab goes there"

    def why_not_back(self) -> str | None:
        """Without an org there is nothing to go back to."""
        return None if self.house.program.settings.org else "choose whose repos to look at, or q to leave"

    def do_choose(self) -> None:
        """Look at the selected one."""
        if (choice := self._table.cursor_row) is not None:
            self.house.choose_org(choice.name)

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Enter or a double click."""
        self.do_choose()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look at the owner that was typed."""
        name = event.value.strip().rstrip("/").rpartition("/")[2]
        try:
            RepoId.parse(f"{name}/x")
        except BadInput:
            self.house.say(f"“{event.value.strip()}” cannot be the name of an org or account", "warn")
            return
        self.house.choose_org(name)
