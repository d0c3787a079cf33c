"""The inventory of an owner: one storage listing and one listing for each type, never one request per repo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from hf2ms_tui.domain.errors import HubLied, NotAuthenticated, NotFound, NotPermitted
from hf2ms_tui.domain.repo import Kind, RepoInfo
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient
from hf2ms_tui.hubs.huggingface.convert import from_info, from_storage

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoStorageInfo

BATCH = 250
"""rows at a time; a page of the hub is larger, so that a batch never waits for more than one page"""

_COMMON = ["createdAt", "disabled", "lastModified", "likes", "private", "sha", "tags", "usedStorage"]
EXPAND: dict[Kind, list[Any]] = {
    Kind.MODEL: [*_COMMON, "downloads", "gated"],
    Kind.DATASET: [*_COMMON, "downloads", "gated"],
    Kind.SPACE: [*_COMMON, "sdk"],  # the hub refuses the other two for spaces
}

_LIST: dict[Kind, Callable[[HfApi, str], Iterator[Any]]] = {
    Kind.MODEL: lambda api, owner: iter(api.list_models(author=owner, expand=EXPAND[Kind.MODEL])),
    Kind.DATASET: lambda api, owner: iter(api.list_datasets(author=owner, expand=EXPAND[Kind.DATASET])),
    Kind.SPACE: lambda api, owner: iter(api.list_spaces(author=owner, expand=EXPAND[Kind.SPACE])),
}


def inventory(client: HuggingFaceClient, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
    """Rows in batches, models before datasets before spaces. Raises NotFound for an owner who does not exist.

    4 requests plus one for each further page. Buckets and types unknown to this program are left out: they have no files
    to migrate here.
    """
    storage = _storage(client, owner)
    rows = 0
    for kind in Kind:
        seen: set[str] = set()
        context = client.context(f"list the {kind.plural} of {clean(owner, 100)}")
        for batch in client.batches(context, partial(_rows, owner, kind, storage or {}, seen), BATCH):
            rows += len(batch)
            yield tuple(batch)
        left = [
            from_storage(item, kind, owner)
            for (word, key), item in (storage or {}).items()
            if word == kind.value and key not in seen
        ]
        rows += len(left)
        if left:
            yield tuple(left)
    if not rows and storage is None:
        _must_exist(client, owner)


def _rows(
    owner: str, kind: Kind, storage: dict[tuple[str, str], RepoStorageInfo], seen: set[str], api: HfApi
) -> Iterator[RepoInfo]:
    """Rows of one type, once each; drawn within the SDK call, so that an answer nobody can read becomes our error."""
    for info in _LIST[kind](api, owner):
        key = info.id.lower()
        if key not in seen:
            seen.add(key)
            yield from_info(info, kind, owner, storage.get((kind.value, key)))


def _storage(client: HuggingFaceClient, owner: str) -> dict[tuple[str, str], RepoStorageInfo] | None:
    """The storage listing by type and lower-case id; None when it is not for this token.

    It is a settings route: which roles may read it is not documented, so every refusal means “do without”.
    """
    if client.token is None:
        return None
    context = client.context(f"list the storage of {clean(owner, 100)}")
    try:
        return _read_storage(client, context, owner)
    except (NotPermitted, NotAuthenticated, HubLied):
        return None
    except NotFound:
        if client.whoami()["name"].lower() != owner.lower():
            return None
    try:
        return _read_storage(client, context, None)
    except (NotPermitted, NotAuthenticated, NotFound, HubLied):
        return None


def _read_storage(
    client: HuggingFaceClient, context: Any, namespace: str | None
) -> dict[tuple[str, str], RepoStorageInfo]:
    found: dict[tuple[str, str], RepoStorageInfo] = {}
    for items in client.batches(context, lambda api: iter(api.list_user_repos(namespace)), BATCH):
        found.update({(item.type, item.id.lower()): item for item in items})
    return found


def _must_exist(client: HuggingFaceClient, owner: str) -> None:
    shown = clean(owner, 100)
    context = client.context(f"find the organisation or user {shown}")
    for ask in (
        lambda api: api.get_organization_overview(owner),
        lambda api: api.get_user_overview(owner),
    ):
        try:
            client.sdk(context, ask)
        except NotFound:
            continue
        return
    raise NotFound(
        f"There is no organisation or user “{shown}” on Hugging Face",
        meaning="Nothing was listed.",
        way_out="Check the spelling; it is the first part of a repo's id.",
    )
