"""Files of a revision, with hashes: ``repo/files`` for models and studios, ``repo/tree`` for datasets.

Both cut without a word: the first after 3,000 entries, whatever paging it is asked for; the second after 100 per page.
Folders are entries too. Sha256 is given for every file, LFS or not.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

from ..repo import Commit, Node, Repo
from ..wire import Call, Reply
from .access import number_param, pinned, seen_repo, settings_of
from .envelopes import NO_TREE, ok, refuse

Entry = tuple[str, Node | None]
Names = tuple[str, ...]
CACHED = 12
"""Listings kept per repo."""


async def files(call: Call) -> Reply:
    """GET …/repo/files: everything below Root at once, up to the cap. PageNumber and PageSize are not looked at."""
    return await _listing(call, 1, settings_of(call).files_cap)


async def tree(call: Call) -> Reply:
    """GET …/repo/tree: one page, never longer than the cap."""
    cap = settings_of(call).tree_page_cap
    return await _listing(
        call, number_param(call, "PageNumber", 1), min(number_param(call, "PageSize", cap), cap)
    )


async def _listing(call: Call, page: int, size: int) -> Reply:
    repo = seen_repo(call)
    commit = pinned(call, repo)
    recursive = call.query.get("Recursive", "False").lower() == "true"
    root = call.query.get("Root", "").strip("/")
    if commit is None:
        return ok({"Files": [], "IsVisual": False, "LatestCommitter": {}})
    rows = await call.off_loop(_rows, repo, commit, root, recursive, (page - 1) * size, page * size)
    if rows is None:
        raise refuse(404, NO_TREE, f"获取文件列表失败，信息：path {root} not found")
    return ok({"Files": rows, "IsVisual": False, "LatestCommitter": {}})


def _rows(
    repo: Repo, commit: Commit, root: str, recursive: bool, start: int, stop: int
) -> list[dict[str, Any]] | None:
    entries = cast("list[Entry] | None", _remember(repo, ("entries", commit.id, root, recursive)))
    if entries is None:
        entries = list_entries(commit, root, recursive)
        _remember(repo, ("entries", commit.id, root, recursive), entries)
    if not entries and root:
        return None
    changes = cast("dict[str, Commit] | None", _remember(repo, ("changes", commit.id)))
    if changes is None:
        changes = last_changes(repo, commit)
        _remember(repo, ("changes", commit.id), changes)
    return [_row(path, node, changes.get(path, commit)) for path, node in entries[start:stop]]


def _remember(repo: Repo, key: tuple[object, ...], value: object = None) -> object:
    memory = cast(
        "OrderedDict[tuple[object, ...], object]", repo.extra.setdefault("ms_listings", OrderedDict())
    )
    if value is not None:
        memory[key] = value
        while len(memory) > CACHED:
            memory.popitem(last=False)
    return memory.get(key)


def list_entries(commit: Commit, root: str, recursive: bool) -> list[Entry]:
    """Files and folders below `root` (no slashes around it; empty for all), depth first, folders before their files."""
    above = tuple(root.split("/")) if root else ()
    found: dict[Names, Entry] = {}
    for path, node in commit.files.items():
        names = tuple(path.split("/"))
        if names[: len(above)] != above or len(names) == len(above):
            continue
        for depth in range(len(above) + 1, len(names) if recursive else min(len(names), len(above) + 2)):
            found.setdefault(names[:depth], ("/".join(names[:depth]), None))
        if recursive or len(names) == len(above) + 1:
            found[names] = (path, node)
    return [found[names] for names in sorted(found)]


def last_changes(repo: Repo, commit: Commit) -> dict[str, Commit]:
    """For each file of `commit` the newest commit up to it that touched the file."""
    found: dict[str, Commit] = {}
    for step in repo.history(commit):
        before = repo.commits[step.parent].files if step.parent else {}
        for path, node in step.files.items():
            if path not in found and before.get(path) is not node and path in commit.files:
                found[path] = step
        if len(found) == len(commit.files):
            break
    return found


def _row(path: str, node: Node | None, change: Commit) -> dict[str, Any]:
    return {
        "CommitMessage": change.title,
        "CommittedDate": int(change.date.timestamp()),
        "CommitterName": change.author,
        "InCheck": False,
        "IsLFS": bool(node and node.lfs),
        "Mode": "33188" if node else "16384",
        "Name": path.rpartition("/")[2],
        "Path": path,
        "Revision": change.id,
        "Sha256": node.content.sha256 if node else "",
        "Size": node.size if node else 0,
        "Type": "blob" if node else "tree",
    }
