"""What is true, told by the loopback world's own stored bytes and log alone: nothing of the program is asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import parse_qs, urlsplit

from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.log import Entry
from hf2ms_tui.loopback.repo import Commit, RefMissing, Repo
from hf2ms_tui.loopback.world import World

WIDTH = {"private": 0, "protected": 1, "internal": 1, "public": 2}
_UPLOADS = {"put", "blob-put"}
_hashed: dict[str, str] = {}


def true_sha256(content: Content) -> str:
    """The hash of the bytes that a hub serves, whatever hash it claims for them."""
    if content.identity not in _hashed:
        digest = hashlib.sha256()
        for piece in content.steps():
            digest.update(piece)
        _hashed[content.identity] = digest.hexdigest()
    return _hashed[content.identity]


def bytes_at(commit: Commit) -> dict[str, str]:
    """The true sha256 of every file of a commit, by path."""
    return {path: true_sha256(node.content) for path, node in commit.files.items()}


def repo_of(world: World, hub: str, repo_id: str, kind: str = "model") -> Repo | None:
    """The repo as the hub holds it, or None."""
    return world.hub(hub).get(kind, repo_id)


def lacking(
    world: World,
    source: tuple[str, str],
    destination: tuple[str, str],
    *,
    revision: str = "",
    kind: str = "model",
    except_for: Collection[str] = (),
) -> list[str]:
    """Why the destination is no faithful copy of the source, as sentences; empty when every byte of it is there.

    ``source`` and ``destination`` are hub and id; ``revision`` the source's commit, else the head of its default branch.
    """
    ours, theirs = repo_of(world, *source, kind), repo_of(world, *destination, kind)
    if ours is None or theirs is None:
        return [f"{(source if ours is None else destination)[1]} does not exist"]
    try:
        wanted = bytes_at(ours.resolve(revision or ours_branch(world, source[0])))
        there = bytes_at(theirs.resolve(ours_branch(world, destination[0])))
    except RefMissing:
        return [f"{destination[1]} has no commit"]
    return [
        f"{path} {'is not there' if path not in there else 'differs'}"
        for path, sha256 in wanted.items()
        if path not in except_for and there.get(path) != sha256
    ]


def ours_branch(world: World, hub: str) -> str:
    """The default branch of a hub as a full name."""
    return f"refs/heads/{world.hub(hub).default_branch}"


def wider(world: World, source: tuple[str, str], destination: tuple[str, str], kind: str = "model") -> bool:
    """Whether more people see the destination than the source."""
    ours, theirs = repo_of(world, *source, kind), repo_of(world, *destination, kind)
    return bool(ours and theirs and WIDTH[str(theirs.visibility)] > WIDTH[str(ours.visibility)])


def sent_again(entries: Iterable[Entry], done: Callable[[Entry], bool]) -> list[str]:
    """Blobs that were sent once more after the hub had stored them; ``done`` says whether it did what a request asked.

    A blob in parts is stored when its completion is done; parts of one that is not may be sent again.
    """
    stored: set[str] = set()
    owner: dict[str, str] = {}
    again: list[str] = []
    for entry in sorted(entries, key=lambda item: item.at):
        parts = urlsplit(entry.path)
        query = parse_qs(parts.query)
        upload = query.get("uploadId", [""])[0]
        if entry.route in _UPLOADS and entry.method == "PUT":
            found = re.search(r"[0-9a-f]{64}", parts.path)
            blob = f"{entry.hub}:{parts.path.split('/blobs/')[0]}:{found[0] if found else parts.path}"
            if blob in stored and entry.bytes_in:
                again.append(blob)
            owner[upload] = blob
            if done(entry) and "partNumber" not in query:
                stored.add(blob)
        elif "complete" in entry.route and done(entry) and upload in owner:
            stored.add(owner[upload])
    return again
