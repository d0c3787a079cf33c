"""The button that deletes: it opens to a hand, not to a burst."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message
from textual.widgets import Button

QUIET = 0.3
"""seconds without any key before the one that presses: key repeat, pastes and held keys are faster, hands are not"""


class Door(Button):
    """A button that Enter presses only after ``QUIET`` seconds without another key. A click presses it at once.

    ``quiet`` says how many seconds lie between the key that is being handled and the one before it, by the times at which
    they arrived.
    """

    class TooFast(Message):
        """Enter came right behind another key and pressed nothing."""

    def __init__(self, label: str, quiet: Callable[[], float], **options: Any) -> None:
        """Make a button; ``options`` are those of ``Button``."""
        super().__init__(label, **options)
        self._quiet = quiet

    def action_press(self) -> None:
        """Press, if the key was meant."""
        if self._quiet() < QUIET:
            self.post_message(self.TooFast())
            return
        super().action_press()
