"""The oracle: judges from the hubs' own storage, with no code of the program, whether a deletion is safe at this instant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.world import Hub, World

WIDTH = {"private": 0, "internal": 1, "public": 2}


@dataclass(frozen=True)
class Danger:
    """A reason why deleting would be wrong. ``hub``, ``repo`` and ``aspect`` say what a look at the world would show it."""

    what: str
    hub: str
    repo: str
    aspect: str


@dataclass(frozen=True)
class Wanted:
    """A deletion that a person asked for: ``given_up`` maps names of branches and tags to the revision accepted as lost."""

    hub: str
    kind: str
    id: str
    typed: str
    given_up: dict[str, str] = field(default_factory=dict)


def digest(data: bytes) -> str:
    """SHA-256 as hex."""
    return hashlib.sha256(data).hexdigest()


def served(hub: Hub, repo: Repo, node: Node) -> bytes | None:
    """The bytes that the hub would send for a file now, None when it holds none."""
    if not node.lfs:
        return node.content.read(0, node.size)
    index = hub.blobs if hub.name == "ms" else repo.blobs
    content = index.find(node.content.sha256, node.size)
    return content.read(0, content.size) if content is not None else None


def tips(repo: Repo) -> Iterator[tuple[str, str, str]]:
    """Kind, name and revision of every branch and tag."""
    for name, revision in repo.branches.items():
        yield "branch", name, revision
    for name, revision in repo.tags.items():
        yield "tag", name, revision


def available(hub: Hub, owner: str) -> dict[str, tuple[str, str]]:
    """SHA-256 of every content that the owner's repos serve at any branch or tag; to where, kind and id of a repo."""
    found: dict[str, tuple[str, str]] = {}
    for repo in list(hub.repos.values()):
        if repo.owner != owner:
            continue
        for _, _, revision in tips(repo):
            for node in repo.commits[revision].files.values():
                data = served(hub, repo, node)
                if data is not None:
                    found.setdefault(digest(data), (repo.kind, repo.id))
    return found


def contents(hub: Hub, repo: Repo, revision: str) -> dict[str, str | None]:
    """Path to SHA-256 of what the hub serves there at a revision."""
    return {
        path: digest(data) if (data := served(hub, repo, node)) is not None else None
        for path, node in repo.commits[revision].files.items()
    }


def kept(state: Path) -> str:
    """All bytes that the tombstones on this disk hold, as one text to search in."""
    return "".join(
        path.read_bytes().decode("latin-1")
        for path in sorted(state.glob("tombstones/**/parts"))
        if path.is_file()
    )


def dangers(world: World, wanted: Wanted, state: Path) -> list[Danger]:
    """Everything that would be wrong with deleting that repo now. Empty when it is safe, or not there."""
    hub, other = world.hub(wanted.hub), world.hub("ms" if wanted.hub == "hf" else "hf")
    repo = hub.get(wanted.kind, wanted.id)
    if repo is None:
        return []
    found = []
    if wanted.typed != wanted.id:
        found.append(Danger("the typed name is another", hub.name, repo.id, "never"))
    there = available(other, repo.owner)
    stones = kept(state)
    for kind, name, revision in tips(repo):
        if wanted.given_up.get(name) == revision:
            continue
        for path, node in repo.commits[revision].files.items():
            data = served(hub, repo, node)
            if data is None or digest(data) in there:
                continue
            if data and data.decode("latin-1") in stones:
                continue
            what = f"{kind} {name}: {path} exists nowhere else"
            found.append(Danger(what, hub.name, repo.id, "source"))
    copy = other.get(wanted.kind, wanted.id)
    if copy is not None and WIDTH[copy.visibility] > WIDTH[repo.visibility]:
        found.append(Danger(f"the copy is {copy.visibility}", other.name, copy.id, "settings"))
    if copy is not None and repo.gated and not copy.gated and copy.visibility != "private":
        found.append(Danger("the source is gated, the copy is open", other.name, copy.id, "settings"))
    return found


def lost_refs(world: World, wanted: Wanted) -> dict[str, str]:
    """Branches and tags, other than the default branch, with content that the destination does not serve."""
    hub, other = world.hub(wanted.hub), world.hub("ms" if wanted.hub == "hf" else "hf")
    repo = hub.get(wanted.kind, wanted.id)
    if repo is None:
        return {}
    there = available(other, repo.owner)
    return {
        name: revision
        for kind, name, revision in tips(repo)
        if (kind, name) != ("branch", hub.default_branch)
        and any(
            (data := served(hub, repo, node)) is not None and digest(data) not in there
            for node in repo.commits[revision].files.values()
        )
    }
