"""Jobs outlive the screen; killed ones are known dead, carry on where they stopped, and end proven."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from support.eventually import eventually
from support.journeys import BIG, SLOW, start_big, stored_twice, verb

if TYPE_CHECKING:
    from conftest import Demo


def job_process(demo: Demo) -> int:
    """The process of the job that runs, found by its command line; the token is in neither that nor its environment."""
    token = demo.world.env["HF_TOKEN"]
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if "hf2ms_tui.engines.local" in line and str(demo.state) in line:
            assert token not in line
            assert token not in str(process.environ())
            return int(process.pid)
    raise AssertionError("no job process was found")


@pytest.mark.slow
def test_quit_in_the_middle_and_come_back(demo: Demo) -> None:
    with demo.open() as terminal:
        start_big(terminal)
        terminal.press("q", pause=0)
        assert terminal.ended() == 0
        assert "goes on" in terminal.text or "go on" in terminal.text
    with demo.open(size=(45, 140)) as terminal:
        terminal.wait_for("1 job running")
        terminal.press("j")
        terminal.wait_for(f"{BIG}")
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.wait_for("0 B re-sent")
    assert stored_twice(demo) == 0


@pytest.mark.slow
def test_kill_the_program_and_the_job_then_resume(demo: Demo) -> None:
    with demo.open() as terminal:
        start_big(terminal)
        terminal.wait_for(r"[4-8]\d %", timeout=SLOW)
        terminal.kill(signal.SIGKILL)
    os.kill(job_process(demo), signal.SIGKILL)
    assert eventually(lambda: verb(demo, "jobs")[0]["lost"])
    with demo.open() as terminal:
        terminal.wait_for("26 repos|1.53 GB|jobs|plan")
        terminal.press("j")
        terminal.wait_for("! lost")
        terminal.press("r", pause=0.5)
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.press("q")
        assert terminal.ended() == 0
    job = verb(demo, "jobs")[0]
    assert job["phase"] == "done"
    assert job["attempt"] == 2
    assert 0 < job["bytes_moved"] < job["bytes"], "what had arrived was not moved again"
    assert stored_twice(demo) == 0
