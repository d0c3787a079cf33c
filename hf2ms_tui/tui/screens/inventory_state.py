"""The line between totals and table: filter and hits, marks and their size, and how fresh the rows are. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hf2ms_tui.domain.filters import Filter
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.services import words
from hf2ms_tui.tui.model import Model
from hf2ms_tui.tui.text import cells, elide
from hf2ms_tui.tui.widgets.line import Part


def state_line(
    model: Model,
    chosen: Filter,
    shown: int,
    marked: Sequence[Row],
    hidden: int,
    width: int,
    typing: bool = False,
) -> list[Part]:
    """Texts with their tones, at most ``width`` cells. ``marked`` rows include the ``hidden`` ones, which the filter hides.

    While a person is ``typing``, the filter's text stands in its own field and is not repeated.
    """
    parts: list[Part] = []
    if chosen.text.strip():
        hits = f"{shown:,} of {len(model.rows):,} shown"
        parts.append(
            (hits if typing else f"/ {elide(chosen.text.strip(), 40)}   {hits}   esc clears it", "note")
        )
    if chosen.hints:
        parts.append((chosen.hints[0], "warn"))
    if marked:
        size = words.total_size(row.info.size for row in marked)
        out_of_sight = f", {hidden:,} of them hidden by the filter" if hidden else ""
        parts.append((f"◆ {len(marked):,} marked, {size}{out_of_sight}", "warn"))
    fresh = freshness(model)
    if fresh is not None:
        parts.append(fresh)
    return _fit(parts, width)


def freshness(model: Model) -> Part | None:
    """How far the rows can be believed: being read, read how long ago, or not readable; None when all is fresh."""
    age = f"read {_ago(model.cached_at)}" if model.cached_at else ""
    if model.trouble and model.rows:
        return (f"! could not be read again: {model.trouble}" + (f"; this was {age}" if age else ""), "bad")
    if model.loading and model.rows:
        waiting = len(model.stale)
        if age and waiting:
            return (
                f"↻ {waiting:,} of {words.count(len(model.rows), 'row')} {age}; reading them again …",
                "warn",
            )
        return ("↻ reading …", "warn")
    if model.cached_at and not model.loading:
        return (f"↻ {age}", "warn")
    return None


def _ago(at: datetime) -> str:
    text = words.ago(at)
    return "just now" if text == "now" else f"{text} ago"


def _fit(parts: Sequence[Part], width: int) -> list[Part]:
    line: list[Part] = []
    for number, (text, tone) in enumerate(parts):
        gap = "   " if number else ""
        room = width - len(gap)
        if room < 12 and line:
            break
        short = elide(text, room)
        line.append((gap + short, tone))
        width = room - cells(short)
    return line
