"""Numbers of running bars, where ``services.words`` has no word: progress, and durations that count down like a clock."""

from __future__ import annotations

from datetime import datetime

from hf2ms_tui.services import words

UNKNOWN = words.UNKNOWN
_FRESH = 5
"""seconds below which something happened now: the time that reading it takes"""


def bytes_text(count: int | None, exact: bool = False) -> str:
    """Return a byte count as ``1.10 TB``; with ``exact`` as ``1,099,511,627,776``; ``?`` when unknown."""
    return words.size(count, exact=exact)


def progress_text(done: int, total: int | None) -> str:
    """Return ``7.1/14.8 GB``: both in the unit of the total, one place; ``7.10 MB/?`` when the total is unknown."""
    if total is None:
        return f"{bytes_text(done)}/{UNKNOWN}"
    size, unit = words.scaled(total)
    if unit == "B":
        return f"{done}/{total} B"
    part = done / total * size if total else 0.0
    # Rounding up would claim bytes that have not arrived.
    shown = int(part * 10) / 10 if done < total else size
    return f"{shown:.1f}/{size:.1f} {unit}"


def rate_text(per_second: float | None) -> str:
    """Return bytes per second as ``52 MB/s``; empty when unknown, as a bar has no room for question marks."""
    return "" if per_second is None else words.rate(per_second)


def since_text(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was in one unit, at most ten cells: ``now``, ``12 s ago``, ``2 min ago``, ``3 h ago``,
    ``400 d ago``; empty for None. A moment yet to come is ``now``.
    """
    if at is None:
        return ""
    seconds = int((now - at).total_seconds())
    if seconds < _FRESH:
        return "now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def duration_text(seconds: float | None) -> str:
    """Return a duration as ``75 s``, ``2:28`` (minutes), ``3 h 05`` or ``2 d 4 h``; ``?`` when unknown."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
