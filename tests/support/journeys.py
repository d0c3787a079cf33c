"""What several journeys do: the headless twin, the start of a large migration, and a look at what the hubs saw."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, Protocol

import urllib3

from support.eventually import eventually
from support.terminal import Terminal, clean_environment

BIG = "aurora-video-clips"
SLOW = 120.0
"""seconds for what moves bytes"""


class DemoLike(Protocol):
    """The fixture ``demo`` of the journeys."""

    @property
    def env(self) -> dict[str, str]:
        """What the program needs to find it."""

    @property
    def world(self) -> Any:
        """The world that runs."""


def control(demo: DemoLike, method: str, path: str, body: Any = None) -> Any:
    """Ask the control of the demo's world, and give what it answers."""
    env = demo.world.env
    answer = urllib3.request(
        method,
        f"{env['LOOPBACK_CONTROL']}/_loopback/{path}",
        headers={"Authorization": f"Bearer {env['LOOPBACK_CONTROL_TOKEN']}"},
        **({"json": body} if body is not None else {}),
    )
    assert answer.status == 200, answer.data
    return answer.json()


def verb(demo: DemoLike, *arguments: str) -> Any:
    """What a headless verb prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "hf2ms_tui", *arguments, "--demo", "--json"],
        capture_output=True,
        text=True,
        env={**clean_environment(), **demo.env},
        check=True,
    )
    return json.loads(done.stdout)


def stored_twice(demo: DemoLike) -> int:
    """How many uploads of a blob began after the destination had stored it.

    What a client had handed to its own system when it was killed still arrives, and may do so beside its successor's.
    """
    stored: dict[str, float] = {}
    twice = 0
    puts = [
        (entry["at"] + entry["seconds"], entry["at"], entry["path"])
        for entry in control(demo, "GET", "log")["entries"]
        if entry["route"] == "blob-put" and entry["status"] == 200
    ]
    for ended, began, path in sorted(puts):
        twice += began > stored.setdefault(path, ended)
    return twice


def let_arrive(demo: DemoLike) -> None:
    """Wait until nothing arrives any more of what clients that are gone had handed to their own system."""

    seen = [-1]

    def quiet() -> bool:
        time.sleep(1.5)
        seen.append(len(control(demo, "GET", "log")["entries"]))
        return seen[-1] == seen[-2]

    assert eventually(quiet, 30)


def start_big(terminal: Terminal) -> None:
    """Decide, plan and start the migration of the large repo."""
    terminal.wait_for("26 repos|1.53 GB")
    terminal.press("/")
    terminal.type(BIG)
    terminal.press("enter")
    terminal.wait_for("1 of 26 shown")
    terminal.press("m", pause=1.5)
    terminal.press("p")
    terminal.wait_for("migrate 1")
    terminal.press_until("g", "Start 1 migration")
    terminal.press("y", pause=0.5)
    terminal.wait_for("moving", timeout=SLOW)
