"""Changes somebody else makes to the world while a client looks the other way. Used by tests and the control route."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from .blobs import ContentIndex
from .content import BytesContent, Content, CorruptContent, SeededContent
from .world import Commit, Hub, Node, Repo, World


class NoSuchThing(Exception):
    """The change names a repo, file or token that does not exist."""


def find_repo(hub: Hub, kind: str, repo_id: str) -> Repo:
    """The repo. Raises NoSuchThing."""
    repo = hub.get(kind, repo_id)
    if repo is None:
        raise NoSuchThing(f"{hub.name} has no {kind} {repo_id}")
    return repo


def find_node(hub: Hub, repo: Repo, path: str, revision: str | None = None) -> Node:
    """The file at `revision` (default: the hub's default branch). Raises NoSuchThing."""
    revision = revision or hub.default_branch
    node = repo.resolve(revision).files.get(path)
    if node is None:
        raise NoSuchThing(f"{repo.id} has no file {path} at {revision}")
    return node


def blob_index(hub: Hub, repo: Repo) -> ContentIndex:
    """Where the hub keeps this repo's LFS blobs: with the repo (Hugging Face) or globally (ModelScope)."""
    return hub.blobs if hub.name == "ms" else repo.blobs


def push(
    hub: Hub,
    repo: Repo,
    path: str,
    content: Content,
    *,
    lfs: bool = False,
    branch: str | None = None,
    message: str = "pushed",
) -> Commit:
    """Somebody commits one file."""
    if lfs:
        blob_index(hub, repo).add(content)
    return repo.commit(
        [Node(path, content, lfs)], message=message, author=repo.owner, branch=branch or hub.default_branch
    )


def drop_blob(hub: Hub, repo: Repo, path: str) -> None:
    """The blob of an LFS file is lost; its pointer stays. Raises NoSuchThing."""
    node = find_node(hub, repo, path)
    blob_index(hub, repo).drop(node.content.sha256, node.size)


def corrupt_blob(hub: Hub, repo: Repo, path: str, offset: int = 0) -> None:
    """One stored byte of a file flips; everything the hub advertises stays. Raises NoSuchThing, ValueError."""
    node = find_node(hub, repo, path)
    broken = CorruptContent(node.content, offset)
    if node.lfs:
        blob_index(hub, repo).replace(broken)
        return
    tip = repo.head(hub.default_branch)
    files = {**tip.files, path: Node(path, broken, False)}
    repo.commits[tip.id] = Commit(tip.id, tip.parent, tip.title, tip.message, tip.author, tip.date, files)


def expire(hub: Hub, label: str) -> None:
    """The token of that label stops working. Raises NoSuchThing."""
    tokens = [token for token in hub.tokens.values() if token.label == label]
    if not tokens:
        raise NoSuchThing(f"{hub.name} has no token labelled {label}")
    for token in tokens:
        token.expired = True


def apply(world: World, change: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a change given as JSON: ``{"op": NAME, "hub": "hf", "kind": "model", "repo": "o/n", …}``.

    Ops: push (path, and text, base64 or seed+size; lfs, branch) · delete-file (path) · move (to) · delete · drop-blob
    (path) · corrupt-blob (path, offset) · visibility (value) · gate (value) · lock-storage (value) · branch (name, at) ·
    delete-branch (name) · tag (name, at) · delete-tag (name) · expire (token: its label) · setting (name, value: see the
    hubs' `settings`) · reset.
    Raises NoSuchThing, KeyError for a missing field, ValueError for an unknown op.
    """
    op = change["op"]
    if op == "reset":
        world.reset()
        return {"done": op}
    hub = world.hub(change.get("hub", "hf"))
    if op == "expire":
        expire(hub, change["token"])
        return {"done": op}
    if op == "setting":
        hub.settings[change["name"]] = float(change["value"])
        return {"done": op}
    repo = find_repo(hub, change.get("kind", "model"), change["repo"])
    if op not in _OPS:
        raise ValueError(f"unknown op {op!r}; one of {', '.join(sorted(_OPS))}, expire, setting, reset")
    _OPS[op](world, hub, repo, change)
    return {"done": op, "repo": repo.id, "branches": dict(repo.branches), "tags": dict(repo.tags)}


def _push(world: World, hub: Hub, repo: Repo, change: Mapping[str, Any]) -> None:
    if "seed" in change:
        content: Content = SeededContent(change["seed"], int(change["size"]))
        world.recipes.add(content)
    elif "base64" in change:
        content = BytesContent(base64.b64decode(change["base64"]))
    else:
        content = BytesContent(str(change["text"]).encode())
    push(hub, repo, change["path"], content, lfs=bool(change.get("lfs")), branch=change.get("branch"))


def _visibility(world: World, hub: Hub, repo: Repo, change: Mapping[str, Any]) -> None:
    repo.visibility = change["value"]


def _gate(world: World, hub: Hub, repo: Repo, change: Mapping[str, Any]) -> None:
    repo.gated = change["value"] or None


def _lock(world: World, hub: Hub, repo: Repo, change: Mapping[str, Any]) -> None:
    repo.storage_locked = bool(change.get("value", True))


_OPS: dict[str, Callable[[World, Hub, Repo, Mapping[str, Any]], object]] = {
    "push": _push,
    "delete-file": lambda world, hub, repo, change: repo.commit(
        deletes=[change["path"]], message="deleted", branch=change.get("branch") or hub.default_branch
    ),
    "move": lambda world, hub, repo, change: hub.move(repo, change["to"]),
    "delete": lambda world, hub, repo, change: hub.delete(repo),
    "drop-blob": lambda world, hub, repo, change: drop_blob(hub, repo, change["path"]),
    "corrupt-blob": lambda world, hub, repo, change: corrupt_blob(
        hub, repo, change["path"], change.get("offset", 0)
    ),
    "visibility": _visibility,
    "gate": _gate,
    "lock-storage": _lock,
    "branch": lambda world, hub, repo, change: repo.create_branch(
        change["name"], change.get("at") or hub.default_branch
    ),
    "delete-branch": lambda world, hub, repo, change: repo.delete_branch(change["name"]),
    "tag": lambda world, hub, repo, change: repo.create_tag(
        change["name"], change.get("at") or hub.default_branch
    ),
    "delete-tag": lambda world, hub, repo, change: repo.delete_tag(change["name"]),
}
