"""A screen with one widget on it, and what was said to it."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from hf2ms_tui.tui import theme
from hf2ms_tui.tui.widgets.log_pane import LogPane
from hf2ms_tui.tui.widgets.typed_name import TypedName
from hf2ms_tui.tui.widgets.vtable import VTable


class WidgetApp(App[None]):
    """Shows widgets under each other and remembers the messages they sent."""

    def __init__(self, *widgets: Widget, light: bool = False) -> None:
        super().__init__()
        self.shown = widgets
        self.light = light
        self.said: list[Message] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme.variable_defaults()

    def compose(self) -> ComposeResult:
        yield from self.shown

    def on_mount(self) -> None:
        theme.install(self, self.light)

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        self.said.append(message)

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        self.said.append(message)

    def on_vtable_header_selected(self, message: VTable.HeaderSelected) -> None:
        self.said.append(message)

    def on_vtable_marks_changed(self, message: VTable.MarksChanged) -> None:
        self.said.append(message)

    def on_log_pane_copied(self, message: LogPane.Copied) -> None:
        self.said.append(message)

    def on_typed_name_matched(self, message: TypedName.Matched) -> None:
        self.said.append(message)

    def on_input_submitted(self, message: Message) -> None:
        self.said.append(message)

    def heard(self, kind: type[Any]) -> list[Any]:
        """Return the messages of a kind, oldest first."""
        return [message for message in self.said if isinstance(message, kind)]
