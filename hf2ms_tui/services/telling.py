"""What an entry of the journal says, as a sentence for people. Everything foreign in it is made inert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.domain.text import clean, counted
from hf2ms_tui.store.journal import Entry

_LIMIT = 300
"""characters of one foreign text, in a line; the whole is in ``audit.facts`` and in the export"""


def tell(entry: Entry) -> str:
    """The sentence. Entries of kinds that this version does not know are told as pairs of names and values."""
    teller = _TELLERS.get((entry.kind, entry.role)) or _TELLERS.get((entry.kind, ""))
    try:
        told = teller(entry.payload) if teller else ""
    except (TypeError, ValueError, LookupError):
        told = ""  # an entry that somebody edited is told as it is
    if not told and entry.role == "outcome":
        told = trouble(entry.payload)
    return told or _pairs(entry.payload)


def who(account: str) -> str:
    """``hf:mira ms:ada`` as words: ``mira on Hugging Face, ada on ModelScope``; empty when nobody was known."""
    words = []
    for part in account.split():
        hub, colon, name = part.partition(":")
        known = colon and hub in {each.value for each in Hub}
        words.append(f"{clean(name, 80)} on {Hub(hub).title}" if known else clean(part, 80))
    return ", ".join(words)


def place(key: object) -> str:
    """A repo's key as words: ``ModelScope acme/tiny``."""
    try:
        ref = RepoRef.from_key(str(key))
    except BadInput:
        return clean(str(key), _LIMIT)
    return clean(f"{ref.hub.title} {ref.id}", _LIMIT)


def level(value: object) -> str:
    """A level of proof as words."""
    try:
        return Level(str(value)).words
    except ValueError:
        return clean(str(value), 40)


def trouble(payload: Mapping[str, Any]) -> str:
    """An error that was journalled, as its sentences; empty when the payload holds none."""
    parts = [str(payload[name]).strip() for name in ("what", "meaning", "way_out") if payload.get(name)]
    return clean(" ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts), _LIMIT)


def changes(payload: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What a decision changed: the repo's key, what was decided before, what is now. Empty for anything malformed."""
    found = payload.get("changes")
    rows = found if isinstance(found, list) else []
    return [
        (str(row[0]), str(row[1]), str(row[2])) for row in rows if isinstance(row, list) and len(row) == 3
    ]


def _short(value: object, length: int = 7) -> str:
    return clean(str(value or "?"), length + 1)[:length]


def _proof(value: object) -> str:
    return f"proof {_short(value, 16)}" if value else ""


def _list(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _decided(payload: Mapping[str, Any]) -> str:
    rows = changes(payload)
    if len(rows) == 1:
        key, before, after = rows[0]
        return f"{place(key)}: {clean(before, 20)} → {clean(after, 20)}"
    turns: dict[str, int] = {}
    for _, before, after in rows:
        turn = f"{clean(before, 20)} → {clean(after, 20)}"
        turns[turn] = turns.get(turn, 0) + 1
    if not turns:
        return ""
    return f"{counted(len(rows), 'repo')}: " + ", ".join(f"{count:,} {turn}" for turn, count in turns.items())


def _prove_begun(payload: Mapping[str, Any]) -> str:
    return f"compare with {place(payload.get('to', ''))}, {level(payload.get('level', ''))}"


def _prove_ended(payload: Mapping[str, Any]) -> str:
    if "files" not in payload:
        summary = clean(str(payload.get("summary") or ""), _LIMIT)
        return _list(_proof(payload.get("proof")), summary) or trouble(payload)
    share = f"{clean(str(payload['files']), 80)} {level(payload.get('level'))}"
    return f"{_proof(payload.get('proof'))}: {share} on {place(payload.get('to', ''))}"


def _migrate_begun(payload: Mapping[str, Any]) -> str:
    again = "again, " if payload.get("retry") else ""
    at = f" at {_short(payload.get('revision'))}" if payload.get("revision") else ""
    proven = f", to be proven {level(payload['level'])}" if payload.get("level") else ""
    return f"{again}job {_short(payload.get('job'), 16)}{at} to {place(payload.get('to', ''))}{proven}"


def _migrate_ended(payload: Mapping[str, Any]) -> str:
    error = payload.get("error")
    why = trouble(error) if isinstance(error, dict) else trouble(payload)
    phase = clean(str(payload.get("phase") or ""), 20)
    begun = f"job {_short(payload['job'], 16)} {phase}".strip() if payload.get("job") else ""
    told = _list(begun, _proof(payload.get("proof")))
    return f"{told}: {why}" if told and why else told or why


def _prepare_begun(payload: Mapping[str, Any]) -> str:
    licence = f", licence {clean(str(payload['licence']), 40)}" if payload.get("licence") else ""
    return f"make or take it, {clean(str(payload.get('visibility', '?')), 20)}{licence}, job {_short(payload.get('job'), 16)}"


def _prepare_ended(payload: Mapping[str, Any]) -> str:
    if "created" not in payload:
        return ""
    return f"{'created' if payload['created'] else 'was there already'}, at {_short(payload.get('revision'))}"


def _commit_begun(payload: Mapping[str, Any]) -> str:
    count = payload.get("changes")
    files = counted(count, "file") if isinstance(count, int) else "files"
    return (
        f"{files} of revision {_short(payload.get('source_revision'))}, job {_short(payload.get('job'), 16)}"
    )


def _commit_ended(payload: Mapping[str, Any]) -> str:
    return f"now at {_short(payload['revision'])}" if payload.get("revision") else ""


def _ref_begun(payload: Mapping[str, Any]) -> str:
    name, job = clean(str(payload.get("name", "?")), 80), _short(payload.get("job"), 16)
    revision, source = _short(payload.get("revision")), _short(payload.get("source_revision"))
    return f"{name} at {revision}, of revision {source}, job {job}"


def _gate_begun(payload: Mapping[str, Any]) -> str:
    return f"gated: {clean(str(payload.get('gating', '?')), 20)}, job {_short(payload.get('job'), 16)}"


def _restore_begun(payload: Mapping[str, Any]) -> str:
    stone = f"from tombstone {_short(payload['tombstone'], 40)}" if payload.get("tombstone") else ""
    return _list(stone, f"job {_short(payload.get('job'), 16)}")


def _delete_begun(payload: Mapping[str, Any]) -> str:
    checks = payload.get("checks")
    held = f"{counted(len(checks), 'check')} of the gate" if isinstance(checks, list) else ""
    given_up = payload.get("acknowledged")
    names = ", ".join(map(str, given_up)) if isinstance(given_up, list) else ""
    lost = f"loss accepted of {clean(names, _LIMIT)}" if names else ""
    page = f"by hand at {clean(str(payload['by hand']), _LIMIT)}" if payload.get("by hand") else ""
    stone = f"tombstone {_short(payload['tombstone'], 40)}" if payload.get("tombstone") else ""
    return _list(_proof(payload.get("proof")), held, lost, stone, page)


def _delete_ended(payload: Mapping[str, Any]) -> str:
    if payload.get("state"):
        evidence = clean(str(payload.get("evidence") or ""), _LIMIT)
        return f"{clean(str(payload['state']), 40)}: {evidence}"
    return trouble(payload)


def _cancelled(payload: Mapping[str, Any]) -> str:
    return f"job {_short(payload.get('job'), 16)}"


_TELLERS: dict[tuple[str, str], Callable[[Mapping[str, Any]], str]] = {
    ("decide", ""): _decided,
    ("undo", ""): _decided,
    ("redo", ""): _decided,
    ("prove", "intent"): _prove_begun,
    ("prove", "outcome"): _prove_ended,
    ("migrate", "intent"): _migrate_begun,
    ("migrate", "outcome"): _migrate_ended,
    ("repo.prepare", "intent"): _prepare_begun,
    ("repo.prepare", "outcome"): _prepare_ended,
    ("repo.commit", "intent"): _commit_begun,
    ("repo.commit", "outcome"): _commit_ended,
    ("repo.tag", "intent"): _ref_begun,
    ("repo.branch", "intent"): _ref_begun,
    ("repo.gate", "intent"): _gate_begun,
    ("restore", "intent"): _restore_begun,
    ("restore", "outcome"): _migrate_ended,
    ("delete", "intent"): _delete_begun,
    ("delete", "outcome"): _delete_ended,
    ("cancel", ""): _cancelled,
}


def _pairs(payload: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{clean(key, 40)} {_value(value)}"
        for key, value in payload.items()
        if value not in (None, "", [], {})
    )


def _value(value: object) -> str:
    if isinstance(value, dict):
        value = trouble(value) or ", ".join(map(str, value.values()))
    if isinstance(value, list):
        return f"({len(value)})"
    return clean(str(value), 80)
