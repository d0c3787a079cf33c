"""The order of the inventory's columns: by real values, unknown ones last, equal ones by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hf2ms_tui.domain.decision import Confidence, Decision
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.repo import Gating, Visibility

_BACKUP_ORDER = {state: place for place, state in enumerate(BackupState)}
_DECISION_ORDER = {
    each: place
    for place, each in enumerate(
        (Decision.UNDECIDED, Decision.LATER, Decision.MIGRATE, Decision.DELETE, Decision.KEEP)
    )
}
_CONFIDENCE_ORDER = {each: place for place, each in enumerate(Confidence)}

SORT_KEYS: dict[str, Callable[[Row], Any]] = {
    "repo": lambda row: row.info.ref.id.name.casefold(),
    "type": lambda row: row.info.ref.kind.value,
    "size": lambda row: row.info.size,
    "cost": lambda row: monthly_cost(row.info.size, row.info.visibility),
    "visibility": lambda row: (
        None if row.info.visibility is Visibility.UNKNOWN else row.info.visibility.value
    ),
    "updated": lambda row: row.info.updated_at,
    "created": lambda row: row.info.created_at,
    "downloads": lambda row: row.info.downloads,
    "likes": lambda row: row.info.likes,
    "licence": lambda row: row.info.licence.casefold() if row.info.licence else None,
    "gated": lambda row: None if row.info.gating is Gating.UNKNOWN else row.info.gating.value,
    "backup": lambda row: _BACKUP_ORDER[row.backup.state],
    "decision": lambda row: _DECISION_ORDER[row.decision],
    "advice": lambda row: (
        (row.advice.suggestion.value, _CONFIDENCE_ORDER[row.advice.confidence], row.advice.headline)
        if row.advice
        else None
    ),
    "job": lambda row: row.job_id or None,
}
"""What each column sorts by; None is unknown and comes last whichever way the column is sorted."""


def sort_rows(rows: Iterable[Row], column: str, descending: bool = False) -> list[Row]:
    """Rows by a column of ``SORT_KEYS``; equal ones by name and type, always ascending; unknown ones at the end."""
    ordered = sorted(rows, key=lambda row: (str(row.info.ref.id).casefold(), row.key))
    measure = SORT_KEYS[column]
    known: list[tuple[Any, Row]] = []
    unknown: list[Row] = []
    for row in ordered:
        value = measure(row)
        if value is None:
            unknown.append(row)
        else:
            known.append((value, row))
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in known] + unknown
