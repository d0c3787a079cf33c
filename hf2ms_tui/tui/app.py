"""The app: holds the model, the background and the way between screens. Screens draw; services do.

Private Textual names used, each with a test that fails when it moves: ``App._handle_exception`` (so that a crash prints no
local variables, which may hold a token).
"""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import decisions, deletion, inventory, jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui import theme
from hf2ms_tui.tui.background import Background, sentence
from hf2ms_tui.tui.burst import BurstGuard
from hf2ms_tui.tui.model import Model, Said
from hf2ms_tui.tui.screens.base import RoomScreen

POLL = 0.5
"""seconds between looks at the boards of jobs"""
SHOWN_FOR = 12.0
"""seconds that a message stays at the foot of the screen"""


class CleanupApp(App[int]):
    """The full-screen program."""

    TITLE = "hf2ms-tui"
    CSS_PATH = "base.tcss"
    PAUSE_GC_ON_SCROLL = True
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "screen.act('quit')", "quit", show=False)]

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program
        self.model = Model()
        self.background = Background(self.post_message)
        self.guard = BurstGuard()

    # -- life ---------------------------------------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Variables of our widgets that Textual's own themes lack."""
        return theme.variable_defaults()

    def on_mount(self) -> None:
        """Put the theme on, show the inventory, and begin to read in the background."""
        theme.install(self, light=os.environ.get("HF2MS_THEME", "") == "light")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda code=128 + number: self.exit(code))
        self.go("inventory")
        self.background.run(lambda: inventory.cached(self.program), self._cached, self.failed, only="cached")
        self.set_interval(POLL, self.poll_jobs)
        self.set_interval(1.0, self._tick)
        if not self.program.settings.read_only:
            self.background.run(lambda: deletion.settle(self.program), self._settled, self.failed)

    def _cached(self, rows: tuple[Row, ...]) -> None:
        if rows:
            self.model.replace_all(rows)
            self.tell_screen()
        self.read_inventory()

    def _settled(self, found: tuple[deletion.Deletion, ...]) -> None:
        for item in found:
            tone = "ok" if item.state is deletion.Gone.GONE else "bad"
            self.say(f"an earlier deletion of {item.ref.id}: {item.state.value}; {item.evidence}", tone)

    def _handle_exception(self, error: Exception) -> None:
        """Write what happened to a file without local variables, restore the terminal and leave with code 1."""
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        path = self.program.places.crash_file(datetime.now(UTC))
        path.write_text(self.program.settings.redact(text), encoding="utf-8", errors="replace")
        self.exit(
            1, return_code=1, message=f"hf2ms-tui met a fault and stopped; jobs go on. What happened: {path}"
        )

    # -- the way between screens --------------------------------------------------------------------------------

    def go(self, name: str) -> None:
        """Show a main screen; one that is open below is uncovered rather than opened twice."""
        from hf2ms_tui.tui.screens import make

        for screen in self.screen_stack:
            if isinstance(screen, RoomScreen) and name == screen.NAME:
                while self.screen is not screen:
                    self.pop_screen()
                return
        self.push_screen(make(name))

    def go_back(self) -> None:
        """Uncover the screen below; the last one stays."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def open_repo(self, name: str, ref: RepoRef) -> None:
        """Show a screen that is about one repo: ``triage``, ``proof`` or ``gate``."""
        from hf2ms_tui.tui.screens import make_for

        self.push_screen(make_for(name, ref))

    def tell_screen(self, keys: frozenset[str] | None = None) -> None:
        """Let the screen on top know that rows changed."""
        if isinstance(self.screen, RoomScreen) and self.screen.is_mounted:
            self.screen.refresh_head()
            self.screen.model_changed(keys)

    # -- what is said -------------------------------------------------------------------------------------------

    def say(self, text: str, tone: str = "note") -> None:
        """Show a message at the foot of the screen and keep it for the messages screen."""
        self.model.say(text, tone)
        if isinstance(self.screen, RoomScreen) and self.screen.is_mounted:
            self.screen.show_said()

    def failed(self, error: Exception) -> None:
        """Say an error of background work."""
        self.say(sentence(error), "bad")

    def recent(self, said: Said) -> bool:
        """Whether a message is still shown at the foot; errors stay until the next message."""
        return said.tone == "bad" or (datetime.now(UTC) - said.at).total_seconds() < SHOWN_FOR

    def tone_style(self, tone: str) -> str:
        """The style behind a tone."""
        return f"${theme.TONES.get(tone, 'text')}"

    def marks(self) -> str:
        """What stands at the right of every head line: direction, DEMO, READ-ONLY, engine, running jobs."""
        settings = self.program.settings
        running = self.model.running
        parts = [
            "DEMO" if settings.demo else "",
            "READ-ONLY" if settings.read_only else "",
            f"engine: {self.program.engine.name}",
            f"{running} job{'' if running == 1 else 's'} running" if running else "",
        ]
        return "   ".join(part for part in parts if part)

    def _tick(self) -> None:
        if isinstance(self.screen, RoomScreen) and self.screen.is_mounted:
            self.screen.show_said()

    # -- reading ------------------------------------------------------------------------------------------------

    def read_inventory(self) -> None:
        """Read the org again in the background; rows stream in as pages arrive."""
        if not self.program.settings.org:
            self.model.loading = False
            self.model.trouble = "No organisation was named: start with --org ORG."
            self.tell_screen()
            return
        self.model.loading = True
        self.model.trouble = ""
        self.tell_screen()

        def some(rows: Any) -> None:
            batch = tuple(rows)
            self.background.tell(lambda: self._rows(batch))

        self.background.run(
            lambda: inventory.refresh(self.program, some),
            self._inventory_read,
            self._inventory_failed,
            only="inventory",
        )

    def _rows(self, rows: tuple[Row, ...]) -> None:
        changed = self.model.put(rows)
        if changed:
            self.tell_screen(frozenset(changed))

    def _inventory_read(self, rows: tuple[Row, ...]) -> None:
        self.model.loading = False
        known = {key: row.decision for key, row in self.model.rows.items()}
        self.model.replace_all(rows)
        self.model.decide(known)
        self.tell_screen()

    def _inventory_failed(self, error: Exception) -> None:
        self.model.loading = False
        self.model.trouble = sentence(error)
        self.failed(error)
        self.tell_screen()

    def poll_jobs(self) -> None:
        """Look at the boards in the background; the screen hears when something changed."""
        self.background.run(lambda: jobs.listing(self.program), self._jobs, self.failed, only="jobs")

    def _jobs(self, views: tuple[JobView, ...]) -> None:
        if views == self.model.jobs:
            return
        ended = [
            view
            for view in views
            if view.phase.final and any(old.id == view.id and not old.phase.final for old in self.model.jobs)
        ]
        self.model.jobs = views
        for view in ended:
            self._job_ended(view)
        if isinstance(self.screen, RoomScreen) and self.screen.is_mounted:
            self.screen.refresh_head()
            self.screen.jobs_changed()

    def _job_ended(self, view: JobView) -> None:
        good = view.phase.value == "done"
        what = "proven" if good else f"{view.phase.value}: {view.error.get('what', '')}".rstrip(": ")
        self.say(f"{view.spec.source.id} {what}", "ok" if good else "bad")
        self.background.run(
            lambda: inventory.rows_of(self.program, [view.spec.source]), self._rows, self.failed
        )

    # -- deciding -----------------------------------------------------------------------------------------------

    def decide(self, rows: list[Row], decision: Decision, then: Callable[[], None] | None = None) -> bool:
        """Record a decision for rows: shown at once, stored in the background, put back when that fails.

        A burst of keys (held down, pasted) decides once at most and says so; returns whether it was taken.
        """
        if not self.guard.allow():
            self.say("too fast: that key was ignored, so that a held key decides only once", "warn")
            return False
        before = {row.key: row.decision for row in rows}
        self.model.decide(dict.fromkeys(before, decision))
        self.tell_screen(frozenset(before))
        refs = [row.info.ref for row in rows]

        def stored(text: str) -> None:
            self.say(text, "note")

        def put_back(error: Exception) -> None:
            self.model.decide(before)
            self.tell_screen(frozenset(before))
            self.failed(error)

        self.background.write(lambda: decisions.decide(self.program, refs, decision), stored, put_back)
        if then:
            then()
        return True

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

    # -- actions of every screen --------------------------------------------------------------------------------

    def do_help(self) -> None:
        """All keys of the screen on top."""
        from hf2ms_tui.tui.screens.help import HelpScreen

        if isinstance(self.screen, RoomScreen):
            self.push_screen(HelpScreen(self.screen))

    def do_quit(self) -> None:
        """Leave and say what goes on without us."""
        running = [view for view in self.model.jobs if not view.phase.final and not view.lost]
        message = None
        if running:
            names = ", ".join(str(view.spec.source.id) for view in running[:3])
            message = (
                f"{len(running)} job{'' if len(running) == 1 else 's'} go on without the screen: {names}"
            )
        self.exit(0, message=message)

    def do_inventory(self) -> None:
        """Go to the inventory."""
        self.go("inventory")

    def do_jobs(self) -> None:
        """Go to the jobs."""
        self.go("jobs")

    def do_plan(self) -> None:
        """Go to the plan."""
        self.go("plan")

    def do_triage(self) -> None:
        """Go to triage."""
        self.go("triage")

    def do_journal(self) -> None:
        """Go to the journal."""
        self.go("journal")

    def do_messages(self) -> None:
        """Go to everything that was said."""
        self.go("messages")


def run(program: Program) -> int:
    """Run the screen until the person leaves; returns the exit code. The terminal is restored on every way out."""
    app = CleanupApp(program)
    result = app.run()
    program.close()
    return app.return_code or (result if isinstance(result, int) else 0)


ScreenMaker = Callable[[], Screen[Any]]
