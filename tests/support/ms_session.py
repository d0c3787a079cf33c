"""Our ModelScope halves against a served one, with short timeouts, and faults put in by one line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.modelscope import Client, ModelScopeDeleter, ModelScopeReader, ModelScopeWriter
from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Repo
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from support.ms_world import ORG, add_repo, build

CANARY = "ms-CanaryNotAToken0123456789"
CALM = Timeouts(connect=5.0, read=10.0, send=10.0)
HASTY = Timeouts(connect=2.0, read=0.25, send=1.0)
"""For stalls: seconds until nobody waits any longer."""


def ref(name: str, kind: str = "model", owner: str = ORG) -> RepoRef:
    """A repo of the test org."""
    return RepoRef.of(Hub.MS, kind, f"{owner}/{name}")


class Session:
    """The three halves for one token of a served world."""

    def __init__(self, running: Running, role: str = "write", timeouts: Timeouts = CALM) -> None:
        self.running = running
        value = CANARY if role == "bad" else None if role == "nobody" else token("ms", role)
        self.secret = Secret(value) if value else None
        self.client = Client(running.env["MODELSCOPE_ENDPOINT"], self.secret, timeouts=timeouts)
        self.read = ModelScopeReader(self.client)
        self.write = ModelScopeWriter(self.client)
        self.delete = ModelScopeDeleter(self.client)

    def as_(self, role: str) -> Session:
        """The same world with another token."""
        return Session(self.running, role)

    def hasty(self) -> Session:
        """The same, but waiting only a moment."""
        return Session(self.running, "write", HASTY)

    def fault(self, rule: str) -> None:
        """Put a fault in (see ``loopback.faults``)."""
        self.running.faults.add(rule)

    def say(self, method: str, route: str, body: str, status: int = 200) -> None:
        """Let a route answer with this body, whatever is asked."""
        self.running.faults.add(Fault("status", status, "ms", method, route, body=body))

    def set(self, **settings: float) -> None:
        """Change settings of the served hub."""
        self.running.world.ms.settings.update(settings)

    def repo(self, name: str, kind: str = "model") -> Repo:
        """The served hub's own state of a repo."""
        found = self.running.world.ms.get(kind, f"{ORG}/{name}")
        assert found is not None
        return found

    def manifest(self, name: str, kind: str = "model") -> Manifest:
        """Its files at master."""
        return self.read.manifest(ref(name, kind), self.read.resolve(ref(name, kind)))

    def entry(self, name: str, path: str, kind: str = "model") -> tuple[str, FileEntry]:
        """Head revision and one file."""
        found = self.manifest(name, kind)
        return found.revision, found.by_path()[path]

    def requests(self, route: str) -> int:
        """How often a route was asked so far."""
        return sum(1 for each in self.running.log.entries() if each.route == route)


@contextmanager
def serve(*more: Callable[[World], Any], role: str = "write") -> Iterator[Session]:
    """The world of ``ms_world``, filled further by ``more``. No handler may have failed by the end."""

    def fill(world: World) -> None:
        build(world)
        for each in more:
            each(world)

    with start(World(fill)) as running:
        yield Session(running, role)
        assert running.log.errors == []


def add(name: str, files: dict[str, Content], kind: str = "model", **about: Any) -> Callable[[World], Repo]:
    """A repo for ``serve``."""
    return lambda world: add_repo(world, kind, name, files, **about)


class Bytes:
    """A source of bytes that gives ``fewer`` than it has, if asked to, and counts what it gave."""

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self._data = data
        self._error = error
        self.at = 0

    def read(self, n: int = -1, /) -> bytes:
        """The next bytes; ``error`` instead of the last block."""
        end = len(self._data) if n < 0 else self.at + n
        if self._error is not None and end >= len(self._data):
            raise self._error
        piece = self._data[self.at : end]
        self.at += len(piece)
        return piece

    def close(self) -> None:
        """Nothing."""


def blob_of(data: bytes) -> Blob:
    """The blob of some bytes."""
    return Blob(hashlib.sha256(data).hexdigest(), len(data))


def pass_for(which: RepoRef, life: float = 60.0) -> Pass:
    """A pass as the gate would hand it out now."""
    now = datetime.now(UTC)
    return Pass(which, "refs", "proof", now, now + timedelta(seconds=life))
