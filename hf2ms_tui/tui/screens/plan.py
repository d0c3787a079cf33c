"""The plan: what do my decisions amount to, in calls, bytes, time and money? What stands in the way comes first."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import exports, jobs, words
from hf2ms_tui.services.plan import plan
from hf2ms_tui.services.planned import Item, Plan
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.text import wrap
from hf2ms_tui.tui.widgets.cards import Fact
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.question import Question
from hf2ms_tui.tui.widgets.rule import Lines
from hf2ms_tui.tui.widgets.vtable import VTable

_ACTIONS = ("start", "gate", "details", "recheck", "export", "jobs", "inventory", "triage", "back")


class PlanScreen(RoomScreen):
    """What will happen with every repo that is decided migrate or delete, before anything runs."""

    NAME = "plan"
    HELP_TEXT = (
        "What the decisions amount to. Migrations start together with g, after one question; each runs as a job of its own "
        "that outlives the program. Deletions never start here: each goes through its own gate (D). Time and money are "
        "estimates; where their basis is weak, the line says “at most” or “about”. What is blocked will not happen, for "
        "the reason given."
    )
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    CSS_PATH = "plan.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self._looked = False
        self._before: frozenset[str] | None = None
        """ids of the jobs that were there before the migrations were started, None when none are being started"""

    def compose_body(self) -> ComposeResult:
        """Totals, items, the selected item in full, the question."""
        yield Lines(id="totals")
        yield VTable(
            (
                Column("state", "", 10, sortable=False),
                Column(
                    "repo", "repo", 20, flex=1, min_width=16, max_width=44, elide="middle", sortable=False
                ),
                Column("size", "size", 10, align="right", priority=2, sortable=False),
                Column("what", "what will happen", 36, flex=4, min_width=33, sortable=False),
                Column("time", "time", 12, align="right", priority=1, sortable=False),
            ),
            self._cell,
            key=lambda item: item.ref.key,
            markable=False,
            empty=("Nothing is decided yet", "t walks through the repos; m and x decide"),
            id="items",
        )
        yield Lines(id="whole")
        yield Question(id="question")

    def on_mount(self) -> None:
        """Show at once what is known, then look closer."""
        self._table.show_loading("Making the plan…")
        self._table.focus()
        self._make(look=False)

    @property
    def _table(self) -> VTable[Item]:
        return self.query_one("#items", VTable)

    # -- making it ----------------------------------------------------------------------------------------------

    def _make(self, *, look: bool) -> None:
        program, rows = self.house.program, tuple(self.house.model.rows.values())

        def done(found: Plan) -> None:
            self._looked = look
            self._show(found)
            if not look and self.here:
                self._make(look=True)

        self.house.background.run(
            lambda: plan(program, rows, look=look),
            done,
            self._failed,
            only=f"plan {'look' if look else 'quick'}",
        )

    def _failed(self, error: Exception) -> None:
        self.house.failed(error)
        if self.here and self.plan is None:
            self._table.show_error("The plan could not be made", sentence(error))

    def _show(self, found: Plan) -> None:
        self.plan = found
        if not self.here:
            return
        order = {Decision.MIGRATE: 1, Decision.DELETE: 2}
        self._table.set_rows(sorted(found.items, key=lambda item: (not item.blocked, order[item.decision])))
        self._draw_totals()
        self._draw_whole()
        self.refresh_head()
        self.refresh_keys()

    def model_changed(self, keys: frozenset[str] | None = None) -> None:
        """A decision changed meanwhile."""
        if self.plan is not None and keys is None:
            wanted = {Decision.MIGRATE, Decision.DELETE}
            decided = {
                key: row.decision for key, row in self.house.model.rows.items() if row.decision in wanted
            }
            if decided != {item.ref.key: item.decision for item in self.plan.items}:
                self._make(look=False)

    # -- drawing ------------------------------------------------------------------------------------------------

    def head_parts(self) -> tuple[str, str]:
        """How many of each."""
        if self.plan is None:
            return "plan", ""
        looked = "" if self._looked else "   looking closer…"
        return (
            f"plan   migrate {len(self.plan.migrations):,}   delete {len(self.plan.deletions):,}   "
            f"blocked {len(self.plan.blocked):,}{looked}"
        ), ""

    def _draw_totals(self) -> None:
        found = self.plan
        if found is None:
            return
        lines = [[(f" {line}", "strong")] for line in wrap(found.words, max(self.size.width - 2, 20))]
        lines.append(
            [(f" {line}", "dim") for line in wrap(found.rates.source, max(self.size.width - 2, 20))[:2]]
        )
        self.query_one("#totals", Lines).show(lines)

    def _cell(self, item: Item, column: str) -> Cell:
        match column:
            case "state":
                if item.blocked:
                    return Cell("✗ blocked", "bad")
                if item.decision is Decision.DELETE:
                    return Cell("! delete" if item.problems else "× delete", "warn")
                return Cell("→ migrate", "note")
            case "repo":
                return Cell(item.ref.name)
            case "size":
                return Cell(words.size(item.size))
            case "what":
                blocking = next((problem.text for problem in item.problems if problem.blocks), "")
                if blocking:
                    return Cell(blocking, "bad")
                # A gate that cannot open yet says what is missing, before what its deletion would free.
                if item.decision is Decision.DELETE and item.problems:
                    return Cell(item.problems[0].text, "warn")
                return Cell(item.words)
            case _:
                return Cell(words.duration(item.move.seconds) if item.move and not item.blocked else "")

    def _problems(self, item: Item) -> list[tuple[str, str]]:
        return [
            (f"{'✗' if problem.blocks else '!'} {problem.text}", "bad" if problem.blocks else "warn")
            for problem in item.problems
        ]

    def _draw_whole(self) -> None:
        item = self._table.cursor_row
        lines: list[list[tuple[str, str]]] = []
        if item is not None:
            width = max(self.size.width - 3, 20)
            to = f" → {item.destination.hub.title} {item.destination.id}" if item.destination else ""
            lines.append([(f" {item.ref.id}{to}", "strong")])
            for text, tone in [(item.words, ""), *self._problems(item)]:
                lines += [[(f" {line}", tone)] for line in wrap(text, width)]
        self.query_one("#whole", Lines).show(lines[:6])

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Show the selected item in full."""
        self._draw_whole()
        self.refresh_keys()

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Open it."""
        self.action_act("details")

    def on_resize(self) -> None:
        """Wrap anew."""
        self._draw_totals()
        self._draw_whole()

    # -- keys ---------------------------------------------------------------------------------------------------

    def why_not_start(self) -> str | None:
        """Needs migrations, the right to write, and the closer look."""
        if self.house.program.settings.read_only:
            return "the program runs read-only: start it without --read-only"
        if self.plan is None or not self.plan.migrations:
            return "there is nothing to migrate: m in the inventory or in triage decides"
        return None if self._looked else "wait: the files of every repo are being listed"

    def do_start(self) -> None:
        """Ask once, then start a job for every migration."""
        found = self.plan
        if found is None:
            return
        count = len(found.migrations)
        self.query_one(Question).ask(
            f"Start {words.count(count, 'migration')}, {words.size(found.to_move)} to move?",
            lambda: self._start(tuple(item for item in found.migrations)),
            "start",
        )

    def _start(self, items: tuple[Item, ...]) -> None:
        program = self.house.program

        def start() -> tuple[list[JobView], list[str]]:
            started, refused = [], []
            for item in items:
                ends = jobs.direction(program, item.ref)
                if item.destination is not None:
                    ends = jobs.Direction(item.ref, item.destination)
                try:
                    started.append(jobs.start(program, ends))
                except Exception as error:  # noqa: BLE001 - one repo's refusal must not keep the others from starting
                    refused.append(f"{item.ref.id}: {sentence(error)}")
            return started, refused

        def done(found: tuple[list[JobView], list[str]]) -> None:
            self._before = None
            started, refused = found
            for text in refused:
                self.house.say(text, "bad")
            self.house.say(f"{words.count(len(started), 'job')} started", "ok" if not refused else "warn")
            self.house.poll_jobs()
            if started and self.app.screen is self:
                self.house.go("jobs")

        self._before = frozenset(view.id for view in self.house.model.jobs)
        self.house.background.run(start, done, self.house.failed, only="start")

    def jobs_changed(self) -> None:
        """Go where the first job tells what it does: to hand it over may mean to build an image first."""
        super().jobs_changed()
        if self._before is not None and {view.id for view in self.house.model.jobs} - self._before:
            self._before = None
            if self.app.screen is self:
                self.house.go("jobs")

    def why_not_gate(self) -> str | None:
        """Only what is decided delete has its gate here."""
        item = self._table.cursor_row
        if item is None:
            return "nothing is decided yet"
        return None if item.decision is Decision.DELETE else "this repo is decided migrate: x decides delete"

    def do_gate(self) -> None:
        """The gate of the selected repo."""
        if (item := self._table.cursor_row) is not None:
            ref: RepoRef = item.ref
            self.house.open_repo("gate", ref)

    def why_not_details(self) -> str | None:
        """Needs an item."""
        return None if self._table.cursor_row is not None else "nothing is decided yet"

    def do_details(self) -> None:
        """Everything that is known of the selected item."""
        item = self._table.cursor_row
        if item is None:
            return
        facts = [
            Fact("repo", item.ref.key),
            Fact("to", item.destination.key if item.destination else ""),
            Fact("decision", item.decision.value),
            Fact("what", item.words),
            Fact("size", words.size(item.size, exact=True)),
            Fact("files", f"{item.files:,}" if item.files is not None else ""),
            *(Fact("problem", text, tone) for text, tone in self._problems(item)),
        ]
        self.app.push_screen(FullTextScreen(f"plan for {item.ref.id}", [fact for fact in facts if fact.text]))

    def why_not_export(self) -> str | None:
        """Needs a plan."""
        return None if self.plan is not None else "the plan is being made"

    def do_export(self) -> None:
        """Write the plan as JSON to the current folder."""
        if (found := self.plan) is not None:
            self.house.background.run(
                lambda: exports.export_plan(found, Path.cwd()),
                lambda path: self.house.say(f"written: {path}", "ok"),
                self.house.failed,
            )

    def do_recheck(self) -> None:
        """Make it again."""
        self._make(look=False)
