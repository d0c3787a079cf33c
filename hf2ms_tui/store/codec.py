"""How values become text and bytes in the database and back: canonical JSON, compressed columns, UTC timestamps."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.repo import RepoId, RepoRef
from hf2ms_tui.domain.secret import Secret


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime | None) -> str | None:
    """A moment as ISO text in UTC with microseconds, so that text order is time order; None stays None.

    Raises ValueError for a moment without a time zone: guessing one would falsify a record.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"a moment without time zone cannot be recorded: {at!r}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def instant(text: str) -> datetime:
    """Read a moment that ``stamp`` wrote. Raises StoreFailed when it is damaged."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise damaged(str(error)) from error


def moment(text: str | None) -> datetime | None:
    """Read what ``stamp`` wrote of a moment that may be unknown."""
    return instant(text) if text else None


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        raise TypeError("a Secret is never stored")
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, RepoRef):
        return value.key
    if isinstance(value, RepoId | PurePath):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON")


def encode(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII only (so that lone surrogates of foreign paths survive).

    Moments, enums, refs, ids, paths and sets are written as plain values. Raises TypeError for a Secret and for anything
    else that JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)


def decode(text: str) -> Any:
    """Read what ``encode`` wrote. Raises StoreFailed when it is damaged."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise damaged(str(error)) from error


def pack(value: object) -> bytes:
    """Compressed JSON for large values; quick rather than small, as hashes hardly compress."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), default=_plain).encode("ascii"), 1)


def unpack(data: bytes) -> Any:
    """Read what ``pack`` wrote. Raises StoreFailed when it is damaged (zlib's checksum covers every byte)."""
    try:
        return json.loads(zlib.decompress(data))
    except (ValueError, zlib.error) as error:
        raise damaged(str(error)) from error


def damaged(detail: str) -> StoreFailed:
    """The error for a value that is in the database but cannot be read back."""
    return StoreFailed(
        f"a value in the local state is damaged: {detail}",
        meaning="Something else than this program changed the file, or the disk lost part of it.",
        way_out="Move the state folder away and start again; nothing on the hubs depends on it.",
    )
