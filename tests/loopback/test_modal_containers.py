"""Containers: killed, preempted, limited, idle, failing to start, left behind; and many at once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import modal
import pytest

from support.modal_session import ModalSession, gone, key, modal_session

pytestmark = pytest.mark.slow
"""the control plane alone; what the program needs of it is in the default run with the engine"""


def runs(here: ModalSession, call_id: str) -> str:
    """The container that works on the call's first input, as soon as there is one."""

    def look() -> str:
        one = here.plane.look(call_id).inputs[0]
        return one.task_id if one.state == "running" else ""

    return str(here.wait(look))


@pytest.mark.parametrize("preempted", [False, True])
def test_a_lost_container_uses_no_retry(here: ModalSession, preempted: bool) -> None:
    name = key()
    call = here.function("wait").spawn(name, 7.0)
    task = runs(here, call.object_id)
    here.wait(lambda: here.begun(name))
    if preempted:
        # The signal should find it asleep: inside the client's own code, on the way there, it may be swallowed.
        time.sleep(2.0)
        here.plane.preempt(task)
    else:
        here.plane.kill(task)
    here.wait(lambda: here.begun(name, 2))
    assert call.get(timeout=30) == "slept"
    (one,) = here.plane.look(call.object_id).inputs
    assert (one.retries, one.lost) == (0, 1) and one.task_id != task
    if preempted:
        assert here.dictionary("events").get(name) == "KeyboardInterrupt"


def test_containers_that_are_killed_while_they_come_up_are_no_failure_of_the_function(
    here: ModalSession,
) -> None:
    add = here.function("add").with_options(timeout=44)
    call = add.spawn(1)
    seen: set[str] = set()
    for _ in range(here.plane.settings.crash_loop + 1):
        task = here.wait(
            lambda: [
                one
                for one in here.plane.containers(function="add")
                if one.state == "starting" and one.pid and one.id not in seen
            ]
        )[0]
        seen.add(task.id)
        here.plane.kill(task.id)
    assert call.get(timeout=30) == 2
    (one,) = here.plane.look(call.object_id).inputs
    assert (one.lost, one.retries) == (0, 0)


def test_a_killed_coordinator_and_its_workers(here: ModalSession) -> None:
    call = here.function("coordinate").spawn([1, 2, 3, 4], 0.5)
    task = runs(here, call.object_id)
    here.wait(lambda: [one for one in here.plane.containers(function="square") if one.state == "busy"])
    here.plane.kill(task)
    for one in here.plane.containers(function="square"):
        here.plane.kill(one.id, signal.SIGKILL)
    assert call.get(timeout=60) == 30


def test_options_make_a_pool_of_their_own(here: ModalSession) -> None:
    secret = modal.Secret.from_dict({"CHUNK_COLOUR": "green"})
    base = here.function("describe")
    bound = base.with_options(secrets=[secret], max_containers=2, timeout=20)
    assert bound.remote()["environ"]["CHUNK_COLOUR"] == "green"
    assert "CHUNK_COLOUR" not in base.remote()["environ"]
    again = here.function("describe").with_options(secrets=[secret], max_containers=2, timeout=20)
    assert again.hydrate().object_id == bound.object_id != base.object_id
    nap = here.function("nap").with_options(max_containers=2)
    names = {task for _, task in nap.starmap([(number, 0.2) for number in range(8)])}
    assert len(names) <= 2


def test_the_account_has_a_limit_and_idle_containers_make_room(here: ModalSession) -> None:
    here.function("add").remote(1)
    here.plane.limit_containers(len(here.plane.containers()))
    try:
        nap = here.function("nap").with_options(max_containers=50, timeout=33)
        most = 0
        calls = [nap.spawn(number, 0.3) for number in range(6)]
        while not all(here.plane.look(call.object_id).done for call in calls):
            most = max(most, len(here.plane.containers()))
            time.sleep(0.05)
        assert most <= here.plane.settings.account_containers
        assert [call.get(timeout=0)[0] for call in calls] == list(range(6))
    finally:
        here.plane.limit_containers(100)


def test_limits_can_be_changed_at_run_time(here: ModalSession) -> None:
    nap = here.function("nap")
    nap.autoscaler.update(max_containers=1)
    assert nap.autoscaler.settings().max_containers == 1
    assert len({task for _, task in nap.starmap([(number, 0.1) for number in range(5)])}) == 1
    nap.autoscaler.update(max_containers=100)


def test_nothing_that_a_container_started_outlives_it(here: ModalSession) -> None:
    child = here.function("leave_a_child").remote()
    assert not gone(child, 0.1)
    task = here.plane.containers(function="leave_a_child")[0]
    here.cli("container", "stop", "--yes", task.id)
    assert gone(task.pid) and gone(child)


def test_idle_containers_end() -> None:
    with modal_session(idle=0.5, long_poll=0.2) as here:
        assert here.function("add").remote(1) == 2
        (task,) = here.plane.containers()
        here.wait(lambda: not here.plane.containers())
        assert gone(task.pid)
        (ended,) = here.plane.containers(ended=True)
        assert (ended.returncode, ended.why) == (0, "it had nothing to do")
        assert here.plane.billed_seconds() == pytest.approx(ended.seconds)
        here.function("add").autoscaler.update(min_containers=1)
        (kept,) = here.wait(lambda: [one for one in here.plane.containers() if one.state == "idle"])
        time.sleep(1.5)
        assert [one.id for one in here.plane.containers()] == [kept.id], "it is kept without a call"


def test_idle_containers_stay_where_the_plane_is_told_to_keep_them() -> None:
    with modal_session(idle=0.2, idle_at_least=60.0, long_poll=0.2) as here:
        assert here.function("add").remote(1) == 2
        (task,) = here.plane.containers()
        time.sleep(1.5)
        assert [one.id for one in here.plane.containers()] == [task.id]
        here.plane.settings.idle_at_least = 0.0
        assert here.function("add").remote(2) == 3
        here.wait(lambda: not here.plane.containers())


def deploy_source(here: ModalSession, folder: Path, name: str, source: str) -> None:
    """Deploy an app that is one file."""
    (folder / f"{name}.py").write_text(
        "import modal\n"
        f"image = modal.Image.debian_slim(python_version='3.12').add_local_file(__file__, '/root/{name}.py')\n"
        f"app = modal.App('{name}', image=image, include_source=False)\n{source}"
    )
    here.python(f"import sys; sys.path.insert(0, {str(folder)!r}); import {name}; {name}.app.deploy()")


def test_a_new_version_replaces_idle_containers_and_leaves_busy_ones(
    here: ModalSession, tmp_path: Path
) -> None:
    source = "@app.function()\ndef say(seconds):\n    import time; time.sleep(seconds); return '{}'\n"
    deploy_source(here, tmp_path, "changing", source.format("old"))
    say = modal.Function.from_name("changing", "say", client=here.client)
    running = say.spawn(4)
    runs(here, running.object_id)
    deploy_source(here, tmp_path, "changing", source.format("new"))
    assert say.remote(0) == "new"
    assert running.get(timeout=30) == "old"
    pinned = modal.Function.from_name("changing", "say", version=1, client=here.client)
    assert pinned.remote(0) == "old"
    here.wait(lambda: not any(one.state == "idle" and one.why for one in here.plane.containers()))


def test_code_that_cannot_be_imported(here: ModalSession, tmp_path: Path) -> None:
    source = (
        "import os\nif os.environ.get('MODAL_IS_REMOTE'):\n    import hf2ms_tui\n"
        "@app.function(retries=3)\ndef f():\n    return 1\n"
    )
    deploy_source(here, tmp_path, "broken", source)
    call = modal.Function.from_name("broken", "f", client=here.client).spawn()
    with pytest.raises(ModuleNotFoundError, match="hf2ms_tui"):
        call.get(timeout=60)
    assert len(here.plane.containers(function="f", ended=True)) == here.plane.settings.crash_loop
    assert not here.plane.containers(function="f")


def fan_out(number: int, seconds: float, **settings: int) -> int:
    """Spawn so many chunks, print how long all took, and give the number of containers that were started."""
    with modal_session(**settings) as here:
        began = time.monotonic()
        nap = here.function("nap")
        calls = [nap.spawn(one, seconds) for one in range(number)]
        results = modal.FunctionCall.gather(*calls)
        took = time.monotonic() - began
        assert sorted(one for one, _ in results) == list(range(number))
        views = [one for call in calls for one in here.plane.look(call.object_id).inputs]
        assert all(one.lost == one.retries == 0 for one in views)
        started = len(here.plane.containers(function="nap", ended=True))
        print(f"{number} chunks of {seconds} s, {started} containers: {took:.1f} s")
        return started


def test_twenty_containers_at_once() -> None:
    assert fan_out(20, 1.0, starts_at_once=20) == 20


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "starts", "least"), [(30.0, 100, 95), (1.0, 6, 6)])
def test_a_hundred_chunks(seconds: float, starts: int, least: int) -> None:
    assert least <= fan_out(100, seconds, starts_at_once=starts) <= 100
