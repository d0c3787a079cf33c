"""Lists of repos, single repos, and the storage listing of an owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..repo import Repo
from ..wire import Call, Reply, json_reply
from .access import KIND_OF, commit_of, repo_of, signed_in, viewer
from .dates import stamp
from .describe import describe, expansions, info, list_item, of_revision, tags
from .errors import refuse
from .paging import page
from .settings import setting

_SORTS: dict[str, Callable[[Repo], Any]] = {
    "lastModified": lambda repo: repo.last_modified,
    "createdAt": lambda repo: repo.created_at,
    "likes": lambda repo: repo.likes,
    "downloads": lambda repo: repo.downloads,
    "trendingScore": lambda repo: 0,
    "id": lambda repo: repo.id,
}


def _yes(call: Call, name: str) -> bool:
    return call.query.get(name, "").lower() in {"1", "true"}


async def list_repos(call: Call) -> Reply:
    """``GET /api/models`` (datasets, spaces): what this person sees of what was asked for, page by page."""
    who, kind, hub = viewer(call), KIND_OF[call.params["kind"]], call.hub
    expand = expansions(kind, [*call.query.getall("expand", []), *call.query.getall("expand[]", [])])
    author, search = call.query.get("author", "").lower(), call.query.get("search", "").lower()
    filters = [tag for value in call.query.getall("filter", []) for tag in value.split(",")]
    repos = [
        repo
        for repo in hub.repos.values()
        if repo.kind == kind
        and (not author or repo.owner.lower() == author)
        and (not search or search in repo.id.lower())
        and who.sees(repo)
        and (not filters or set(filters) <= set(tags(repo)))
        and ("gated" not in call.query or _yes(call, "gated") == (repo.gated is not None))
    ]
    sort = call.query.get("sort", "trendingScore")
    if sort not in _SORTS:
        raise refuse(400, f'"sort" must be one of [{", ".join(_SORTS)}]')
    repos.sort(key=lambda repo: repo.serial, reverse=True)
    repos.sort(key=_SORTS[sort], reverse=call.query.get("direction", "-1") == "-1")
    size, limit = setting(hub, "list_page"), call.query.get("limit", "")
    shown, headers = page(call, repos, min(int(limit), size) if limit.isdigit() else size)
    full, card = _yes(call, "full"), _yes(call, "cardData")

    def render() -> list[dict[str, Any]]:
        return [list_item(hub, repo, expand=expand, full=full, card=card) for repo in shown]

    return json_reply(await call.off_loop(render), headers=headers)


async def repo_info(call: Call) -> Reply:
    """``GET /api/models/{id}[/revision/{rev}]``, with hashes if ``blobs`` is set."""
    _, repo = repo_of(call)
    expand = expansions(repo.kind, [*call.query.getall("expand", []), *call.query.getall("expand[]", [])])
    revision = call.params.get("rev")
    if expand:
        made = await call.off_loop(describe, call.hub, repo, expand)
        if revision is not None:
            made |= of_revision(call.hub, commit_of(repo, revision), expand)
        return json_reply(made)
    if revision is None and "main" not in repo.branches:
        return json_reply(info(call.hub, repo, [], None, blobs=False))
    commit = commit_of(repo, revision or "main")
    files = [commit.files[path] for path in sorted(commit.files)]
    data = await call.off_loop(info, call.hub, repo, files, commit.id, blobs=_yes(call, "blobs"))
    return json_reply(data)


async def storage_listing(call: Call) -> Reply:
    """``GET /api/[organizations/{org}/]settings/repositories``: every repo of an owner with its storage."""
    who = signed_in(call)
    owner = call.params.get("org") or who.name or ""
    if owner not in call.hub.accounts:
        raise refuse(404, "Organization not found")
    if who.role(owner) not in {"admin", "write", "contributor", "read"}:
        raise refuse(403, "You don't have the rights to see the settings of this organization")
    repos = [repo for repo in call.hub.repos.values() if repo.owner == owner]
    repos.sort(key=lambda repo: (-repo.used_storage, repo.id, repo.kind))
    total = sum(repo.used_storage for repo in repos) or 1
    shown, headers = page(call, repos, setting(call.hub, "storage_page"))
    rows = [
        {
            "id": repo.id,
            "type": repo.kind,
            "updatedAt": stamp(repo.last_modified),
            "visibility": repo.visibility,
            "storage": repo.used_storage,
            "storagePercent": round(100 * repo.used_storage / total, 4),
        }
        for repo in shown
    ]
    return json_reply(rows, headers=headers)
