"""What Hugging Face says of a repo, as an inventory row. Foreign text is cleaned here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hf2ms_tui.domain.repo import Gating, Hub, Kind, RepoId, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.text import clean, is_clean

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo, ModelInfo, SpaceInfo
    from huggingface_hub.hf_api import RepoStorageInfo

    AnyInfo = ModelInfo | DatasetInfo | SpaceInfo

MAX_TAGS = 64

_VISIBILITY = {
    "public": Visibility.PUBLIC,
    "private": Visibility.PRIVATE,
    "protected": Visibility.INTERNAL,  # a Space whose app is public and whose files are not
}


def repo_id(text: str, owner: str = "") -> RepoId:
    """``owner/name`` as the hub spelled it, made inert."""
    before, slash, name = clean(text, 200).partition("/")
    return RepoId(before, name) if slash else RepoId(owner, before)


def gating(value: object, kind: Kind) -> Gating:
    """The hub's ``gated``: false, ``auto`` or ``manual``; spaces have none."""
    if value is False or (value is None and kind is Kind.SPACE):
        return Gating.NONE
    return {"auto": Gating.AUTO, "manual": Gating.MANUAL}.get(str(value), Gating.UNKNOWN)


def licence(tags: Sequence[str]) -> str | None:
    """The licences that the hub put into a repo's tags, joined; None when there is none."""
    found = [tag.removeprefix("license:") for tag in tags if tag.startswith("license:")]
    return ", ".join(dict.fromkeys(found)) or None


def from_info(info: AnyInfo, kind: Kind, owner: str = "", storage: RepoStorageInfo | None = None) -> RepoInfo:
    """A row from an SDK info and, where the token may see it, from the storage listing.

    Without the latter the size is ``usedStorage``, marked as an estimate: whether it counts history is not documented.
    """
    tags = tuple(clean(str(tag), 120) for tag in (info.tags or ())[:MAX_TAGS])
    private = info.private
    visibility = {True: Visibility.PRIVATE, False: Visibility.PUBLIC}.get(private, Visibility.UNKNOWN)  # type: ignore[arg-type]
    if storage is not None:
        visibility = visibility_of(storage.visibility, visibility)
    used = info.used_storage
    size = storage.storage if storage is not None else used
    return RepoInfo(
        ref=RepoRef(Hub.HF, kind, repo_id(info.id, owner)),
        visibility=visibility,
        gating=gating(getattr(info, "gated", None), kind),
        revision=info.sha if isinstance(info.sha, str) else None,
        created_at=info.created_at,
        updated_at=info.last_modified,
        size=_count(size),
        size_is_estimate=storage is None and _count(size) is not None,
        downloads=_count(getattr(info, "downloads", None)),
        likes=_count(info.likes),
        licence=licence(tags),
        tags=tags,
        sdk=clean(str(info.sdk), 40) if getattr(info, "sdk", None) else None,  # type: ignore[union-attr]
        trouble=trouble(info),
    )


def visibility_of(word: object, otherwise: Visibility = Visibility.UNKNOWN) -> Visibility:
    """The storage listing's ``visibility``; of two contradicting answers the one that more people can see."""
    found = _VISIBILITY.get(str(word), Visibility.UNKNOWN)
    if found is Visibility.UNKNOWN:
        return otherwise
    if otherwise in {Visibility.UNKNOWN, found}:
        return found
    # the listings say PRIVATE of a protected Space
    return found if found is Visibility.INTERNAL or found.wider_than(otherwise) else otherwise


def from_storage(item: RepoStorageInfo, kind: Kind, owner: str) -> RepoInfo:
    """A row for a repo that only the storage listing names."""
    return RepoInfo(
        ref=RepoRef(Hub.HF, kind, repo_id(item.id, owner)),
        visibility=visibility_of(item.visibility),
        updated_at=item.updated_at,
        size=_count(item.storage),
        trouble="only the storage listing names it; the token may not see the repo itself",
    )


def trouble(info: AnyInfo) -> str:
    """What is wrong with a repo, in a few words."""
    if info.disabled:
        return "disabled by Hugging Face"
    if not is_clean(info.id):
        return "its name has control characters; it cannot be addressed"
    return ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
