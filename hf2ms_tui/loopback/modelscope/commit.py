"""Commits: a list of actions that happens as a whole or not at all.

Only to branches that exist, at most 2,000 actions, not too often. A pointer whose blob is not stored, a file to delete
that is not there, or a path that no git tree can have refuses everything.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, cast

from ..blobs import ContentIndex
from ..content import BytesContent
from ..repo import Node, RefMissing, Repo
from ..wire import Call, Reply
from .access import settings_of, token_of, writable_repo
from .envelopes import COMMIT_REFUSED, ok, refuse
from .settings import MsSettings

POLICY = "commit rejected by repository policy"


@dataclass(slots=True)
class Work:
    """What a commit request amounts to."""

    adds: list[Node]
    deletes: list[str]
    message: str


async def commit(call: Call) -> Reply:
    """POST …/commit/BRANCH with commit_message and actions."""
    repo = writable_repo(call, code=COMMIT_REFUSED)
    settings, branch = settings_of(call), call.params["branch"]
    length = call.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > settings.commit_body_limit:
        raise refuse(413, 413, "request entity too large", {"Connection": "close"})
    wanted = await call.off_loop(_parse, await call.body())
    if len(wanted["actions"]) > settings.actions_limit:
        count = len(wanted["actions"])
        message = f"commit request exceeds actions limit: {count} > {settings.actions_limit}"
        raise refuse(422, 422, f"{message}; split the commit into smaller batches")
    _throttle(repo, settings)
    if branch not in repo.branches:
        raise refuse(400, COMMIT_REFUSED, POLICY)
    work = await call.off_loop(_understand, wanted, call.hub.blobs, settings)
    await call.off_loop(_check_tree, repo, branch, work)
    token = token_of(call)
    try:
        made = repo.commit(
            work.adds,
            work.deletes,
            message=work.message,
            author=token.account if token else "",
            branch=branch,
        )
    except RefMissing:
        raise refuse(400, COMMIT_REFUSED, POLICY) from None
    return ok({"oid": made.id})


def _throttle(repo: Repo, settings: MsSettings) -> None:
    times = cast("deque[float]", repo.extra.setdefault("ms_commit_times", deque()))
    now = time.monotonic()
    while times and times[0] <= now - settings.commit_window:
        times.popleft()
    if len(times) >= settings.commit_burst:
        headers = (
            {"Retry-After": str(settings.commit_retry_after)} if settings.commit_retry_after >= 0 else {}
        )
        raise refuse(429, 429, "Commit frequency limit exceeded", headers)
    times.append(now)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        wanted = json.loads(body)
    except ValueError:
        raise refuse(400, 400, "invalid JSON in the request body") from None
    actions = wanted.get("actions") if isinstance(wanted, dict) else None
    if not isinstance(actions, list) or not actions:
        raise refuse(400, 400, "actions must be a list with at least one action")
    return {"actions": actions, "message": str(wanted.get("commit_message") or "")}


def _understand(wanted: dict[str, Any], blobs: ContentIndex, settings: MsSettings) -> Work:
    work = Work([], [], wanted["message"])
    for action in wanted["actions"]:
        path = action.get("path") if isinstance(action, dict) else None
        if not isinstance(path, str) or not legal_path(path):
            raise refuse(400, 400, f"invalid path: {path}")
        if action.get("action") == "delete":
            work.deletes.append(path)
        elif action.get("action") not in {"create", "update"}:
            raise refuse(400, 400, f"unknown action: {action.get('action')}")
        elif action.get("type") == "lfs":
            work.adds.append(_pointer(path, action, blobs))
        else:
            work.adds.append(_inline(path, action, settings.inline_limit))
    if settings.own_json:
        work.adds = [_own(node) for node in work.adds]
    return work


def _own(node: Node) -> Node:
    """The service's own version of a file that it writes by itself; other files as they are."""
    if node.path not in {"configuration.json", "dataset_infos.json"} or node.lfs:
        return node
    try:
        data = json.loads(node.content.read(0, node.size))
    except ValueError:
        return node
    return Node(node.path, BytesContent(json.dumps({**data, "updated_by": "platform"}).encode()))


def legal_path(path: str) -> bool:
    """Whether a git tree can hold `path`: relative, without empty, ``.``, ``..`` or ``.git`` parts."""
    return "\0" not in path and all(part not in {"", ".", "..", ".git"} for part in path.split("/"))


def _pointer(path: str, action: dict[str, Any], blobs: ContentIndex) -> Node:
    sha, size = action.get("sha256"), action.get("size")
    content = blobs.find(sha, size) if isinstance(sha, str) and isinstance(size, int) else None
    if content is None:
        raise refuse(400, 400, f"LFS object {sha} ({size} bytes) of {path} is not stored")
    return Node(path, content, lfs=True)


def _inline(path: str, action: dict[str, Any], limit: int) -> Node:
    text = action.get("content")
    if not isinstance(text, str):
        raise refuse(400, 400, f"content of {path} is missing")
    if action.get("encoding") == "base64":
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise refuse(400, 400, f"content of {path} is not base64") from None
    else:
        data = text.encode()
    if len(data) > limit:
        raise refuse(
            400, 400, f"{path} has {len(data)} bytes; files larger than {limit} must be pushed by git lfs"
        )
    return Node(path, BytesContent(data))


def _check_tree(repo: Repo, branch: str, work: Work) -> None:
    """Refuse a file where a folder is, and the other way round."""
    files = set(repo.head(branch).files).difference(work.deletes).union(node.path for node in work.adds)
    folders = {path[:place] for path in files for place, letter in enumerate(path) if letter == "/"}
    clash = next(iter(sorted(files & folders)), None)
    if clash is not None:
        raise refuse(400, 400, f"{clash} would be both a file and a folder")
