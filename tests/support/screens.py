"""Driving the app in tests: waiting for what it reads, and the lines that people look at."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.pilot import Pilot

from hf2ms_tui.tui.app import CleanupApp
from support.screen_text import screen_lines

SMALL, WIDE = (80, 24), (120, 40)


def app_of(pilot: Pilot[int]) -> CleanupApp:
    """The app behind a pilot."""
    assert isinstance(pilot.app, CleanupApp)
    return pilot.app


async def until(pilot: Pilot[int], holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds; fail with the screen when it does not."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("waited in vain; the screen was:\n" + "\n".join(screen_lines(pilot.app)))
        await pilot.pause(0.02)
    await pilot.pause()


async def settled(pilot: Pilot[int]) -> CleanupApp:
    """Wait until the org was read and its repos were looked into."""
    app = app_of(pilot)
    work = ("start", "inventory", "survey")
    await until(
        pilot,
        lambda: (
            app.memory.ready
            and not app.model.loading
            and (app.model.looks > 0 or bool(app.model.trouble) or not app.model.rows)
            and not any(app.background.under_way(name) for name in work)
        ),
    )
    return app


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys one by one; those that decide slower than a burst."""
    for key in keys:
        await pilot.press(key)
        if key in {"m", "x", "k", "l"}:
            await pilot.pause(0.16)


def said(app: CleanupApp) -> str:
    """The newest message."""
    return app.model.said[-1].text if app.model.said else ""


def foot(app: CleanupApp) -> str:
    """The footer."""
    return screen_lines(app)[-1]
