"""A person's desk: a state folder, an environment that leads to a served world, verbs and terminals as real processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from hf2ms_tui.engines import lock
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import PERSON, add_accounts
from hf2ms_tui.loopback.world import Token, World
from hf2ms_tui.store.paths import Places
from support.terminal import Terminal, clean_environment
from support.transfers import ORG

HF_CANARY, MS_CANARY = "hf_CanaryOnTheDesk0123456789", "ms-CanaryOnTheDesk-0123-4567-89ab"
"""the tokens of this desk: good ones, that nobody must ever see"""
CANARIES = (HF_CANARY.encode(), MS_CANARY.encode())
PATIENCE = 60.0
"""seconds that a verb may take on a busy machine"""


class Desk:
    """Processes started from here share a state folder and meet the same world. They know no other account."""

    def __init__(self, running: Running, folder: Path, state: Path | None = None) -> None:
        self.running = running
        self.folder = folder
        self.state = state or folder / "state"
        self.env = {
            "HF_ENDPOINT": running.env["HF_ENDPOINT"],
            "MODELSCOPE_ENDPOINT": running.env["MODELSCOPE_ENDPOINT"],
            "HF_TOKEN": HF_CANARY,
            "MODELSCOPE_TOKEN": MS_CANARY,
            "HF2MS_STATE": str(self.state),
            "HF2MS_ORG": ORG,
            "HF2MS_WORKERS": "2",
            "HF2MS_STREAMS": "2",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.said = b""
        """everything that verbs printed so far"""

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """A verb as a process in a session of its own, as a shell would start it."""
        return subprocess.Popen(
            [sys.executable, "-m", "hf2ms_tui", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean_environment(), **self.env, **env},
            cwd=self.folder,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
        """Wait for a verb: its exit code, stdout and stderr."""
        out, err = process.communicate(timeout=PATIENCE)
        self.said += out + err
        return process.returncode, out.decode(), err.decode()

    def verb(self, *arguments: str, **env: str) -> tuple[int, str, str]:
        """Run a verb to its end."""
        return self.end(self.start(*arguments, **env))

    def jobs(self) -> list[dict[str, Any]]:
        """What ``jobs --json`` says, newest first."""
        code, out, err = self.verb("jobs", "--json")
        assert code == 0, err
        found: list[dict[str, Any]] = json.loads(out)
        return found

    def open(self, *arguments: str, size: tuple[int, int] = (24, 80), **env: str) -> Terminal:
        """The program, or a verb of it, in a terminal."""
        return Terminal(*arguments, env={**self.env, **env}, size=size, cwd=self.folder)

    def process(self, job_id: str) -> psutil.Process:
        """The process of a job that runs."""
        return psutil.Process(int(lock.pid_file(Places(self.state), job_id).read_text()))

    def end_jobs(self) -> None:
        """Kill what still runs."""
        for path in Places(self.state).jobs.glob("*.lock"):
            if lock.is_held(Places(self.state), path.stem):
                self.process(path.stem).send_signal(signal.SIGKILL)


@contextmanager
def desk(folder: Path, *builders: Callable[[World], Any], state: Path | None = None) -> Iterator[Desk]:
    """Both hubs with the people of the sample, the tokens of this desk, and what ``builders`` add."""

    def build(world: World) -> None:
        add_accounts(world, ORG)
        world.hf.add_token(Token(HF_CANARY, PERSON, "write", label="desk"))
        world.ms.add_token(Token(MS_CANARY, PERSON, "write", label="desk"))
        for builder in builders:
            builder(world)

    with start(World(build)) as running:
        made = Desk(running, folder, state)
        try:
            yield made
        finally:
            made.end_jobs()
        assert running.log.errors == []


def assert_no_canary(folder: Path, *drawn: bytes) -> None:
    """No token of the desk is in what was drawn or printed, nor in any file below ``folder``."""
    for canary in CANARIES:
        for text in drawn:
            assert canary not in text
        for path in folder.rglob("*"):
            if path.is_file():
                assert canary not in path.read_bytes(), path
