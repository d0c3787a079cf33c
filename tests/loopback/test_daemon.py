"""The demo world as a process of its own: one per folder, found again, known dead when it is dead."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from hf2ms_tui.loopback import daemon
from support.loopback_process import ROOT, environment


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "demo state"
    yield folder
    daemon.stop(folder)


def process_id(state: Path) -> int:
    return int(json.loads((state / "world.json").read_text())["pid"])


def answers(env: dict[str, str]) -> bool:
    place = urlsplit(env["HF_ENDPOINT"])
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_is_started_once_found_again_and_stopped(state: Path) -> None:
    assert daemon.find(state) is None
    first = daemon.ensure(state, size=5)
    assert first.started and answers(first.env)
    assert first.env["LOOPBACK_INSTANCE"] == first.instance
    second = daemon.ensure(state, size=5)
    assert not second.started
    assert (second.env, second.instance) == (first.env, first.instance)
    assert daemon.find(state) == second
    assert daemon.stop(state)
    assert not answers(first.env)
    assert daemon.find(state) is None
    assert not daemon.stop(state)
    assert not list((state / "spool").iterdir())


def test_what_it_writes_is_for_the_owner_only(state: Path) -> None:
    world = daemon.ensure(state, size=2)
    for path in (state / "world.json", state / "world.log"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert world.env["HF_TOKEN"] not in (state / "world.log").read_text()
    line = " ".join(psutil.Process(process_id(state)).cmdline())
    assert not any(secret in line for name, secret in world.env.items() if "TOKEN" in name)


def test_killed_is_found_dead_and_the_next_is_a_new_world(state: Path) -> None:
    first = daemon.ensure(state, size=2)
    os.kill(process_id(state), signal.SIGKILL)
    until = time.monotonic() + 10
    while answers(first.env) and time.monotonic() < until:
        time.sleep(0.01)
    assert (state / "world.json").exists(), "a killed world cannot tidy up"
    assert daemon.find(state) is None
    second = daemon.ensure(state, size=2)
    assert second.started and second.instance != first.instance
    assert answers(second.env)


def test_two_at_once_start_one(state: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        worlds = list(pool.map(lambda _: daemon.ensure(state, size=2), range(4)))
    assert [world.started for world in worlds].count(True) == 1
    assert len({world.instance for world in worlds}) == 1


def test_two_processes_at_once_start_one(state: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hf2ms_tui.loopback import daemon\n"
        "w = daemon.ensure(Path(sys.argv[1]), size=2); print(w.instance, w.started)"
    )
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(state)], stdout=subprocess.PIPE, text=True, env=environment()
        )
        for _ in range(2)
    ]
    said = [caller.communicate(timeout=60)[0].split() for caller in callers]
    assert {line[1] for line in said} == {"True", "False"}
    assert len({line[0] for line in said}) == 1
    found = daemon.find(state)
    assert found is not None and found.instance == said[0][0], "it outlives those who started it"


def test_outlives_the_session_of_its_caller(state: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from hf2ms_tui.loopback import daemon\n"
        "daemon.ensure(Path(sys.argv[1]), size=2); os.killpg(0, signal.SIGHUP)"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(state)],
        env=environment(),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    world = daemon.find(state)
    assert world is not None and answers(world.env)
    assert os.getsid(process_id(state)) == process_id(state)


def test_another_content_is_not_passed_off_as_the_wanted_one(state: Path) -> None:
    daemon.ensure(state, size=2)
    with pytest.raises(daemon.DaemonError, match=r"size 2.*stop it first"):
        daemon.ensure(state, size=3)
    with pytest.raises(daemon.DaemonError):
        daemon.ensure(state)


def test_a_world_that_cannot_start_says_why(state: Path) -> None:
    with pytest.raises(daemon.DaemonError, match=r"did not start.*nowhere is not a folder"):
        daemon.ensure(state, data=ROOT / "nowhere")
    assert daemon.find(state) is None


def test_looking_for_it_keeps_it_alive_and_idleness_ends_it(state: Path) -> None:
    first = daemon.ensure(state, size=2, idle_exit=1.2)
    for _ in range(3):
        time.sleep(0.6)
        assert daemon.ensure(state, size=2).instance == first.instance
    until = time.monotonic() + 20
    while daemon.find(state) is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert daemon.find(state) is None
    assert not (state / "world.json").exists()


def test_has_the_pace_of_the_demo(state: Path) -> None:
    daemon.ensure(state, size=2)
    line = psutil.Process(process_id(state)).cmdline()
    assert line[line.index("--latency") + 1] == str(daemon.LATENCY_MS)
    assert line[line.index("--total-rate") + 1] == str(daemon.TOTAL_RATE)
    daemon.stop(state)
    daemon.ensure(state, size=2, pace=daemon.Pace(0, None, 5e6), faults=["hf:GET:resolve:status=503"])
    line = psutil.Process(process_id(state)).cmdline()
    assert "--total-rate" not in line
    assert line[line.index("--rate") + 1] == "5000000.0" and "hf:GET:resolve:status=503" in line
