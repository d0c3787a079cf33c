"""Commits: preupload (what goes how) and commit (ndjson)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any, TypedDict

from ..content import BytesContent
from ..repo import Commit, Node, RefConflict, RefMissing, Repo
from ..wire import Call, Reply, json_reply
from .access import commit_of, unlocked, writable
from .attributes import ignored, lfs_patterns, matches, with_lfs_paths
from .cards import licence_of, problems
from .errors import entry_not_found, refuse
from .paging import endpoint
from .settings import setting

MOVED_ON = "The branch was updated since you opened this page. Please refresh and try again."


def check_path(path: str) -> None:
    """Answers 422 to a path that git or the hub does not accept."""
    steps = path.split("/")
    if not path or "\\" in path or "\0" in path or any(step in {"", ".", "..", ".git"} for step in steps):
        raise refuse(422, f"Invalid path: {path!r}")


def _tip(repo: Repo, revision: str) -> Commit | None:
    if not repo.commits and revision in {"main", "refs/heads/main"}:
        return None
    return commit_of(repo, revision)


async def preupload(call: Call) -> Reply:
    """``POST /api/models/{id}/preupload/{rev}``: per file LFS or regular, and the id of what is there now."""
    who, repo = writable(call)
    unlocked(who, repo)
    data = await call.json()
    tip = _tip(repo, call.params["rev"])
    files = dict(tip.files) if tip else {}

    def answer() -> dict[str, Any]:
        attributes = data.get("gitAttributes") or _text(files, ".gitattributes")
        ignore = data.get("gitIgnore") or _text(files, ".gitignore")
        patterns, rows = lfs_patterns(attributes), []
        for file in data.get("files", []):
            path = str(file["path"])
            check_path(path)
            sample = base64.b64decode(file.get("sample", ""))
            large = int(file["size"]) > setting(call.hub, "regular_limit")
            lfs = large or matches(path, patterns) or path in patterns or b"\0" in sample
            row = {
                "path": path,
                "uploadMode": "lfs" if lfs else "regular",
                "shouldIgnore": ignored(path, ignore),
            }
            if (node := files.get(path)) is not None:
                row["oid"] = node.content.sha256 if node.lfs else node.oid
            rows.append(row)
        return {"files": rows, "commitOid": tip.id if tip else None}

    return json_reply(await call.off_loop(answer))


def _text(files: dict[str, Node], path: str) -> str:
    node = files.get(path)
    return node.content.read(0, node.size).decode(errors="replace") if node else ""


class About(TypedDict):
    """What a commit says about itself."""

    message: str
    description: str
    author: str


@dataclass
class Changes:
    """A parsed commit body."""

    summary: str = ""
    description: str = ""
    parent: str | None = None
    regular: dict[str, bytes] = field(default_factory=dict)
    lfs: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    deletes: list[str] = field(default_factory=list)


def parse_changes(body: bytes) -> Changes:
    """The ndjson of a commit. Answers 400 to nonsense, 422 to bad paths."""
    changes = Changes()
    try:
        for line in body.splitlines():
            if not line.strip():
                continue
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header":
                changes.summary, changes.description = (
                    str(value["summary"]),
                    str(value.get("description") or ""),
                )
                changes.parent = value.get("parentCommit")
                continue
            path = str(value["path"])
            check_path(path.rstrip("/") if key == "deletedFolder" else path)
            if key == "file":
                content = str(value["content"])
                plain = value.get("encoding", "utf-8") != "base64"
                changes.regular[path] = (
                    content.encode() if plain else base64.b64decode(content, validate=True)
                )
            elif key == "lfsFile":
                size = value.get("size")
                changes.lfs[path] = (str(value["oid"]), None if size is None else int(size))
            elif key == "deletedFile":
                changes.deletes.append(path)
            elif key == "deletedFolder":
                changes.deletes.append(path.rstrip("/") + "/")
            else:
                raise refuse(400, f"Unknown operation {key!r} in commit")
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise refuse(400, f"Invalid commit payload: {error}") from None
    if not changes.summary:
        raise refuse(400, "A commit summary is required")
    return changes


async def commit(call: Call) -> Reply:
    """``POST /api/models/{id}/commit/{rev}[?create_pr=1]``."""
    who, repo = writable(call)
    unlocked(who, repo)
    changes = await call.off_loop(parse_changes, await call.body())
    revision = call.params["rev"]
    tip = _tip(repo, revision)
    _check(call, repo, changes)
    nodes = [Node(path, BytesContent(data)) for path, data in changes.regular.items()]
    for path, (oid, size) in changes.lfs.items():
        nodes.append(await _pointer(call, repo, path, oid, size))
    files = tip.files if tip else {}
    _check_folders({**dict.fromkeys(files), **dict.fromkeys(node.path for node in nodes)}, changes.deletes)
    attributes = _attributes(nodes, dict(files))
    if attributes is not None:
        nodes = [node for node in nodes if node.path != ".gitattributes"] + [attributes]
    made, number = _write(repo, revision, tip, nodes, changes, who.name or "", "create_pr" in call.query)
    if "README.md" in changes.regular and number is None and revision == "main":
        repo.licence = licence_of(changes.regular["README.md"].decode(errors="replace"))
    page = f"{endpoint(call)}/{'' if repo.kind == 'model' else repo.kind + 's/'}{repo.id}"
    body = {"success": True, "commitUrl": f"{page}/commit/{made.id}", "commitOid": made.id, "hookOutput": ""}
    if number is not None:
        body["pullRequestUrl"] = f"{page}/discussions/{number}"
    return json_reply(body)


def _check(call: Call, repo: Repo, changes: Changes) -> None:
    for path, data in changes.regular.items():
        if len(data) > setting(call.hub, "regular_limit"):
            raise refuse(400, f"Your push was rejected because {path} is larger than 10 MiB: use LFS for it")
    if len(changes.lfs) > setting(call.hub, "commit_lfs_limit"):
        raise refuse(400, f"Too many LFS files in one commit: {len(changes.lfs)}")
    card = changes.regular.get("README.md")
    if card is not None:
        errors, _ = problems(card.decode(errors="replace"), repo.kind)
        if errors:
            raise refuse(400, "Invalid metadata in README.md: " + "; ".join(errors))


async def _pointer(call: Call, repo: Repo, path: str, oid: str, size: int | None) -> Node:
    if size is None:
        known = [node.size for made in repo.commits.values() for node in made.files.values() if node.lfs]
        for candidate in dict.fromkeys(known):
            if await call.off_loop(repo.blobs.find, oid, candidate) is not None:
                size = candidate
                break
    content = None if size is None else await call.off_loop(repo.blobs.find, oid, size)
    if content is None:
        raise refuse(400, f"LFS pointer pointed to a file that does not exist: {path} (sha256 {oid})")
    return Node(path, content, lfs=True)


def _check_folders(paths: dict[str, None], deletes: list[str]) -> None:
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in paths and folder not in deletes:
                raise refuse(400, f"{folder} cannot be a file and a folder")
            folder = folder.rpartition("/")[0]


def _attributes(nodes: list[Node], files: dict[str, Node]) -> Node | None:
    pointers = [node.path for node in nodes if node.lfs]
    if not pointers:
        return None
    before = _text({**files, **{node.path: node for node in nodes}}, ".gitattributes")
    after = with_lfs_paths(before, pointers)
    return None if after == before else Node(".gitattributes", BytesContent(after.encode()))


def _write(
    repo: Repo,
    revision: str,
    tip: Commit | None,
    nodes: list[Node],
    changes: Changes,
    author: str,
    pull: bool,
) -> tuple[Commit, str | None]:
    note = About(message=changes.summary, description=changes.description, author=author)
    if changes.parent is not None and (tip is None or changes.parent != tip.id):
        raise refuse(412, MOVED_ON)
    try:
        if pull and tip is not None:
            number, made = repo.commit_pull(tip, nodes, changes.deletes, **note)
            return made, number
        if revision.startswith("refs/pr/") and tip is not None:
            _, made = repo.commit_pull(
                tip, nodes, changes.deletes, number=revision.removeprefix("refs/pr/"), **note
            )
            return made, None
        branch = revision.removeprefix("refs/heads/")
        if tip is not None and branch not in repo.branches:
            raise refuse(400, f"{revision} is not a branch")
        return repo.commit(nodes, changes.deletes, branch=branch, parent=changes.parent, **note), None
    except RefConflict:
        raise refuse(412, MOVED_ON) from None
    except RefMissing as error:
        raise entry_not_found(message=f"A file with this name doesn't exist: {error}") from None
