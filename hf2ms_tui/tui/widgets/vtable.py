"""A table of thousands of rows that stays quick: it draws only what is seen and keeps what it drew.

The rows live in a ``TableModel``; this widget draws them, moves the cursor and tells the screen by messages. Measured
against Textual's DataTable it is some ten times faster at 10,000 rows, because no cell is rendered before it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from hf2ms_tui.tui.widgets.columns import GAP, Cell, Column, Slot, lay_out
from hf2ms_tui.tui.widgets.table_base import TableBase
from hf2ms_tui.tui.widgets.table_draw import Note, gutter_width, header_parts, note_lines, row_parts
from hf2ms_tui.tui.widgets.table_model import Key, RowT

_CACHED_ROWS = 600


class VTable(TableBase[RowT]):
    """Columns of rows with a cursor that follows its row, marks, sort, filter and states for having no rows.

    ``cell(row, column_key)`` says what stands where; it is called for visible rows only (and to sort a column without
    ``sort_key``). All methods are for the event loop's thread.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home", "first", "First row", show=False, id="table.first"),
        Binding("end", "last", "Last row", show=False, id="table.last"),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        cell: Callable[[RowT, str], Cell],
        *,
        key: Callable[[RowT], Key] = attrgetter("key"),
        header: bool = True,
        markable: bool = True,
        empty: tuple[str, str] = ("Nothing here", ""),
        no_hits: tuple[str, str] = ("No row matches the filter", "Esc clears it"),
        tiebreak: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a table; ``empty`` and ``no_hits`` are headline and hint, ``tiebreak`` the column of the second key."""
        super().__init__(key, self._sort_value, markable=markable, id=id, classes=classes)
        self.columns = tuple(columns)
        self.header = header
        self.tiebreak = tiebreak
        self._cell = cell
        self.model.direct = lambda column: self._by_key[column].sort_key
        self._by_key = {column.key: column for column in columns}
        self._empty: Note = ("dim", *empty)
        self._no_hits: Note = ("dim", *no_hits)
        self._slots: list[Slot] = []

    # -- rows ---------------------------------------------------------------------------------------------------

    def _sort_value(self, row: RowT, column: str) -> Any:
        sort_key = self._by_key[column].sort_key
        return self._cell(row, column).sort if sort_key is None else sort_key(row)

    def set_rows(self, rows: Iterable[RowT]) -> None:
        """Replace all rows (clears a loading or error note); cursor, marks and the place on screen stay."""
        self._note = None
        self._rearrange(lambda: self.model.set_rows(rows))

    def update_rows(self, rows: Iterable[RowT]) -> None:
        """Change known rows in place and add new ones where they sort; cheap for few and for many."""
        if not len(self.model):
            self._rearrange(lambda: self.model.update(rows))
            return
        offset = self._cursor_offset()
        changed, added = self.model.update(rows)
        for row_key in changed:
            self._drawn.pop(row_key, None)
        if added:
            self._arranged(offset)
            return
        page = self._page
        top = self._top
        for row_key in changed:
            place = self.model.place_of(row_key)
            if place is not None and top <= place < top + page:
                self._redraw_place(place)

    def remove_rows(self, keys: Iterable[Key]) -> None:
        """Take rows away; the cursor goes to a neighbour."""
        self._rearrange(lambda: self.model.remove(keys))

    def set_filter(self, predicate: Callable[[RowT], bool] | None) -> int:
        """Show only rows for which ``predicate`` holds (None: all); returns the number of hits."""
        self._rearrange(lambda: self.model.set_filter(predicate))
        return len(self.model.shown)

    def sort_by(self, column: str, descending: bool | None = None) -> None:
        """Sort by a column; without a direction the same column again turns it round. Raises KeyError if unknown."""
        if descending is None:
            current = self.model.sorting[:1]
            same = bool(current) and current[0][0] == column
            descending = not current[0][1] if same else self._by_key[column].descending
        by = [(column, descending)]
        if self.tiebreak is not None and self.tiebreak != column:
            by.append((self.tiebreak, False))
        if self.model.wanted is None and self.model.cursor_key is not None:
            self.model.choose(self.model.cursor_key)
        self._rearrange(lambda: self.model.set_sort(*by))

    def reindex(self) -> None:
        """Sort and filter again after rows changed in place."""
        self._rearrange(self.model.reindex)

    def move_cursor(self, key: Key) -> bool:
        """Put the cursor on a row; if the filter hides it, it goes there as soon as it is shown. Says if it did."""
        before = self.model.cursor
        shown = self.model.choose(key)
        self._moved(before)
        return shown

    # -- arranging ----------------------------------------------------------------------------------------------

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self.header)

    def _cursor_offset(self) -> int:
        return 0 if self.model.cursor is None else self.model.cursor - self._top

    def _rearrange(self, change: Callable[[], Any]) -> None:
        """Run a change of the order and keep the cursor's row where it is on the screen."""
        marks = len(self.model.marks)
        offset = self._cursor_offset()
        change()
        self._drawn.clear()
        self._arranged(offset)
        if len(self.model.marks) != marks:
            self.post_message(self.MarksChanged(self))

    def _arranged(self, offset: int) -> None:
        self.virtual_size = Size(0, len(self.model.shown) + self.header)
        if self.model.cursor is not None:
            self._scroll_top(self.model.cursor - min(max(offset, 0), self._page - 1))
        self.refresh()
        self._announce()

    def _scroll_top(self, top: int) -> None:
        highest = max(0, len(self.model.shown) - self._page)
        self.scroll_to(y=min(max(top, 0), highest), animate=False, immediate=True, force=True)

    def _moved(self, before: int | None) -> None:
        """Redraw after a move of the cursor and scroll it into view."""
        after = self.model.cursor
        for place in {before, after} - {None}:
            if place is not None:
                self._redraw_place(place)
        if after is not None:
            if after < self._top:
                self._scroll_top(after)
            elif after >= self._top + self._page:
                self._scroll_top(after - self._page + 1)
        self._announce()

    def _redraw_place(self, place: int) -> None:
        self.refresh(Region(0, place - self._top + self.header, self.size.width, 1))

    def drop_drawn(self) -> None:
        """Forget drawn rows after a change of size, theme or note."""
        self._drawn.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Lay the columns out again and keep the cursor in view."""
        self._slots = lay_out(self.columns, max(1, self.line_width - gutter_width(self.markable)))
        self._drawn.clear()
        self._arranged(self._cursor_offset())

    # -- drawing ------------------------------------------------------------------------------------------------

    @property
    def visible_columns(self) -> list[str]:
        """Keys of the columns that fit at the present width."""
        return [slot.column.key for slot in self._slots]

    def render_line(self, y: int) -> Strip:
        """Draw the header, a row, or a line of the note that stands for the rows."""
        width = self.line_width
        if self.header and y == 0:
            return self.draw(header_parts(self._slots, self.model.sorting, self.markable), width, "header")
        if self.covered or not self.model.shown:
            return self._note_line(y - self.header, width)
        place = self._top + y - self.header
        if place >= len(self.model.shown):
            return Strip.blank(width, self.tones.style(""))
        key = self.model.shown[place]
        state = ""
        if place == self.model.cursor:
            state = "cursor" if self.has_focus else "cursor-blurred"
        drawn = self._drawn.get(key)
        if drawn is None:
            if len(self._drawn) > _CACHED_ROWS:
                self._drawn.clear()
            drawn = self._drawn[key] = {}
        if (strip := drawn.get(state)) is None:
            row = self.model.row(key)
            parts = row_parts(
                self._slots,
                lambda column: self._cell(row, column),
                cursor=bool(state),
                marked=key in self.model.marks,
                markable=self.markable,
            )
            strip = drawn[state] = self.draw(parts, width, state)
        return strip

    def say_empty(self, headline: str, hint: str) -> None:
        """Change what stands where rows would be when there are none."""
        if self._empty != ("dim", headline, hint):
            self._empty = ("dim", headline, hint)
            self.refresh()

    def _note_line(self, y: int, width: int) -> Strip:
        note = self._note or (self._no_hits if self.model.filtered else self._empty)
        lines = note_lines(note, width, self._page)
        return self.draw(lines[y] if y < len(lines) else [], width)

    # -- keys and mouse -----------------------------------------------------------------------------------------

    def _go(self, place: int) -> None:
        before = self.model.cursor
        self._anchor = None
        self.model.move_to(place)
        self._moved(before)

    def move_by(self, rows: int) -> None:
        """Move the cursor by rows; ends an extension of marks."""
        self._go((self.model.cursor or 0) + rows)

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.move_by(by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self._go((self.model.cursor or 0) + by * self._page)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._go(len(self.model.shown) - 1)

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        if self.header and event.y == 0:
            self._click_header(event.x)
            return
        place = self._top + event.y - self.header
        if self.covered or place >= len(self.model.shown):
            return
        key = self.model.shown[place]
        start = self.cursor_key
        self._go(place)
        if self.markable and event.shift and start is not None:
            self.mark_range(start, key)
        elif self.markable and event.ctrl:
            self.toggle_mark([key])
        elif event.chain == 2:
            self.action_open()

    def _click_header(self, x: int) -> None:
        at = x - gutter_width(self.markable)
        for slot in self._slots:
            if slot.start <= at < slot.start + slot.width + GAP and slot.column.sortable:
                self.sort_by(slot.column.key)
                self.post_message(self.HeaderSelected(self, slot.column.key))
                return
