"""Checking the journal: its own chain, and every copy of its head that can be found elsewhere.

What a chain of digests shows: no entry was edited, removed, inserted or moved since it was written. What it cannot show by
itself: that its newest entries were cut off, or that the whole was written anew. Copies of its head tell that: the file
beside it, the entries that decisions refer to, the tombstones, and any export given to ``check``. Somebody who may write in
the state folder and rewrites all of them together is found out only by an export that was kept elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.text import clean, counted
from hf2ms_tui.services.program import Program
from hf2ms_tui.store.headfile import Head
from hf2ms_tui.store.journal import Broken


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a check found: ``entries`` in all, the first that is ``broken`` if any, and which ``heads`` were compared.

    ``trouble`` says what could not be compared, a sentence each; it is no proof of an edit.
    """

    entries: int
    broken: Broken | None
    heads: tuple[Head, ...]
    trouble: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line: the verdict, and what it stands on."""
        if self.broken:
            return f"✗ {self.broken}"
        if not self.entries:
            return "✓ the journal is empty"
        return f"✓ {counted(self.entries, 'entry', 'entries')}, each follows from the one before; {self._stands_on}"

    @property
    def _stands_on(self) -> str:
        if not self.heads:
            return "no copy of its head was found elsewhere, so that a cut end would not be seen"
        upto = max(head.seq for head in self.heads)
        newest = "the newest" if upto == self.entries else f"entry {upto}"
        return f"{counted(len(self.heads), 'copy of its head', 'copies of its head')} agree, up to {newest}"


def check(program: Program, against: Path | None = None) -> Checkup:
    """Check the whole journal, with the heads kept in the state folder and, where given, an export that was kept elsewhere.

    Raises BadInput for an export that is none.
    """
    heads, trouble = _tombstones(program)
    lines = exported(against) if against is not None else []
    heads += lines[-1:]
    broken = program.journal.check([*heads, *lines])
    newest = program.journal.head()
    try:
        beside = program.journal.kept_head()
    except ValueError:
        beside = None
    if beside is not None:
        heads.insert(0, beside)
    return Checkup(newest.seq if newest else 0, broken, tuple(heads), tuple(trouble))


def checkup_dict(found: Checkup) -> dict[str, Any]:
    """What a check found as JSON-ready values."""
    return {
        "entries": found.entries,
        "holds": found.broken is None,
        "first_bad": found.broken.seq if found.broken else None,
        "why": found.broken.why if found.broken else None,
        "heads": [{"seq": head.seq, "digest": head.digest, "where": head.where} for head in found.heads],
        "not_compared": list(found.trouble),
    }


def _tombstones(program: Program) -> tuple[list[Head], list[str]]:
    heads, trouble = [], []
    for row in program.tombstones.rows():
        try:
            stone, _ = program.tombstones.load(row)
        except StoreFailed as error:
            trouble.append(str(error))
            continue
        seq, digest = stone.journal
        if seq:
            heads.append(Head(seq, digest, f"tombstone {row.id}"))
    return heads, trouble


def exported(path: Path) -> list[Head]:
    """The numbers and digests of an export as JSON Lines. Raises BadInput when it is none."""
    heads = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            heads.append(
                Head(int(row["seq"]), str(row["digest"]), f"line {number} of {clean(path.name, 80)}")
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{clean(path.name, 80)} is not an export of the journal: {clean(str(error), 160)}",
            way_out="Name a file that was written by: hf2ms-tui journal --export jsonl FILE",
        ) from None
    return heads
