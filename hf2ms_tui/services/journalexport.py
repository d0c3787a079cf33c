"""The journal as JSON Lines, for keeping elsewhere and for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hf2ms_tui.services.program import Program
from hf2ms_tui.store.journal import Journal


def lines(journal: Journal) -> Iterator[str]:
    """One line of ASCII for each entry, oldest first.

    ``digest`` is the SHA-256 of the JSON array ``[previous, seq, at, kind, role, about, state, repo, account, payload]``
    where ``payload`` is its own JSON as a text; both written with sorted keys, without blanks and in ASCII. Whoever has the
    file can compute the chain anew without this program.
    """
    for row in journal.rows():
        row["repo"] = row.pop("ref")
        yield json.dumps({**row, "payload": _payload(row["payload"])}, sort_keys=True, ensure_ascii=True)


def _payload(text: object) -> Any:
    """The payload as JSON; one that was damaged stays the text that it is, and the check names it."""
    try:
        return json.loads(str(text))
    except ValueError:
        return str(text)


def text(program: Program) -> str:
    """The whole journal as JSON Lines."""
    return "".join(f"{line}\n" for line in lines(program.journal))
