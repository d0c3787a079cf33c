"""A repo that is on both hubs, proven and decided to be deleted: everything that the gate needs, and a world to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.gate import Check, CheckName
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.log import Entry
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import add_accounts
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import decisions, gatelook, inventory, jobs, proving
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support.transfers import CARD, MIB, ORG, SeededContent, add, put

NAME = "tiny"
FILES: dict[str, bytes | Content] = {
    "README.md": CARD,
    "config.json": b'{"layers": 2}\n',
    "weights/one.safetensors": SeededContent("one", MIB),
    "weights/two.safetensors": SeededContent("two", 2 * MIB),
}


class GateWorld:
    """The served world and the programs opened on it."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self._programs: list[Program] = []

    def ref(self, hub: str = "hf", name: str = NAME) -> RepoRef:
        return RepoRef.of(hub, "model", f"{ORG}/{name}")

    def program(self, **given: object) -> Program:
        """A program on the state folder of this world; flags and variables (in capitals) as given."""
        variables = {name: str(given.pop(name)) for name in list(given) if name.isupper()}
        environ = {
            **self.running.env,
            "HF2MS_STATE": str(self.folder / "state"),
            "HOME": str(self.folder),
            **variables,
        }
        flags = {"org": ORG, "demo": True, "demo_instance": "g", "workers": 2, "streams": 2, **given}
        program = Program(load(flags, environ, self.folder))
        self._programs.append(program)
        return program

    def exists(self, hub: str = "hf", name: str = NAME) -> bool:
        """Whether the hub still has the repo, by the world itself."""
        return self.running.call(lambda world: world.hub(hub).get("model", f"{ORG}/{name}") is not None)

    def remove(self, hub: str) -> None:
        """Somebody deletes the repo on the hub's own page."""

        def work(world: World) -> None:
            repo = world.hub(hub).get("model", f"{ORG}/{NAME}")
            assert repo is not None
            world.hub(hub).delete(repo)

        self.running.call(work)

    def change(self, files: Mapping[str, bytes | Content], hub: str = "hf", branch: str = "") -> None:
        """A commit behind everybody's back."""

        def work(world: World) -> None:
            state = world.hub(hub)
            repo = state.get("model", f"{ORG}/{NAME}")
            assert repo is not None
            put(world, repo, files, branch or state.default_branch)

        self.running.call(work)

    def branch(self, name: str, files: Mapping[str, bytes | Content]) -> None:
        """A branch of the source with files of its own."""

        def work(world: World) -> None:
            repo = world.hf.get("model", f"{ORG}/{NAME}")
            assert repo is not None
            repo.create_branch(name)
            put(world, repo, files, name)

        self.running.call(work)

    def deletions(self) -> list[Entry]:
        """Every request that could have deleted a repo."""
        return [
            entry
            for entry in self.running.log.entries(method="DELETE")
            if "delete" in entry.path or entry.hub == "ms"
        ]

    def close(self) -> None:
        for program in self._programs:
            program.close()


def prepare(program: Program, ref: RepoRef, *, level: Level = Level.READ_BACK) -> None:
    """Read the org, prove the repo at a level, decide to delete it."""
    inventory.refresh(program)
    proving.prove(program, jobs.direction(program, ref), level)
    decisions.decide(program, [ref], Decision.DELETE)


@contextmanager
def gate_world(folder: Path, *builders: Callable[[World], Any]) -> Iterator[GateWorld]:
    """Both hubs with the same repo ``acme/tiny`` and what ``builders`` add."""

    def build(world: World) -> None:
        add_accounts(world, ORG)
        add(world, "hf", NAME, FILES)
        add(world, "ms", NAME, FILES)
        for builder in builders:
            builder(world)

    with start(World(build)) as running:
        here = GateWorld(running, folder)
        try:
            yield here
        finally:
            here.close()
        assert running.log.errors == []


def check(program: Program, ref: RepoRef, name: CheckName, accepted: frozenset[str] = frozenset()) -> Check:
    """One check of a look at the gate."""
    found = gatelook.look(program, ref, accepted)
    return next(item for item in found.checks if item.name is name)


def tag(world: GateWorld, name: str, at: str, hub: str = "hf") -> None:
    """Tag a revision of the repo on a hub."""

    def work(state: World) -> None:
        repo = state.hub(hub).get("model", f"{ORG}/{NAME}")
        assert repo is not None
        repo.create_tag(name, at)

    world.running.call(work)
