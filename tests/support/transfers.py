"""Two served hubs, our sessions on both, and jobs run in this process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hf2ms_tui.domain.job import JobSpec, JobView
from hf2ms_tui.domain.proof import Level, Proof, Verdict
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.log import Entry
from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import add_accounts, token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.transfer.control import Control, never
from hf2ms_tui.transfer.job import run_job
from hf2ms_tui.transfer.memory import MemoryBoard, MemoryLedger
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.retry import Patience

ORG = "acme"
QUICK = Patience(attempts=4, rate_limited=30, base=0.02, longest=0.2, obey=3.0)
FAST = Timeouts(connect=2.0, read=3.0, send=5.0)
MIB = 1 << 20
CARD = b"---\nlicense: mit\ntags:\n- demo\n---\n# Tiny\n\nA model for tests.\n"

MODEL: dict[str, bytes | Content] = {
    "README.md": CARD,
    ".gitignore": b"*.tmp\n",
    "config.json": b'{"layers": 2}\n',
    "empty.txt": b"",
    "src/.github/ci.yml": b"on: push\n",
    "odd/na me [1], #ü%20*.txt": b"odd but legal\n",
    "vocab.txt": b"".join(b"word%d\n" % number for number in range(20_000)),
    "weights/a,b[1].bin": SeededContent("comma", 700_001),
    "weights/model-1.safetensors": SeededContent("one", 3 * MIB + 5),
    "weights/model-2.safetensors": SeededContent("two", 2 * MIB),
    "weights/copy.safetensors": SeededContent("two", 2 * MIB),
}
"""Names that break tools, a file that shares its content with another, small ones with and without a hash on the source."""


def ref(hub: str, name: str = "tiny", kind: str = "model", owner: str = ORG) -> RepoRef:
    return RepoRef.of(hub, kind, f"{owner}/{name}")


def add(
    world: World, hub: str, name: str, files: Mapping[str, bytes | Content], kind: str = "model", **about: Any
) -> Repo:
    """A repo with one commit: bytes are regular files, contents are LFS files that the world can make."""
    state = world.hub(hub)
    repo = state.create(kind, f"{ORG}/{name}", **{"visibility": "private", "creator": "mira", **about})
    put(world, repo, files, state.default_branch)
    return repo


def put(world: World, repo: Repo, files: Mapping[str, bytes | Content], branch: str) -> str:
    """A commit behind everybody's back; its id."""
    nodes = []
    for path, content in files.items():
        if isinstance(content, bytes):
            nodes.append(Node(path, BytesContent(content)))
        else:
            world.recipes.add(content)
            nodes.append(Node(path, content, lfs=True))
    return repo.commit(nodes, message="more", author="mira", branch=branch).id


class Sides:
    """A running world and sessions on both hubs."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.hf = self.session("hf")
        self.ms = self.session("ms")
        self.boards: list[MemoryBoard] = []
        self._ids = itertools.count(1)

    def session(self, hub: str, role: str = "write", **options: Any) -> HubSession:
        name = "HF_ENDPOINT" if hub == "hf" else "MODELSCOPE_ENDPOINT"
        options = {"read_only": False, "streams": 8, "timeouts": FAST, **options}
        return open_hub(Hub(hub), self.running.env[name], Secret(token(hub, role)), **options)

    @property
    def world(self) -> World:
        return self.running.world

    def repo(self, hub: str, name: str = "tiny", kind: str = "model") -> Repo:
        found = self.world.hub(hub).get(kind, f"{ORG}/{name}")
        assert found is not None
        return found

    def files(self, hub: str, name: str = "tiny", kind: str = "model") -> dict[str, str]:
        """sha256 by path at the head of the default branch, as the hub itself holds them."""
        repo = self.repo(hub, name, kind)
        head = repo.head(self.world.hub(hub).default_branch)
        return {path: node.content.sha256 for path, node in head.files.items()}

    def fault(self, rule: str) -> None:
        self.running.faults.add(rule)

    def clear_faults(self) -> None:
        self.running.faults.clear()

    def puts(self, hub: str | None = None) -> list[Entry]:
        """Complete uploads of blobs, in order."""
        return [
            entry
            for entry in self.running.log.entries(method="PUT", hub=hub)
            if entry.route in {"put", "blob-put"} and entry.status == 200
        ]

    def spec(self, source: RepoRef, destination: RepoRef, **options: Any) -> JobSpec:
        return JobSpec(
            f"job-{next(self._ids)}", source, destination, **{"workers": 2, "streams": 2, **options}
        )

    def run(
        self,
        source: RepoRef,
        destination: RepoRef,
        *,
        ledger: MemoryLedger | None = None,
        board: MemoryBoard | None = None,
        stopping: Callable[[], bool] = never,
        patience: Patience = QUICK,
        **options: Any,
    ) -> JobView:
        """Run a job to its end; the last board is ``self.board``."""
        spec = board.view().spec if board else self.spec(source, destination, **options)
        board = board or MemoryBoard(spec)
        self.boards.append(board)
        control = Control(board.cancel_requested, stopping)
        return run_job(
            spec,
            self.hf if source.hub is Hub.HF else self.ms,
            self.hf if destination.hub is Hub.HF else self.ms,
            board,
            ledger or MemoryLedger(),
            ThreadPool(spec.workers, control=control),
            stopping=stopping,
            patience=patience,
        )

    @property
    def board(self) -> MemoryBoard:
        return self.boards[-1]

    @property
    def proof(self) -> Proof:
        return self.board.proofs[-1]

    def log_text(self) -> str:
        return "\n".join(line.text for line in self.board.lines)


@contextmanager
def sides(*builders: Callable[[World], Any]) -> Iterator[Sides]:
    """Both hubs with the people of the sample and what ``builders`` add. No handler may have failed by the end."""

    def build(world: World) -> None:
        add_accounts(world, ORG)
        for builder in builders:
            builder(world)

    with start(World(build)) as running:
        yield Sides(running)
        assert running.log.errors == []


def model(hub: str, name: str = "tiny", **about: Any) -> Callable[[World], Repo]:
    """A builder of the model with awkward files."""
    return lambda world: add(world, hub, name, MODEL, **about)


def proven(view: JobView, proof: Proof, level: Level = Level.READ_BACK) -> None:
    """Assert that a job is done and its proof says so for every single file."""
    assert view.phase.value == "done", view.error
    assert view.error == {}
    assert proof.holds
    assert proof.level is level
    assert view.proof_id == proof.id
    assert all(file.level.rank >= level.rank for file in proof.files if file.verdict is Verdict.PROVEN)
    assert view.moved == view.to_move


def shrunk(view: JobView) -> JobView:
    """A view without its times."""
    return replace(view, created_at=None, started_at=None, ended_at=None, beat_at=None)
