"""The terminal is given back as it was, whatever ends the program; and nothing decided is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Demo


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP)]
)
def test_a_signal_restores_the_terminal(demo: Demo, number: int, code: int) -> None:
    with demo.open() as terminal:
        terminal.wait_for("26 repos")
        assert not terminal.restored
        terminal.process.kill(number)
        assert terminal.ended() == code
        assert terminal.restored


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_restores_the_terminal_within_a_second(demo: Demo, key: str) -> None:
    with demo.open() as terminal:
        terminal.wait_for("26 repos")
        begun = time.monotonic()
        terminal.press(key, pause=0)
        assert terminal.ended() == 0
        assert time.monotonic() - begun < 5
        assert terminal.restored


def test_every_decision_survives_kill_9(demo: Demo) -> None:
    with demo.open() as terminal:
        terminal.wait_for("26 repos")
        terminal.press("t")
        terminal.wait_for("1 of 26")
        for key in "mxkm":
            terminal.press(key, pause=0.6)
        terminal.wait_for("4/26 decided|4 of 26 decided")
        card = terminal.lines[1]
        terminal.kill(signal.SIGKILL)
    with demo.open() as terminal:
        terminal.wait_for("decided 4 of 26|4/26|decided 4")
        terminal.press("t")
        terminal.wait_for("4/26 decided|4 of 26 decided")
        assert terminal.lines[1] == card
        terminal.press("u", pause=0.6)
        terminal.wait_for("3/26 decided|3 of 26 decided")


def test_the_smallest_window_says_so_and_the_way_back_works(demo: Demo) -> None:
    with demo.open() as terminal:
        terminal.wait_for("26 repos")
        terminal.resize(10, 40)
        terminal.wait_for("60")
        terminal.resize(24, 80)
        terminal.wait_for("26 repos")


def test_a_burst_of_keys_decides_once_at_most(demo: Demo) -> None:
    with demo.open() as terminal:
        terminal.wait_for("26 repos")
        terminal.press("t")
        terminal.wait_for("1 of 26")
        terminal.process.send("x" * 40)
        terminal.pump(0.5)
        terminal.wait_for("1/26 decided|1 of 26 decided|0/26 decided|0 of 26 decided")
        assert "2/26" not in terminal.text


def test_not_a_terminal_is_an_error_with_a_way_out(demo: Demo) -> None:

    done = subprocess.run(
        [sys.executable, "-m", "hf2ms_tui", "--demo"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **demo.env},
        check=False,
    )
    assert done.returncode == 2
    assert "inventory --org" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
