"""The footer: one line of keys, whole hints dropped by rank until the rest fits; a click does what the key does."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from hf2ms_tui.tui.actions import Action


class KeyBar(Widget):
    """Draws ``key label`` hints. Hints that do not apply now are dim but stay; pressing their key says why."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints: list[tuple[Action, bool]] = []
        self._spans: list[tuple[int, int, str]] = []

    def show(self, hints: Sequence[tuple[Action, bool]]) -> None:
        """Show these actions, each with whether it works now; in the order given."""
        self._hints = list(hints)
        self.refresh()

    def fitting(self, width: int) -> list[tuple[Action, bool]]:
        """The hints that fit ``width`` cells: those of the highest rank number are dropped first, later ones before earlier."""
        kept = list(self._hints)
        while kept and sum(len(_text(action)) + 3 for action, _ in kept) - 1 > width:
            worst = max(range(len(kept)), key=lambda index: (kept[index][0].rank, index))
            del kept[worst]
        return kept

    def render(self) -> Content:
        """The line."""
        parts: list[Content] = []
        self._spans = []
        at = 1
        for action, works in self.fitting(self.size.width):
            text = _text(action)
            key = len(action.key_text)
            hint = Content(text)
            if works:
                hint = hint.stylize("$footer-key-foreground bold", 0, key).stylize("$text", key)
            else:
                hint = hint.stylize("$text-disabled")
            self._spans.append((at, at + len(text), action.id))
            at += len(text) + 3
            parts += [hint, Content("   ")]
        return Content(" ").append(Content("").join(parts))

    async def on_click(self, event: Click) -> None:
        """Do what the key under the pointer does."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                await self.run_action(f"screen.act('{name}')")
                return


def _text(action: Action) -> str:
    return f"{action.key_text} {action.label}"
