"""The app: what it reads in the background and what it decides. Screens draw; services do."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from textual.timer import Timer

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import decisions, housekeeping, inventory, jobs, orgs, outcome, survey
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.burst import MIN_GAP, BurstGuard, Verdict
from hf2ms_tui.tui.frame import Frame

BATCH = 500
"""rows that are taken at once when many come, so that keys are answered in between"""
POLL = 0.5
_SETTLE_AFTER = 30.0
"""seconds until a deletion whose outcome is unknown is looked at again"""
_TIDY_AFTER = 5.0
"""seconds between looks at the boards of jobs"""
STARTED = 2.5
"""seconds after which what was made so far is taken for lasting, and garbage is looked for among what comes later"""
PAINTED = 0.25
"""seconds that cached rows get to be on the screen: loading an SDK would hold up their first repaint"""
Start = tuple[dict[str, Any], tuple[Row, ...], datetime | None]


class CleanupApp(Frame):
    """The full-screen program."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.guard = BurstGuard()
        self._waiting: Timer | None = None
        self._round = 0

    def on_mount(self) -> None:
        """Begin to read in the background."""
        # What is painted first must not share the processor with what is read first.
        self.call_after_refresh(self.call_after_refresh, self._begin)

    def _begin(self) -> None:
        self.background.run(self._start, self._started, self.failed, only="start")
        self.set_interval(POLL, self.poll_jobs)
        if not gc.isenabled():
            self.set_timer(STARTED, look_for_garbage)
        self.set_timer(_TIDY_AFTER, self._tidy)
        if not self.program.settings.read_only:
            self._settle(lost=False)

    def _tidy(self) -> None:
        """Clear away what nobody needs any more, once the start is over."""
        self.background.run(lambda: housekeeping.tidy(self.program), lambda cleared: None, self.failed)

    def _start(self) -> Start:
        views = self.memory.stored()
        if not self.program.settings.org:
            return views, (), None
        return views, inventory.cached(self.program, advised=False), inventory.cached_at(self.program)

    def _started(self, start: Start) -> None:
        views, rows, at = start
        self.memory.learn(views)
        if not self.program.settings.org:
            self.model.loading = False
            self.go("org")
            return
        self._show_cached(rows, at)
        if self.memory.get("screen") == "triage" and rows and self.room is self.screen_stack[1]:
            self.go("triage")

    def _show_cached(self, rows: tuple[Row, ...], at: datetime | None) -> None:
        if rows:
            self.model.replace_all(rows, cached_at=at)
            self.tell_screen()
            self._advise(self._round)
            now = self._round
            self.set_timer(PAINTED, lambda: self.read_inventory() if self._round == now else None)
        else:
            self.read_inventory()

    def _advise(self, of_round: int) -> None:
        """Bring the advice for rows that came from the cache without it."""

        def work() -> None:
            rows = inventory.known(self.program)
            for at in range(0, len(rows), BATCH):
                self.background.tell(partial(self._advised, rows[at : at + BATCH], of_round))

        self.background.run(work, lambda _: None, self.failed)

    def _advised(self, rows: tuple[Row, ...], of_round: int) -> None:
        if of_round == self._round and (changed := self.model.advise(rows)):
            self.tell_screen(frozenset(changed))

    def _settle(self, lost: bool = True) -> None:
        self.background.run(
            lambda: outcome.settle(self.program, lost=lost), self._settled, self.failed, only="settle"
        )

    def _settled(self, found: tuple[outcome.Deletion, ...]) -> None:
        for item in found:
            tone = "ok" if item.state is outcome.Gone.GONE else "bad"
            self.say(f"an earlier deletion of {item.ref.id}: {item.state.value}; {item.evidence}", tone)
            if item.state is outcome.Gone.GONE and item.ref.key in self.model.rows:
                self.model.drop(item.ref.key)
                self.tell_screen()
        if left := [item.ref for item in found if item.ref.key in self.model.rows]:
            self.read_rows(left)
        if any(item.state is outcome.Gone.UNKNOWN for item in found):
            # Only reading can tell, so it is read until it does.
            self.set_timer(_SETTLE_AFTER, self._settle)

    # -- reading ------------------------------------------------------------------------------------------------

    def choose_org(self, name: str) -> None:
        """Look at another owner: decisions of the former stay stored, its rows leave the screen."""
        self.memory.flush()

        def read() -> tuple[tuple[Row, ...], datetime | None]:
            orgs.choose(self.program, name)
            return inventory.cached(self.program, advised=False), inventory.cached_at(self.program)

        def chosen(found: tuple[tuple[Row, ...], datetime | None]) -> None:
            self._round += 1
            self.model.clear()
            while len(self.screen_stack) > 2:
                self.pop_screen()
            self.tell_screen()
            self._show_cached(*found)

        self.background.run(read, chosen, self.failed, only="choose")

    def read_inventory(self) -> None:
        """Read the org again in the background; rows stream in as pages arrive. Once at a time."""
        self.model.loading = True
        self.model.trouble = self.model.way_out = ""
        self.tell_screen()
        now = self._round

        def some(rows: Sequence[Row]) -> None:
            batch = tuple(rows)
            self.background.tell(lambda: self._rows(batch, now))

        self.background.run(
            lambda: inventory.refresh(self.program, some, lambda: self._round != now),
            lambda rows: self._inventory_read(rows, now),
            lambda error: self._inventory_failed(error, now),
            only=f"inventory {now}",
        )

    def _rows(self, rows: tuple[Row, ...], of_round: int | None = None) -> None:
        if of_round not in (None, self._round):
            return
        changed = self.model.put(rows)
        if changed:
            self.tell_screen(frozenset(changed))

    def _inventory_read(self, rows: tuple[Row, ...], of_round: int) -> None:
        if of_round != self._round:
            return
        self.model.loading = False
        self.model.replace_all(rows)
        self.tell_screen()

        def some(found: Sequence[Row]) -> None:
            batch = tuple(found)
            self.background.tell(lambda: self._looked(batch, of_round))

        self.background.run(
            lambda: survey.survey(self.program, some, lambda: self._round != of_round),
            lambda rows: self._looked((), of_round),
            self.failed,
            only=f"survey {of_round}",
        )

    def _looked(self, rows: tuple[Row, ...], of_round: int) -> None:
        if of_round == self._round:
            self.model.looks += 1
            self._rows(rows)
            self.tell_screen(frozenset())

    def _inventory_failed(self, error: Exception, of_round: int) -> None:
        if of_round != self._round:
            return
        self.model.loading = False
        if isinstance(error, Hf2msError):
            self.model.trouble = f"{error.what}. {error.meaning}".strip()
            self.model.way_out = error.way_out
        else:
            self.model.trouble = sentence(error)
        self.failed(error)
        self.tell_screen()

    def poll_jobs(self) -> None:
        """Look at the boards in the background; the screen hears when something changed."""
        self.background.run(lambda: jobs.listing(self.program), self._jobs, self.failed, only="jobs")

    def _jobs(self, views: tuple[JobView, ...]) -> None:
        if views == self.model.jobs:
            return
        before = {view.id: view.phase for view in self.model.jobs}
        ended = [view for view in views if view.phase.final and not before.get(view.id, view.phase).final]
        self.model.jobs = views
        for view in ended:
            self._job_ended(view)
        if self.room is not None:
            self.room.refresh_head()
            self.room.jobs_changed()

    def _job_ended(self, view: JobView) -> None:
        good = view.phase.value == "done"
        what = view.outcome if good else f"{view.phase.value}: {view.error.get('what', '')}".rstrip(": ")
        if view.spec.tombstone:
            what = f"restored on {view.spec.destination.hub.title}, {what}" if good else f"restore {what}"
        self.say(f"{view.spec.source.id} {what}", "ok" if good else "bad")
        self.read_rows([view.spec.destination if view.spec.tombstone else view.spec.source])

    def read_rows(self, refs: list[RepoRef]) -> None:
        """Read the rows of these repos again in the background."""
        self.background.run(lambda: inventory.rows_of(self.program, refs), self._rows, self.failed)

    # -- deciding -----------------------------------------------------------------------------------------------

    def decide(self, rows: list[Row], decision: Decision, then: Callable[[], None] | None = None) -> bool:
        """Record a decision for rows: shown at once, stored in the background, put back when that fails.

        A burst of keys (held down, pasted) decides once at most and says so; a key that may be the first repeat of one that
        is held waits until it is clear that it is not. ``then`` runs when it was taken; returns False when it was not.
        """
        verdict = self.guard.judge(decision.value, self.key_at)
        if verdict is Verdict.IGNORE:
            if self._waiting is not None:
                self._waiting.stop()
                self._waiting = None
            self.say(self.guard.reason(), "warn")
            return False
        if verdict is Verdict.WAIT:
            self._waiting = self.set_timer(MIN_GAP, lambda: self._take(rows, decision, then))
        else:
            self._take(rows, decision, then)
        return True

    def _take(self, rows: list[Row], decision: Decision, then: Callable[[], None] | None) -> None:
        self._waiting = None
        before = {row.key: row.decision for row in rows}
        self.model.decide(dict.fromkeys(before, decision))
        self.tell_screen(frozenset(before))
        refs = [row.info.ref for row in rows]

        def stored(text: str) -> None:
            burst = self.guard.held_back > 0
            self.say(f"{text}; {self.guard.reason()}" if burst else text, "warn" if burst else "note")

        def put_back(error: Exception) -> None:
            self.model.decide(before)
            self.tell_screen(frozenset(before))
            self.failed(error)

        self.background.write(
            lambda: decisions.decide(self.program, refs, decision),
            stored,
            put_back,
        )
        if then:
            then()

    def do_undo(self) -> None:
        """Undo the last decision step, also of an earlier run."""
        self.background.write(lambda: decisions.undo(self.program), self._stepped, self.failed)

    def do_redo(self) -> None:
        """Redo what was undone."""
        self.background.write(lambda: decisions.redo(self.program), self._stepped, self.failed)

    def _stepped(self, step: decisions.Stepped) -> None:
        self.model.decide(step.now)
        self.tell_screen(frozenset(step.now))
        self.say(step.text, "note")

    def copy(self, text: str) -> None:
        """Put a text on the clipboard (OSC 52), and say it for terminals that refuse that."""
        self.copy_to_clipboard(clean(text))
        self.say(f"copied: {clean(text)}", "note")


def look_for_garbage() -> None:
    """Begin to look for garbage again, among what is made from now on: what a start made stays as long as the program."""
    gc.freeze()
    gc.enable()


def run(program: Program) -> int:
    """Run the screen until the person leaves; returns the exit code. The terminal is restored on every way out."""
    app = CleanupApp(program)
    # Threads that compute hand the processor back to the keys sooner than after the usual 5 ms.
    sys.setswitchinterval(0.001)
    result = app.run()
    program.close()
    return app.return_code or (result if isinstance(result, int) else 0)
