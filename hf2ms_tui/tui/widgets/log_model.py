"""The lines behind a log pane: bounded in number, filtered, wrapped and searched. No drawing.

Lines have a running number that never changes; *rows* are what a line takes on the screen (several when wrapped) and
are numbered from the first line ever shown, so a row keeps its number when old lines are dropped above it. A reader who
holds still keeps the lines in view even when thousands arrive: then lines are dropped behind the view instead, and a
marker says how many.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import NamedTuple

from hf2ms_tui.tui.text import cells, chop, inert

MARGIN = 200
"""Lines kept on either side of a view that holds still."""


class LogEntry(NamedTuple):
    """One line: text, and what it can be filtered by. ``stamp`` is drawn first, ``tone`` colours the line."""

    text: str
    worker: str = ""
    chunk: str = ""
    tone: str = ""
    stamp: str = ""

    @property
    def whole(self) -> str:
        """The line as it is shown and copied: stamp, worker, text."""
        return "  ".join(part for part in (self.stamp, self.worker, self.text) if part)


Keep = Callable[[LogEntry], bool]


class LogModel:
    """At most ``limit`` lines, the ones a filter shows, and where their rows are."""

    def __init__(self, limit: int = 10_000) -> None:
        """Keep at most ``limit`` lines; at least enough for a view that holds still."""
        self.limit = max(limit, 4 * MARGIN)
        self._lines: list[LogEntry] = []
        self._numbers: list[int] = []
        self._next = 0
        self._keep: Keep | None = None
        self._wrap_width = 0
        self.shown: list[LogEntry] = []
        """Lines that pass the filter, oldest first."""
        self._shown_numbers: list[int] = []
        self._ends: list[int] = []  # running row number after each shown line
        self.first_row = 0
        """Number of the first row that is still there."""
        self.widest = 0
        """Cells of the widest line seen since the last rebuild."""
        self._gaps: dict[int, int] = {}  # number of a marker line: how many lines it stands for
        self.dropped = 0
        """Lines dropped so far, all told."""

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def end_row(self) -> int:
        """Number after the last row."""
        return self._ends[-1] if self._ends else self.first_row

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return self._keep is not None

    def extend(self, lines: Iterable[LogEntry], hold: tuple[int, int] | None = None) -> int:
        """Add lines and return how many of them are shown.

        ``hold`` is the first and the last row that a reader looks at: they stay, whatever is dropped.
        """
        new = list(lines)
        numbers = range(self._next, self._next + len(new))
        self._next += len(new)
        self._lines += new
        self._numbers += numbers
        keep = self._keep
        pairs = zip(numbers, new, strict=True)
        added = self._append(pairs if keep is None else [pair for pair in pairs if keep(pair[1])])
        if len(self._lines) > self.limit:
            self._trim(hold)
        return added

    def _append(self, pairs: Iterable[tuple[int, LogEntry]]) -> int:
        pairs = list(pairs)
        if not pairs:
            return 0
        lines = [line for _, line in pairs]
        widths = [cells(line.whole) for line in lines]
        self.widest = max(self.widest, max(widths))
        heights = [self._height(width, line) for width, line in zip(widths, lines, strict=True)]
        start = self.end_row
        self.shown += lines
        self._shown_numbers += [number for number, _ in pairs]
        self._ends += [start + rows for rows in accumulate(heights)]
        return len(lines)

    def _height(self, width: int, line: LogEntry) -> int:
        if not self._wrap_width or width <= self._wrap_width:
            return 1
        return len(chop(line.whole, self._wrap_width))

    def _trim(self, hold: tuple[int, int] | None) -> None:
        """Drop what is over the limit. Behind a held view a tenth more, because that cut renumbers what follows."""
        surplus = len(self._lines) - self.limit
        if hold is None or not self.shown:
            # Exactly the surplus: as long as the number of rows stays, the screen need not be laid out again.
            self._cut(0, surplus)
            return
        surplus += self.limit // 10
        seen_first = bisect_left(self._numbers, self._shown_numbers[self.index_at(hold[0])])
        seen_last = bisect_left(self._numbers, self._shown_numbers[self.index_at(hold[1])])
        above = min(surplus, max(0, seen_first - MARGIN))
        self._cut(0, above)
        behind = min(seen_last - above + 1 + MARGIN, len(self._lines))
        self._cut(behind, min(behind + surplus - above, max(behind, len(self._lines) - MARGIN)))

    def _cut(self, start: int, stop: int) -> None:
        """Drop the lines at ``start`` up to ``stop``; a cut behind a held view leaves a marker in its place."""
        if stop <= start:
            return
        first, last = self._numbers[start], self._numbers[stop - 1]
        markers = [number for number in self._gaps if first <= number <= last]
        lines = stop - start - len(markers)
        self.dropped += lines
        gone = lines + sum(self._gaps.pop(number) for number in markers)
        del self._lines[start:stop], self._numbers[start:stop]
        low, high = bisect_left(self._shown_numbers, first), bisect_right(self._shown_numbers, last)
        if start == 0:
            if high:
                self.first_row = self._ends[high - 1]
            del self.shown[:high], self._shown_numbers[:high], self._ends[:high]
            return
        marker = LogEntry(f"⋯ {gone:,} lines were not kept while the view held still ⋯", tone="warn")
        self._gaps[last] = gone
        self._lines.insert(start, marker)
        self._numbers.insert(start, last)
        self.shown[low:high] = [marker]
        self._shown_numbers[low:high] = [last]
        base = self._ends[low - 1] if low else self.first_row
        heights = (self._height(cells(line.whole), line) for line in self.shown[low:])
        self._ends[low:] = [base + rows for rows in accumulate(heights)]

    def index_at(self, row: int) -> int:
        """Return the index in ``shown`` of the line that has ``row``, clamped to the lines there are."""
        return min(max(bisect_right(self._ends, row), 0), max(len(self.shown) - 1, 0))

    def row_of(self, index: int) -> int:
        """Return the first row of the shown line at ``index``."""
        return self._ends[index - 1] if index else self.first_row

    def number_at(self, row: int) -> int:
        """Return the running number of the line that has ``row``; it outlives filters and wrapping. -1 if empty."""
        return self._shown_numbers[self.index_at(row)] if self.shown else -1

    def index_of(self, number: int) -> int:
        """Return the index of the first shown line that is numbered ``number`` or later, clamped."""
        return min(bisect_left(self._shown_numbers, number), max(len(self.shown) - 1, 0))

    def row_text(self, row: int) -> tuple[LogEntry, str, int] | None:
        """Return the line of a row, the row's inert text, and where in the line it starts; None beyond the end."""
        if not self.first_row <= row < self.end_row:
            return None
        index = self.index_at(row)
        line = self.shown[index]
        if not self._wrap_width:
            return line, inert(line.whole), 0
        pieces = chop(line.whole, self._wrap_width)
        part = row - self.row_of(index)
        return line, pieces[part], sum(map(len, pieces[:part]))

    def arrange(self, keep: Keep | None, wrap_width: int) -> None:
        """Set filter and wrap width (0: no wrap) and show anew what passes."""
        self._keep = keep
        self._wrap_width = wrap_width
        self.first_row = self.end_row
        self.widest = 0
        self.shown, self._shown_numbers, self._ends = [], [], []
        self._append(
            (number, line)
            for number, line in zip(self._numbers, self._lines, strict=True)
            if keep is None or number in self._gaps or keep(line)
        )

    def clear(self) -> None:
        """Forget all lines."""
        self._lines, self._numbers = [], []
        self._gaps.clear()
        self.arrange(self._keep, self._wrap_width)

    def find(self, pattern: re.Pattern[str]) -> list[int]:
        """Return the indexes of shown lines in which ``pattern`` occurs, oldest first."""
        return [index for index, line in enumerate(self.shown) if pattern.search(line.whole)]
