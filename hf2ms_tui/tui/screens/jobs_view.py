"""What the jobs screen shows: all jobs, the chunks and the log of the selected one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from hf2ms_tui.domain.job import ChunkState, JobView, Phase
from hf2ms_tui.services import jobs, words
from hf2ms_tui.services.pace import Paces
from hf2ms_tui.tui.job_log import EVERY, LogFeed
from hf2ms_tui.tui.job_rows import COLUMNS, chunk_rule, headline, job_cell
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.widgets.chunk_bars import NO_CHUNKS, ChunkBars
from hf2ms_tui.tui.widgets.columns import Cell
from hf2ms_tui.tui.widgets.log_pane import LogPane
from hf2ms_tui.tui.widgets.question import Question
from hf2ms_tui.tui.widgets.rule import Rule
from hf2ms_tui.tui.widgets.vtable import VTable


class JobsView(RoomScreen):
    """The parts and what changes them; what the keys do stands on it."""

    def __init__(self) -> None:
        super().__init__()
        self._paces = Paces()
        self.details: dict[str, JobView] = {}
        self._shown = ""
        self._feed: LogFeed | None = None

    # -- the parts ----------------------------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """Jobs, chunks, log; a question and a search line that are hidden until they are needed."""
        yield VTable[JobView](
            COLUMNS,
            self._cell,
            key=lambda view: view.id,
            markable=False,
            empty=("No jobs yet", "p opens the plan; g starts its migrations there."),
            id="jobs",
        )
        yield Rule("chunks", id="rule")
        yield ChunkBars(id="chunks")
        yield LogPane("log", id="log")
        yield Input(placeholder="search the log; Enter finds, Esc leaves", id="search")
        yield Question(id="question")

    def on_mount(self) -> None:
        """Show the jobs that are known and begin to follow the log."""
        self._feed = LogFeed(self.house.program, self.house.background, self.pane, self.house.failed)
        self.table.focus()
        self._show_jobs()
        self.set_interval(EVERY, self._feed.look)
        self.set_interval(1.0, self._second)

    @property
    def table(self) -> VTable[JobView]:
        """All jobs."""
        return self.query_one("#jobs", VTable)

    @property
    def bars(self) -> ChunkBars:
        """The chunks of the selected job."""
        return self.query_one(ChunkBars)

    @property
    def pane(self) -> LogPane:
        """The log of the selected job."""
        return self.query_one(LogPane)

    @property
    def selected(self) -> JobView | None:
        """The job under the cursor."""
        return self.table.cursor_row

    def _cell(self, view: JobView, column: str) -> Cell:
        return job_cell(view, column, self._paces.of(view))

    def head_parts(self) -> tuple[str, str]:
        """How many jobs in which state, and the rates both ways."""
        rates = (
            f"↓ {words.rate(self._paces.down)} ↑ {words.rate(self._paces.up)}"
            if self.house.model.running
            else ""
        )
        return f"jobs   {headline(self.house.model.jobs)}".rstrip(), rates

    # -- what changes -------------------------------------------------------------------------------------------

    def jobs_changed(self) -> None:
        """Boards were read."""
        self._show_jobs()
        self.refresh_head()

    def model_changed(self, keys: frozenset[str] | None = None) -> None:
        """Another screen was on top meanwhile."""
        self._show_jobs()

    def _show_jobs(self) -> None:
        views = self.house.model.jobs
        self._paces.look(views, time.monotonic())
        table = self.table
        known = [table.row(view.id) if view.id in table.model else None for view in views]
        if len(table.model) != len(views) or None in known:
            table.set_rows(views)
        else:
            table.update_rows(
                view for view, old in zip(views, known, strict=True) if old != view or not view.phase.final
            )
        self._show_selected()
        self.refresh_keys()

    @on(VTable.RowHighlighted, "#jobs")
    def _another(self) -> None:
        self._show_selected()
        self.refresh_keys()

    def _show_selected(self) -> None:
        view = self.selected
        if view is None or self._feed is None:
            return
        if view.phase.final and view.id not in self.details:
            self._fetch(view.id)
        if not view.phase.final:
            self.details.pop(view.id, None)
        whole = self.details.get(view.id, view)
        if view.id != self._shown:
            self._shown = view.id
            self.bars.set_rows(())
            self.pane.filter_by()
            self.pane.title = f"log of {view.spec.source.name}"
            self._feed.follow(view.id)
        if set(self.bars.model.shown) - {chunk.number for chunk in whole.chunks}:
            self.bars.set_rows(())
        if whole.phase in {Phase.COMMITTING, Phase.PROVING, Phase.DONE}:
            self.bars.say_empty("No chunks", "No large file had to be moved.")
        else:
            self.bars.say_empty(*NO_CHUNKS)
        self.bars.update_chunks(whole.chunks, datetime.now(UTC))
        self._keep_running_in_view(whole)
        self.query_one(Rule).show(
            f"chunks of {view.spec.source.name}", chunk_rule(whole, self._paces.of(view), datetime.now(UTC))
        )

    def _keep_running_in_view(self, view: JobView) -> None:
        """Let the cursor of the chunks go along with what is moved now, as long as nobody reads there."""
        first = next((chunk.number for chunk in view.chunks if chunk.state is ChunkState.RUNNING), None)
        if first is not None and not self.bars.has_focus:
            self.bars.move_cursor(first)

    def _fetch(self, job_id: str) -> None:
        def came(view: JobView) -> None:
            self.details[job_id] = view
            if self.here and self._shown == job_id:
                self._show_selected()

        self.house.background.run(
            lambda: jobs.detail(self.house.program, job_id), came, self.house.failed, only=f"detail {job_id}"
        )

    def _second(self) -> None:
        """What depends on the clock: how long chunks have been still, rates and times left."""
        view = self.selected
        if view is not None and not view.phase.final:
            self.bars.update_chunks(view.chunks, datetime.now(UTC))
