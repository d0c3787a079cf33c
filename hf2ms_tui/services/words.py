"""Numbers and dates as people read them, the same on screens and in headless output. Unknown is ``?``, never 0."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import humanize

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.money import monthly_cost

UNKNOWN = "?"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size(count: int | None, *, exact: bool = False, estimate: bool = False) -> str:
    """Bytes in decimal units, as both hubs bill them: ``1.10 TB``; exact as ``1,099,511,627,776``; ``~`` if estimated."""
    if count is None:
        return UNKNOWN
    mark = "~" if estimate else ""
    if exact:
        return f"{mark}{humanize.intcomma(count)}"
    number, unit = scaled(count)
    return f"{mark}{number:.0f} {unit}" if unit == "B" else f"{mark}{number:.2f} {unit}"


def scaled(count: float) -> tuple[float, str]:
    """Scale to the largest unit below 1,000 after rounding, so that ``1000.00 kB`` never appears."""
    number = float(count)
    for unit in _UNITS[:-1]:
        if abs(number) < (999.5 if unit == "B" else 999.995):
            return number, unit
        number /= 1000
    return number, _UNITS[-1]


def rate(per_second: float | None) -> str:
    """Bytes per second: ``52 MB/s``, below ten ``5.2 MB/s``."""
    if per_second is None:
        return UNKNOWN
    number, unit = scaled(per_second)
    return f"{number:.1f} {unit}/s" if number < 9.95 and unit != "B" else f"{number:.0f} {unit}/s"


def duration(seconds: float | None) -> str:
    """``40 s``, ``2 min 28 s``, ``3 h 5 min``, ``2 days 4 h``; whole seconds, ``under 1 s`` for less."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, round(seconds))
    if whole < 1:
        return "under 1 s"
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{count(days, 'day')}{f' {hours} h' if hours else ''}"
    if hours:
        return f"{hours} h{f' {minutes} min' if minutes else ''}"
    if minutes:
        return f"{minutes} min{f' {left} s' if left else ''}"
    return f"{left} s"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in one unit that fits a column: ``now``, ``5 minutes``, ``3 weeks``, ``13 months``, ``2 years``."""
    if at is None:
        return UNKNOWN
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    days = seconds / 86_400
    if seconds < 60:
        return "now"
    if seconds < 3_600:
        return count(int(seconds // 60), "minute")
    if days < 1:
        return count(int(seconds // 3_600), "hour")
    if days < 14:
        return count(int(days), "day")
    if days < 60:
        return count(int(days // 7), "week")
    if days < 365.25 * 2:
        return "1 year" if 360 <= days < 395 else count(int(days // 30.44), "month")
    return count(int(days // 365.25), "year")


def age(at: datetime | None, now: datetime | None = None) -> str:
    """``ago`` in at most four cells, for narrow columns: ``now``, ``5m``, ``3h``, ``13d``, ``8w``, ``11mo``, ``2y``."""
    number, _, unit = ago(at, now).partition(" ")
    return f"{number}{'mo' if unit.startswith('month') else unit[:1]}"


def date(at: datetime | None) -> str:
    """The exact moment in UTC: ``2026-03-01 12:00:05Z``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if at else UNKNOWN


def money(dollars: float | None) -> str:
    """US dollars: ``$34.50``; ``under $0.01`` for a fraction of a cent."""
    if dollars is None:
        return UNKNOWN
    if 0 < dollars < 0.01:
        return "under $0.01"
    return f"${dollars:,.2f}"


def count(number: int | None, noun: str, plural: str = "") -> str:
    """A number and its noun: ``1 file``, ``1,047 files``, ``? files``."""
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{UNKNOWN if number is None else humanize.intcomma(number)} {word}"


def total_size(sizes: Iterable[int | None]) -> str:
    """A sum of sizes that says how many of them are unknown: ``1.92 TB``, ``1.92 TB + 2 unknown``."""
    known, unknown = 0, 0
    for each in sizes:
        known, unknown = (known, unknown + 1) if each is None else (known + each, unknown)
    return f"{size(known)} + {unknown} unknown" if unknown else size(known)


def totals(rows: Iterable[Row]) -> str:
    """One line: ``26 repos   1.92 TB   $34.50/month   decided 7 of 26   migrate 4 (312.00 GB)   delete 2 (…)``."""
    every = list(rows)
    parts = [
        count(len(every), "repo"),
        total_size(row.info.size for row in every),
        f"{money(_cost(every))}/month",
        f"decided {sum(row.decision.decided for row in every):,} of {len(every):,}",
    ]
    for decision in (Decision.MIGRATE, Decision.DELETE):
        chosen = [row for row in every if row.decision is decision]
        if chosen:
            freed = f", {money(_cost(chosen))}/month" if decision is Decision.DELETE else ""
            parts.append(
                f"{decision.value} {len(chosen):,} ({total_size(row.info.size for row in chosen)}{freed})"
            )
    return "   ".join(parts)


def _cost(rows: Iterable[Row]) -> float:
    return sum(monthly_cost(row.info.size, row.info.visibility) or 0.0 for row in rows)
