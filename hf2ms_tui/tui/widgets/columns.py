"""Columns of a table and how they share a width. Pure functions, no drawing.

A narrow table loses whole columns, the least important first; a column that stays gets at least its minimal width, so
what decides is never cut in the middle. Only if the indispensable columns do not fit are they squeezed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hf2ms_tui.tui.text import Align, Elide

GAP = 2
"""Blank cells between two columns."""


class Cell(NamedTuple):
    """What a table shows in one cell.

    ``sort`` is what the column sorts by (None: unknown, always last). ``bar`` (0.0 to 1.0) draws a bar as wide as the
    column instead of the text. With ``span`` the text takes the place of all columns from here to the right. Tones are
    those of ``widgets.line``.
    """

    text: str
    tone: str = ""
    sort: Any = None
    bar: float | None = None
    span: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column: fixed (``flex`` 0) or sharing what is left in proportion to ``flex``.

    ``width`` is the wanted width of a fixed column, the least useful one of a flexing column. ``min_width`` is how far
    it may shrink (default: not at all). ``priority`` 0 never goes; of the others the highest number goes first.
    ``sort_key`` spares building cells only to sort; ``descending`` is the direction of the first sort.
    """

    key: str
    title: str
    width: int
    flex: int = 0
    min_width: int = 0
    max_width: int = 0
    align: Align = "left"
    priority: int = 0
    elide: Elide = "end"
    sort_key: Callable[[Any], Any] | None = None
    sortable: bool = True
    descending: bool = False

    @property
    def least(self) -> int:
        """The width below which the column had better go."""
        return self.min_width or self.width


class Slot(NamedTuple):
    """A column that fits: where it starts and how wide it is, in cells from the left of the rows' text."""

    column: Column
    start: int
    width: int


def lay_out(columns: Sequence[Column], width: int, gap: int = GAP) -> list[Slot]:
    """Choose the columns that fit ``width`` cells and their widths; order is kept. Their sum never exceeds ``width``."""
    kept = list(columns)

    def need() -> int:
        return sum(column.least for column in kept) + gap * (len(kept) - 1)

    while need() > width:
        optional = [column for column in kept if column.priority > 0]
        if not optional or len(kept) == 1:
            break
        # Of equals the rightmost goes.
        kept.remove(max(reversed(optional), key=lambda column: column.priority))
    widths = {column.key: column.least for column in kept}
    spare = width - need()
    if spare < 0:
        _squeeze(kept, widths, -spare)
    else:
        _grow(kept, widths, spare)
    slots: list[Slot] = []
    at = 0
    for column in kept:
        if at >= width:
            break
        slots.append(Slot(column, at, min(widths[column.key], width - at)))
        at += widths[column.key] + gap
    return slots


def _squeeze(kept: Sequence[Column], widths: dict[str, int], lack: int) -> None:
    """Take ``lack`` cells from the flexing columns first, then from the others, down to one cell each."""
    for column in sorted(kept, key=lambda column: column.flex == 0):
        taken = min(lack, widths[column.key] - 1)
        widths[column.key] -= taken
        lack -= taken


def _grow(kept: Sequence[Column], widths: dict[str, int], spare: int) -> None:
    """Give columns their wanted width in order of priority, then share the rest among the flexing ones."""
    for column in sorted(kept, key=lambda column: column.priority):
        given = max(0, min(spare, column.width - widths[column.key]))
        widths[column.key] += given
        spare -= given
    flexing = [column for column in kept if column.flex]
    while spare and flexing:
        share = sum(column.flex for column in flexing)
        shares = [max(1, spare * column.flex // share) for column in flexing]
        for column, part in zip(flexing, shares, strict=True):
            room = max(0, column.max_width - widths[column.key]) if column.max_width else spare
            given = min(part, room, spare)
            widths[column.key] += given
            spare -= given
        flexing = [column for column in flexing if widths[column.key] < (column.max_width or math.inf)]
