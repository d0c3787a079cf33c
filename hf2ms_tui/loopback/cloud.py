"""The Modal control plane of a world, there once somebody wants it.

Its messages take a fifth of a second and 20 MB to import, so nothing of it is imported before.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .modal import RunningModal


class Cloud:
    """Starts the control plane, tells what it does, breaks it, stops it. Methods block for a moment; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: RunningModal | None = None

    @property
    def running(self) -> RunningModal | None:
        """The control plane, if it was started."""
        return self._running

    def start(self, port: int = 0) -> dict[str, str]:
        """Start it at `port` (0: any), if it does not run, and give `environ`. Raises OSError if the port is taken."""
        with self._lock:
            if self._running is None:
                from .modal import start_modal

                self._running = start_modal(port=port)
        return self.environ()

    def environ(self) -> dict[str, str]:
        """What a client needs, as names and values of environment variables; nothing if it does not run."""
        return dict(self._running.env) if self._running is not None else {}

    def activity(self) -> int:
        """A number that changes as long as anybody uses it; -1 while an input waits or runs."""
        running = self._running
        if running is None:
            return 0
        return -1 if running.busy else running.log.counts.total()

    def act(self, order: Mapping[str, Any]) -> Any:
        """Do what ``/_loopback/modal`` was asked for; see `modal.orders`. Raises KeyError, ValueError, TypeError."""
        if order.get("do") == "start":
            return self.start()
        if self._running is None:
            raise ValueError("the Modal control plane was not started")
        from .modal.orders import act

        return act(self._running, order)

    def stop(self) -> None:
        """Stop it and all containers."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()
