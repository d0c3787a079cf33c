"""The journal as people read it: one line per entry, newest last."""

from __future__ import annotations

from typing import Any

from hf2ms_tui.domain.text import clean
from hf2ms_tui.services.program import Program
from hf2ms_tui.store.journal import Entry


def entries(program: Program, limit: int | None = None) -> list[Entry]:
    """The journal's entries, oldest first; with ``limit`` only the newest so many."""
    found = program.journal.entries()
    return found[-limit:] if limit else found


def entry_dict(entry: Entry) -> dict[str, Any]:
    """One entry as JSON-ready values."""
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "repo": entry.ref.key if entry.ref else None,
        "account": entry.account or None,
        "digest": entry.digest,
        **{"payload": entry.payload},
    }


def entry_line(entry: Entry) -> str:
    """One entry as a line: when, what, which repo, and what it says."""
    what = ", ".join(
        f"{key} {_short(value)}" for key, value in entry.payload.items() if value not in (None, "", [], {})
    )
    where = f"  {entry.ref.id}" if entry.ref else ""
    return f"{entry.seq:>5}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.kind:<9}{where}  {what}".rstrip()


def _short(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("what") or ", ".join(map(str, value.values()))
    if isinstance(value, list):
        return f"({len(value)})"
    return clean(str(value), 80)
