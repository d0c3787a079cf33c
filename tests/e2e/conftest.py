"""Journeys: the real program in a pseudo-terminal, over a demo world of its own that is stopped afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hf2ms_tui.loopback import daemon
from hf2ms_tui.services.settings import demo_state
from support.terminal import Terminal


@dataclass(frozen=True)
class Demo:
    """A demo whose state lives in ``state``; every terminal opened from it meets the same world."""

    state: Path

    @property
    def env(self) -> dict[str, str]:
        """What the program needs to find this demo and nothing of the person who tests."""
        return {
            "HF2MS_STATE": str(self.state),
            "HOME": str(self.state),
            "XDG_CONFIG_HOME": str(self.state / "config"),
        }

    def open(self, *arguments: str, size: tuple[int, int] = (24, 80)) -> Terminal:
        """Start the program on this demo."""
        return Terminal("--demo", *arguments, env=self.env, size=size, cwd=self.state)

    @property
    def world(self) -> daemon.DemoWorld:
        """The running world, with the addresses and tokens of its hubs."""
        found = daemon.find(demo_state(self.env))
        assert found is not None
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A fresh demo."""
    made = Demo(tmp_path / "state")
    made.state.mkdir()
    yield made
    daemon.stop(demo_state(made.env))
