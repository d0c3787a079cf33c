"""How long to wait for a hub. A module of its own: who only names them need not load an HTTP client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to connect, to wait for the next bytes, and to hand one block to the network."""

    connect: float = 10.0
    read: float = 30.0
    send: float = 60.0
