"""Traps of the modal package that were seen to snap, each beside what avoids it."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from pathlib import Path
from typing import Any

import modal
import pytest

from hf2ms_tui.domain.errors import Hf2msError, Unreachable
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal import deploy
from hf2ms_tui.engines.modal.children import Fate, end_call, fate_of
from hf2ms_tui.engines.modal.names import said_name
from hf2ms_tui.engines.modal.record import Record
from support import chatter_app
from support.cloud import cloud, until
from support.transfers import model, ref

pytestmark = pytest.mark.timeout(300)


def test_every_end_of_a_call_is_told_apart_from_going_on_and_raises_nothing_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(tmp_path) as here:
        client = here.engine.account.client
        importlib.reload(chatter_app).app.deploy(client=client)
        function: Any = modal.Function.from_name(chatter_app.NAME, "end", client=client)

        def ended(how: str) -> tuple[str, str]:
            call = str(function.spawn(how).object_id)
            until(lambda: fate_of(call, client)[0] is Fate.ENDED, 60)
            return call, fate_of(call, client)[1]

        good, why = ended("well")
        assert why == ""
        assert "the word" in ended("fail")[1]
        assert "SystemExit" in ended("leave")[1]
        # A result that expired raises Modal's own TimeoutError, one that is not there yet the builtin one.
        here.plane.expire(good)
        assert fate_of(good, client)[0] is Fate.ENDED
        assert fate_of("fc-nobodys", client)[0] is Fate.ENDED
        waiting = str(function.spawn("wait").object_id)
        assert fate_of(waiting, client) == (Fate.PENDING, "")
        end_call(waiting, terminate=True, client=client)
        until(lambda: fate_of(waiting, client)[0] is Fate.ENDED, 60)
        end_call(waiting, terminate=True, client=client)
        end_call("fc-nobodys", terminate=False, client=client)
        # With the package's default format the remote SystemExit itself would be raised in this process.
        monkeypatch.setenv("MODAL_PAYLOAD_FORMAT", "pickle")
        assert "SystemExit" in ended("leave")[1]


def test_the_package_writes_nothing_over_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with cloud(tmp_path) as here:
        here.engine.account.hello_server()
        capfd.readouterr()
        for name in ("modal-client", "modal-utils"):
            logger = logging.getLogger(name)
            assert not logger.propagate
            assert all(isinstance(handler, logging.NullHandler) for handler in logger.handlers)
            logger.warning("over the screen")
        assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_deployment_that_is_refused_says_so_in_words_of_ours_and_for_which_repo(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        here.plane.faults.add("ImageGetOrCreate:status=RESOURCE_EXHAUSTED:message=too many images")
        with pytest.raises(Hf2msError, match="could not be deployed") as caught:
            here.submit(ref("hf"), ref("ms"))
        assert caught.value.repo == "acme/tiny"
        assert "too many images" in caught.value.meaning
        assert "Error" not in caught.value.meaning
        assert "Traceback" not in here.text("job1")
        assert here.view("job1").lost
        here.plane.faults.clear()
        here.engine.retry("job1", here.tokens)
        assert here.end("job1").phase is Phase.DONE, here.text("job1")


@pytest.mark.slow
@pytest.mark.parametrize("rpc", ["FunctionGet", "AppPublish"])
def test_a_deployment_that_is_not_answered_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rpc: str
) -> None:
    monkeypatch.setattr(deploy, "LOOK", 4.0)
    monkeypatch.setattr(deploy, "SILENCE", 8.0)
    with cloud(tmp_path, model("hf")) as here:
        here.plane.faults.add(f"{rpc}:hang:who=client")
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            here.submit(ref("hf"), ref("ms"))
        assert time.monotonic() - began < 40
        assert caught.value.way_out and caught.value.repo == "acme/tiny"
        here.plane.faults.clear()


@pytest.mark.slow
def test_what_the_attempt_before_says_last_is_not_taken_for_the_end_of_a_retry(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        here.world.fault("ms:POST:create:status=403")
        job = here.submit(ref("hf"), ref("ms"))
        assert here.end(job).phase is Phase.FAILED
        here.world.clear_faults()
        # The last beat of a coordinator comes after the end that it tells, and may be heard after it.
        said = Record(said_name(job), here.engine.account.client)
        said.put("board", {**said.get("board"), "beat": "2030-01-01T00:00:00+00:00"})
        here.plane.faults.add("SecretGetOrCreate:delay=4:who=client:count=1")
        retrying = threading.Thread(target=here.engine.retry, args=(job, here.tokens))
        seen = []
        retrying.start()
        until(lambda: here.jobs.view(job).phase is Phase.QUEUED, 10)
        while retrying.is_alive():
            view = here.view(job)
            seen.append((view.phase, view.lost))
            time.sleep(0.1)
        assert len(seen) > 10
        assert set(seen) <= {(phase, False) for phase in Phase if not phase.final}, seen
        assert here.end(job).phase is Phase.DONE, here.text(job)


@pytest.mark.slow
def test_a_hubs_refusal_of_a_token_ends_the_job_and_new_tokens_reach_new_containers(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        good, here.tokens = here.tokens, Tokens(here.tokens.hf, Secret("ms-wrong-0123456789abcdef"))
        job = here.submit(ref("hf"), ref("ms"))
        view = here.end(job)
        assert view.phase is Phase.FAILED
        assert view.error["error"] in {"NotAuthenticated", "NotPermitted"}, view.error
        assert "ms-wrong" not in here.said() + here.text(job) + repr(view.error)
        # Warm containers keep the values that they were started with: other tokens are another secret, and other containers.
        here.engine.retry(job, good)
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))


@pytest.mark.slow
def test_too_many_waiting_calls_are_waited_for_and_not_an_end(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        here.plane.faults.add("FunctionMap:status=RESOURCE_EXHAUSTED:count=1:who=client")
        here.plane.faults.add("FunctionMap:status=RESOURCE_EXHAUSTED:count=2:who=container")
        job = here.submit(ref("hf"), ref("ms"))
        view = here.end(job, 120)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        assert "the others wait" in here.text(job)
