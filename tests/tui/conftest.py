"""What every test of the screens needs: nothing from the tester's own terminal."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.build import sample_org
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import inventory, survey
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from hf2ms_tui.tui.app import CleanupApp
from support.gate_world import GateWorld, gate_world, prepare

OpenApp = Callable[..., CleanupApp]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tester's colour and theme settings out of goldens and colours."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def org() -> Iterator[Running]:
    """The sample org on both hubs. Tests that change it must use a world of their own."""
    world = World(sample_org())
    running = start(world)
    yield running
    running.stop()
    world.close()


@pytest.fixture(scope="module")
def warm(org: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder in which the org was read and looked into, as after a first start."""
    folder = tmp_path_factory.mktemp("warm")
    environ = {**org.env, "HF2MS_STATE": str(folder / "state"), "HOME": str(folder)}
    program = Program(load({"org": "aurora-labs", "demo": True, "demo_instance": "t"}, environ, folder))
    inventory.refresh(program)
    survey.survey(program, lambda rows: None)
    program.close()
    return folder / "state"


@pytest.fixture
def open_app(org: Running, warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApp]:
    """Opens the app on the sample org: ``open_app(org="…", demo=True, HF_TOKEN="…")``. All share one state folder.

    The org was read before; with ``cold=True`` it was not.
    """
    monkeypatch.setenv("HF2MS_KEYS", str(tmp_path / "keys.toml"))
    opened: list[Program] = []

    def make(**given: object) -> CleanupApp:
        if not given.pop("cold", False) and not (tmp_path / "state").exists():
            shutil.copytree(warm, tmp_path / "state")
        variables = {name: str(given.pop(name)) for name in list(given) if name.isupper()}
        flags: dict[str, object] = {"org": "aurora-labs", "demo": True, "demo_instance": "t", **given}
        if not flags["org"]:
            del flags["org"]
        environ = {**org.env, "HF2MS_STATE": str(tmp_path / "state"), "HOME": str(tmp_path), **variables}
        program = Program(load(flags, environ, tmp_path))
        opened.append(program)
        return CleanupApp(program)

    yield make
    for program in opened:
        program.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateWorld]:
    """A small world of the test's own with one repo on both hubs."""
    monkeypatch.setenv("HF2MS_KEYS", str(tmp_path / "keys.toml"))
    monkeypatch.chdir(tmp_path)
    with gate_world(tmp_path) as here:
        yield here


@pytest.fixture
def ready(world: GateWorld) -> Program:
    """A program for whose repo everything holds."""
    program = world.program()
    prepare(program, world.ref())
    return program
