"""The rows behind a table: which are shown, in what order, where the cursor is, which are marked. No drawing.

Everything hangs on the *key* of a row, never on its position, so cursor and marks stay with the repo through refresh,
sort and filter. Positions are indexes into the shown rows, top first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

RowT = TypeVar("RowT")
Key = Hashable
SortValue = Callable[[RowT, str], Any]


class TableModel(Generic[RowT]):
    """Rows, a sorted order over them, a filter, one cursor and a set of marks."""

    def __init__(self, key: Callable[[RowT], Key], sort_value: SortValue[RowT]) -> None:
        """Read a row's key with ``key`` and what a column sorts by with ``sort_value(row, column_key)``."""
        self._key = key
        self._sort_value = sort_value
        self.direct: Callable[[str], Callable[[RowT], Any] | None] = lambda column: None
        """Gives what reads a column's value from a row without a detour, for columns that have such a thing."""
        self._rows: dict[Key, RowT] = {}
        self._order: list[Key] = []
        self._places: dict[Key, int] | None = None
        self._predicate: Callable[[RowT], bool] | None = None
        self._wanted: Key | None = None
        self.sorting: tuple[tuple[str, bool], ...] = ()
        """Columns that sort, first decides; True means descending."""
        self.shown: list[Key] = []
        """Keys of the rows that pass the filter, in order."""
        self.cursor: int | None = None
        """Position of the cursor, None when nothing is shown."""
        self.marks: set[Key] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def row(self, key: Key) -> RowT:
        """Return the row of ``key``. Raises KeyError if there is none."""
        return self._rows[key]

    def at(self, place: int) -> RowT:
        """Return the row shown at ``place``. Raises IndexError outside."""
        return self._rows[self.shown[place]]

    def place_of(self, key: Key) -> int | None:
        """Return where the row of ``key`` is shown, None if it is not."""
        if self._places is None:
            self._places = {shown: place for place, shown in enumerate(self.shown)}
        return self._places.get(key)

    @property
    def cursor_key(self) -> Key | None:
        """Key of the row under the cursor."""
        return None if self.cursor is None else self.shown[self.cursor]

    @property
    def wanted(self) -> Key | None:
        """Key of the row that the person chose last, shown at present or not."""
        return self._wanted

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return self._predicate is not None

    def set_rows(self, rows: Iterable[RowT]) -> None:
        """Replace all rows. Of rows with the same key the last counts; marks of rows that are gone go with them."""
        key = self._key
        self._rows = {key(row): row for row in rows}
        self.marks &= self._rows.keys()
        self._order = self._sorted(list(self._rows))
        self._show()

    def update(self, rows: Iterable[RowT]) -> tuple[list[Key], bool]:
        """Change or add rows. Known rows keep their place, even where they would now sort or filter otherwise.

        Returns the keys of known rows that changed, and whether rows were added (then the places are new).
        """
        changed: list[Key] = []
        added: list[Key] = []
        for row in rows:
            key = self._key(row)
            if key in self._rows:
                changed.append(key)
            else:
                added.append(key)
            self._rows[key] = row
        if added:
            self._order = self._sorted([*self._order, *dict.fromkeys(added)])
            self._show()
        return changed, bool(added)

    def remove(self, keys: Iterable[Key]) -> None:
        """Take rows away; unknown keys are ignored. The cursor goes to the neighbour below, else above."""
        gone = {key for key in keys if self._rows.pop(key, None) is not None}
        if gone:
            self.marks -= gone
            self._order = [key for key in self._order if key not in gone]
            self._show()

    def set_sort(self, *by: tuple[str, bool]) -> None:
        """Sort by columns, the first deciding. Equal rows keep the order in which they were; unknowns come last."""
        self.sorting = by
        self.reindex()

    def set_filter(self, predicate: Callable[[RowT], bool] | None) -> int:
        """Show only rows for which ``predicate`` holds (None: all) and return how many."""
        self._predicate = predicate
        self._show()
        return len(self.shown)

    def reindex(self) -> None:
        """Sort and filter again, for rows that changed in place."""
        self._order = self._sorted(self._order)
        self._show()

    def _sorted(self, keys: list[Key]) -> list[Key]:
        rows, value = self._rows, self._sort_value
        for column, descending in reversed(self.sorting):
            measure = self.direct(column)
            if measure is not None:
                valued = [(measure(rows[key]), key) for key in keys]
            else:
                valued = [(value(rows[key], column), key) for key in keys]
            known = [pair for pair in valued if pair[0] is not None]
            known.sort(key=lambda pair: pair[0], reverse=descending)
            keys = [key for _, key in known] + [key for seen, key in valued if seen is None]
        return keys

    def _show(self) -> None:
        before, at = self.shown, self.cursor
        rows, predicate = self._rows, self._predicate
        self.shown = (
            list(self._order) if predicate is None else [k for k in self._order if predicate(rows[k])]
        )
        self._places = None
        self.cursor = self._carried(before, at)

    def _carried(self, before: Sequence[Key], at: int | None) -> int | None:
        """Find the cursor's new place: the row the person chose, else its nearest neighbour that is still shown."""
        if not self.shown:
            return None
        if self._wanted is not None and (place := self.place_of(self._wanted)) is not None:
            return place
        if at is None or self._wanted is None:
            return 0  # nobody chose a row: rows that stream in must not carry the cursor away from the top
        for key in [*before[at:], *reversed(before[:at])]:
            if (place := self.place_of(key)) is not None:
                return place
        return 0

    def move_to(self, place: int) -> bool:
        """Put the cursor on ``place``, clamped; say whether it moved. The row there becomes the chosen one."""
        if not self.shown:
            return False
        place = min(max(place, 0), len(self.shown) - 1)
        moved = place != self.cursor
        self.cursor = place
        self._wanted = self.shown[place]
        return moved

    def choose(self, key: Key) -> bool:
        """Make ``key`` the chosen row; say whether it is shown now (if not, the cursor goes there when it is)."""
        self._wanted = key
        place = self.place_of(key)
        if place is None:
            return False
        self.cursor = place
        return True

    def toggle(self, keys: Iterable[Key]) -> None:
        """Mark unmarked rows and unmark marked ones; unknown keys are ignored."""
        self.marks ^= {key for key in keys if key in self._rows}

    def mark(self, keys: Iterable[Key]) -> None:
        """Mark rows; unknown keys are ignored."""
        self.marks |= {key for key in keys if key in self._rows}

    def between(self, one: Key, other: Key) -> list[Key]:
        """Return the keys shown from one row to the other, both included; empty if either is not shown."""
        first, last = self.place_of(one), self.place_of(other)
        if first is None or last is None:
            return []
        return self.shown[min(first, last) : max(first, last) + 1]
