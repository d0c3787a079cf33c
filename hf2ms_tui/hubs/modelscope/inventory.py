"""All repos of an owner: the OpenAPI's lists, joined with the older API's because of a known hole.

The OpenAPI's index misses some repos, mostly private datasets (modelscope_hub commit 89c9587), and reaches 3,000 rows per
type. The older lists know no index and exist for models and datasets. Neither shows what the site's "pre-release" rule
hides, so a repo's absence here never means that it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hf2ms_tui.domain.errors import BadInput, Hf2msError, HubLied, NotFound, NotPermitted
from hf2ms_tui.domain.repo import Kind, RepoInfo
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.modelscope.client import SEGMENTS, Client
from hf2ms_tui.hubs.modelscope.rows import legacy_row, open_row, with_details

PAGE = 50
"""Rows per page; more is refused (OpenAPI specification)."""
REACH = 3_000
"""page_number × page_size may not be more (OpenAPI specification)."""
OLD_PAGES = 2_000
"""Pages of an older list after which it is given up as endless."""


def list_owner(client: Client, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
    """Batches of rows as pages arrive, each repo once. Ends by raising HubLied when a type's listing is known to be short."""
    empty, short = True, list[str]()
    for kind in Kind:
        older = {info.ref.key: info for batch in _older_pages(client, owner, kind) for info in batch}
        listed, total = set[str](), 0
        for batch, said in _open_pages(client, owner, kind):
            total = max(total, said)
            rows = tuple(
                with_details(info, older[info.ref.key]) if info.ref.key in older else info
                for info in batch
                if info.ref.key not in listed
            )
            listed.update(info.ref.key for info in rows)
            if rows:
                yield rows
        rest = tuple(info for key, info in older.items() if key not in listed)
        if rest:
            yield rest
        count = len(listed) + len(rest)
        empty = empty and not count
        if count < total:
            short.append(f"{count:,} of {total:,} {SEGMENTS[kind]}")
    if short:
        raise HubLied(
            f"ModelScope lists only {' and '.join(short)} of {clean(owner, 80)}",
            meaning="The rest is there by its own count; its lists end after 3,000 rows per type.",
            way_out="Name a repo that is missing by its id, as ms:owner/name.",
        )
    if empty:
        raise NotFound(
            f"ModelScope shows no repo of {clean(owner, 80)} to this token",
            meaning="There is no such owner, it owns nothing, or all of it is hidden.",
            way_out="Check the name; doctor tells whose token this is.",
        )


def _open_pages(client: Client, owner: str, kind: Kind) -> Iterator[tuple[list[RepoInfo], int]]:
    """Pages of the OpenAPI, each with how many rows there are in all by its own count."""
    word = SEGMENTS[kind]
    context = client.context(f"list the {word} of {clean(owner, 80)}")
    for page in range(1, REACH // PAGE + 1):
        data = client.openapi(context, f"/{word}", {"owner": owner, "page_number": page, "page_size": PAGE})
        items = data.get(word) if isinstance(data, dict) else None
        total = data.get("total_count") if isinstance(data, dict) else None
        if not isinstance(items, list) or not isinstance(total, int):
            raise lied(context, "the list has no rows or no count")
        yield _rows(items, kind, owner, context, older=False), total
        if not items or page * PAGE >= total:
            return


def _older_pages(client: Client, owner: str, kind: Kind) -> Iterator[list[RepoInfo]]:
    """Pages of the older lists; nothing for studios, which have none.

    That of models is a PUT that only clients before 2026 use: where a site has dropped it, the OpenAPI's list stands alone.
    """
    if kind is Kind.SPACE:
        return
    context = client.context(f"list the {kind.plural} of {clean(owner, 80)} once more")
    known: set[str] = set()
    for page in range(1, OLD_PAGES + 1):
        try:
            items, total = (
                _older_models(client, owner, page, context)
                if kind is Kind.MODEL
                else _older_datasets(client, owner, page, context)
            )
        except (NotFound, NotPermitted, BadInput) as error:
            if page == 1 and kind is Kind.MODEL and _gone(error):
                return
            raise
        rows = [info for info in _rows(items, kind, owner, context, older=True) if info.ref.key not in known]
        known.update(info.ref.key for info in rows)
        if rows:
            yield rows
        if not rows or len(known) >= total:
            return


def _gone(error: Hf2msError) -> bool:
    return error.status in {400, 404, 405, 410}


def _older_models(client: Client, owner: str, page: int, context: Context) -> tuple[list[Any], int]:
    """``PUT /api/v1/models/``, in no SDK since 1.38."""
    body = {"Path": owner, "PageNumber": page, "PageSize": PAGE}
    data = client.legacy(context, "PUT", "models/", body=body).get("Data")
    items = data.get("Models") if isinstance(data, dict) else None
    total = data.get("TotalCount") if isinstance(data, dict) else None
    if items is None and total == 0:
        return [], 0
    if not isinstance(items, list) or not isinstance(total, int):
        raise lied(context, "the list has no rows or no count")
    return items, total


def _older_datasets(client: Client, owner: str, page: int, context: Context) -> tuple[list[Any], int]:
    """``GET /api/v1/datasets`` by the SDK, which knows that a page beyond the end is refused in Java's words."""
    found = client.sdk(
        context, lambda api: api.legacy.list_datasets(owner=owner, page_number=page, page_size=PAGE)
    )
    items, total = found.get("items"), found.get("total_count")
    if not isinstance(items, list) or not isinstance(total, int):
        raise lied(context, "the list has no rows or no count")
    return items, total


def _rows(items: list[Any], kind: Kind, owner: str, context: Context, *, older: bool) -> list[RepoInfo]:
    read = legacy_row if older else open_row
    rows: list[RepoInfo] = []
    for item in items:
        info = read(item, kind) if isinstance(item, dict) else None
        if info is None:
            raise lied(context, "a row names no repo")
        if info.ref.owner.casefold() != owner.casefold():
            raise lied(context, f"it lists {info.ref.id}, which belongs to somebody else")
        rows.append(info)
    return rows
