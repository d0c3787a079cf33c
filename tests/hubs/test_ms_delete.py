"""Deleting on ModelScope: one door, a pass, and what the hub answers to most tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import (
    HubLied,
    InterlockRefused,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
)
from hf2ms_tui.domain.repo import Hub
from support.eventually import eventually
from support.ms_session import Session, add, pass_for, ref, serve
from support.ms_world import ORG, TINY

SECRET = ref("secret")


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(add("data", TINY, kind="dataset")) as session:
        yield session


def there(session: Session, name: str = "secret", kind: str = "model") -> bool:
    return session.running.world.ms.get(kind, f"{ORG}/{name}") is not None


def test_rights_say_no_and_where_to_go(ms: Session) -> None:
    rights = ms.delete.rights(SECRET)
    assert rights.allowed is False
    assert rights.page == f"{ms.read.endpoint}/models/{ORG}/secret/settings"
    assert ms.delete.hub is Hub.MS


@pytest.mark.parametrize(("name", "kind"), [("secret", "model"), ("data", "dataset")])
def test_ordinary_tokens_are_refused_and_told_where_to_go(ms: Session, name: str, kind: str) -> None:
    which = ref(name, kind)
    with pytest.raises(NotPermitted) as caught:
        ms.delete.delete_repo(pass_for(which))
    assert ms.delete.rights(which).page in caught.value.way_out
    assert there(ms, name, kind)
    assert ms.requests("delete") == 1


def test_a_token_that_may_deletes_exactly_that_repo(ms: Session) -> None:
    admin = ms.as_("admin")
    admin.delete.delete_repo(pass_for(SECRET))
    assert not there(ms)
    assert there(ms, "tiny")
    with pytest.raises(NotFound):
        admin.read.repo(SECRET)


@pytest.mark.parametrize("pass_", [None, "pass", pass_for(SECRET, life=-1)])
def test_nothing_is_sent_without_a_pass(ms: Session, pass_: object) -> None:
    with pytest.raises(InterlockRefused):
        ms.as_("admin").delete.delete_repo(pass_)  # type: ignore[arg-type]
    assert there(ms)
    assert ms.requests("delete") == 0


@pytest.mark.parametrize("fault", ["reset=0:late", "reset=0", "stall=forever", "status=503"])
def test_a_lost_answer_is_an_unknown_outcome(ms: Session, fault: str) -> None:
    ms.fault(f"ms:DELETE:delete:{fault}")
    with pytest.raises(OutcomeUnknown):
        (ms.hasty() if "stall" in fault else ms).delete.delete_repo(pass_for(SECRET))
    assert eventually(lambda: ms.requests("delete") > 0)
    assert [rule.hits for rule in ms.running.faults.all()] == [1], "never sent a second time"


def test_what_the_hub_says_is_not_taken_for_done(ms: Session) -> None:
    ms.fault("ms:DELETE:delete:success_false")
    with pytest.raises(HubLied):
        ms.delete.delete_repo(pass_for(SECRET))
    ms.running.faults.clear()
    ms.fault("ms:DELETE:delete:status=429")
    with pytest.raises(RateLimited):
        ms.delete.delete_repo(pass_for(SECRET))


def destructive(api: object) -> list[object]:
    repo, where = f"{ORG}/secret", "model"
    return [
        lambda: api.delete_repo(repo, where),  # type: ignore[attr-defined]
        lambda: api.legacy.delete_repo(repo, where),  # type: ignore[attr-defined]
        lambda: api.legacy.delete_file(repo, where, "README.md"),  # type: ignore[attr-defined]
        lambda: api.legacy.delete_file(repo, "dataset", "README.md"),  # type: ignore[attr-defined]
        lambda: api.legacy._request("PUT", f"models/{repo}", json_body={"Visibility": 5}),  # type: ignore[attr-defined]
        lambda: api.openapi.request("DELETE", f"/models/{repo}"),  # type: ignore[attr-defined]
        lambda: api.openapi.request("PATCH", f"/studios/{repo}/settings", json_body={"private": False}),  # type: ignore[attr-defined]
        lambda: api.delete_secret(repo, key="K"),  # type: ignore[attr-defined]
        lambda: api.legacy._session.delete(f"{api.legacy.endpoint}/api/v1/models/{repo}", timeout=5),  # type: ignore[attr-defined]
        lambda: api.legacy._read_session.delete(f"{api.legacy.endpoint}/api/v1/models/{repo}", timeout=5),  # type: ignore[attr-defined]
        lambda: api.openapi._read_session.delete(f"{api.legacy.endpoint}/api/v1/models/{repo}", timeout=5),  # type: ignore[attr-defined]
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("number", range(11))
def test_whatever_the_sdk_offers_to_destroy_is_stopped(ms: Session, number: int) -> None:
    """With the strongest token, past our own halves, straight at the SDK's methods and sessions."""
    api = ms.as_("admin").client.api
    with pytest.raises(InterlockRefused):
        destructive(api)[number]()  # type: ignore[operator]
    assert there(ms)
    assert ms.repo("secret").visibility == "private"
    assert ms.running.log.entries() == [], "it never left"
