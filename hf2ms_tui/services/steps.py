"""How long work says what it is at: a step in words, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""hears each step as it begins, from the thread that works"""


def unheard(text: str) -> None:
    """Nobody listens."""
