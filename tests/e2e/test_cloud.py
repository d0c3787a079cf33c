"""Journeys over jobs in a Modal account: the account, its containers and both hubs are on this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from support.eventually import eventually
from support.journeys import BIG, SLOW, control, let_arrive, start_big, stored_twice, verb

if TYPE_CHECKING:
    from conftest import Demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MODAL = ("--engine", "modal")


def slow_down(demo: Demo, rate: str) -> None:
    """Let uploads to ModelScope take so many bytes per second in all."""
    control(demo, "POST", "shape", {"text": f"ms:storage:up={rate}"})


def containers(demo: Demo) -> list[dict[str, Any]]:
    """The account's containers that work."""
    found: list[dict[str, Any]] = control(demo, "POST", "modal", {"do": "containers"})
    return [one for one in found if one["state"] in {"busy", "starting"}]


def test_leave_in_the_middle_come_back_cancel_and_carry_on(demo: Demo) -> None:
    with demo.open(*MODAL, size=(40, 140)) as terminal:
        terminal.wait_for("engine: modal")
        slow_down(demo, "20MB")
        start_big(terminal)
        terminal.wait_for(r"\d of \d+ chunks done, \d+ running", timeout=SLOW)
        terminal.wait_for(r"\d containers", timeout=SLOW)
        terminal.wait_for(r"c-[a-z0-9]{6}", timeout=SLOW)
        terminal.press("q", pause=0)
        assert terminal.ended() == 0
        assert "1 job goes on in your Modal account without this machine" in terminal.text
    assert containers(demo), "it goes on"
    slow_down(demo, "4MB")
    with demo.open(*MODAL, size=(40, 140)) as terminal:
        terminal.wait_for("1 job running")
        terminal.press("j")
        terminal.wait_for(rf"{BIG}.* moving", timeout=SLOW)
        terminal.press("c")
        terminal.wait_for("Cancel the migration")
        terminal.press("y")
        terminal.wait_for("cancelling|⊘ cancelled", timeout=SLOW)
        terminal.wait_for("⊘ cancelled", timeout=SLOW)
        terminal.wait_for("its worker ended", timeout=SLOW)
        assert eventually(lambda: not containers(demo), 30)
        slow_down(demo, "200MB")
        let_arrive(demo)
        terminal.press_until("r", "started again", timeout=SLOW)
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.press("q")
        assert terminal.ended() == 0
        assert not re.search(rb"hf_[A-Za-z0-9]{10,}", terminal.raw), "no token was ever drawn"
    job = verb(demo, "jobs")[0]
    assert (job["engine"], job["phase"]) == ("modal", "done")
    assert job["dollars"] > 0
    assert stored_twice(demo) == 0


def test_a_coordinator_killed_while_nobody_looks_is_replaced_and_its_log_has_no_gap(demo: Demo) -> None:
    with demo.open(*MODAL, size=(40, 140)) as terminal:
        terminal.wait_for("26 repos")
        slow_down(demo, "20MB")
        start_big(terminal)
        terminal.wait_for(r"\d of \d+ chunks done, \d+ running", timeout=SLOW)
        terminal.press("q", pause=0)
        assert terminal.ended() == 0
    (lead,) = [one for one in containers(demo) if one["function"] == "coordinate"]
    control(demo, "POST", "modal", {"do": "kill", "task_id": lead["id"]})
    slow_down(demo, "200MB")
    with demo.open(*MODAL, size=(40, 140)) as terminal:
        terminal.wait_for("1 of 26|26 repos")
        terminal.press("j")
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.wait_for("proven: proven", timeout=SLOW)
        assert "no longer kept" not in terminal.text
        terminal.press("q")
        assert terminal.ended() == 0
    assert verb(demo, "jobs")[0]["attempt"] >= 2
    assert stored_twice(demo) == 0


def test_the_cloud_is_asked_and_cancelled_without_a_screen(demo: Demo) -> None:
    said = verb(demo, "smoke")
    assert said["packages"]["modal"]
    assert set(said["network"].values()) == {"IPv4"}
    (found,) = [one for one in verb(demo, *MODAL, "doctor") if one["name"] == "Modal"]
    assert found["health"] == "ok"
    slow_down(demo, "20MB")
    job = verb(demo, *MODAL, "migrate", f"aurora-labs/{BIG}", "--detach")
    assert job["engine"] == "modal"
    assert eventually(lambda: verb(demo, *MODAL, "jobs")[0]["bytes_moved"] > 0, 60)
    verb(demo, *MODAL, "jobs", "cancel", job["job"])
    assert eventually(lambda: not containers(demo), 60), "the verb told Modal before it ended"
    assert verb(demo, *MODAL, "jobs")[0]["phase"] == "cancelled"
