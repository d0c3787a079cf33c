"""The inventory as it is drawn: totals, filter, table, marks; and how it comes back to the same place after a restart."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from hf2ms_tui.domain import filters
from hf2ms_tui.tui.repo_table import RepoTable
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.screens.inventory_state import state_line
from hf2ms_tui.tui.widgets.table_model import Key
from hf2ms_tui.tui.widgets.vtable import VTable


class FilterInput(Input):
    """The filter's text; down and Enter go back to the rows and keep it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "screen.to_rows", "rows", show=False, id="filter.rows")
    ]


class InventoryView(RoomScreen):
    """All repos of the org, with a filter and marks; what keys do comes with ``InventoryScreen``."""

    def __init__(self) -> None:
        super().__init__()
        self._filter = filters.parse("")
        self._restored_for: str | None = None
        self._version = -1
        self.last_mark: Key | None = None
        self._marks: frozenset[Key] = frozenset()

    # -- drawing ------------------------------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """Totals, the line of the filter, the table."""
        yield Static(id="totals", markup=False)
        with Horizontal(id="line"):
            yield Static("/", id="slash", markup=False)
            yield FilterInput(id="filter", compact=True, select_on_focus=True)
            yield Static(id="state", markup=False)
        yield RepoTable(lambda: self.house.model.stale, id="rows")

    @property
    def table(self) -> RepoTable:
        """The table."""
        return self.query_one("#rows", RepoTable)

    def on_mount(self) -> None:
        """Begin with the keys on the table, largest repos first."""
        self.table.sort_by("size", True)
        self.table.focus()

    def head_parts(self) -> tuple[str, str]:
        """The org and the direction."""
        settings = self.house.program.settings
        return f"{settings.org or 'no org'}   {settings.source.title} → {settings.destination.title}", ""

    def on_resize(self) -> None:
        """Draw the lines that fit the width anew."""
        self.draw_lines()

    def draw_lines(self) -> None:
        """Draw totals and state."""
        model, width = self.house.model, max(self.size.width - 2, 20)
        # Nothing read is not an org without repos.
        unread = not model.rows and (model.loading or bool(model.trouble))
        self.query_one("#totals", Static).update(Content("" if unread else model.totals.line(width)))
        marked = [model.rows[key] for key in self.table.marks if isinstance(key, str) and key in model.rows]
        hidden = sum(1 for row in marked if self.table.model.place_of(row.key) is None)
        room = width // 2 if self.has_class("-filtering") else width
        line = state_line(
            model,
            self._filter,
            len(self.table.model.shown),
            marked,
            hidden,
            room,
            self.has_class("-filtering"),
        )
        self.query_one("#state", Static).update(
            Content("").join(
                Content(text).stylize(self.house.tone_style(tone)) if tone else Content(text)
                for text, tone in line
            )
        )

    def model_changed(self, keys: frozenset[str] | None = None) -> None:
        """Show what changed; cursor, marks and scroll stay with their repos."""
        model, table = self.house.model, self.table
        self._restore()
        if keys is None:
            if model.version != self._version:
                table.set_rows(model.rows.values())
        else:
            table.update_rows(model.rows[key] for key in keys if key in model.rows)
        self._version = model.version
        if not model.rows and model.loading:
            org, hub = self.house.program.settings.org, self.house.program.settings.source.title
            table.show_loading(f"Reading {org} from {hub}", "Rows appear as they come.")
        elif not model.rows and model.trouble:
            table.show_error(model.trouble, self._way_out())
        self.draw_lines()

    def _way_out(self) -> str:
        key = {name: self.house.action_of(name).key_text for name in ("refresh", "org")}
        ways = f"{key['refresh']} tries again, {key['org']} looks at another org; hf2ms-tui doctor checks tokens and network."
        return f"{self.house.model.way_out} {ways}".strip()

    # -- coming back --------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Put filter, sort and cursor back to where they were when this org was last looked at."""
        memory, org = self.house.memory, self.house.program.settings.org
        if not memory.ready or self._restored_for == org:
            return
        self._restored_for = org
        column, descending = memory.get("sort", ["size", True])
        if column in {each.key for each in self.table.columns}:
            self.table.sort_by(str(column), bool(descending))
        self.table.set_exact(bool(memory.get("exact", False)))
        text = str(memory.get("filter", ""))
        with self.prevent(Input.Changed):
            self.query_one("#filter", FilterInput).value = text
        self._apply(text)
        cursor = memory.get("cursor")
        if cursor:
            self.table.move_cursor(str(cursor))

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Remember the row that was chosen, and show which keys apply to it."""
        wanted = self.table.model.wanted
        if wanted is not None and wanted == message.key:
            self.house.memory.set("cursor", wanted)
        self.refresh_keys()

    def remember_sort(self) -> None:
        """Keep column and direction for the next start."""
        if self.table.model.sorting:
            self.house.memory.set("sort", list(self.table.model.sorting[0]))

    def on_vtable_header_selected(self) -> None:
        """A header was clicked."""
        self.remember_sort()

    def on_vtable_marks_changed(self, message: VTable.MarksChanged) -> None:
        """Show the marks' totals; a range begins at the last single mark."""
        added = message.marks - self._marks
        self._marks = message.marks
        if len(added) == 1:
            self.last_mark = next(iter(added))
        self.draw_lines()
        self.refresh_keys()

    # -- filter -------------------------------------------------------------------------------------------------

    def offered(self) -> tuple[str, ...]:
        """While the filter is typed, letters are text and do nothing else."""
        return ("rows", "unfilter") if self.has_class("-filtering") else super().offered()

    def do_filter(self) -> None:
        """Type into the filter."""
        self.add_class("-filtering")
        self.query_one("#filter", FilterInput).focus()
        self.draw_lines()
        self.refresh_keys()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self._apply(event.value)

    def _apply(self, text: str) -> None:
        self._filter = filters.parse(text)
        self.house.model.filter = text.strip()
        self.table.set_filter(self._filter.matches if self._filter else None)
        self.house.memory.set("filter", text)
        self.draw_lines()

    def action_to_rows(self) -> None:
        """Put the keys back on the rows; the filter stays."""
        self.remove_class("-filtering")
        self.table.focus()
        self.draw_lines()
        self.refresh_keys()

    do_rows = action_to_rows

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Close the filter's field when the keys leave it, by a click for example."""
        if isinstance(event.widget, FilterInput):
            self.remove_class("-filtering")
            self.draw_lines()
            self.refresh_keys()

    def why_not_unfilter(self) -> str | None:
        """Needs a filter; there is nothing below the inventory."""
        if self.has_class("-filtering") or self._filter.text:
            return None
        return f"this is the first screen; {self.house.action_of('quit').key_text} leaves the program"

    def do_unfilter(self) -> None:
        """Clear the filter."""
        self.query_one("#filter", FilterInput).value = ""
        self._apply("")
        self.action_to_rows()
