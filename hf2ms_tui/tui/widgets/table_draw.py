"""The lines of a table as parts: header, row, and the note that stands where rows are missing. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hf2ms_tui.tui.text import cells, fit, wrap
from hf2ms_tui.tui.widgets.columns import GAP, Cell, Slot
from hf2ms_tui.tui.widgets.line import Part, bar_parts

Note = tuple[str, str, str]
"""Tone, headline and hint."""


def gutter_width(markable: bool) -> int:
    """Return the cells before the first column: cursor, mark if rows can be marked, a blank."""
    return 3 if markable else 2


def row_parts(
    slots: Sequence[Slot], cell: Callable[[str], Cell], *, cursor: bool, marked: bool, markable: bool
) -> list[Part]:
    """Return one row: gutter and a cell for every column that fits."""
    parts: list[Part] = [("▸" if cursor else " ", "note")]
    if markable:
        parts.append(("◆" if marked else " ", "mark"))
    parts.append((" ", ""))
    for number, (column, start, width) in enumerate(slots):
        if number:
            parts.append((" " * GAP, ""))
        shown = cell(column.key)
        if shown.span:
            last = slots[-1]
            parts.append((fit(shown.text, last.start + last.width - start), shown.tone))
            break
        if shown.bar is not None:
            parts.extend(bar_parts(shown.bar, width, shown.tone))
        else:
            parts.append((fit(shown.text, width, column.align, column.elide), shown.tone))
    return parts


def header_parts(slots: Sequence[Slot], sorting: Sequence[tuple[str, bool]], markable: bool) -> list[Part]:
    """Return the header; the column that decides the order carries an arrow (down: largest first)."""
    parts: list[Part] = [(" " * gutter_width(markable), "")]
    for number, (column, _, width) in enumerate(slots):
        if number:
            parts.append((" " * GAP, ""))
        if sorting and sorting[0][0] == column.key:
            title = fit(column.title, max(0, min(cells(column.title), width - 2)))
            parts.append((fit(f"{title} {'↓' if sorting[0][1] else '↑'}", width, column.align), "note"))
        else:
            parts.append((fit(column.title, width, column.align), ""))
    return parts


def note_lines(note: Note, width: int, height: int) -> list[list[Part]]:
    """Return the lines of a note, a little below the top where there is room."""
    tone, headline, hint = note
    room = max(10, width - 8)
    lines: list[list[Part]] = [[("    ", ""), (line, tone)] for line in wrap(headline, room)]
    if hint:
        lines += [[("    ", ""), (line, "")] for line in wrap(hint, room)]
    above: list[list[Part]] = [[] for _ in range(max(0, min(2, height - len(lines))))]
    return above + lines
