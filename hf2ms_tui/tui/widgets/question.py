"""One line that asks once before something happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual import events
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from hf2ms_tui.tui.burst import MIN_GAP
from hf2ms_tui.tui.text import inert

_LEAVES = frozenset({"ctrl+c", "ctrl+q"})


class Question(Static, can_focus=True):
    """Asks with ``ask``; ``y`` does it, ``n`` and Esc do not, nor does going elsewhere. Enter does nothing.

    Hidden while nothing is asked. A ``y`` right behind the key that asked belongs to a burst or a paste and is ignored.
    """

    DEFAULT_CSS = """
    Question { display: none; height: auto; background: $panel; color: $text; padding: 0 1; }
    Question.-asking { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        """Make a question that asks nothing yet."""
        super().__init__("", id=id, markup=False)
        self._yes: Callable[[], None] | None = None
        self._before: Widget | None = None
        self._at = 0.0

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return self._yes is not None

    def ask(self, text: str, yes: Callable[[], None], act: str = "yes") -> None:
        """Ask ``text`` and call ``yes`` if the person presses ``y``; ``act`` says what that does in a word or two."""
        self._yes = yes
        self._before = self.screen.focused
        self._at = time.monotonic()
        line = Content(f"{inert(text)}   ").append(Content(f"y {act}   n no").stylize("$text-warning bold"))
        self.update(line)
        self.add_class("-asking")
        self.focus()

    def on_key(self, event: events.Key) -> None:
        """Answer; all other keys are held back as long as the question stands."""
        if event.key in _LEAVES:
            return
        event.stop()
        event.prevent_default()
        if event.key in {"n", "escape"}:
            self._end()
        elif event.key == "y" and event.time - self._at >= MIN_GAP:
            yes = self._yes
            self._end()
            if yes is not None:
                yes()

    def on_blur(self) -> None:
        """Going elsewhere is no."""
        self._before = None
        self._end()

    def _end(self) -> None:
        self._yes = None
        before, self._before = self._before, None
        self.remove_class("-asking")
        if before is not None and before.is_mounted:
            before.focus()
