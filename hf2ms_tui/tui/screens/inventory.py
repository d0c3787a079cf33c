"""The inventory: what do I have, what does it cost, what is safe? What its keys do."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.services.decisions import why_not
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.screens.base import GLOBAL
from hf2ms_tui.tui.screens.batch import BatchScreen
from hf2ms_tui.tui.screens.inventory_view import InventoryView
from hf2ms_tui.tui.widgets.vtable import VTable

_DECIDE = ("migrate", "delete", "keep", "later", "undo", "redo")
_MARKS = ("mark", "mark_range", "mark_all", "mark_invert", "mark_clear")
_ROOMS = ("plan", "jobs", "proof", "gate", "journal", "tombstones", "org")
_ACTIONS = (
    "open",
    "triage",
    "filter",
    *_DECIDE,
    "sort",
    "turn",
    *_MARKS,
    *_ROOMS,
    "refresh",
    "exact",
    "copy",
    "unfilter",
)


class InventoryScreen(InventoryView):
    """All repos of the org, with a filter, marks and decisions."""

    NAME = "inventory"
    ACTIONS = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    TOGETHER = (("migrate", "delete", "keep", "later"), "decide")
    CSS_PATH = "inventory.tcss"
    HELP_TEXT = (
        "All repos of the org: what they are, what they cost, whether their backup is proven, and what you decided. "
        "A decision changes nothing remote. It goes to the row under the cursor, or to all marked rows after they were "
        "listed. Flags: ! something is wrong or unknown, ~ the size is estimated, ↻ not read again since the start. "
        "Filter: words find names (fuzzy); fields narrow: type:model size:>10G vis:private backup:none age:>1y "
        "idle:>90d decision:undecided advice:delete gated:yes trouble:yes deletion:unknown; ! in front turns one round, "
        "commas mean or."
    )

    def on_screen_resume(self) -> None:
        """Come back here after a restart."""
        if self.house.memory.ready:
            self.house.memory.set("screen", self.NAME)
        if self.house.model.at:
            self.table.move_cursor(self.house.model.at)
            self.house.model.at = ""

    # -- deciding -----------------------------------------------------------------------------------------------

    def _marked(self) -> list[Row]:
        rows, marks = self.house.model.rows, self.table.marks
        if not marks:
            return []  # asked several times at every move of the cursor, over any number of rows
        return [row for key, row in rows.items() if key in marks]

    def _decide(self, decision: Decision) -> None:
        marked = self._marked()
        if not marked:
            row = self.table.cursor_row
            if row is not None:
                self.house.decide([row], decision)
            return
        touched = [row for row in marked if why_not(row, decision) is None]
        hidden = frozenset(row.key for row in marked if self.table.model.place_of(row.key) is None)

        def answered(yes: bool | None) -> None:
            if yes:
                self.house.decide(touched, decision, self.table.action_clear_marks)

        self.house.push_screen(BatchScreen(touched, decision, hidden, len(marked) - len(touched)), answered)

    def _why_not_decide(self, decision: Decision) -> str | None:
        if self.table.marks:
            # Asked at every move of the cursor: looks no further than to the first that can be decided so.
            rows = self.house.model.rows
            reasons = (why_not(rows[str(key)], decision) for key in self.table.marks if key in rows)
            refused = next(reasons, None)
            return refused if refused and all(reasons) else None
        row = self.table.cursor_row
        return "there is no repo under the cursor" if row is None else why_not(row, decision)

    def why_not_migrate(self) -> str | None:
        """Spaces are not migrated."""
        return self._why_not_decide(Decision.MIGRATE)

    def why_not_delete(self) -> str | None:
        """Needs a row."""
        return self._why_not_decide(Decision.DELETE)

    why_not_keep = why_not_later = why_not_delete

    def do_migrate(self) -> None:
        """Decide: migrate."""
        self._decide(Decision.MIGRATE)

    def do_delete(self) -> None:
        """Decide: delete."""
        self._decide(Decision.DELETE)

    def do_keep(self) -> None:
        """Decide: keep."""
        self._decide(Decision.KEEP)

    def do_later(self) -> None:
        """Decide later."""
        self._decide(Decision.LATER)

    # -- one repo -----------------------------------------------------------------------------------------------

    def _no_row(self) -> str | None:
        return None if self.table.cursor_row is not None else "there is no repo under the cursor"

    why_not_open = why_not_proof = why_not_copy = why_not_mark = _no_row

    def why_not_gate(self) -> str | None:
        """The gate is for repos that were decided to be deleted."""
        row = self.table.cursor_row
        if row is None:
            return self._no_row()
        return gate_reason(
            row, self.house.program.settings.read_only, self.house.action_of("delete").key_text
        )

    def _hand_over_order(self) -> None:
        self.house.model.order = [key for key in self.table.model.shown if isinstance(key, str)]

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Enter or a double click opens the card."""
        self.do_open()

    def do_open(self) -> None:
        """Open the card of the row under the cursor."""
        row = self.table.cursor_row
        if row is not None:
            self._hand_over_order()
            self.house.open_repo("triage", row.info.ref)

    def do_triage(self) -> None:
        """Go through what is shown, one repo at a time."""
        self._hand_over_order()
        self.house.go("triage")

    def why_not_triage(self) -> str | None:
        """Needs a repo."""
        return None if self.table.model.shown else "there is no repo to decide about"

    def do_proof(self) -> None:
        """File by file."""
        if (row := self.table.cursor_row) is not None:
            self.house.open_repo("proof", row.info.ref)

    def do_gate(self) -> None:
        """The gate of the row under the cursor."""
        if (row := self.table.cursor_row) is not None:
            self.house.open_repo("gate", row.info.ref)

    def do_copy(self) -> None:
        """Copy the id."""
        if (row := self.table.cursor_row) is not None:
            self.house.copy(str(row.info.ref.id))

    # -- table --------------------------------------------------------------------------------------------------

    def do_sort(self) -> None:
        """Sort by the next column that is in view."""
        names = [name for name in self.table.visible_columns if name != "flag"]
        sorting = self.table.model.sorting
        now = sorting[0][0] if sorting else ""
        name = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
        self.table.sort_by(name)
        self._sorted()

    def do_turn(self) -> None:
        """Turn the order round."""
        if self.table.model.sorting:
            self.table.sort_by(self.table.model.sorting[0][0])
            self._sorted()

    def _sorted(self) -> None:
        self.remember_sort()
        column, down = self.table.model.sorting[0]
        self.house.say(f"sorted by {column}, {'largest or last' if down else 'smallest or first'} on top")

    def do_exact(self) -> None:
        """Exact bytes and dates, or rounded ones."""
        self.table.set_exact(not self.table.exact)
        self.house.memory.set("exact", self.table.exact)

    def do_refresh(self) -> None:
        """Read the org again; what is on the screen stays until it is read."""
        self.house.read_inventory()

    def why_not_refresh(self) -> str | None:
        """Once at a time."""
        return "the org is being read already" if self.house.model.loading else None

    def do_mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        self.table.action_toggle_mark()

    def do_mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        here = self.table.cursor_key
        if self.last_mark is not None and here is not None:
            self.table.mark_range(self.last_mark, here)

    def why_not_mark_range(self) -> str | None:
        """A range needs its other end."""
        if self.last_mark is None:
            return f"mark one end first with {self.house.action_of('mark').key_text}"
        if self.table.model.place_of(self.last_mark) is None:
            return "the filter hides the other end of the range"
        return None

    def do_mark_all(self) -> None:
        """Mark all that the filter shows."""
        self.table.action_mark_shown()

    def do_mark_invert(self) -> None:
        """Turn the marks of what is shown round."""
        self.table.action_invert_marks()

    def do_mark_clear(self) -> None:
        """Clear all marks."""
        self.table.action_clear_marks()

    def why_not_mark_clear(self) -> str | None:
        """Needs marks."""
        return None if self.table.marks else "nothing is marked"


def gate_reason(row: Row, read_only: bool, key: str) -> str | None:
    """Why the gate of a repo does not open now: read-only, or not decided to be deleted."""
    if read_only:
        return "the program runs read-only: it was built without deletion; start it without --read-only"
    if row.decision is not Decision.DELETE:
        return f"{row.info.ref.name} is not decided to be deleted; {key} decides that"
    return None
