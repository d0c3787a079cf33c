"""Files that hubs put there or rewrite by themselves: whether a copy differs from its source in just that way.

Each rule is a pure function of both contents, so that a proof rests on nothing but bytes that were read.
"""

from __future__ import annotations

import json
from typing import Any

from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.text import clean, counted
from hf2ms_tui.domain.verdict import CARD
from hf2ms_tui.hubs.card import read_card
from hf2ms_tui.hubs.correct import block_apart
from hf2ms_tui.hubs.mend import keys_added

_SHOWN = 5


def rewritten(hub: Hub, path: str, source: bytes, copy: bytes) -> str:
    """How ``hub`` rewrote the file at ``path`` when that made ``copy`` of ``source``, in one clean sentence; else empty.

    Nothing of the source may be missing in the copy: lines and values may only have been added, JSON may be spelt anew.
    """
    if source == copy:
        return ""
    rule = {".gitattributes": _lines, "configuration.json": _json, "dataset_infos.json": _json, CARD: _card}
    how = rule[path](source, copy) if path in rule else ""
    return f"{hub.title} {how}; everything of the source is there." if how else ""


def _lines(source: bytes, copy: bytes) -> str:
    """Lines of ``.gitattributes`` that only send more files to LFS, added after or between those of the source."""
    ours, theirs = source.split(b"\n"), copy.split(b"\n")
    added = []
    left = iter(ours)
    wanted = next(left, None)
    for line in theirs:
        if wanted is not None and line == wanted:
            wanted = next(left, None)
        elif line.strip():
            added.append(line)
    missing = wanted is not None and (wanted.strip() or next(left, None) is not None)
    if missing or not added or not all(_sends_to_lfs(line) for line in added):
        return ""
    return f"added {counted(len(added), 'line')} that send{'s' if len(added) == 1 else ''} files to LFS"


def _sends_to_lfs(line: bytes) -> bool:
    words = line.split()
    return len(words) == 5 and words[1:] == [b"filter=lfs", b"diff=lfs", b"merge=lfs", b"-text"]


def _json(source: bytes, copy: bytes) -> str:
    try:
        ours, theirs = _parsed(source), _parsed(copy)
    except (ValueError, RecursionError):
        return ""
    if ours == theirs:
        return "spelt the JSON anew"
    added = _added(ours, theirs)
    if not added:
        return ""
    return f"added {_names(added)} to the JSON"


def _parsed(data: bytes) -> Any:
    """JSON with numbers as they are written; an object with a key twice is none. Raises ValueError."""
    return json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_object,
        parse_int=_Number,
        parse_float=_Number,
        parse_constant=_Number,
    )


class _Number(str):
    """A number as it is written: equal to another only when spelt alike, and never to a text."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Number) and str(self) == str(other)

    __hash__ = str.__hash__


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _added(ours: Any, theirs: Any) -> list[str]:
    """The top-level keys that were added, when all of ours are there as they were; else none."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return []
    if any(key not in theirs or theirs[key] != value for key, value in ours.items()):
        return []
    return sorted(theirs.keys() - ours.keys())


def _card(source: bytes, copy: bytes) -> str:
    """Metadata of a card to which keys were added; the text below is the same."""
    ours, theirs = block_apart(source), block_apart(copy)
    if theirs is None or (ours[1] if ours else source) != theirs[1] or read_card(copy).problems:
        return ""
    added = keys_added(ours[0] if ours else "", theirs[0])
    return f"added {_names(added)} to the metadata" if added else ""


def _names(names: list[str]) -> str:
    shown = ", ".join(clean(name, 40) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
