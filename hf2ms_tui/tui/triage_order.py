"""In which order triage goes through the repos, and which one is next. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.ordering import sort_rows
from hf2ms_tui.tui.model import Model


def queue_of(model: Model) -> list[str]:
    """The keys to go through: what the inventory shows, in its order; without that, largest first."""
    shown = [key for key in model.order if key in model.rows]
    if not shown:
        return [row.key for row in sort_rows(model.rows.values(), "size", descending=True)]
    if model.filter:
        return shown
    known = set(shown)
    return shown + [key for key in model.rows if key not in known]


def next_key(rows: Mapping[str, Row], order: Sequence[str], after: str) -> str | None:
    """The next undecided repo after ``after``, round to the beginning; then those put off; None when all are decided."""
    at = order.index(after) + 1 if after in order else 0
    round_trip = [*order[at:], *order[:at]]
    for wanted in (Decision.UNDECIDED, Decision.LATER):
        for key in round_trip:
            if key != after and key in rows and rows[key].decision is wanted:
                return key
    return None


def step(order: Sequence[str], key: str, by: int) -> str | None:
    """The repo ``by`` places on, round at the ends; None when there is none."""
    if not order:
        return None
    if key not in order:
        return order[0]
    return order[(order.index(key) + by) % len(order)]


def position(order: Sequence[str], key: str) -> tuple[int, int]:
    """Which one of how many, counted from 1; 0 when it is not among them."""
    return (order.index(key) + 1 if key in order else 0, len(order))
