"""Modal's own command line against the loopback control plane."""

from __future__ import annotations

import json

import pytest

from support.modal_app import NAME
from support.modal_session import ModalSession

pytestmark = pytest.mark.slow
"""the control plane alone; what the program needs of it is in the default run with the engine"""

APP = "support.modal_app"


def test_token_and_profile(here: ModalSession) -> None:
    said = here.cli("token", "info")
    assert here.plane.env["MODAL_TOKEN_ID"] in said and "loopback" in said
    assert here.plane.env["MODAL_TOKEN_SECRET"] not in said


def test_deploying_what_is_deployed(here: ModalSession) -> None:
    assert "no changes" in here.cli("deploy", "-m", APP)


def test_app_list_logs_history(here: ModalSession) -> None:
    here.function("talk").spawn(25, 0.0, "console").get(timeout=30)
    (row,) = [one for one in json.loads(here.cli("app", "list", "--json")) if one["description"] == NAME]
    assert row["state"] == "deployed" and int(row["tasks"]) >= 1
    lines = here.cli(
        "app", "logs", NAME, "--source", "stdout", "--search", "console", "--tail", "5"
    ).splitlines()
    assert [line.strip() for line in lines if line.strip()] == [
        f"console {number}" for number in range(20, 25)
    ]
    errors = here.cli("app", "logs", NAME, "--source", "stderr", "--search", "console")
    assert [line.strip() for line in errors.splitlines() if line.strip()] == ["console 9", "console 19"]
    assert len(json.loads(here.cli("app", "history", NAME, "--json"))) == 1


def test_container_list_logs_and_stop(here: ModalSession) -> None:
    here.function("add").remote(1)
    here.function("talk").remote(2, 0.0, "contained")
    listed = {row["container_id"] for row in json.loads(here.cli("container", "list", "--json"))}
    task = here.plane.containers(function="talk")[-1].id
    assert {task, here.plane.containers(function="add")[-1].id} <= listed
    assert "contained 1" in here.cli("container", "logs", task, "--all")
    here.cli("container", "stop", "--yes", task)
    here.wait(lambda: task not in {one.id for one in here.plane.containers()})
    assert "already stopped" in here.cli("container", "stop", "--yes", task, fails=True)


def test_running_an_app_of_its_own(here: ModalSession) -> None:
    said = here.cli("run", "-q", "-m", f"{APP}::add", "--a", "4", "--b", "5")
    assert "Error" not in said
    states = {row["app_id"]: row["state"] for row in json.loads(here.cli("app", "list", "--json"))}
    assert sorted(states.values()) == ["deployed", "stopped"]


@pytest.mark.slow
def test_a_detached_run_goes_on(here: ModalSession) -> None:
    here.cli(
        "run", "-q", "--detach", "-m", f"{APP}::talk", "--lines", "3", "--pause", "0", "--name", "detached"
    )
    rows = json.loads(here.cli("app", "list", "--json"))
    (row,) = [one for one in rows if "detached" in one["state"]]
    assert "detached 2" in here.cli("app", "logs", row["app_id"])
    here.cli("app", "stop", "--yes", row["app_id"])
    assert "already stopped" in here.cli("app", "stop", "--yes", row["app_id"], fails=True)


def test_a_wrong_token_is_said(here: ModalSession) -> None:
    here.plane.settings.token_secret, right = "as-another", here.plane.settings.token_secret
    try:
        assert "Token" in here.cli("app", "list", fails=True)
    finally:
        here.plane.settings.token_secret = right


def test_an_app_that_is_not_there(here: ModalSession) -> None:
    assert "No App with name" in here.cli("app", "logs", "nothing-there", fails=True)


def test_stopping_by_name(here: ModalSession) -> None:
    here.cli("app", "stop", "--yes", NAME)
    assert here.wait(lambda: not [one for one in here.plane.containers() if one.app == NAME])
    here.deploy()
