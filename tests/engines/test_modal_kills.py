"""Workers, coordinators and the control plane itself die or vanish at any moment: the job ends proven, no blob goes twice."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.engines.modal import names
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.modal import ContainerView
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.remote import RemoteJobs
from support.cloud import Cloud, cloud, until
from support.transfers import MIB, add, model, ref

SLOW = pytest.mark.slow
PATIENT = pytest.mark.timeout(300)
"""machines that are busy with other things start containers slowly"""


def big(world: World) -> None:
    """20 MiB in 20 blobs, and small files without a hash on the source."""
    files = {f"data/{number:02}.bin": SeededContent(f"part {number}", MIB) for number in range(20)}
    words = {f"words/{number}.txt": f"{number}\n".encode() * 20_000 for number in range(6)}
    add(world, "hf", "big", {"README.md": b"# big\n", **files, **words})


def slow(here: Cloud, rate: str) -> None:
    here.world.running.shaper.set_text(f"ms:storage:up={rate}")


def busy(here: Cloud, function: str) -> list[ContainerView]:
    return [one for one in here.plane.containers(function=function) if one.state == "busy"]


def kill(here: Cloud, function: str) -> int:
    """SIGKILL all containers of a function that work; how many."""
    found = busy(here, function)
    for one in found:
        try:
            here.plane.kill(one.id)
        except KeyError:
            continue
    return len(found)


def proven_and_sent_once(here: Cloud, job: str, seconds: float = 110) -> None:
    view = here.end(job, seconds)
    assert view.phase is Phase.DONE, (view.error, view.note, here.text(job), here.said()[-4000:])
    assert here.stored_twice() == []
    lines = here.jobs.log(job)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    until(here.idle, 20)


@SLOW
@PATIENT
def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "3M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.world.puts("ms") and busy(here, names.WORK), 60)
        assert kill(here, names.WORK)
        slow(here, "30M")
        proven_and_sent_once(here, job)
        assert "was lost; taken over" in here.text(job)


@PATIENT
@pytest.mark.slow
def test_a_killed_coordinator_finds_its_chunks_again(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "2M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.world.puts("ms") and len(busy(here, names.WORK)) >= 2, 60)
        slow(here, "200K")
        assert kill(here, names.COORDINATE)
        until(lambda: "going on" in here.text(job), 60)
        assert here.view(job).alive is not False
        slow(here, "30M")
        proven_and_sent_once(here, job)
        assert here.jobs.view(job).attempt >= 2


@SLOW
@PATIENT
def test_a_preempted_coordinator_and_worker_go_on_elsewhere(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "3M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.world.puts("ms") and busy(here, names.WORK), 60)
        here.plane.preempt(busy(here, names.WORK)[0].id)
        here.plane.preempt(busy(here, names.COORDINATE)[0].id)
        slow(here, "30M")
        proven_and_sent_once(here, job)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(10))
def test_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    victims = dice.choice([[names.WORK], [names.COORDINATE], [names.WORK, names.COORDINATE]])
    with cloud(tmp_path, big) as here:
        slow(here, "4M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        end = time.monotonic() + dice.uniform(0.5, 16.0)
        while time.monotonic() < end and not here.view(job).phase.final:
            time.sleep(0.02)
        for function in victims:
            kill(here, function)
        slow(here, "30M")
        proven_and_sent_once(here, job, 300)


@SLOW
@PATIENT
def test_a_coordinator_that_does_not_answer_is_ended_from_here_when_cancelled(tmp_path: Path) -> None:
    with cloud(tmp_path, big, account_containers=3) as here:
        slow(here, "1M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: busy(here, names.WORK), 60)
        # Its reports fail from now on: it never hears that it was cancelled.
        here.plane.faults.add("Dict.*:status=UNAVAILABLE:who=container")
        here.engine.cancel(job)
        view = here.end(job, 100)
        assert view.phase is Phase.CANCELLED, here.text(job)
        until(here.idle, 20)
        here.plane.faults.clear()


@SLOW
@PATIENT
def test_modal_out_of_reach_at_the_start_says_so_within_seconds(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        here.plane.go_dark()
        began = time.monotonic()
        with pytest.raises(Hf2msError, match="Modal"):
            here.submit(ref("hf"), ref("ms"))
        assert time.monotonic() - began < 20
        view = here.view("job1")
        assert view.lost
        assert "never handed over" in view.note
        here.plane.come_back()
        here.engine.retry("job1", here.tokens)
        assert here.end("job1").phase is Phase.DONE, here.text("job1")


@SLOW
@PATIENT
def test_modal_out_of_reach_in_the_middle_and_at_reattach(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "3M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.view(job).moved > 0, 60)
        here.plane.go_dark()
        database, engine = here.machine()
        began = time.monotonic()
        seen = next(view for view in engine.reconcile() if view.id == job)
        assert time.monotonic() - began < 10
        assert seen.alive is None, "unknown is neither running nor lost"
        assert not seen.lost
        assert seen.note
        engine.close()
        database.close()
        here.plane.come_back()
        slow(here, "30M")
        proven_and_sent_once(here, job)


@SLOW
@PATIENT
def test_two_jobs_share_the_containers_and_never_exceed_the_cap(tmp_path: Path) -> None:
    with cloud(tmp_path, big, model("hf"), model("hf", "words")) as here:
        slow(here, "1M")
        first = here.submit(ref("hf", "big"), ref("ms", "big"), workers=4)
        until(lambda: len(busy(here, names.WORK)) >= 2, 60)
        second = here.submit(ref("hf"), ref("ms"), workers=4)
        # A third one waits in the queue until one of them is over: coordinators never take the workers' places.
        third = here.submit(ref("hf", "words"), ref("ms", "words"), workers=4)
        most = 0
        while not here.view(second).phase.final:
            most = max(most, len(here.plane.containers()))
            assert len(here.plane.containers(function=names.COORDINATE)) <= names.leaders(4) == 2
            time.sleep(0.1)
        assert here.view(second).phase is Phase.DONE, here.text(second)
        assert not here.view(first).phase.final, "the small one did not wait for the large one"
        assert 3 <= most <= 4
        slow(here, "30M")
        assert here.end(third).phase is Phase.DONE, here.text(third)
        proven_and_sent_once(here, first)


@SLOW
@PATIENT
def test_a_cancel_is_told_before_the_program_that_asked_for_it_is_gone(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "1M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: busy(here, names.WORK), 60)
        here.engine.cancel(job)
        here.engine.close()
        here.database.close()
        until(here.idle, 60)
        assert all(call.done for call in here.plane.calls())
        here.database, here.engine = here.machine()
        here.jobs = Jobs(here.database)
        assert here.end(job).phase is Phase.CANCELLED, here.text(job)
        assert here.text(job).count("its worker ended") >= 1


@SLOW
@PATIENT
def test_a_job_whose_handing_over_was_not_answered_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(tmp_path, model("hf")) as here:
        here.plane.faults.add("FunctionMap:hang:late:who=client:count=1")
        monkeypatch.setattr("hf2ms_tui.engines.modal.engine.SUBMIT_PATIENCE", 10.0)
        with pytest.raises(Hf2msError, match="did not answer"):
            here.submit(ref("hf"), ref("ms"))
        here.plane.faults.clear()
        assert not here.view("job1").lost, "Modal may have it"
        view = here.end("job1")
        assert view.phase is Phase.DONE, (view.note, here.text("job1"))
        assert len(here.plane.calls(function=names.COORDINATE)) == 1


@SLOW
@PATIENT
def test_many_jobs_are_shown_within_seconds_when_modal_does_not_answer(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "1M")
        first = here.submit(ref("hf", "big"), ref("ms", "big"))
        for number in range(8):
            spec = here.spec(ref("hf", "big"), ref("ms", f"copy{number}"))
            here.jobs.create(spec)
            RemoteJobs(here.database).note(spec.id, attempt=1, call="fc-unknown", secret="none")
        here.plane.go_dark()
        database, engine = here.machine()
        began = time.monotonic()
        seen = engine.reconcile()
        assert time.monotonic() - began < 15
        assert len(seen) == 9
        assert all(view.alive is None and view.note for view in seen)
        engine.close()
        database.close()
        here.plane.come_back()
        here.engine.cancel(first)
        until(here.idle, 60)
