"""Counting requests and bytes, for the board: what a job costs a hub."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """Requests sent to a hub and its storage, bodies received and sent (bytes). Safe to share between threads."""

    requests: int = 0
    received: int = 0
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, requests: int = 0, received: int = 0, sent: int = 0) -> None:
        """Count some more."""
        with self._lock:
            self.requests += requests
            self.received += received
            self.sent += sent


_by_origin: dict[str, Traffic] = {}
_registry = threading.Lock()


def traffic_of(endpoint: str) -> Traffic:
    """The counter of a hub, one for each endpoint and process; SDK clients and our own count into the same one."""
    with _registry:
        return _by_origin.setdefault(endpoint.rstrip("/"), Traffic())
