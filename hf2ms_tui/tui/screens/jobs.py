"""Jobs: is it moving, is it stuck, what did it say? What its keys do."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from hf2ms_tui.domain.job import JobView
from hf2ms_tui.services import jobs, words
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.job_rows import job_facts, state_of
from hf2ms_tui.tui.screens.base import GLOBAL
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.inventory import gate_reason
from hf2ms_tui.tui.screens.jobs_view import JobsView
from hf2ms_tui.tui.widgets.log_pane import LogPane
from hf2ms_tui.tui.widgets.question import Question
from hf2ms_tui.tui.widgets.vtable import VTable

_ACTIONS = (
    "cancel",
    "retry",
    "log",
    "details",
    "only",
    "search",
    "follow",
    "proof",
    "gate",
    "copy",
    "plan",
    "inventory",
    "journal",
    "back",
)
_LOG_KEYS = frozenset({"n", "N", "w", "y"})


class JobsScreen(JobsView):
    """All jobs, the chunks and the log of the selected one."""

    NAME = "jobs"
    HELP_TEXT = (
        "All migrations, newest first; below them the chunks and the log of the selected one. Tab goes from one to the "
        "next. In the log: arrows scroll and hold it still, End follows again, n and N go through the hits of a search, "
        "w wraps, y copies. Jobs go on when the program is left."
    )
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(_ACTIONS + GLOBAL)]
    CSS_PATH = "jobs.tcss"

    # -- keys ---------------------------------------------------------------------------------------------------

    def knows_key(self, key: str) -> bool:
        """The log has keys of its own."""
        return super().knows_key(key) or (key in _LOG_KEYS and self.pane.has_focus)

    def _none(self) -> str | None:
        return None if self.selected else "there is no job yet: p opens the plan"

    why_not_log = why_not_details = why_not_proof = why_not_search = why_not_follow = why_not_copy = _none

    def why_not_gate(self) -> str | None:
        """The gate is for repos of this inventory that were decided to be deleted."""
        view = self.selected
        if view is None:
            return self._none()
        row = self.house.model.rows.get(view.spec.source.key)
        if row is None:
            return f"{view.spec.source.id} is not in this inventory"
        house = self.house
        return gate_reason(row, house.program.settings.read_only, house.action_of("delete").key_text)

    def why_not_cancel(self) -> str | None:
        """Only what runs can be cancelled."""
        view = self.selected
        if view is None:
            return self._none()
        if view.phase.final:
            return f"this job is over: {state_of(view)[0]}"
        return "it is being cancelled already" if view.cancel_requested and not view.lost else None

    def why_not_retry(self) -> str | None:
        """Only what failed, was cancelled or lost can run again."""
        view = self.selected
        if view is None:
            return self._none()
        if self.house.program.settings.read_only:
            return "the program runs read-only: start it without --read-only"
        if view.phase.value == "done":
            return "this job is done and proven; f shows its files, d proves them again"
        return None if view.phase.final or view.lost else "this job is running"

    def why_not_only(self) -> str | None:
        """Needs a chunk."""
        return None if self.bars.cursor_row is not None else "this job has no chunks to choose from"

    def do_cancel(self) -> None:
        """Ask once, then cancel."""
        view = self.selected
        if view is None:
            return

        def yes() -> None:
            self.house.background.run(
                lambda: jobs.cancel(self.house.program, view.id), self._asked, self.house.failed
            )

        self.query_one(Question).ask(
            f"Cancel the migration of {view.spec.source.id}? What arrived stays.", yes, "cancel it"
        )

    def _asked(self, view: JobView) -> None:
        self.house.say(f"{view.spec.source.id}: cancelling; r carries on later from where it stopped", "note")
        self.house.poll_jobs()

    def do_retry(self) -> None:
        """Run it again from where it stopped."""
        view = self.selected
        if view is None:
            return
        self.house.background.run(
            lambda: jobs.retry(self.house.program, view.id),
            self._retried,
            self.house.failed,
            only=f"retry {view.id}",
        )

    def _retried(self, view: JobView) -> None:
        self.details.pop(view.id, None)
        self.house.say(f"{view.spec.source.id}: started again, nothing that arrived is sent twice", "note")
        self.house.poll_jobs()

    def do_log(self) -> None:
        """The keys go to the log, or back to the jobs."""
        (self.table if self.pane.has_focus else self.pane).focus()

    def do_follow(self) -> None:
        """Follow the log's end."""
        self.pane.action_follow()

    def do_only(self) -> None:
        """Only the selected chunk's lines, or all."""
        chunk = self.bars.cursor_row
        if self.pane.model.filtered or chunk is None:
            self.pane.filter_by()
        else:
            self.pane.filter_by(chunk=str(chunk.number))

    def do_search(self) -> None:
        """Open the search line."""
        self.add_class("-searching")
        self.query_one("#search", Input).focus()

    @on(Input.Submitted, "#search")
    def _search(self, event: Input.Submitted) -> None:
        hits = self.pane.search(event.value)
        if event.value:
            self.house.say(
                f"{words.count(hits, 'line')} with “{event.value}”; n and N go through them", "note"
            )
        self.remove_class("-searching")
        self.pane.focus()

    def do_back(self) -> None:
        """Close the search line, else leave."""
        if self.has_class("-searching"):
            self.remove_class("-searching")
            self.pane.search("")
            self.pane.focus()
            return
        super().do_back()

    @on(VTable.RowSelected)
    def _chosen(self, event: Any) -> None:
        event.stop()
        self.action_act("details")

    def do_details(self) -> None:
        """The whole story of the job, with the full text of what went wrong."""
        view = self.selected
        if view is not None:
            whole = self.details.get(view.id, view)
            self.house.push_screen(FullTextScreen(f"job of {view.spec.source.id}", job_facts(whole)))

    def do_copy(self) -> None:
        """Copy the repo's id."""
        view = self.selected
        if view is not None:
            self.house.copy(str(view.spec.source.id))

    def do_proof(self) -> None:
        """The files of this job's proof."""
        if self.selected is not None:
            self.house.open_repo("proof", self.selected.spec.source)

    def do_gate(self) -> None:
        """The gate of this job's source."""
        if self.selected is not None:
            self.house.open_repo("gate", self.selected.spec.source)

    @on(LogPane.Copied)
    def _copied(self, event: LogPane.Copied) -> None:
        self.house.say(f"copied {words.count(event.count, 'line')}", "ok")
