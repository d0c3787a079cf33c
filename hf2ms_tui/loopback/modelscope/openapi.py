"""The OpenAPI's repos: listing models and datasets, one of them, and studios (whose list has no envelope).

Two holes of the real one: some private datasets are in no index (they are missing here altogether, the older API has
them), and public repos that look unfinished are in no list.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..repo import Repo
from ..wire import Call, Reply, json_reply
from .access import DEFAULT_BRANCH, KINDS, may_see, settings_of
from .envelopes import open_ok, open_refuse
from .fresh import looks_unfinished

PAGE_LIMIT = 50
REACH = 3000
"""page_number times page_size may not be more."""
SORTS = ("default", "downloads", "likes", "last_modified")


async def list_repos(call: Call) -> Reply:
    """GET /openapi/v1/models and /datasets."""
    found, page, size = _page(call)
    key, items = call.params["segment"], [_item(repo) for repo in found[(page - 1) * size : page * size]]
    return open_ok({key: items, "total_count": len(found), "page_number": page, "page_size": size})


async def list_studios(call: Call) -> Reply:
    """GET /openapi/v1/studios: the one list without an envelope."""
    found, page, size = _page(call)
    items = [_studio(repo) for repo in found[(page - 1) * size : page * size]]
    return json_reply({"studios": items, "total_count": len(found), "page_number": page, "page_size": size})


async def get_repo(call: Call) -> Reply:
    """GET /openapi/v1/{models,datasets,studios}/owner/name."""
    kind = KINDS[call.params["segment"]]
    repo = call.hub.get(kind, f"{call.params['owner']}/{call.params['name']}")
    if repo is None or repo.unlisted or not may_see(call, repo):
        raise open_refuse(404, "resource not found")
    if kind == "space":
        return open_ok(_studio(repo))
    return open_ok({**_item(repo), "readme": readme_of(repo)})


def readme_of(repo: Repo) -> str:
    """Text of the README on master; empty if there is none."""
    head = repo.commits.get(repo.branches.get(DEFAULT_BRANCH, ""))
    node = head.files.get("README.md") if head else None
    return node.content.read(0, 256 * 1024).decode(errors="replace") if node else ""


def size_of(repo: Repo) -> int:
    """Bytes of all files on master."""
    head = repo.commits.get(repo.branches.get(DEFAULT_BRANCH, ""))
    return sum(node.size for node in head.files.values()) if head else 0


def _page(call: Call) -> tuple[list[Repo], int, int]:
    page, size = _number(call, "page_number", 1), _number(call, "page_size", 10)
    if size > PAGE_LIMIT:
        raise open_refuse(400, f"page_size must be at most {PAGE_LIMIT}")
    if page * size > REACH:
        raise open_refuse(400, f"page_number * page_size must be at most {REACH}")
    sort = call.query.get("sort") or "default"
    if sort not in SORTS:
        raise open_refuse(400, f"unknown sort: {sort}")
    kind, hide = KINDS[call.params["segment"]], settings_of(call).hide_fresh
    owner, search = call.query.get("owner"), call.query.get("search", "").lower()
    licence = call.query.get("filter.license")
    found = [
        repo
        for repo in call.hub.repos.values()
        if repo.kind == kind
        and not repo.unlisted
        and owner in {None, "", repo.owner}
        and search in repo.id.lower()
        and licence in {None, "", repo.licence}
        and may_see(call, repo)
        and not (hide and kind != "space" and repo.visibility == "public" and looks_unfinished(repo))
    ]
    found.sort(key=lambda repo: repo.id)
    if sort in {"downloads", "likes"}:
        found.sort(key=lambda repo: repo.downloads if sort == "downloads" else repo.likes, reverse=True)
    else:
        found.sort(key=lambda repo: repo.last_modified, reverse=True)
    return found, page, size


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise open_refuse(400, f"{name} must be a positive number")
    return int(text)


def _item(repo: Repo) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": repo.id,
        "display_name": repo.display_name or repo.name,
        "description": repo.description,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "license": repo.licence,
        "tasks": [],
        "created_at": _iso(repo.created_at),
        "last_modified": _iso(repo.last_modified),
        "file_size": size_of(repo) if repo.kind == "model" else 0,
        "tags": [],
        "private": repo.visibility == "private",
        "gated": repo.gated is not None,
    }
    item["params" if repo.kind == "model" else "login_required"] = 0 if repo.kind == "model" else False
    return item


def _studio(repo: Repo) -> dict[str, Any]:
    return {
        "id": repo.id,
        "owner": repo.owner,
        "repo_name": repo.name,
        "display_name": repo.display_name or repo.name,
        "description": repo.description,
        "license": repo.licence,
        "likes": repo.likes,
        "sdk_type": repo.sdk or "gradio",
        "visibility": "private" if repo.private else "public",
        "private": repo.private,
        "created_at": _iso(repo.created_at),
        "last_modified": _iso(repo.last_modified),
    }


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
