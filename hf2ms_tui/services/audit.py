"""The journal as people read it: one line per entry, newest last."""

from __future__ import annotations

from typing import Any

from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import telling
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
        "role": entry.role,
        "about": entry.about,
        "state": entry.state or None,
        "repo": entry.ref.key if entry.ref else None,
        "account": entry.account or None,
        "digest": entry.digest,
        "payload": entry.payload,
    }


def entry_line(entry: Entry) -> str:
    """One entry as a line: when, what, which repo, and what it says."""
    where = f"  {entry.ref.id}" if entry.ref else ""
    return f"{entry.seq:>5}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {act(entry):<22}{where}  {says(entry)}".rstrip()


def act(entry: Entry) -> str:
    """What an entry is, in words: ``delete begun``, ``delete done``, ``decision``; an act without an end says so."""
    if entry.role == "intent":
        return f"{entry.kind} begun"
    if entry.role == "outcome":
        return f"{entry.kind} {entry.state or 'ended'}"
    return entry.kind


def says(entry: Entry) -> str:
    """What an entry says, as inert words in one line: ``proof 3f…: 12 of 12 read back on ModelScope acme/x``."""
    return telling.tell(entry)


def facts(entry: Entry) -> list[tuple[str, str]]:
    """Everything an entry holds, as pairs of label and inert text."""
    found = [
        ("entry", f"{entry.seq:,}"),
        ("when", f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("what", act(entry)),
        ("repo", entry.ref.key if entry.ref else ""),
        ("by", telling.who(entry.account)),
        ("says", says(entry)),
        ("about entry", f"{entry.about:,}" if entry.about else ""),
        *((key, _whole(value)) for key, value in entry.payload.items()),
        ("digest", entry.digest),
    ]
    return [(clean(label), clean(text)) for label, text in found if text]


def _whole(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_whole(inner)}" for key, inner in value.items() if inner not in (None, ""))
    if isinstance(value, list | tuple):
        return "; ".join(
            " ".join(map(str, item)) if isinstance(item, list | tuple) else str(item) for item in value
        )
    return "" if value is None else str(value)
