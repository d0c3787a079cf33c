"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(holds: Callable[[], bool], timeout: float = 10.0) -> bool:
    """Whether ``holds`` becomes true within ``timeout`` seconds."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def until(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until ``what()`` is true and return it; an AssertionError after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found
