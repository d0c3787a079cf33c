"""Deploying and calling through Modal's own client, with real containers."""

from __future__ import annotations

import time

import modal
import pytest

from support.modal_app import NAME
from support.modal_session import ModalSession, key


def versions(here: ModalSession) -> int:
    def look(plane: object) -> int:
        return len(plane.state.deployed[("main", NAME)].versions)  # type: ignore[attr-defined]

    return here.plane.call(look)


def test_deploying_again_changes_nothing(here: ModalSession) -> None:
    before = versions(here)
    ids = {name: here.function(name).hydrate().object_id for name in ("add", "square")}
    here.deploy()
    assert versions(here) == before
    code = (
        "import os; from support.modal_app import app; app.deploy(); "
        "import modal; print(modal.Function.from_name(app.name, 'add').hydrate().object_id)"
    )
    assert here.python(code) == ids["add"]
    assert versions(here) == before, "nor from another process, whose sets have another order"
    assert ids == {name: here.function(name).hydrate().object_id for name in ids}


def test_a_call_and_what_its_container_sees(here: ModalSession) -> None:
    assert here.function("add").remote(2, b=3) == 5
    seen = here.function("describe").remote()
    assert seen["file"].endswith("/root/support/modal_app.py")
    assert seen["cwd"].endswith("/root") and seen["path"][0] == seen["cwd"]
    assert seen["call"].startswith("fc-") and seen["input"].startswith("in-") and not seen["local"]
    assert seen["importable"] == {"hf2ms_tui": False, "textual": False, "aiohttp": True, "modal": True}
    assert seen["tokens"] == [], "nothing of who started the control plane"
    assert seen["environ"]["PYTHONUNBUFFERED"] == "1" and "PYTEST_CURRENT_TEST" not in seen["environ"]


def test_a_call_is_found_again_by_another_process(here: ModalSession) -> None:
    call = here.function("coordinate").spawn([1, 2, 3], 0.3)
    with pytest.raises(TimeoutError):
        call.get(timeout=0)
    code = f"import modal; print(modal.FunctionCall.from_id({call.object_id!r}).get(timeout=30))"
    assert here.python(code) == "14"
    assert here.call(call.object_id).get(timeout=0) == 14, "and its result stays"
    graph = call.get_call_graph()
    assert [one.function_name for one in graph] == ["coordinate"]
    assert sorted(one.function_name for one in graph[0].children) == ["square"] * 3


def test_map_keeps_order_and_limits_containers(here: ModalSession) -> None:
    square = here.function("square")
    assert list(square.map(range(12))) == [number**2 for number in range(12)]
    used = here.plane.containers(function="square", ended=True)
    assert 1 <= len(used) <= 4


def test_a_spawned_map_is_found_again(here: ModalSession) -> None:
    call = here.function("square").experimental_spawn_map([1, 2, 3, 4])
    again = here.call(call.object_id)
    assert again.num_inputs() == 4
    assert list(again.iter()) == [1, 4, 9, 16]
    assert again.get(index=2) == 9


def test_a_generator(here: ModalSession) -> None:
    assert list(here.function("count_up").remote_gen(5)) == [0, 1, 2, 3, 4]


def test_the_server_retries_what_was_spawned(here: ModalSession) -> None:
    call = here.function("flaky").spawn(key(), 3)
    assert call.get(timeout=30) == 3
    (one,) = here.plane.look(call.object_id).inputs
    assert (one.retries, one.lost, one.status) == (2, 0, "SUCCESS")


def test_exhausted_retries_raise_the_last_error(here: ModalSession) -> None:
    call = here.function("flaky").spawn(key(), 99)
    with pytest.raises(ValueError, match="attempt 3 fails"):
        call.get(timeout=30)


def test_the_client_retries_its_own_calls(here: ModalSession) -> None:
    before = here.plane.log.counts["FunctionRetryInputs"]
    assert here.function("flaky").remote(key(), 2) == 2
    assert here.plane.log.counts["FunctionRetryInputs"] == before + 1
    results = list(
        here.function("flaky").starmap([(key(), 2), (key(), 99), (key(), 1)], return_exceptions=True)
    )
    assert results[0] == 2 and results[2] == 1
    assert isinstance(results[1], ValueError)


def test_a_timeout_is_one_attempt(here: ModalSession) -> None:
    assert here.function("sleepy").spawn(key(), 2).get(timeout=30) == 2
    with pytest.raises(modal.exception.FunctionTimeoutError):
        here.function("sleepy").with_options(timeout=1, retries=0).spawn(key(), 99).get(timeout=30)


def test_errors_of_remote_code(here: ModalSession) -> None:
    fail = here.function("fail")
    with pytest.raises(ValueError, match="plain"):
        fail.spawn("value").get(timeout=30)
    with pytest.raises(SystemExit):
        fail.spawn("exit").get(timeout=30)
    with pytest.raises(modal.exception.ExecutionError, match="Could not deserialize remote exception"):
        fail.spawn("private").get(timeout=30)


def test_a_container_that_ends_under_its_input_each_time(here: ModalSession) -> None:
    here.plane.settings.lost_limit = 2
    try:
        call = here.function("fail").spawn("gone")
        with pytest.raises(modal.exception.InternalFailure, match="ended 3 times"):
            call.get(timeout=60)
    finally:
        here.plane.settings.lost_limit = 8
    assert [one.returncode for one in here.plane.containers(function="fail", ended=True)][-3:] == [7] * 3


def test_cbor_payloads(here: ModalSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_PAYLOAD_FORMAT", "cbor")
    assert here.function("add").remote(2, 5) == 7
    with pytest.raises(modal.exception.RemoteError, match="plain"):
        here.function("fail").spawn("value").get(timeout=30)


def test_large_payloads_go_through_blobs(here: ModalSession) -> None:
    data = bytes(range(256)) * 10_000
    before = here.plane.log.counts["BlobCreate"]
    here.plane.fail_blobs(503, 500)
    assert here.function("echo").spawn(data).get(timeout=30) == data[::-1]
    assert here.plane.log.counts["BlobCreate"] == before + 2, "the argument and the result"
    here.plane.settings.multipart_above = 10_000_000
    data = bytes(range(256)) * 80_000
    try:
        assert here.function("echo").remote(data) == data[::-1], "in two parts"
    finally:
        here.plane.settings.multipart_above = 64_000_000


def test_expired_results(here: ModalSession) -> None:
    call = here.function("add").spawn(1)
    assert call.get(timeout=30) == 2
    here.plane.expire(call.object_id)
    with pytest.raises(modal.exception.OutputExpiredError):
        call.get(timeout=0)


def test_unknown_things(here: ModalSession) -> None:
    with pytest.raises(modal.exception.NotFoundError):
        here.call("fc-unknown").get(timeout=0)
    with pytest.raises(modal.exception.NotFoundError):
        here.function("nothing").remote()
    with pytest.raises(modal.exception.NotFoundError):
        modal.Function.from_name("no-app", "add", client=here.client).remote(1)


def test_several_inputs_in_one_container(here: ModalSession) -> None:
    began = time.monotonic()
    names = list(here.function("together").map([0.5] * 5))
    assert len(set(names)) == 1 and time.monotonic() - began < 8
