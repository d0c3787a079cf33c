"""The interlock stops every destructive request that no pass has armed, whoever sends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import requests
from huggingface_hub import HfApi, get_async_session
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.errors import BadInput, InterlockRefused, NotFound, OutcomeUnknown
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.secret import Secret, know
from hf2ms_tui.hubs.data import DataClient
from hf2ms_tui.hubs.errors import Context
from hf2ms_tui.hubs.interlock import armed, check, requests_adapter, why_destructive
from hf2ms_tui.loopback.runner import Running
from support.hf_session import Session, pass_for, ref
from support.worlds import ORG, WRITE, serve

HF, MS = "https://huggingface.co", "https://modelscope.cn"
DELETE = f"{HF}/api/repos/delete"
TINY = ref("tiny")
TINY_BODY = {"name": "tiny", "organization": ORG, "type": "model"}


@pytest.fixture(scope="module")
def world() -> Iterator[Running]:
    with serve() as running:
        yield running


DESTRUCTIVE = [
    ("DELETE", DELETE, TINY_BODY),
    ("delete", DELETE, None),
    ("DELETE", f"{HF}/api/models/acme/tiny/branch/dev", None),
    ("POST", f"{HF}/api/repos/move", {"fromRepo": "a/b", "toRepo": "c/d"}),
    ("POST", f"{HF}/api//repos/./move", None),
    ("POST", f"{HF}/api/x/../repos/move?x=1", None),
    ("POST", f"{HF}/API/repos/%6dove/", None),
    ("POST", "https://mirror.example/hf/api/repos/move", None),
    ("POST", f"{HF}/api/models/acme/tiny/lfs-files/batch", {"deletions": {}}),
    ("POST", f"{HF}/api/datasets/acme/tiny/super-squash/main", {}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"visibility": "public"}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"gated": False}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"private": False}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"private": 1}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"visibility": "private", "gated": False}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"visibility": "private", "new": "thing"}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", None),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", b"not json"),
    ("DELETE", f"{MS}/api/v1/models/acme/tiny", None),
    ("DELETE", f"{MS}/api/v1/datasets/acme/tiny", None),
    ("PUT", f"{MS}/api/v1/models/acme/tiny", {"Visibility": 5}),
    ("PUT", f"{MS}/api/v1/datasets/1234", {"Visibility": 5}),
    ("PATCH", f"{MS}/openapi/v1/studios/acme/tiny/settings", {"visibility": "public"}),
    ("POST", f"{HF}/acme/tiny.git/git-receive-pack", None),
    ("DELETE", f"{HF}/api/models/acme/tiny/tag/v1", None),
    ("POST", f"{HF}/api/models/acme/tiny/branch/..%2Fsettings", {"startingPoint": "main"}),
    ("POST", f"{HF}/api/models/acme/tiny/branch/../settings", {"startingPoint": "main"}),
    ("PUT", f"{HF}/api/models/acme/tiny/branch/settings", {"visibility": "public"}),
]
HARMLESS = [
    ("GET", DELETE, None),
    ("POST", f"{HF}/api/repos/create", {"visibility": "private"}),
    ("POST", f"{HF}/api/models/acme/tiny/commit/main", None),
    ("POST", f"{HF}/acme/tiny.git/info/lfs/objects/batch", None),
    ("PUT", "https://storage.example/bucket/object?X-Amz-Signature=1", None),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"visibility": "private"}),
    ("PUT", f"{HF}/api/models/acme/tiny/settings", {"gated": "manual"}),
    ("PUT", f"{MS}/api/v1/models/", {"Path": "acme", "PageNumber": 1}),
    ("POST", f"{HF}/api/models/acme/tiny/branch/dev", {"startingPoint": "a" * 40}),
    ("POST", f"{HF}/api/datasets/acme/tiny/branch/feature%2Fx", {"startingPoint": "a" * 40}),
    ("POST", f"{HF}/api/models/acme/tiny/branch/settings", {"startingPoint": "a" * 40}),
    ("POST", f"{HF}/api/models/acme/tiny/tag/{'a' * 40}", {"tag": "v1"}),
    ("POST", f"{MS}/api/v1/models/acme/tiny/repo/tag", {"TagName": "v1", "Ref": "a" * 40}),
    ("POST", f"{MS}/api/v1/models", {"Visibility": 1}),
    ("POST", f"{MS}/api/v1/repos/models/acme/tiny/commit/master", None),
]


@pytest.mark.parametrize(("method", "url", "body"), DESTRUCTIVE)
def test_a_destructive_request_without_a_pass_is_refused(method: str, url: str, body: object) -> None:
    assert why_destructive(method, url, body)  # type: ignore[arg-type]
    with pytest.raises(InterlockRefused) as caught:
        check(method, url, body)  # type: ignore[arg-type]
    assert caught.value.way_out


@pytest.mark.parametrize(("method", "url", "body"), HARMLESS)
def test_a_harmless_request_passes(method: str, url: str, body: object) -> None:
    check(method, url, body)  # type: ignore[arg-type]


@given(st.text(max_size=20), st.sampled_from(["DELETE", "Delete", " delete "]))
def test_no_delete_passes_whatever_its_address(tail: str, method: str) -> None:
    with pytest.raises(InterlockRefused):
        check(method, f"{HF}/{tail}")


def test_a_pass_opens_once() -> None:
    with armed(pass_for(TINY), "DELETE", DELETE):
        check("DELETE", DELETE, TINY_BODY)
        with pytest.raises(InterlockRefused):
            check("DELETE", DELETE, TINY_BODY)
    with pytest.raises(InterlockRefused):
        check("DELETE", DELETE, TINY_BODY)


def test_nothing_stays_armed_after_the_block() -> None:
    with armed(pass_for(TINY), "DELETE", DELETE):
        pass
    with pytest.raises(InterlockRefused):
        check("DELETE", DELETE, TINY_BODY)


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"[]",
        {**TINY_BODY, "name": "tiny2"},
        {**TINY_BODY, "organization": "other"},
        {**TINY_BODY, "type": "dataset"},
        {"name": "tiny"},
    ],
)
def test_an_armed_request_must_name_the_repo_of_the_pass(body: object) -> None:
    with armed(pass_for(TINY), "DELETE", DELETE), pytest.raises(InterlockRefused):
        check("DELETE", DELETE, body)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", f"{HF}/api/repos/move"),
        ("DELETE", f"{HF}/api/repos/delete?x=1"),
        ("DELETE", "https://elsewhere.example/api/repos/delete"),
        ("DELETE", f"{HF}/api/models/{ORG}/tiny/branch/main"),
    ],
)
def test_a_pass_opens_for_nothing_but_its_own_request(method: str, url: str) -> None:
    with armed(pass_for(TINY), "DELETE", DELETE), pytest.raises(InterlockRefused):
        check(method, url, TINY_BODY)


def test_an_expired_pass_does_not_arm() -> None:
    with pytest.raises(InterlockRefused), armed(pass_for(TINY, age=61), "DELETE", DELETE):
        raise AssertionError("armed")


def test_a_pass_of_the_future_does_not_arm() -> None:
    with pytest.raises(InterlockRefused), armed(pass_for(TINY, age=-5), "DELETE", DELETE):
        raise AssertionError("armed")


def test_a_pass_that_expires_after_arming_does_not_open() -> None:
    with armed(pass_for(TINY, age=0.95, life=1), "DELETE", DELETE):
        threading.Event().wait(0.1)
        with pytest.raises(InterlockRefused, match="expired"):
            check("DELETE", DELETE, TINY_BODY)


def test_what_is_no_pass_does_not_arm() -> None:
    with pytest.raises(InterlockRefused), armed(object(), "DELETE", DELETE):  # type: ignore[arg-type]
        raise AssertionError("armed")


def test_another_thread_cannot_use_the_arm() -> None:
    refused: list[bool] = []

    def other() -> None:
        try:
            check("DELETE", DELETE, TINY_BODY)
        except InterlockRefused:
            refused.append(True)

    with armed(pass_for(TINY), "DELETE", DELETE):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert refused == [True]


def test_on_modelscope_the_path_must_name_the_repo_of_the_pass() -> None:
    target = RepoRef.of("ms", "model", "acme/tiny")
    url = f"{MS}/api/v1/models/acme/tiny"
    with armed(pass_for(target), "DELETE", url):
        check("DELETE", url)
    other = f"{MS}/api/v1/datasets/acme/tiny"
    with armed(pass_for(target), "DELETE", other), pytest.raises(InterlockRefused):
        check("DELETE", other)


def test_the_raw_sdk_cannot_delete_move_or_squash(world: Running) -> None:
    session = Session(world)
    session.read.whoami()
    api = HfApi(endpoint=session.endpoint, token=WRITE)
    before = world.log.count(hub="hf", route="repo-delete") + world.log.count(hub="hf", route="repo-move")
    with pytest.raises(InterlockRefused):
        api.delete_repo(f"{ORG}/tiny")
    with pytest.raises(InterlockRefused):
        api.move_repo(f"{ORG}/tiny", f"{ORG}/elsewhere")
    with pytest.raises(InterlockRefused):
        api.super_squash_history(f"{ORG}/tiny")
    with pytest.raises(InterlockRefused):
        api.update_repo_settings(f"{ORG}/tiny", private=False)
    with pytest.raises(InterlockRefused):
        api.delete_branch(f"{ORG}/open", branch="dev")
    after = world.log.count(hub="hf", route="repo-delete") + world.log.count(hub="hf", route="repo-move")
    assert before == after
    assert session.read.repo(TINY).ref == TINY


def test_the_sdks_asynchronous_client_cannot_delete_either(world: Running) -> None:
    session = Session(world)
    session.read.whoami()

    async def act() -> None:
        async with get_async_session() as client:
            await client.request("DELETE", f"{session.endpoint}/api/repos/delete", json=TINY_BODY)

    with pytest.raises(InterlockRefused):
        asyncio.run(act())


def test_our_own_client_cannot_delete(world: Running) -> None:
    endpoint = world.env["HF_ENDPOINT"]
    context = Context(ref("x").hub, "test")
    with pytest.raises(InterlockRefused):
        DataClient(endpoint).request("DELETE", f"{endpoint}/api/repos/delete", context, body=b"{}")


def test_a_requests_session_with_the_adapter_cannot_delete(world: Running) -> None:
    session = requests.Session()
    session.mount("http://", requests_adapter())
    with pytest.raises(InterlockRefused):
        session.delete(f"{world.env['MODELSCOPE_ENDPOINT']}/api/v1/models/acme/tiny")
    assert session.get(f"{world.env['HF_ENDPOINT']}/api/models?author={ORG}", timeout=5).ok


def test_a_session_deletes_with_a_pass_and_only_the_repo_of_the_pass() -> None:
    with serve() as running:
        session = Session(running)
        session.delete.delete_repo(pass_for(ref("open")))
        with pytest.raises(NotFound):
            session.read.repo(ref("open"))
        assert session.read.repo(TINY).ref == TINY
        with pytest.raises(NotFound):
            session.delete.delete_repo(pass_for(ref("open")))


def test_a_session_does_not_delete_with_an_expired_pass(world: Running) -> None:
    session = Session(world)
    with pytest.raises(InterlockRefused):
        session.delete.delete_repo(pass_for(TINY, age=61))
    with pytest.raises(InterlockRefused):
        session.delete.delete_repo(pass_for(RepoRef.of("ms", "model", f"{ORG}/tiny")))
    assert session.read.repo(TINY).ref == TINY


@pytest.mark.parametrize(
    "fault", ["stall=forever:late", "stall=forever", "reset=0:late", "status=500:late", "status=502"]
)
def test_a_lost_answer_to_a_delete_is_an_unknown_outcome_and_is_not_sent_again(fault: str) -> None:
    with serve() as running:
        session = Session(running).fast()
        session.read.whoami()
        session.fault(f"hf:DELETE:repo-delete:{fault}")
        with pytest.raises(OutcomeUnknown) as caught:
            session.delete.delete_repo(pass_for(TINY))
        assert caught.value.way_out
        assert running.faults.all()[0].hits == 1
        running.log.errors.clear()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_address_with_a_token_in_it_leaves(method: str) -> None:
    know(Secret("hf_TypedWhereANameBelongs"))
    with pytest.raises(BadInput) as refused:
        check(method, "https://huggingface.co/api/models/acme/hf_TypedWhereANameBelongs")
    assert "hf_Typed" not in str(refused.value)
    check("GET", "https://huggingface.co/api/models/acme/hf_Typed")
