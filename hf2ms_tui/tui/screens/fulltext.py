"""The whole text of something that was too long for its line: a failure, a journal entry, a problem of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from hf2ms_tui.domain.text import clean
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.widgets.cards import Fact, FactCard

_ACTIONS = ("copy", "back")


class FullTextScreen(RoomScreen):
    """A title and facts, wrapped at any width, to read and to copy."""

    NAME = "full text"
    HELP_TEXT = "Everything that is known of one line. y copies it as plain text; Esc goes back."
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(_ACTIONS + GLOBAL)]
    CSS_PATH = "fulltext.tcss"

    def __init__(self, title: str, facts: Sequence[Fact]) -> None:
        """Show ``facts`` under ``title``."""
        super().__init__()
        self._title = title
        self._facts = tuple(facts)

    def head_parts(self) -> tuple[str, str]:
        """What it is about."""
        return self._title, ""

    def compose_body(self) -> ComposeResult:
        """The card, scrolling."""
        with VerticalScroll(id="text"):
            yield FactCard(self._title, self._facts, id="card")

    def on_mount(self) -> None:
        """Scroll with the arrow keys at once."""
        self.query_one("#text").focus()

    def do_copy(self) -> None:
        """Copy the text to the clipboard of the terminal."""
        lines = [f"{fact.label}: {fact.text}" if fact.label else fact.text for fact in self._facts]
        self.app.copy_to_clipboard("\n".join(clean(line) for line in lines))
        self.house.say("copied", "ok")
