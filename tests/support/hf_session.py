"""Our Hugging Face halves against a served world, with short timeouts."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.protocol import ByteSource, HubDeleter, HubReader, HubWriter
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Repo
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Token
from support.worlds import ORG, WRITE

CANARY = "hf_CanaryNotAToken0123456789"
PATIENT = Timeouts(connect=10.0, read=30.0, send=30.0)
FAST = Timeouts(connect=2.0, read=0.4, send=2.0)
"""for hubs that never answer; a busy machine may be slower than that"""


def ref(name: str, kind: str = "model", owner: str = ORG) -> RepoRef:
    return RepoRef.of(Hub.HF, kind, f"{owner}/{name}")


def blob(data: bytes) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), len(data))


def entry(manifest: Manifest, path: str) -> FileEntry:
    return manifest.by_path()[path]


def drain(source: ByteSource, block: int = 1 << 18) -> bytes:
    parts = []
    while piece := source.read(block):
        parts.append(piece)
    source.close()
    return b"".join(parts)


def pass_for(target: RepoRef, *, age: float = 0, life: float = 60) -> Pass:
    """A pass as the gate hands it out, ``age`` seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    return Pass(target, "", "proof", at, at + timedelta(seconds=life))


class Session:
    """The three halves for one token of a served world."""

    def __init__(self, running: Running, token: str | None = WRITE, timeouts: Timeouts = PATIENT) -> None:
        self.running = running
        self.endpoint = running.env["HF_ENDPOINT"]
        self.secret = Secret(token) if token else None
        self.session = open_hub(Hub.HF, self.endpoint, self.secret, read_only=False, timeouts=timeouts)

    @property
    def read(self) -> HubReader:
        return self.session.read

    @property
    def write(self) -> HubWriter:
        assert self.session.write is not None
        return self.session.write

    @property
    def delete(self) -> HubDeleter:
        assert self.session.delete is not None
        return self.session.delete

    def as_(self, token: str | None) -> Session:
        """The same world with another token."""
        return Session(self.running, token)

    def fast(self) -> Session:
        """The same account, giving up a silent hub at once."""
        return Session(self.running, self.secret.reveal() if self.secret else None, FAST)

    def manifest(self, name: str, kind: str = "model") -> Manifest:
        return self.read.manifest(ref(name, kind), self.read.resolve(ref(name, kind)))

    def repo(self, name: str, kind: str = "model") -> Repo:
        repo = self.running.world.hf.get(kind, f"{ORG}/{name}")
        assert repo is not None
        return repo

    def fault(self, rule: str) -> None:
        """Put a fault in (see ``loopback.faults``)."""
        self.running.faults.add(rule)

    def heal(self) -> None:
        """Take all faults away."""
        self.running.faults.clear()

    def say(
        self, method: str, route: str, body: str, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Let a route answer with this body, whatever is asked."""
        self.running.faults.add(Fault("status", status, "hf", method, route, headers or {}, body=body))

    def canary(self) -> Session:
        """A session whose token is good and must never be seen anywhere."""
        self.running.world.hf.add_token(Token(CANARY, "ada", "write", label="canary"))
        return self.as_(CANARY)

    def requests(self, route: str | None = None) -> int:
        """Requests that the hub has seen."""
        return self.running.log.count(hub="hf", route=route)
