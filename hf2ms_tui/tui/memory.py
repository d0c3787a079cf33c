"""What the screens looked like, kept so that a restart, also after a kill, comes back to the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.background import Background

PREFIX = "screen:"
PAUSE = 0.25
"""seconds that changes are gathered before they are written"""


class Memory:
    """Small values by name, separate for each org. Read once at the start, written in the background soon after a change.

    ``later`` calls something after some seconds on the event loop, as an app's ``set_timer`` does.
    """

    def __init__(
        self,
        program: Program,
        background: Background,
        later: Callable[[float, Callable[[], None]], object],
        failed: Callable[[Exception], None],
    ) -> None:
        self._program = program
        self._background = background
        self._later = later
        self._failed = failed
        self._values: dict[str, Any] = {}
        self._unsaved: dict[str, object] = {}
        self.ready = False
        """whether what earlier runs stored was read"""

    def _key(self, name: str) -> str:
        settings = self._program.settings
        return f"{PREFIX}{settings.source.value}:{settings.org}:{name}"

    def stored(self) -> dict[str, Any]:
        """What earlier runs stored; for a thread."""
        return self._program.view_state.all(PREFIX)

    def learn(self, values: dict[str, Any]) -> None:
        """Take what was stored by earlier runs."""
        self._values = {**values, **self._values}
        self.ready = True

    def get(self, name: str, default: Any = None) -> Any:
        """A value of the present org, ``default`` when there is none."""
        return self._values.get(self._key(name), default)

    def set(self, name: str, value: object) -> None:
        """Remember a value of the present org."""
        key = self._key(name)
        if self._values.get(key) == value:
            return
        self._values[key] = value
        if not self._unsaved:
            self._later(PAUSE, self.flush)
        self._unsaved[key] = value

    def flush(self) -> None:
        """Write what is not yet written."""
        values, self._unsaved = self._unsaved, {}
        if values:
            self._background.write(
                lambda: self._program.view_state.set_many(values), lambda _: None, self._failed
            )
