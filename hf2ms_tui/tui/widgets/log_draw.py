"""What a log pane filters by and how it draws a line and its rule. Pure functions."""

from __future__ import annotations

import re

from hf2ms_tui.tui.text import cells, elide, inert
from hf2ms_tui.tui.widgets.line import Part, retone
from hf2ms_tui.tui.widgets.log_model import Keep, LogEntry


def pattern(needle: str) -> re.Pattern[str]:
    """Return a search for plain text; it ignores case unless the text has a capital."""
    return re.compile(re.escape(needle), 0 if any(char.isupper() for char in needle) else re.IGNORECASE)


def keep_for(text: str, worker: str, chunk: str) -> tuple[Keep | None, str]:
    """Return a filter for lines with ``text`` of this worker and chunk (empty: any), and what it is called."""
    given = [(worker, "worker "), (chunk, "chunk ")]
    names = [f"{word}{value}" for value, word in given if value]
    if text:
        names.append(f"“{text}”")
    if not names:
        return None, ""
    found = pattern(text).search

    def keep(line: LogEntry) -> bool:
        return (
            (not worker or line.worker == worker)
            and (not chunk or line.chunk == chunk)
            and (not text or found(line.whole) is not None)
        )

    return keep, " · ".join(names)


def line_parts(line: LogEntry, text: str, start: int, search: re.Pattern[str] | None) -> list[Part]:
    """Return a row of a line in tones: the stamp dim, the worker marked, what is searched for lit.

    ``text`` is the row's own text, ``start`` where in the whole line it begins (characters).
    """
    parts: list[Part] = [(text, line.tone)]
    at = -start
    for field, tone in ((line.stamp, "dim"), (line.worker, "note")):
        if field:
            length = len(inert(field))
            parts = retone(parts, at, at + length, tone)
            at += length + 2
    if search is not None:
        for match in search.finditer(text):
            parts = retone(parts, match.start(), match.end(), "found")
    return parts


def rule_parts(
    width: int, title: str, shown: str, filtered: bool, following: bool, wrapped: bool, new: int
) -> list[Part]:
    """Return the rule above a log: title, what is shown, whether it follows, and how many lines are new.

    The news never give way; the title does, then what is shown.
    """
    badge = f" +{new:,} new · End follows " if new else ""
    state = f" · {'following' if following else 'holding still'}{' · wrapped' if wrapped else ''} "
    room = max(0, width - 4 - cells(badge) - cells(state))
    label = elide(f" · {shown}", max(0, room - min(cells(title), 12)))
    name = elide(title, room - cells(label))
    rest = width - 3 - cells(badge) - cells(state) - cells(label) - cells(name)
    return [
        ("─ ", "dim"),
        (name, "head"),
        (label, "note" if filtered else "dim"),
        (state, "dim" if following else "warn"),
        ("─" * max(rest, 0), "dim"),
        (badge, "warn"),
        ("─", "dim"),
    ]
