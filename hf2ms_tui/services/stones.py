"""Tombstones as people read them: a list, and what a restore would bring back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.report import table
from hf2ms_tui.services.restore import Survey
from hf2ms_tui.store.tombstones import TombstoneRow

_SHOWN = 20
ENDED = {"done": "deleted", "failed": "not deleted", "unknown": "outcome unknown", "": "not deleted"}
"""what became of the repo, by how the deletion ended"""


@dataclass(frozen=True, slots=True)
class Stone:
    """A tombstone in a list; ``damage`` says what is wrong with it, empty when it was not looked at or is whole.

    ``deletion`` is how the deletion ended that rests on it, by the journal: ``done``, ``failed``, ``unknown``; empty when none
    was begun.
    """

    row: TombstoneRow
    deletion: str = ""
    checked: bool = False
    damage: str = ""


def listing(program: Program, *, check: bool = False) -> list[Stone]:
    """All tombstones, newest first; with ``check`` every byte of each is verified."""
    ended = {
        str(entry.payload.get("tombstone", "")): entry.state or "unknown"
        for entry in program.journal.entries(kinds={"delete"})
        if entry.role == "intent"
    }
    found = []
    for row in program.tombstones.rows():
        damage = ""
        if check:
            try:
                program.tombstones.load(row)
            except StoreFailed as error:
                damage = str(error)
        found.append(Stone(row, ended.get(row.id, ""), check, damage))
    return found


def stone_dict(stone: Stone) -> dict[str, Any]:
    """One tombstone as JSON-ready values; sizes in bytes."""
    row = stone.row
    return {
        "id": row.id,
        "repo": row.ref.key,
        "at": row.at.isoformat(),
        "deletion": stone.deletion or None,
        "contents": row.contents,
        "size": row.size,
        "proof": row.proof_id,
        "folder": str(row.folder),
        "whole": (not stone.damage) if stone.checked else None,
        "damage": stone.damage or None,
    }


def stone_lines(stones: Sequence[Stone]) -> list[str]:
    """A table of tombstones; what is wrong with damaged ones below it."""
    if not stones:
        return ["There are no tombstones: one is written at the gate, before a deletion."]
    rows = [
        (
            stone.row.id,
            f"{stone.row.at:%Y-%m-%d %H:%M:%S}Z",
            stone.row.ref.hub.value,
            stone.row.ref.kind.value,
            str(stone.row.ref.id),
            f"{stone.row.contents:,}",
            words.size(stone.row.size),
            ("damaged" if stone.damage else "whole") if stone.checked else "",
            ENDED[stone.deletion],
        )
        for stone in stones
    ]
    head = ("ID", "WRITTEN (UTC)", "HUB", "TYPE", "REPO", "HELD", "SIZE", "STATE", "")
    return [*table(head, rows, frozenset({5, 6})), *(stone.damage for stone in stones if stone.damage)]


def survey_dict(found: Survey) -> dict[str, Any]:
    """What a restore would do, as JSON-ready values."""
    return {
        "tombstone": found.row.id,
        "repo": found.row.ref.key,
        "destination": found.stone.proof.destination.key,
        "comes_back": list(found.back),
        "does_not_come_back": list(found.gone),
        "missing": [{"path": path, "why": why} for path, why in found.missing],
        "refused": found.refused or None,
        "job": found.earlier.id if found.earlier else None,
    }


def survey_lines(found: Survey) -> Iterator[str]:
    """What a restore would do, in lines."""
    row = found.row
    yield f"{row.ref.id} ({row.ref.kind.value}) on {row.ref.hub.title}, tombstone {row.id} of {row.at:%Y-%m-%d %H:%M}Z"
    yield f"comes back: {'; '.join(found.back)}"
    yield f"does not come back: {'; '.join(found.gone)}"
    for path, why in found.missing[:_SHOWN]:
        yield f"missing: {clean(path, 200)}: {why}"
    if len(found.missing) > _SHOWN:
        yield f"missing: {len(found.missing) - _SHOWN:,} more"
    if found.refused:
        yield f"cannot be restored now: {found.refused}"
    elif found.earlier is not None and not found.missing:
        yield f"carries on with job {found.earlier.id}"
