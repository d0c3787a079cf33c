"""Files with their hashes: the tree, page by page, and paths-info."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from ..repo import Commit, Node, Repo
from ..wire import Call, Reply, json_reply
from .access import commit_of, repo_of
from .dates import stamp
from .errors import entry_not_found, refuse
from .paging import page
from .settings import setting

Json = dict[str, Any]
KEPT = 256


class TreeView:
    """One commit as a tree of entries with git object ids, and who changed each path last. Building it hashes files."""

    def __init__(self, commit: Commit) -> None:
        self.entries: dict[str, Json] = {}
        self._last: dict[str, Commit] | None = None
        folders: dict[str, dict[str, Node | None]] = {"": {}}
        for path, node in commit.files.items():
            folder, _, name = path.rpartition("/")
            self._folder(folders, folder)[name] = node
        for path in sorted(folders, key=lambda path: -path.count("/") if path else 1):
            self._close(path, folders[path])
        self.paths = sorted(path for path in self.entries if path)

    def _folder(self, folders: dict[str, dict[str, Node | None]], path: str) -> dict[str, Node | None]:
        if path not in folders:
            folders[path] = {}
            parent, _, name = path.rpartition("/")
            self._folder(folders, parent)[name] = None
        return folders[path]

    def _close(self, path: str, children: dict[str, Node | None]) -> None:
        lines: list[tuple[str, bytes]] = []
        for name, node in children.items():
            full = f"{path}/{name}" if path else name
            if node is None:
                oid, mode, key = self.entries[full]["oid"], "40000", f"{name}/"
            else:
                self.entries[full] = _file(node)
                oid, mode, key = node.oid, "100644", name
            lines.append((key, f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid)))
        body = b"".join(line for _, line in sorted(lines))
        oid = hashlib.sha1(b"tree %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        self.entries[path] = {"type": "directory", "oid": oid, "size": 0, "path": path}

    def below(self, path: str, *, recursive: bool) -> list[Json] | None:
        """Entries under the folder `path` (empty: all), sorted by path; None if there is no such folder."""
        if path and self.entries.get(path, {}).get("type") != "directory":
            return None
        prefix = f"{path}/" if path else ""
        return [
            self.entries[name]
            for name in self.paths
            if name.startswith(prefix) and (recursive or "/" not in name[len(prefix) :])
        ]

    def last_change(self, repo: Repo, commit: Commit) -> dict[str, Commit]:
        """For every path the newest commit that changed it (or anything below it)."""
        if self._last is None:
            last: dict[str, Commit] = {}
            before: Commit | None = None
            for step in reversed(repo.history(commit)):
                old = before.files if before else {}
                changed = [path for path, node in step.files.items() if old.get(path) is not node]
                for path in (*changed, *(path for path in old if path not in step.files)):
                    while path:
                        last[path] = step
                        path = path.rpartition("/")[0]
                before = step
            self._last = last
        return self._last


def _file(node: Node) -> Json:
    made: Json = {"type": "file", "oid": node.oid, "size": node.size, "path": node.path}
    if node.lfs:
        made["lfs"] = {
            "oid": node.content.sha256,
            "size": node.size,
            "pointerSize": node.content.pointer_size,
        }
    return made


_views: OrderedDict[str, tuple[Commit, TreeView]] = OrderedDict()


async def view_of(call: Call, commit: Commit) -> TreeView:
    """The tree of `commit`; the last few are kept."""
    kept = _views.get(commit.id)
    if kept is None or kept[0] is not commit:
        kept = (commit, await call.off_loop(TreeView, commit))
        _views[commit.id] = kept
        while len(_views) > KEPT:
            _views.popitem(last=False)
    return kept[1]


def _expanded(view: TreeView, repo: Repo, commit: Commit, entries: Iterable[Json]) -> list[Json]:
    last = view.last_change(repo, commit)
    made = []
    for entry in entries:
        change = last[entry["path"]]
        more: Json = {"lastCommit": {"id": change.id, "title": change.title, "date": stamp(change.date)}}
        if entry["type"] == "file":
            more["securityFileStatus"] = {"status": "unscanned", "avScan": None, "pickleImportScan": None}
        made.append({**entry, **more})
    return made


async def tree(call: Call) -> Reply:
    """``GET /api/models/{id}/tree/{rev}[/{path}]``."""
    _, repo = repo_of(call)
    commit = commit_of(repo, call.params["rev"])
    view = await view_of(call, commit)
    path = call.params.get("path", "").strip("/")
    entries = view.below(path, recursive=call.query.get("recursive", "").lower() in {"1", "true"})
    if entries is None:
        raise entry_not_found(commit.id, f'"{path}" does not exist on "{call.params["rev"]}"')
    expand = call.query.get("expand", "").lower() in {"1", "true"}
    size = setting(call.hub, "tree_page_expanded" if expand else "tree_page")
    limit = call.query.get("limit", "")
    shown, headers = page(call, entries, min(int(limit), size) if limit.isdigit() else size)
    if expand:
        shown = await call.off_loop(_expanded, view, repo, commit, shown)
    return json_reply(shown, headers=headers)


async def paths_info(call: Call) -> Reply:
    """``POST /api/models/{id}/paths-info/{rev}``: the same entries for given paths; missing ones are left out."""
    _, repo = repo_of(call)
    if call.headers.get("Content-Type", "").startswith("application/json"):
        data = await call.json()
        paths, expand = [str(path) for path in data.get("paths", [])], bool(data.get("expand"))
    else:
        form = await call.form()
        paths, expand = form.getall("paths", []), form.get("expand", "").lower() in {"1", "true"}
    if len(paths) > setting(call.hub, "paths_limit"):
        raise refuse(413, "too many parameters")
    commit = commit_of(repo, call.params["rev"])
    view = await view_of(call, commit)
    wanted = [path.strip("/") for path in paths]
    entries = [view.entries[path] for path in wanted if path and path in view.entries]
    if expand:
        entries = await call.off_loop(_expanded, view, repo, commit, entries)
    return json_reply(entries)
