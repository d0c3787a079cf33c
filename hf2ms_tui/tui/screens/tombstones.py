"""The tombstones: what is kept of deleted repos, what a restore would bring back, and the restore itself."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import restore, stones, words
from hf2ms_tui.services.restore import Survey
from hf2ms_tui.services.stones import Stone
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.widgets.cards import Fact, FactCard
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.question import Question
from hf2ms_tui.tui.widgets.vtable import VTable

_ACTIONS = ("restore", "survey", "refresh", "copy", "jobs", "journal", "inventory", "back")
_SHOWN = 5
"""missing files named one by one"""


class TombstonesScreen(RoomScreen):
    """All tombstones, newest first; the selected one in full below."""

    NAME = "tombstones"
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    FIRST = ("restore", "survey", "back")
    CSS_PATH = "tombstones.tcss"
    HELP_TEXT = (
        "What is kept of repos that were deleted: a tombstone is written at the gate, before the deletion. Together with the "
        "destination it makes the repo again, as a job: every branch and tag as one state, seen by no more people than "
        "before, and proven. Enter says what would come back and what would not; r restores it, after one question. Nothing "
        "is overwritten: an id that exists again is refused. Run again after an interruption, it carries on."
    )

    def __init__(self) -> None:
        super().__init__()
        self._stones: list[Stone] = []
        self._read = False
        self.found: Survey | None = None
        self.busy = ""

    def compose_body(self) -> ComposeResult:
        """The list, the selected one, the question."""
        yield VTable(
            (
                Column("repo", "repo", 24, flex=2, min_width=16, elide="middle", sortable=False),
                Column("from", "from", 12, sortable=False, priority=1),
                Column("at", "written (UTC)", 19, sortable=False),
                Column("held", "holds", 9, align="right", sortable=False, priority=2),
                Column("state", "", 16, flex=1, min_width=14, sortable=False),
            ),
            self._cell,
            key=lambda stone: stone.row.id,
            markable=False,
            empty=("There are no tombstones", "One is written at the gate, before a deletion. Esc goes back"),
            id="stones",
        )
        with VerticalScroll(id="below"):
            yield FactCard("the selected tombstone", id="whole")
        yield Question(id="question")

    def on_mount(self) -> None:
        """Read the index."""
        self._table.show_loading("Reading the tombstones…")
        self._table.focus()
        self.do_refresh()

    @property
    def _table(self) -> VTable[Stone]:
        return self.query_one("#stones", VTable)

    @property
    def _selected(self) -> Stone | None:
        return self._table.cursor_row

    def _cell(self, stone: Stone, column: str) -> Cell:
        row = stone.row
        match column:
            case "repo":
                return Cell(str(row.ref.id))
            case "from":
                return Cell(row.ref.hub.title, "dim")
            case "at":
                return Cell(f"{row.at:%Y-%m-%d %H:%M:%S}", "dim")
            case "held":
                return Cell(words.size(row.size), "dim")
            case _:
                job = self._job(stone)
                if job is not None:
                    tone = {"done": "ok", "failed": "bad", "cancelled": "warn"}.get(job.phase.value, "busy")
                    text = {"done": "restored"}.get(job.phase.value, job.phase.value)
                    return Cell(f"{job.phase.glyph} {text}", tone)
                tone = {"done": "", "unknown": "warn"}.get(stone.deletion, "dim")
                return Cell(stones.ENDED[stone.deletion], tone)

    def _job(self, stone: Stone) -> JobView | None:
        return next((view for view in self.house.model.jobs if view.spec.tombstone == stone.row.id), None)

    def head_parts(self) -> tuple[str, str]:
        """How many."""
        return (
            f"tombstones   {words.count(len(self._stones), 'tombstone')}" if self._read else "tombstones",
            "",
        )

    # -- reading ------------------------------------------------------------------------------------------------

    def do_refresh(self) -> None:
        """Read the index again."""
        program = self.house.program
        self.house.background.run(
            lambda: stones.listing(program), self._listed, self._not_listed, only="tombstones"
        )

    def _listed(self, found: list[Stone]) -> None:
        if not self.here:
            return
        self._stones, self._read = found, True
        self._table.set_rows(found)
        self.refresh_head()
        self._draw()

    def _not_listed(self, error: Exception) -> None:
        self.house.failed(error)
        if self.here:
            self._table.show_error("The tombstones could not be read", sentence(error))

    def jobs_changed(self) -> None:
        """A restore began, went on or ended."""
        if self._read:
            self._table.set_rows(self._stones)

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Show the selected one below."""
        if self.found is not None and (self._selected is None or self.found.row.id != self._selected.row.id):
            self.found = None
        self._draw()

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Say what would come back."""
        self.action_act("survey")

    # -- looking ------------------------------------------------------------------------------------------------

    def why_not_survey(self) -> str | None:
        """Needs a tombstone."""
        if self.busy:
            return f"wait: {self.busy}"
        return None if self._selected else "there is no tombstone"

    def do_survey(self) -> None:
        """Ask both hubs what a restore would bring back."""
        self._look(ask=False)

    def _look(self, *, ask: bool) -> None:
        stone = self._selected
        if stone is None:
            return
        program, row = self.house.program, stone.row
        self._work("verifying the tombstone")
        self.house.background.run(
            lambda: restore.survey(
                program, row, lambda text: self.house.background.tell(lambda: self._work(text))
            ),
            lambda found: self._looked(found, ask),
            self._failed,
            only=f"survey {row.id}",
        )

    def _work(self, text: str) -> None:
        if self.here:
            self.busy = text
            self._draw()
            self.refresh_keys()

    def _looked(self, found: Survey, ask: bool) -> None:
        if not self.here:
            return
        self.busy = ""
        if self._selected is not None and self._selected.row.id == found.row.id:
            self.found = found
        self._draw()
        self.refresh_keys()
        if not ask or self.found is None:
            return
        if found.refused or found.missing:
            self.house.say(f"{found.row.ref.id} cannot be restored now; see why below", "bad")
            return
        where = f"{found.row.ref.id} on {found.row.ref.hub.title}"
        verb = "Carry on restoring" if found.earlier and found.earlier.phase.value != "done" else "Restore"
        self.query_one("#question", Question).ask(
            f"{verb} {where}, {found.opening}?", lambda: self._start(found), "restore it"
        )

    def _failed(self, error: Exception) -> None:
        if self.here:
            self.busy = ""
            self.query_one("#whole", FactCard).set_facts([Fact("Fails", sentence(error), "bad")])
            self.refresh_keys()
        self.house.failed(error)

    # -- restoring ----------------------------------------------------------------------------------------------

    def why_not_restore(self) -> str | None:
        """Needs a tombstone, and no restore of it under way."""
        if self.house.program.settings.read_only:
            return "the program runs read-only"
        return self.why_not_survey()

    def do_restore(self) -> None:
        """Look, then ask once."""
        self._look(ask=True)

    def _start(self, found: Survey) -> None:
        program = self.house.program
        self._work("starting the restore")
        self.house.background.run(
            lambda: restore.start(program, found.row),
            self._started,
            self._failed,
            only=f"restore {found.row.id}",
        )

    def _started(self, view: JobView) -> None:
        self.house.say(f"{view.spec.destination.id} is being restored by job {view.id}", "ok")
        self.house.poll_jobs()
        if self.here:
            self.busy, self.found = "", None
            self.house.do_jobs()

    def why_not_copy(self) -> str | None:
        """Needs a tombstone."""
        return None if self._selected else "there is no tombstone"

    def do_copy(self) -> None:
        """Copy the folder's path."""
        if (stone := self._selected) is not None:
            self.house.copy(str(stone.row.folder))

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        card, stone = self.query_one("#whole", FactCard), self._selected
        if stone is None:
            card.set_facts([])
            return
        facts = [
            Fact("Tombstone", f"{stone.row.id}, {words.count(stone.row.contents, 'content')} held", ""),
            Fact("Folder", self._place(stone), "dim"),
        ]
        found = self.found
        if self.busy:
            facts.append(Fact("", f"● {self.busy}…", "busy"))
        elif found is None:
            facts.append(Fact("", "Enter says what would come back; r restores it", "dim"))
        else:
            facts += self._surveyed(found)
        card.set_facts(facts)

    def _place(self, stone: Stone) -> str:
        """The folder, below that of the state; y copies it in full."""
        state, folder = self.house.program.places.state, stone.row.folder
        return str(folder.relative_to(state)) if folder.is_relative_to(state) else str(folder)

    @staticmethod
    def _surveyed(found: Survey) -> list[Fact]:
        facts = [
            Fact("Comes back", "; ".join(found.back), "ok"),
            Fact("Does not", "; ".join(found.gone), "warn"),
        ]
        if found.refused:
            facts.append(Fact("Not now", found.refused, "bad"))
        for path, why in found.missing[:_SHOWN]:
            facts.append(Fact("Missing", f"{clean(path, 120)}: {why}", "bad"))
        if len(found.missing) > _SHOWN:
            facts.append(Fact("Missing", f"{len(found.missing) - _SHOWN:,} more files", "bad"))
        return facts
