"""The screen as people see it, as plain text: what the compositor would send to the terminal, line by line.

Text goldens made with it are the same over many versions of Textual, can be read in a review and grepped. Set
``UPDATE_GOLDENS=1`` to write them anew, then read the difference before committing it.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.style import Style
from textual.app import App
from textual.strip import Strip


def strips(app: App[Any]) -> list[Strip]:
    """Return the composited lines of the screen on top."""
    # The only private use: Textual has no public way to the composited lines.
    return app.screen._compositor.render_strips()


def screen_lines(app: App[Any]) -> list[str]:
    """Return the lines of the screen as text, without trailing blanks."""
    return [strip.text.rstrip() for strip in strips(app)]


def screen_text(app: App[Any]) -> str:
    """Return the whole screen as text, one newline at the end."""
    return "\n".join(screen_lines(app)) + "\n"


def style_at(app: App[Any], x: int, y: int) -> Style:
    """Return the style of one cell. Raises IndexError outside the screen."""
    at = 0
    for segment in strips(app)[y]:
        at += segment.cell_length
        if at > x:
            return segment.style or Style.null()
    raise IndexError(f"no cell {x},{y}")


def assert_fits(app: App[Any]) -> None:
    """Assert that every line is exactly as wide as the screen: nothing wide or unprintable broke the grid."""
    width = app.screen.size.width
    for number, strip in enumerate(strips(app)):
        assert sum(segment.cell_length for segment in strip) == width, f"line {number}: {strip.text!r}"
        assert strip.text.isprintable(), f"line {number} has a control character: {strip.text!r}"


_CHANGING = (
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "h"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "t"),
    (re.compile(r"\b\d\d:\d\d(?=Z)"), "t"),
    (re.compile(r"\b20\d\d-\d\d-\d\d\b"), "d"),
)
_AGE = re.compile(r" {2}(?:now|\d+ (?:s|min) ago)(?=[ ▁-█▔-▟]*$)", re.MULTILINE)


def masked(text: str) -> str:
    """The text with hashes, times of day and dates replaced by letters of the same width, and ages by words."""
    text = _AGE.sub(lambda match: "age".rjust(len(match.group())), text)
    for pattern, letter in _CHANGING:
        text = pattern.sub(lambda match, letter=letter: letter * len(match.group()), text)  # type: ignore[misc]
    return text


def assert_golden(app: App[Any], path: Path, mask: Callable[[str], str] | None = None) -> None:
    """Assert that the screen reads like the golden file; with UPDATE_GOLDENS=1 write the file instead.

    ``mask`` takes out of the text what differs from run to run, for example ``masked``.
    """
    assert_fits(app)
    text = screen_text(app)
    if mask is not None:
        text = mask(text)
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    if not path.exists():
        raise AssertionError(f"no golden {path.name}; UPDATE_GOLDENS=1 writes it. The screen was:\n{text}")
    golden = path.read_text(encoding="utf-8")
    if golden != text:
        difference = "\n".join(
            difflib.unified_diff(golden.splitlines(), text.splitlines(), "golden", "now", lineterm="")
        )
        raise AssertionError(f"{path.name} differs:\n{difference}")
