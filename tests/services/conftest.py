"""The sample org, served; and programs with a state of their own that look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.build import sample_org
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load

OpenProgram = Callable[..., Program]


@pytest.fixture(scope="module")
def org() -> Iterator[Running]:
    """The sample org on both hubs. Tests that change it must use a world of their own."""
    world = World(sample_org())
    running = start(world)
    yield running
    running.stop()
    world.close()


@pytest.fixture
def open_program(org: Running, tmp_path: Path) -> Iterator[OpenProgram]:
    """Opens programs that share one state folder: ``open_program(org="…", HF_TOKEN="…")``; all are closed at the end."""
    opened: list[Program] = []

    def make(**given: object) -> Program:
        variables = {name: str(given.pop(name)) for name in list(given) if name.isupper()}
        flags: dict[str, object] = {"org": "aurora-labs", **given}
        environ = {**org.env, "HF2MS_STATE": str(tmp_path / "state"), "HOME": str(tmp_path), **variables}
        program = Program(load(flags, environ, tmp_path))
        opened.append(program)
        return program

    yield make
    for program in opened:
        program.close()


@pytest.fixture
def program(open_program: OpenProgram) -> Program:
    """A program with write tokens for both hubs."""
    return open_program()
