"""The footer: one line of keys, whole hints dropped by rank until the rest fits; a click does what the key does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from hf2ms_tui.tui.actions import Action
from hf2ms_tui.tui.text import cells

GAP = 3
"""blank cells between two hints; one less where they are many"""


class Hint(NamedTuple):
    """One hint: actions with whether each works now, one word for them, and how early it is dropped."""

    actions: tuple[tuple[Action, bool], ...]
    label: str
    rank: int

    @property
    def text(self) -> str:
        """The hint as it is drawn."""
        return f"{' '.join(action.key_text for action, _ in self.actions)} {self.label}"


class KeyBar(Widget):
    """Draws ``key label`` hints. Hints that do not apply now are dim but stay; pressing their key says why."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints: list[Hint] = []
        self._together: frozenset[str] = frozenset()
        self._word = ""
        self._gap = GAP
        self._spans: list[tuple[int, int, str]] = []

    def show(
        self, hints: Sequence[tuple[Action, bool]], together: Sequence[str] = (), word: str = ""
    ) -> None:
        """Show these actions, each with whether it works now; in the order given.

        Where not all fit, those with the ids ``together`` become one hint: their keys, and ``word`` for all of them.
        """
        shown = [Hint(((action, works),), action.label, action.rank) for action, works in hints]
        if (shown, frozenset(together), word) == (self._hints, self._together, self._word):
            return  # asked at every move of the cursor, and drawing the line costs as much as drawing twenty rows
        self._hints = shown
        self._together, self._word = frozenset(together), word
        self.refresh()

    def fitting(self, width: int) -> list[Hint]:
        """The hints that fit ``width`` cells: those of the highest rank number are dropped first, later ones before earlier."""
        kept = list(self._hints)
        if self._together and self._width(kept) > width:
            kept = self._joined()
        self._gap = GAP if self._width(kept, GAP) <= width else GAP - 1
        while kept and self._width(kept) > width:
            worst = max(range(len(kept)), key=lambda index: (kept[index].rank, index))
            del kept[worst]
        return kept

    def _joined(self) -> list[Hint]:
        some = [hint for hint in self._hints if hint.actions[0][0].id in self._together]
        if not some:
            return list(self._hints)
        one = Hint(tuple(hint.actions[0] for hint in some), self._word, min(hint.rank for hint in some))
        rest: list[Hint] = []
        for hint in self._hints:
            if hint is some[0]:
                rest.append(one)
            elif hint not in some:
                rest.append(hint)
        return rest

    def render(self) -> Content:
        """The line."""
        line = Content(" ")
        self._spans = []
        for hint in self.fitting(self.size.width):
            for number, (action, works) in enumerate(hint.actions):
                key = f"{' ' if number else ''}{action.key_text}"
                start = line.cell_length
                line += Content(key).stylize("$footer-key-foreground bold" if works else "$text-muted")
                self._spans.append((start, line.cell_length, action.id))
            start = line.cell_length
            works = any(works for _, works in hint.actions)
            line += Content(f" {hint.label}").stylize("$text" if works else "$text-muted")
            if len(hint.actions) == 1:
                self._spans.append((start, line.cell_length, hint.actions[0][0].id))
            line += Content(" " * self._gap)
        return line

    async def on_click(self, event: Click) -> None:
        """Do what the key under the pointer does."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                await self.run_action(f"screen.act('{name}')")
                return

    def _width(self, hints: Sequence[Hint], gap: int = GAP - 1) -> int:
        """Cells of a line of hints with a blank at each end."""
        return sum(cells(hint.text) + gap for hint in hints) - gap + 2
