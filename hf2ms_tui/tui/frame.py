"""The ground of the app: its life, the way between screens, and what is said. Reading and deciding stand on it.

Private Textual names used, each with a test that fails when it moves: ``App._handle_exception`` (so that a crash prints no
local variables, which may hold a token).
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import traceback
from collections import deque
from datetime import UTC, datetime
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui import theme
from hf2ms_tui.tui.actions import Action
from hf2ms_tui.tui.background import Background, Outcome, sentence
from hf2ms_tui.tui.keymap import Keymap, keymap_file, read_keymap
from hf2ms_tui.tui.memory import Memory
from hf2ms_tui.tui.model import Model, Said
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.screens.small import LEAST_HEIGHT, LEAST_WIDTH, SmallScreen

SHOWN_FOR = 12.0
"""seconds that a message stays at the foot of the screen"""


class Frame(App[int]):
    """Everything of the app that is not about repos."""

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
        self.memory = Memory(program, self.background, self.set_timer, self.failed)
        self.keys = Keymap()
        self.key_at: float | None = None
        """when the key that is being handled arrived (monotonic seconds); None outside of keys"""
        self._key_times: deque[float] = deque(maxlen=512)

    # -- life ---------------------------------------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Variables of our widgets that Textual's own themes lack."""
        return theme.variable_defaults()

    def on_mount(self) -> None:
        """Put theme and keys on, end cleanly on signals, begin with the inventory."""
        theme.install(self, light=os.environ.get("HF2MS_THEME", "") == "light")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)
        self.take_keys()
        self.go("inventory")
        self.set_interval(1.0, self._tick)
        for note in self.program.settings.notes:
            self.say(note, "warn")

    def on_outcome(self, message: Outcome) -> None:
        """Take what background work brought, on the event loop."""
        message.stop()
        message.then()

    def take_keys(self) -> None:
        """Read the person's keymap; what is wrong in it is said, and everything else works."""
        path = keymap_file(os.environ)
        if not path.is_file():
            return
        from hf2ms_tui.tui.screens import actions_of_screens

        self.keys = read_keymap(path, actions_of_screens().items())
        self.set_keymap(self.keys.bindings())
        for problem in self.keys.problems:
            self.say(problem, "warn")

    def action_of(self, name: str) -> Action:
        """An action with the keys that this person has for it."""
        return self.keys.action(name)

    async def on_event(self, event: events.Event) -> None:
        """Note when a key arrived while its binding runs: a loop that was busy must not look like a burst."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._key_times.append(event.time)
        if isinstance(event, events.Key) and event.is_forwarded:
            room = self.room
            lost = event.is_printable and room is not None and not room.knows_key(event.key)
            self.key_at = event.time
            try:
                await super().on_event(event)
            finally:
                self.key_at = None
            if lost:
                self.say(f"“{event.character}” does nothing here; ? lists the keys that do", "warn")
            return
        await super().on_event(event)

    def quiet(self) -> float:
        """Seconds between the key that is being handled and the one before it, by the times at which they arrived.

        Infinite when there was none before; 0.0 outside of keys.
        """
        if self.key_at is None:
            return 0.0
        before = [at for at in self._key_times if at < self.key_at]
        # Keys of one read from the terminal may carry the very same time.
        if sum(at == self.key_at for at in self._key_times) > 1:
            return 0.0
        return self.key_at - max(before) if before else math.inf

    def _handle_exception(self, error: Exception) -> None:
        """Write what happened to a file without local variables, restore the terminal and leave with code 1."""
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        path = self.program.places.crash_file(datetime.now(UTC))
        path.write_text(self.program.settings.redact(text), encoding="utf-8", errors="replace")
        self.exit(
            1, return_code=1, message=f"hf2ms-tui met a fault and stopped; jobs go on. What happened: {path}"
        )

    # -- the way between screens --------------------------------------------------------------------------------

    @property
    def room(self) -> RoomScreen | None:
        """The main screen on top, None while something else (a question, the too-small note) covers it."""
        screen = self.screen
        # While the program ends, a screen loses its parts before it is gone itself.
        return (
            screen if isinstance(screen, RoomScreen) and screen.is_mounted and screen.query("#said") else None
        )

    def go(self, name: str) -> None:
        """Show a main screen; one that is open below is uncovered rather than opened twice."""
        from hf2ms_tui.tui.screens import make

        if isinstance(self.screen, SmallScreen):
            self.pop_screen()
            self.go(name)
            self.push_screen(SmallScreen())
            return
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

    def on_resize(self, event: events.Resize) -> None:
        """Cover everything with one plain sentence while the terminal is too small to decide anything on it."""
        small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        covered = isinstance(self.screen, SmallScreen)
        if small and not covered:
            self.push_screen(SmallScreen())
        elif covered and not small:
            self.pop_screen()

    def tell_screen(self, keys: frozenset[str] | None = None) -> None:
        """Let the screen on top know that rows changed."""
        if self.room is not None:
            self.room.refresh_head()
            self.room.model_changed(keys)
            self.room.refresh_keys()

    # -- what is said -------------------------------------------------------------------------------------------

    def say(self, text: str, tone: str = "note") -> None:
        """Show a message at the foot of the screen and keep it for the messages screen."""
        self.model.say(text, tone)
        if self.room is not None:
            self.room.show_said()

    def failed(self, error: Exception) -> None:
        """Say an error of background work."""
        self.say(sentence(error), "bad")

    def recent(self, said: Said) -> bool:
        """Whether a message is still shown at the foot; errors stay until the next message."""
        return said.tone == "bad" or (datetime.now(UTC) - said.at).total_seconds() < SHOWN_FOR

    def tone_style(self, tone: str) -> str:
        """The style behind a tone."""
        return f"${theme.TONES.get(tone, 'text')}"

    def marks(self, brief: bool = False) -> str:
        """What stands at the right of every head line: DEMO, READ-ONLY, running jobs and, unless ``brief``, the engine."""
        settings = self.program.settings
        running = self.model.running
        parts = [
            "DEMO" if settings.demo else "",
            "READ-ONLY" if settings.read_only else "",
            "" if brief else f"engine: {settings.engine}",
            f"{running} job{'' if running == 1 else 's'} running" if running else "",
        ]
        return "   ".join(part for part in parts if part)

    def _tick(self) -> None:
        if self.room is not None:
            self.room.show_said()

    # -- actions of every screen --------------------------------------------------------------------------------

    def do_help(self) -> None:
        """All keys of the screen on top."""
        from hf2ms_tui.tui.screens.help import HelpScreen

        if self.room is not None:
            self.push_screen(HelpScreen(self.room))

    def do_palette(self) -> None:
        """All actions, to search by name."""
        from hf2ms_tui.tui.screens.palette import PaletteScreen

        if self.room is not None:
            self.push_screen(PaletteScreen(self.room))

    def do_quit(self) -> None:
        """Leave and say what goes on without us."""
        self.memory.flush()
        running = [view for view in self.model.jobs if not view.phase.final and not view.lost]
        parts = []
        for engine, where in (
            ("local", "on this machine without the screen"),
            ("modal", "in your Modal account without this machine"),
        ):
            here = [str(view.spec.source.id) for view in running if view.spec.engine == engine]
            if here:
                verb = "goes" if len(here) == 1 else "go"
                more = f" and {len(here) - 3:,} more" if len(here) > 3 else ""
                parts.append(
                    f"{words.count(len(here), 'job')} {verb} on {where}: {', '.join(here[:3])}{more}"
                )
        self.exit(0, message="\n".join(parts) or None)

    def action_leave(self) -> None:
        """Leave, from a screen that has no other action."""
        self.do_quit()

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

    def do_tombstones(self) -> None:
        """Go to what is kept of deleted repos."""
        self.go("tombstones")

    def do_messages(self) -> None:
        """Go to everything that was said."""
        self.go("messages")

    def do_org(self) -> None:
        """Choose another org."""
        self.go("org")
