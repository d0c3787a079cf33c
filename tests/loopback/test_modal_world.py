"""The control plane as part of a world: in this process, on the command line, in the background, over the control route."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from hf2ms_tui.loopback import daemon
from hf2ms_tui.loopback.runner import start
from hf2ms_tui.loopback.world import World
from support.loopback_process import ROOT, served
from support.modal_session import gone

NAMES = {"MODAL_SERVER_URL", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_CONFIG_PATH"}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    # Longer than a unix socket's name may be.
    folder = tmp_path / ("a folder with a long name " * 4).strip()
    yield folder
    daemon.stop(folder)


def client(env: Mapping[str, str], code: str) -> str:
    """What a client prints that knows nothing but `env`, with the test's app deployed."""
    done = subprocess.run(
        [sys.executable, "-c", f"from support.modal_app import *; app.deploy()\n{code}"],
        env={**os.environ, **env, "PYTHONPATH": str(ROOT / "tests"), "GIT_DIR": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def order(env: Mapping[str, str], **what: Any) -> Any:
    request = urllib.request.Request(
        env["LOOPBACK_CONTROL"] + "/_loopback/modal",
        data=json.dumps(what).encode(),
        headers={"Authorization": f"Bearer {env['LOOPBACK_CONTROL_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def containers(env: Mapping[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = order(env, do="containers")
    return found


def test_the_command_line_serves_it_when_asked() -> None:
    with served("--size", "2") as (_, env):
        assert not NAMES & env.keys()
    with served("--size", "2", "--modal", "--idle-exit", "60") as (process, env):
        assert env.keys() >= NAMES
        assert client(env, "print(add.remote(1, 2))") == "3"
        (container,) = containers(env)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    assert gone(container["pid"])


def test_hooks_over_the_control_route() -> None:
    with start(World()) as running:
        env = running.env
        with pytest.raises(urllib.error.HTTPError, match="400"):
            order(env, do="containers")
        env = env | order(env, do="start")
        assert order(env, do="start").items() <= env.items(), "started once"
        assert order(env, do="fault", text="FunctionMap:status=UNAVAILABLE:count=1") == {"id": 1}
        order(env, do="limit", containers=1)
        order(env, do="set", idle=7.5)
        code = "c = wait.spawn('k', 1.5); import time\nwhile not c.num_inputs(): pass\nprint(c.object_id)"
        call_id = client(env, code)
        modal_plane = running.cloud.running
        assert modal_plane is not None and modal_plane.settings.account_containers == 1
        busy = modal_plane.wait(lambda: [one for one in containers(env) if one["state"] == "busy"])
        assert busy[0]["calls"] == [call_id] and running.cloud.activity() == -1
        order(env, do="kill", task_id=busy[0]["id"])
        (call,) = modal_plane.wait(lambda: [one for one in order(env, do="calls") if one["done"]])
        assert [one["lost"] for one in call["inputs"]] == [1]
        assert any("ended with -9" in line["data"] for line in order(env, do="lines", call_id=call_id))
        assert running.cloud.activity() > 0
        order(env, do="expire", call_id=call_id)
        order(env, do="dark")
        order(env, do="back")
        rpcs = order(env, do="rpcs")
        assert rpcs["counts"]["FunctionMap"] == 2 and rpcs["errors"] == [] == rpcs["unmodelled"]
        for wrong in ({"do": "explode"}, {"do": "kill"}, {"do": "set", "nonsense": 1}, {}):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                order(env, **wrong)
        (container,) = containers(env)
    assert gone(container["pid"])


def test_a_world_in_the_background_gets_one_when_it_is_wanted(state: Path) -> None:
    plain = daemon.ensure(state, size=2)
    assert not NAMES & plain.env.keys()
    world = daemon.ensure(state, size=2, modal=True)
    assert world.instance == plain.instance and world.env.keys() >= NAMES
    assert client(world.env, "print(add.remote(1, 2))") == "3"
    assert daemon.ensure(state, size=2) == daemon.find(state) == daemon.ensure(state, size=2, modal=True)
    found = daemon.find(state)
    assert found is not None and found.env == world.env
    pids = [one["pid"] for one in containers(world.env)]
    assert daemon.stop(state)
    assert pids and all(gone(pid) for pid in pids)


def test_a_killed_world_leaves_no_container(state: Path) -> None:
    world = daemon.ensure(state, size=2, modal=True)
    client(world.env, "wait.spawn('k', 50)")
    pids = [one["pid"] for one in containers(world.env)] or [one["pid"] for one in containers(world.env)]
    line = " ".join(psutil.Process(json.loads((state / "world.json").read_text())["pid"]).cmdline())
    assert not any(secret in line for name, secret in world.env.items() if "TOKEN" in name)
    os.kill(json.loads((state / "world.json").read_text())["pid"], signal.SIGKILL)
    assert pids and all(gone(pid) for pid in pids)


@pytest.mark.slow
def test_a_world_is_not_idle_while_a_container_works() -> None:
    with served("--size", "2", "--modal", "--idle-exit", "10") as (process, env):
        client(env, "square.spawn(1, 20.0)")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        assert process.wait(timeout=30) == 0
