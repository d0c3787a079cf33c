"""What all screens share: the head line, the message line, the footer, and the one dispatcher of keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from hf2ms_tui.domain.text import clean
from hf2ms_tui.tui.actions import Action
from hf2ms_tui.tui.text import elide
from hf2ms_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from hf2ms_tui.domain.repo import RepoRef
    from hf2ms_tui.tui.app import CleanupApp

GLOBAL = ("help", "quit", "messages", "palette")
"""Actions that every screen has besides its own."""


class RoomScreen(Screen[None]):
    """A full screen: head, body, message line, footer. Subclasses name their ``ACTIONS`` and compose the body."""

    ACTIONS: ClassVar[tuple[str, ...]] = ()
    NAME: ClassVar[str] = ""
    HELP_TEXT: ClassVar[str] = ""
    """what the screen is for, in a sentence or two, for the help screen"""

    FIRST: ClassVar[tuple[str, ...]] = ()
    """ids of actions that this screen's footer drops last"""
    TOGETHER: ClassVar[tuple[tuple[str, ...], str]] = ((), "")
    """ids of actions that share one hint where the footer is short, and the word for them"""

    @property
    def house(self) -> CleanupApp:
        """The app, with its model and its background."""
        return cast("CleanupApp", self.app)

    @property
    def here(self) -> bool:
        """Whether the screen can be drawn: what background work brings after it was left must not touch its widgets."""
        return self.is_mounted and self in self.app.screen_stack

    @property
    def about(self) -> RepoRef | None:
        """The one repo that the screen is about and loses its point without; None for screens of many."""
        return None

    def compose(self) -> ComposeResult:
        """Head, body, message line, footer."""
        yield Static(id="head", markup=False)
        yield from self.compose_body()
        yield Static(id="said", markup=False)
        yield KeyBar(id="keys")

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def on_mount(self) -> None:
        """Draw the parts that are shared."""
        self.refresh_head()
        self.refresh_keys()

    def on_screen_resume(self) -> None:
        """Show what changed while another screen was on top."""
        self.refresh_head()
        self.refresh_keys()
        self.show_said()
        self.model_changed()

    def model_changed(self, keys: frozenset[str] | None = None) -> None:
        """The model changed; ``keys`` are the rows concerned, None for any. Only the screen on top hears it."""

    def jobs_changed(self) -> None:
        """The jobs changed. Only the screen on top hears it."""

    def head_parts(self) -> tuple[str, str]:
        """The left and right end of the head line, as plain text."""
        return self.NAME, ""

    def refresh_head(self) -> None:
        """Draw the head line: what this is, DEMO and READ-ONLY where they apply, engine and running jobs."""
        left, right = self.head_parts()
        width = max(self.size.width, 20)
        for brief in (False, True):
            ends = "   ".join(part for part in (right, self.house.marks(brief)) if part)
            if len(left) + len(ends) + 4 <= width:
                break
        right = ends
        room = max(0, width - len(right) - 3)
        left = clean(left, room)
        line = Content(f" {left}").stylize("$text-primary bold", 0, len(left) + 1)
        gap = Content(" " * max(1, width - line.cell_length - len(right) - 1))
        tail = Content(right)
        for word in ("DEMO", "READ-ONLY"):
            at = right.find(word)
            if at >= 0:
                tail = tail.stylize("bold $text-warning", at, at + len(word))
        self.query_one("#head", Static).update(line + gap + tail)

    def show_said(self) -> None:
        """Draw the newest message, if it is recent."""
        said = self.house.model.said[-1] if self.house.model.said else None
        line = Content("")
        if said and self.house.recent(said):
            text = elide(said.text, max(self.size.width - 2, 10))
            line = Content(f" {text}").stylize(self.house.tone_style(said.tone))
        self.query_one("#said", Static).update(line)

    def refresh_keys(self) -> None:
        """Draw the footer: only what works now is bright."""
        self.query_one(KeyBar).show(
            [(self._hint(name), self.why_not(name) is None) for name in self.offered()],
            *self.TOGETHER,
        )

    def _hint(self, name: str) -> Action:
        action = self.house.action_of(name)
        return replace(action, rank=0) if name in self.FIRST else action

    def offered(self) -> tuple[str, ...]:
        """The ids of all actions here, in the footer's order."""
        return (*self.ACTIONS, *GLOBAL)

    def knows_key(self, key: str) -> bool:
        """Whether a key does something on this screen."""
        return any(key in self.house.action_of(name).keys for name in self.offered())

    def on_resize(self) -> None:
        """Lines that fit the width are drawn anew."""
        self.refresh_head()
        self.show_said()

    def why_not(self, name: str) -> str | None:
        """Why an action cannot be done now, None when it can."""
        ask = getattr(self, f"why_not_{name}", None)
        return ask() if ask else None

    def action_act(self, name: str) -> None:
        """Do an action by id, or say why not. Every key of every screen comes through here."""
        reason = self.why_not(name)
        if reason is not None:
            self.house.say(reason, "warn")
            return
        do = getattr(self, f"do_{name}", None) or getattr(self.house, f"do_{name}")
        do()

    def do_back(self) -> None:
        """Leave this screen for the one below it."""
        self.house.go_back()
