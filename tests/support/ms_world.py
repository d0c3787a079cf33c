"""A small ModelScope for tests: one org, its people, and repos that are awkward in known ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from modelscope_hub import HubApi, HubConfig

from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import add_accounts, token
from hf2ms_tui.loopback.world import World

ORG = "lab"
WEIGHTS = SeededContent("weights", 700_001)
LONG_README = "# Tiny\n\n" + "A model that says one word, and says it often. " * 8
TINY: dict[str, Content] = {
    "README.md": BytesContent(LONG_README.encode()),
    "config.json": BytesContent(b'{"layers": 2}\n'),
    "empty.txt": BytesContent(b""),
    "runs/a b/loss+1.csv": BytesContent(b"step,loss\n1,0.5\n"),
    "weights/model.safetensors": WEIGHTS,
    "weights/部分 1.bin": SeededContent("part", 70_000),
}
LFS = frozenset({"weights/model.safetensors", "weights/部分 1.bin"})


def add_repo(world: World, kind: str, name: str, files: dict[str, Content], **about: Any) -> Repo:
    """A repo of ORG with one commit on master."""
    repo = world.ms.create(kind, f"{ORG}/{name}", **{"visibility": "private", "creator": "mira", **about})
    nodes = [Node(path, content, path in LFS) for path, content in files.items()]
    repo.commit(nodes, message="first", author="mira", branch="master")
    return repo


def numbered(folder: str, count: int) -> dict[str, Content]:
    """That many small files in one folder."""
    return {f"{folder}/{number:05}.txt": BytesContent(b"%d" % number) for number in range(count)}


def build(world: World) -> None:
    """Fill an empty world."""
    add_accounts(world, ORG)
    add_repo(world, "model", "tiny", TINY, visibility="public", licence="MIT")
    add_repo(world, "model", "secret", TINY)
    add_repo(world, "dataset", "many", {**numbered("data/train", 250), **numbered("data/val", 99)})
    add_repo(world, "dataset", "unindexed", {"a.txt": BytesContent(b"a")}, unlisted=True)
    for content in (WEIGHTS, TINY["weights/部分 1.bin"]):
        world.recipes.add(content)


def serve() -> Running:
    """The world above, served."""
    return start(World(build))


class Ms:
    """A served ModelScope with clients of every kind."""

    def __init__(self, running: Running, scratch: Path) -> None:
        self.running = running
        self.scratch = scratch
        self.url = running.env["MODELSCOPE_ENDPOINT"]

    @property
    def world(self) -> World:
        """Its state."""
        return self.running.world

    def repo(self, kind: str, name: str) -> Repo:
        """A repo of ORG."""
        repo = self.world.ms.get(kind, f"{ORG}/{name}")
        assert repo is not None
        return repo

    def set(self, **settings: float) -> None:
        """Change settings of the hub."""
        self.world.ms.settings.update(settings)

    def api(self, role: str = "write") -> HubApi:
        """The real SDK, leaving no trace on the disk."""
        return HubApi(
            HubConfig(endpoint=self.url, token=self.token(role), config_dir=NOWHERE, cache_dir=self.scratch)
        )

    def token(self, role: str = "write") -> str | None:
        """The token of a role; of ``nobody`` there is none."""
        if role == "nobody":
            return None
        return "ms-NotAToken" if role == "bad" else token("ms", role)

    def ask(self, method: str, path: str, role: str = "write", **more: Any) -> requests.Response:
        """A bare request with Bearer and cookie, redirects not followed; `path` may be a whole URL."""
        headers = dict(more.pop("headers", {}))
        value = self.token(role)
        if value is not None:
            headers |= {"Authorization": f"Bearer {value}", "Cookie": f"m_session_id={value}"}
        url = path if path.startswith("http") else self.url + path
        return requests.request(method, url, headers=headers, allow_redirects=False, timeout=20, **more)


NOWHERE = Path("/dev/null/n")
