"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(holds: Callable[[], bool], timeout: float = 10.0) -> bool:
    """Whether ``holds`` becomes true within ``timeout`` seconds."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return holds()
