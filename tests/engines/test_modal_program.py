"""The engine for Modal as services use it: doctor, smoke, starting, earlier jobs of the other engine, prices."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.engines import lock
from hf2ms_tui.engines.modal import watch
from hf2ms_tui.services import cloud as account
from hf2ms_tui.services import jobs, report
from hf2ms_tui.services.doctor import Health, examine
from hf2ms_tui.services.estimate import Rates, guess_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support.cloud import Cloud, cloud, until
from support.transfers import MIB, model, ref


@contextmanager
def program(here: Cloud, state: Path, **flags: object) -> Iterator[Program]:
    env = {**here.world.running.env, **here.plane.env, "HOME": str(state), "HF2MS_STATE": str(state / "s")}
    made = Program(load({"org": "acme", **flags}, env, state))
    try:
        yield made
    finally:
        made.close()


def test_doctor_knows_the_account_and_answers_within_seconds_when_it_cannot_be_reached(
    tmp_path: Path,
) -> None:
    with cloud(tmp_path / "c", model("hf")) as here, program(here, tmp_path) as ours:
        assert ours.settings.engine == "modal"
        (found,) = [one for one in examine(ours) if one.name == "Modal"]
        assert found.health is Health.OK, found
        assert "workspace loopback" in found.evidence
        here.plane.go_dark()
        with program(here, tmp_path / "other") as again:
            began = time.monotonic()
            (found,) = [one for one in examine(again) if one.name == "Modal"]
            assert time.monotonic() - began < 13
            assert found.health is Health.FAILS
            assert found.way_out
        here.plane.come_back()


def test_smoke_says_what_a_container_is_and_sees(tmp_path: Path) -> None:
    with cloud(tmp_path / "c") as here, program(here, tmp_path) as ours:
        heard: list[str] = []
        said = account.smoke(ours, heard.append)
        assert said["packages"]["huggingface_hub"].startswith("2.4")
        assert set(said["network"].values()) == {"IPv4"}
        assert any("deploy" in line for line in heard)
        text = "\n".join(report.smoke_lines(said))
        assert "git:" in text
        assert "modelscope-hub" in text
        heard.clear()
        account.smoke(ours, heard.append)
        assert heard == [], "what is deployed is not deployed again"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_jobs_of_both_engines_live_side_by_side(tmp_path: Path) -> None:
    with cloud(tmp_path / "c", model("hf"), model("hf", "other")) as here:
        with program(here, tmp_path, engine="local", workers=1) as ours:
            here.world.running.shaper.set_text("ms:storage:up=300K")
            local = jobs.start(ours, jobs.direction(ours, ref("hf", "other"))).id
        with program(here, tmp_path, containers=3) as ours:
            far = jobs.start(ours, jobs.direction(ours, ref("hf")))
            assert (far.spec.engine, far.spec.workers) == ("modal", 3)
            here.world.running.shaper.set_text("ms:storage:up=2M")
            listed = {view.id: view for view in jobs.listing(ours)}
            assert listed[local].alive is True
            assert not listed[far.id].lost
            jobs.cancel(ours, local)
            until(lambda: jobs.detail(ours, local).phase is Phase.CANCELLED)
            until(lambda: jobs.view(ours, far.id).phase.final, 120)
            assert jobs.detail(ours, far.id).phase is Phase.DONE, jobs.log(ours, far.id)
            acts = list(ours.journal.open_intents())
            assert acts == [], "what happened in the cloud is journalled with its outcome"
            again = jobs.retry(ours, local)
            assert again.spec.engine == "local", "a job is tried again where it ran"
            until(lambda: jobs.detail(ours, local).phase.final, 60)


def test_an_estimate_names_its_price_and_where_it_is_from(tmp_path: Path) -> None:
    with cloud(tmp_path / "c") as here, program(here, tmp_path, containers=10) as ours:
        rates = Rates.measured(ours)
        assert rates.containers == 10
        assert "rates of your Modal account" in rates.source
        small, large = (guess_of(size, rates, ours.settings.level) for size in (MIB, 500 * 1024 * MIB))
        assert small is not None and large is not None
        assert 0 < small.dollars < large.dollars
        with program(here, tmp_path, engine="local") as plain:
            nothing = guess_of(500 * 1024 * MIB, Rates.measured(plain), ours.settings.level)
            assert nothing is not None
            assert nothing.dollars == 0
            assert nothing.seconds > large.seconds, "ten containers are faster than one machine"


def test_a_job_whose_handing_over_was_broken_off_is_lost_at_once_and_not_while_somebody_is_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(tmp_path, model("hf")) as here:
        spec = here.spec(ref("hf"), ref("ms"))
        here.jobs.create(spec)
        assert (here.view(spec.id).alive, here.view(spec.id).lost) == (None, False), "it is about to begin"
        monkeypatch.setattr("hf2ms_tui.engines.modal.engine.YOUNG", timedelta())
        with lock.held(here.places, spec.id):
            view = here.view(spec.id)
            assert (view.alive, view.lost, view.note) == (None, False, watch.ELSEWHERE)
            with pytest.raises(BadInput, match="another process"):
                here.engine.retry(spec.id, here.tokens)
        view = here.view(spec.id)
        assert (view.lost, view.note) == (True, watch.NOT_HANDED_OVER)
        here.engine.retry(spec.id, here.tokens)
        assert here.end(spec.id).phase is Phase.DONE
