"""Cancelling calls: what waits, what runs, what does not listen, and what it leaves behind."""

from __future__ import annotations

import time
from typing import Any

import modal
import pytest

from support.modal_session import ModalSession, gone, key, modal_session

pytestmark = pytest.mark.slow
"""the control plane alone; what the program needs of it is in the default run with the engine"""


def begun(here: ModalSession, function: str) -> tuple[str, Any]:
    """A running call of a function that waits, and the key under which it tells its end."""
    name = key()
    call = here.function(function).spawn(name)
    here.wait(lambda: here.begun(name))
    return name, call


def task_of(here: ModalSession, call_id: str) -> str:
    return here.plane.look(call_id).inputs[0].task_id


@pytest.mark.parametrize(
    ("function", "told"), [("wait", "InputCancellation"), ("wait_async", "CancelledError")]
)
def test_a_running_function_is_interrupted(here: ModalSession, function: str, told: str) -> None:
    name, call = begun(here, function)
    task = task_of(here, call.object_id)
    call.cancel()
    with pytest.raises(modal.exception.RemoteError):
        call.get(timeout=45)
    assert here.dictionary("events").get(name) == told
    assert here.plane.look(call.object_id).inputs[0].status == "TERMINATED"
    assert here.plane.wait(lambda: [one for one in here.plane.containers() if one.id == task]), "it lives on"
    assert here.function(function).hydrate().get_current_stats().num_running_inputs == 0


def test_terminating_ends_the_container(here: ModalSession) -> None:
    _, call = begun(here, "wait")
    task = task_of(here, call.object_id)
    pid = next(one.pid for one in here.plane.containers() if one.id == task)
    began = time.monotonic()
    call.cancel(terminate_containers=True)
    with pytest.raises(modal.exception.RemoteError):
        call.get(timeout=45)
    assert gone(pid, 10) and time.monotonic() - began < 10
    here.wait(lambda: task not in {one.id for one in here.plane.containers()})


def test_what_waits_never_begins(here: ModalSession) -> None:
    square = here.function("square").with_options(max_containers=1)
    first = square.spawn(1, 3.0)
    waiting = square.spawn(2, 0.0)
    here.wait(lambda: here.plane.look(first.object_id).inputs[0].state == "running")
    waiting.cancel()
    with pytest.raises(modal.exception.RemoteError):
        waiting.get(timeout=0)
    assert first.get(timeout=30) == 1
    assert here.plane.look(waiting.object_id).inputs[0].started_at == 0


def test_a_cancelled_call_is_not_retried(here: ModalSession) -> None:
    name = key()
    call = here.function("sleepy").with_options(timeout=60).spawn(name, 99)
    here.wait(lambda: here.begun(name))
    call.cancel()
    with pytest.raises(modal.exception.RemoteError):
        call.get(timeout=45)
    assert here.plane.look(call.object_id).inputs[0].retries == 0


def test_what_does_not_listen_is_killed_in_the_end(here: ModalSession) -> None:
    here.plane.settings.cancel_grace = 1.0
    _, call = begun(here, "stubborn")
    task = task_of(here, call.object_id)
    call.cancel()
    with pytest.raises(modal.exception.RemoteError):
        call.get(timeout=45)
    ended = here.wait(lambda: [one for one in here.plane.containers(ended=True) if one.id == task])[0]
    assert "did not react" in ended.why and ended.returncode == -9


def test_calls_that_a_call_made_go_on(here: ModalSession) -> None:
    parent = here.function("spawn_all").spawn([2, 3], 1.0)
    children = parent.get(timeout=30)
    parent.cancel()
    assert [here.call(child).get(timeout=30) for child in children] == [4, 9]


def test_calls_that_a_call_made_can_be_cancelled_with_it(here: ModalSession) -> None:
    here.plane.settings.cascade = True
    try:
        parent = here.function("coordinate").spawn([5, 6], 30.0)
        children = here.wait(
            lambda: [
                one
                for one in here.plane.calls(function="square")
                if one.parent == here.plane.look(parent.object_id).inputs[0].id
                and len(one.inputs) == 2
                and any(each.state == "running" for each in one.inputs)
            ]
        )
        parent.cancel(terminate_containers=True)
        here.wait(lambda: here.plane.look(children[0].id).done)
        assert {one.status for one in here.plane.look(children[0].id).inputs} == {"TERMINATED"}
    finally:
        here.plane.settings.cascade = False


def test_stopping_the_app_ends_everything() -> None:
    with modal_session() as here:
        _, call = begun(here, "wait")
        pids = [one.pid for one in here.plane.containers()]
        here.cli("app", "stop", "--yes", "loopback-tests")
        with pytest.raises(modal.exception.RemoteError):
            call.get(timeout=45)
        assert all(gone(pid, 10) for pid in pids)
        with pytest.raises(modal.exception.NotFoundError):
            here.function("add").remote(1)
        here.deploy()
        assert here.function("add").remote(1) == 2, "and it can be deployed again"
