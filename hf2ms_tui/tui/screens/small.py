"""What stands on a terminal that is too small: one plain sentence, and no key that could decide something unseen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

LEAST_WIDTH = 60
LEAST_HEIGHT = 16


class SmallScreen(Screen[None]):
    """Covers all screens until the terminal is large enough; they keep cursor, marks and typed text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q,ctrl+c", "app.leave", "quit", show=False)]
    CSS_PATH = "small.tcss"

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield Static(id="small", markup=False)

    def on_resize(self) -> None:
        """Say how small it is."""
        width, height = self.app.size
        self.query_one("#small", Static).update(
            Content(
                f"This terminal is {width}×{height}. hf2ms-tui needs {LEAST_WIDTH}×{LEAST_HEIGHT}: "
                "make it larger, or q to quit. Nothing is lost."
            )
        )
