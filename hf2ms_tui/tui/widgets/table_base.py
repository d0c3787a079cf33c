"""What every table has beside its drawing: messages, marks, the note that stands where rows are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from hf2ms_tui.tui.widgets.line import LineView
from hf2ms_tui.tui.widgets.table_draw import Note
from hf2ms_tui.tui.widgets.table_model import Key, RowT, SortValue, TableModel


class TableMessage(Message):
    """A message of one table."""

    def __init__(self, table: TableBase[Any]) -> None:
        """Name the table that sends it."""
        super().__init__()
        self.table = table

    @property
    def control(self) -> TableBase[Any]:
        """The table, so that ``@on(…, "#id")`` finds it."""
        return self.table


class RowMessage(TableMessage):
    """A message about one row."""

    def __init__(self, table: TableBase[Any], key: Key | None) -> None:
        """Name the table and the row's key."""
        super().__init__(table)
        self.key = key


class TableBase(LineView, Generic[RowT]):
    """The model, the messages and the marks of a table; drawing and moving come with ``VTable``."""

    class RowHighlighted(RowMessage, namespace="vtable"):
        """The cursor is on another row now; ``key`` is None when no row is shown."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of a burst of moves matters."""
            return isinstance(message, type(self)) and message.table is self.table

    class RowSelected(RowMessage, namespace="vtable"):
        """A row was chosen: Enter or a double click."""

    class HeaderSelected(TableMessage, namespace="vtable"):
        """A header was clicked and the table sorted by ``column``; the screen may remember it."""

        def __init__(self, table: TableBase[Any], column: str) -> None:
            """Name the table and the column's key."""
            super().__init__(table)
            self.column = column

    class MarksChanged(TableMessage, namespace="vtable"):
        """The set of marked rows changed; ``marks`` counts rows that the filter hides, too."""

        @property
        def marks(self) -> frozenset[Key]:
            """Keys of all marked rows now."""
            return self.table.marks

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False, id="table.open"),
        Binding("space", "toggle_mark", "Mark", show=False, id="table.mark"),
        Binding("shift+up", "extend(-1)", "Mark upwards", show=False, id="table.mark-up"),
        Binding("shift+down", "extend(1)", "Mark downwards", show=False, id="table.mark-down"),
    ]
    _MARK_ACTIONS = frozenset({"toggle_mark", "extend", "mark_shown", "invert_marks", "clear_marks"})

    def __init__(
        self,
        key: Callable[[RowT], Key],
        sort_value: SortValue[RowT],
        *,
        markable: bool,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make the model behind a table."""
        super().__init__(id=id, classes=classes)
        self.markable = markable
        self.model: TableModel[RowT] = TableModel(key, sort_value)
        self._drawn: dict[Key, dict[str, Strip]] = {}
        self._anchor: Key | None = None
        self._note: Note | None = None
        self._announced: Key | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the marking keys to others where rows cannot be marked."""
        return self.markable or action not in self._MARK_ACTIONS

    def show_loading(self, text: str, hint: str = "") -> None:
        """Show that rows are on their way, until ``set_rows``; rows that are there stay in view."""
        self._set_note(("busy", f"… {text}", hint))

    def show_error(self, text: str, hint: str = "") -> None:
        """Show what failed and what to do, in place of the rows, until ``set_rows``."""
        self._set_note(("bad", f"✗ {text}", hint))

    def _set_note(self, note: Note) -> None:
        self._note = note
        self.drop_drawn()
        self._announce()

    def _announce(self) -> None:
        """Tell the screen when the cursor is on another row than it was told last."""
        key = self.cursor_key
        if key != self._announced:
            self._announced = key
            self.post_message(self.RowHighlighted(self, key))

    @property
    def covered(self) -> bool:
        """Whether an error stands where the rows were; keys must not act on rows that nobody sees."""
        return self._note is not None and self._note[0] == "bad"

    def row(self, key: Key) -> RowT:
        """Return the row of ``key``. Raises KeyError if there is none."""
        return self.model.row(key)

    @property
    def cursor_row(self) -> RowT | None:
        """The row under the cursor, None when no row is to be seen."""
        key = self.cursor_key
        return None if key is None else self.model.row(key)

    @property
    def cursor_key(self) -> Key | None:
        """Key of the row under the cursor, None when no row is to be seen."""
        return None if self.covered else self.model.cursor_key

    def action_open(self) -> None:
        """Tell the screen that the row under the cursor was chosen."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.RowSelected(self, key))

    @property
    def marks(self) -> frozenset[Key]:
        """Keys of all marked rows, shown or not."""
        return frozenset(self.model.marks)

    def _change_marks(self, change: Callable[[], None]) -> None:
        before = set(self.model.marks)
        change()
        changed = before ^ self.model.marks
        if not changed:
            return
        for key in changed:
            self._drawn.pop(key, None)
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def toggle_mark(self, keys: Iterable[Key]) -> None:
        """Mark unmarked rows and unmark marked ones."""
        self._change_marks(lambda: self.model.toggle(keys))

    def set_marks(self, keys: Iterable[Key]) -> None:
        """Mark exactly these rows; unknown keys are ignored."""
        wanted = list(keys)

        def change() -> None:
            self.model.marks.clear()
            self.model.mark(wanted)

        self._change_marks(change)

    def mark_range(self, one: Key, other: Key) -> None:
        """Mark every row shown from one row to the other, both included."""
        self._change_marks(lambda: self.model.mark(self.model.between(one, other)))

    def action_mark_shown(self) -> None:
        """Mark every row that the filter shows."""
        if not self.covered:
            self._change_marks(lambda: self.model.mark(self.model.shown))

    def action_invert_marks(self) -> None:
        """Turn the marks of the shown rows round; hidden rows keep theirs."""
        if not self.covered:
            self.toggle_mark(self.model.shown)

    def action_clear_marks(self) -> None:
        """Unmark all rows, hidden ones included."""
        self._change_marks(self.model.marks.clear)

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and go on to the next."""
        if (key := self.cursor_key) is not None:
            self.toggle_mark([key])
            self.move_by(1)

    def action_extend(self, by: int) -> None:
        """Move the cursor and mark every row from where the extending began."""
        if (start := self.cursor_key) is None:
            return
        anchor = start if self._anchor is None else self._anchor
        self.move_by(by)
        self._anchor = anchor
        if (end := self.cursor_key) is not None:
            self.mark_range(anchor, end)

    def move_by(self, rows: int) -> None:
        """Move the cursor by rows; ends an extension of marks."""
        raise NotImplementedError
