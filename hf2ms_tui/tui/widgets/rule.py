"""A line that divides a screen and says what stands below it, and a block of toned lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hf2ms_tui.tui.text import cells, elide
from hf2ms_tui.tui.widgets.line import LineBlock, Part


class Rule(LineBlock):
    """One line: ``─ title ─ facts ────``; what does not fit is cut at the right."""

    DEFAULT_CSS = "Rule { height: 1; }"

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        """Make a rule with a title."""
        super().__init__(id=id)
        self._title = title
        self._facts: tuple[Part, ...] = ()

    def show(self, title: str, facts: Iterable[Part] = ()) -> None:
        """Say something else."""
        self._title, self._facts = title, tuple(facts)
        self.refresh()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the line."""
        room = max(0, width - 4 - sum(cells(text) + 3 for text, _ in self._facts))
        parts: list[Part] = [("─ ", "dim"), (elide(self._title, max(room, 12)), "head"), (" ", "")]
        for text, tone in self._facts:
            parts += [("─ ", "dim"), (text, tone), (" ", "")]
        used = sum(cells(text) for text, _ in parts)
        return [[*parts, ("─" * max(0, width - used), "dim")]]


class Lines(LineBlock):
    """A block of lines that are given as they are; each is cut at the width."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty block."""
        super().__init__(id=id, classes=classes)
        self._lines: list[list[Part]] = []

    def show(self, lines: Iterable[Sequence[Part]]) -> None:
        """Show other lines."""
        self._lines = [list(line) for line in lines]
        self.changed()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the lines."""
        return self._lines
