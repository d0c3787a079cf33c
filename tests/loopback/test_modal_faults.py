"""What goes wrong between the client and the control plane, and what the client makes of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import modal
import pytest

from hf2ms_tui.loopback.modal import RpcFault, start_modal
from support.modal_session import ModalSession, gone, make_client

pytestmark = pytest.mark.slow
"""the control plane alone; what the program needs of it is in the default run with the engine"""


def test_a_wrong_token(here: ModalSession) -> None:
    client = make_client(here.plane, secret="wrong")
    began = time.monotonic()
    with pytest.raises(modal.exception.AuthError):
        client.hello()
    assert time.monotonic() - began < 2
    make_client(here.plane).hello()


async def test_token_workspace_and_prices(here: ModalSession) -> None:
    workspace = modal.Workspace.from_context(client=here.client)
    await workspace.hydrate.aio()
    assert workspace.name == "loopback"
    rates = await workspace.billing.rates.aio()
    assert float(rates["cpu_core_second"]) == pytest.approx(0.0000131)


def test_transient_failures_are_retried_by_the_client(here: ModalSession) -> None:
    rule = here.plane.faults.add("FunctionMap:status=UNAVAILABLE:count=2")
    call = here.function("add").spawn(1)
    assert call.get(timeout=30) == 2 and rule.hits == 2


@pytest.mark.parametrize("remembers", [True, False])
def test_a_lost_answer(here: ModalSession, remembers: bool) -> None:
    """The request was done, its answer lost: repeated, it is answered from memory, or done a second time."""
    here.plane.settings.remember_retries = remembers
    before = len(here.plane.calls(function="add"))
    here.plane.faults.add("FunctionMap:status=UNAVAILABLE:late:count=1")
    assert here.function("add").spawn(5).get(timeout=30) == 6
    assert len(here.plane.calls(function="add")) == before + (1 if remembers else 2)
    here.plane.settings.remember_retries = True


def test_too_many_inputs(here: ModalSession) -> None:
    here.plane.faults.add("FunctionMap:status=RESOURCE_EXHAUSTED:count=1")
    with pytest.raises(modal.exception.ResourceExhaustedError):
        here.function("add").spawn(1)
    rule = here.plane.faults.add("FunctionMap:status=RESOURCE_EXHAUSTED:retry_after=0.2:count=3")
    assert here.function("add").spawn(1).get(timeout=30) == 2
    assert rule.hits == 3, "the server's own word on when to try again is obeyed"
    here.plane.settings.pending_limit = 0
    try:
        with pytest.raises(modal.exception.ResourceExhaustedError, match="pending"):
            here.function("add").spawn(1)
    finally:
        here.plane.settings.pending_limit = 1_000_000


def test_a_broken_connection_in_the_middle(here: ModalSession) -> None:
    call = here.function("square").spawn(6, 1.0)
    rule = here.plane.faults.add("FunctionGetOutputs:cut:count=1:who=client")
    assert call.get(timeout=30) == 36 and rule.hits == 1


async def test_a_call_that_is_never_answered(here: ModalSession) -> None:
    here.plane.faults.add(RpcFault("DictLen", "hang", who="client"))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(here.dictionary("hanging").len.aio(), 0.5)


def test_slow_answers(here: ModalSession) -> None:
    here.dictionary("slow").put("a", 1)
    here.plane.faults.add("DictGet:delay=0.5")
    began = time.monotonic()
    assert here.dictionary("slow").get("a") == 1
    assert time.monotonic() - began >= 0.5


async def test_containers_go_on_while_nobody_can_be_reached(
    here: ModalSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_SERVER_URL", here.plane.env["MODAL_SERVER_URL"])
    call = await here.function("coordinate").spawn.aio([1, 2], 1.5)
    here.plane.go_dark()
    try:
        with pytest.raises(asyncio.TimeoutError):
            # It would try for a minute.
            await asyncio.wait_for(modal.Client.from_credentials.aio("any", "thing"), 1)
        here.wait(lambda: here.plane.look(call.object_id).done)
    finally:
        here.plane.come_back()
    assert await call.get.aio(timeout=30) == 5, "the client that was cut off finds its way back"


def test_what_a_container_sends_may_fail_too(here: ModalSession) -> None:
    rule = here.plane.faults.add("FunctionPutOutputs:status=UNAVAILABLE:late:count=2:who=container")
    call = here.function("add").spawn(8)
    assert call.get(timeout=30) == 9
    here.wait(lambda: rule.hits == 2)
    time.sleep(0.5)
    assert len(here.plane.look(call.object_id).inputs) == 1
    assert here.plane.log.errors == []


@pytest.mark.parametrize(
    "text",
    ["FunctionMap", ":hang", "FunctionMap:explode", "(:hang", "X:status=NO", "X:hang:who=me", "X:delay=fast"],
)
def test_rules_that_make_no_sense(text: str) -> None:
    with pytest.raises((ValueError, re.error)):
        RpcFault.parse(text)


def test_an_unknown_setting_and_a_taken_port() -> None:
    with pytest.raises(TypeError, match="no_such"):
        start_modal(no_such=1)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        start_modal(port=taken.getsockname()[1])


def test_no_container_outlives_a_killed_control_plane(tmp_path: Path) -> None:
    code = (
        "import sys, json, time; from hf2ms_tui.loopback.modal import start_modal\n"
        "plane = start_modal(); print(json.dumps(plane.env), flush=True)\n"
        "while not plane.containers(function='leave_a_child'): time.sleep(0.02)\n"
        "while plane.containers()[0].state != 'idle': time.sleep(0.02)\n"
        "print(plane.containers()[0].pid, plane._plane.folder, flush=True); time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        env = json.loads(process.stdout.readline())
        client = subprocess.run(
            [
                sys.executable,
                "-c",
                "from support.modal_app import app, leave_a_child; app.deploy(); print(leave_a_child.remote())",
            ],
            env={**os.environ, **env, "PYTHONPATH": str(root / "tests")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        child = int(client.stdout)
        pid, folder = process.stdout.readline().split()
        assert not gone(child, 0.1) and Path(folder).exists()
        process.send_signal(signal.SIGKILL)
        assert gone(int(pid)) and gone(child)
        end = time.monotonic() + 5
        while list(tmp_path.iterdir()) and time.monotonic() < end:
            time.sleep(0.02)
        assert not list(tmp_path.iterdir())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
