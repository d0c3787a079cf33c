"""`python -m hf2ms_tui.loopback`: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from hf2ms_tui.loopback.__main__ import main
from support.loopback_process import command, environment, served


def get(url: str, token: str | None = None) -> object:
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def refused(*arguments: str) -> str:
    """What it says when it refuses to start, as a process."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, env=environment(), timeout=30)
    assert done.returncode == 2, done
    assert not done.stdout
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def shaping(env: dict[str, str]) -> object:
    return get(env["LOOPBACK_CONTROL"] + "/_loopback/shape", env["LOOPBACK_CONTROL_TOKEN"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_prints_names_and_values_and_ends_well(number: signal.Signals, tmp_path: Path) -> None:
    with served(TMPDIR=str(tmp_path)) as (process, env):
        assert {"HF_ENDPOINT", "HF_TOKEN", "MODELSCOPE_ENDPOINT", "MODELSCOPE_TOKEN"} <= env.keys()
        assert all(env[name].startswith("http://127.0.0.") for name in env if name.endswith("_ENDPOINT"))
        assert list(tmp_path.iterdir()), "the spool folder of the world"
        process.send_signal(number)
        assert process.wait(timeout=15) == 0
    assert not list(tmp_path.iterdir()), "nothing stays behind"
    with pytest.raises(urllib.error.URLError):
        get(env["HF_ENDPOINT"])


def test_answers_at_the_port_it_was_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    if port > 65_000:
        port -= 1_000
    with served("--port", str(port)) as (_, env):
        assert env["HF_ENDPOINT"].endswith(f":{port}")


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = min(taken.getsockname()[1], 65_000)
        if port != taken.getsockname()[1]:
            pytest.skip("the system gave a port at the very end")
        assert f"port {port}" in refused("--port", str(port))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "many"), "--port"),
        (("--port", "70000"), "--port"),
        (("--size", "-1"), "--size"),
        (("--rate", "fast"), "not an amount: 'fast'"),
        (("--total-rate", "0"), "more than 0"),
        (("--fault", "hf:GET:resolve"), "hub:method:route:kind"),
        (("--fault", "hf:GET:resolve:explode"), "unknown option 'explode'"),
        (("--fault", "hf:GET:(:cut=3"), "--fault"),
        (("--data", "/no/such/folder"), "/no/such/folder is not a folder"),
        (("--data", "/", "--size", "3"), "--data serves what lies in the folder"),
        (("--idle-exit", "0"), "--idle-exit"),
        (("surplus",), "surplus"),
    ],
)
def test_bad_input_is_said_and_exits_with_2(arguments: tuple[str, ...], says: str) -> None:
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 2
    assert says in " ".join(said.stderr.split()) and not said.stdout


def test_bad_input_exits_with_2_as_a_process_too() -> None:
    assert "not an amount: 'fast'" in refused("--rate", "fast")


def test_ends_by_itself_when_nobody_asks() -> None:
    with served("--size", "3", "--idle-exit", "1.2") as (process, env):
        for _ in range(3):
            time.sleep(0.6)
            get(env["HF_ENDPOINT"] + "/api/models")
        assert process.poll() is None, "requests keep it alive"
        assert process.wait(timeout=15) == 0


def test_shape_and_faults_from_the_command_line() -> None:
    options = (
        "--latency",
        "50",
        "--rate",
        "2MB",
        "--total-rate",
        "10MB",
        "--fault",
        "hf:GET:.*:status=418:count=1",
    )
    with served(*options) as (_, env):
        links = shaping(env)
        assert links == {
            "*:*": {"latency": 0.05, "down": 10e6, "up": 10e6, "down_conn": 2e6, "up_conn": 2e6},
        }
        began = time.perf_counter()
        with pytest.raises(urllib.error.HTTPError, match="418"):
            get(env["HF_ENDPOINT"] + "/api/models")
        assert time.perf_counter() - began >= 0.05
        get(env["HF_ENDPOINT"] + "/api/models")


def test_an_org_of_ten_thousand_starts_and_lists() -> None:
    began = time.perf_counter()
    with served("--size", "10000", "--owner", "big-org") as (_, env):
        started = time.perf_counter() - began
        models = get(env["HF_ENDPOINT"] + "/api/models?author=big-org&limit=1000", env["HF_TOKEN"])
        print(f"started in {started:.2f} s, first page after {time.perf_counter() - began:.2f} s")
        assert isinstance(models, list) and len(models) == 1_000
        assert all(model["id"].startswith("big-org/") for model in models)


def test_help_names_every_option() -> None:
    done = subprocess.run(command("--help"), capture_output=True, text=True, env=environment(), timeout=30)
    assert done.returncode == 0
    for option in (
        "--port",
        "--size",
        "--data",
        "--seed",
        "--latency",
        "--rate",
        "--total-rate",
        "--fault",
        "--idle-exit",
    ):
        assert option in done.stdout
    assert "--state" not in done.stdout
