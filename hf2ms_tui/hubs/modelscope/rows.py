"""Rows of repos as ModelScope's two APIs write them, read into ``RepoInfo``. What is missing or doubtful stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.domain.licence import canonical
from hf2ms_tui.domain.repo import Gating, Hub, Kind, RepoId, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.text import clean

LEVELS = {1: Visibility.PRIVATE, 3: Visibility.INTERNAL, 5: Visibility.PUBLIC}
"""``Visibility`` of the older API (``modelscope_hub.constants.Visibility``)."""


def open_row(item: Mapping[str, Any], kind: Kind) -> RepoInfo | None:
    """A row of ``/openapi/v1``; None when it names no repo.

    ``private: false`` counts as public here, although an internal repo may say the same; ``with_details`` corrects it.
    ``file_size`` is 0 for datasets whatever they hold, so 0 means unknown.
    """
    ref = _ref(kind, item.get("id"), item.get("owner"), item.get("repo_name"))
    if ref is None:
        return None
    return RepoInfo(
        ref,
        _open_visibility(item),
        gating=_gating(item.get("gated")),
        created_at=moment(item.get("created_at")),
        updated_at=moment(item.get("last_modified")),
        size=_size(item.get("file_size")),
        downloads=_count(item.get("downloads")),
        likes=_count(item.get("likes")),
        licence=_licence(item.get("license")),
        tags=_tags(item.get("tags")),
        sdk=_text(item.get("sdk_type")),
    )


def legacy_row(data: Mapping[str, Any], kind: Kind) -> RepoInfo | None:
    """A row or the details of ``/api/v1``; None when it names no repo."""
    ref = _ref(kind, None, data.get("Owner") or data.get("Path") or data.get("Namespace"), data.get("Name"))
    if ref is None:
        return None
    return RepoInfo(
        ref,
        LEVELS.get(_whole(data.get("Visibility")), Visibility.UNKNOWN),
        gating={1: Gating.MANUAL, 2: Gating.NONE}.get(_whole(data.get("ProtectedMode")), Gating.UNKNOWN),
        created_at=moment(data.get("CreatedTime") or data.get("CreatedAt") or data.get("GmtCreate")),
        updated_at=moment(data.get("LastUpdatedTime") or data.get("UpdatedAt") or data.get("GmtModified")),
        size=_size(data.get("StorageSize")),
        downloads=_count(data.get("Downloads")),
        likes=_count(data.get("Likes")),
        licence=_licence(data.get("License")),
        tags=_tags(data.get("Tags")),
    )


def with_details(row: RepoInfo | None, details: RepoInfo) -> RepoInfo:
    """The row of the OpenAPI, if there is one, with what only the older API knows: who exactly can see the repo."""
    if row is None:
        return details
    known = details.visibility is not Visibility.UNKNOWN
    return replace(
        row,
        visibility=details.visibility if known else _doubtful(row.visibility),
        gating=row.gating if details.gating is Gating.UNKNOWN else details.gating,
        size=row.size if row.size is not None else details.size,
        created_at=row.created_at or details.created_at,
        updated_at=row.updated_at or details.updated_at,
        downloads=row.downloads if row.downloads is not None else details.downloads,
        likes=row.likes if row.likes is not None else details.likes,
        licence=row.licence or details.licence,
        tags=row.tags or details.tags,
    )


def _doubtful(shown: Visibility) -> Visibility:
    return shown if shown is Visibility.PRIVATE else Visibility.UNKNOWN


def moment(value: object) -> datetime | None:
    """A time as either API writes it: ISO text (UTC where it says nothing), or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str) and value and not value.isdigit():
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = int(value) if isinstance(value, int | float | str) and value else 0
        seconds = seconds // 1000 if seconds > 100_000_000_000 else seconds
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _ref(kind: Kind, whole: object, owner: object, name: object) -> RepoRef | None:
    if isinstance(whole, str) and whole.count("/") == 1:
        owner, _, name = whole.partition("/")
    if not (isinstance(owner, str) and owner and isinstance(name, str) and name):
        return None
    return RepoRef(Hub.MS, kind, RepoId(clean(owner, 128), clean(name, 256)))


def _open_visibility(item: Mapping[str, Any]) -> Visibility:
    """Studios say it in words; “protected” shows the running app to all but not the files, so the files are private."""
    said = item.get("visibility")
    if isinstance(said, str):
        words = {
            "public": Visibility.PUBLIC,
            "private": Visibility.PRIVATE,
            "protected": Visibility.PRIVATE,
            "internal": Visibility.INTERNAL,
        }
        return words.get(said.lower(), Visibility.UNKNOWN)
    if isinstance(said, int) and not isinstance(said, bool):
        return LEVELS.get(said, Visibility.UNKNOWN)
    private = item.get("private")
    if isinstance(private, bool):
        return Visibility.PRIVATE if private else Visibility.PUBLIC
    return Visibility.UNKNOWN


def _gating(value: object) -> Gating:
    if not isinstance(value, bool):
        return Gating.UNKNOWN
    return Gating.MANUAL if value else Gating.NONE


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _size(value: object) -> int | None:
    found = _whole(value)
    return found if found > 0 else None


def _count(value: object) -> int | None:
    found = _whole(value)
    return found if found >= 0 else None


def _text(value: object) -> str | None:
    return clean(value, 200) if isinstance(value, str) and value.strip() else None


def _licence(value: object) -> str | None:
    text = _text(value)
    return canonical(text) if text else None


def _tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(clean(tag, 80) for tag in value if isinstance(tag, str) and tag)
