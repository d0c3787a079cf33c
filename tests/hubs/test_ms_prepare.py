"""Making a ModelScope repo ready: nobody sees more than before, no licence is invented, nothing that exists is misread."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Conflict,
    Hf2msError,
    HubLied,
    NotAuthenticated,
    NotMigratable,
    NotPermitted,
    RateLimited,
    Unreachable,
    VisibilityRefused,
)
from hf2ms_tui.domain.repo import Gating, Kind, RepoRef, Visibility
from hf2ms_tui.hubs.protocol import Prepared
from hf2ms_tui.loopback.faults import Fault
from support.ms_session import Session, add, ref, serve
from support.ms_world import ORG, TINY

KINDS = ["model", "dataset"]


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(
        add("open", TINY, visibility="public"),
        add("inside", TINY, visibility="internal"),
        add("gated", TINY, gated="manual"),
    ) as session:
        yield session


def prepare(
    session: Session,
    which: RepoRef,
    visibility: Visibility = Visibility.PRIVATE,
    licence: str | None = "mit",
) -> Prepared:
    return session.write.prepare(which, visibility=visibility, licence=licence)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        (Visibility.PRIVATE, "private"),
        (Visibility.PUBLIC, "public"),
        (Visibility.INTERNAL, "private"),
        (Visibility.UNKNOWN, "private"),
    ],
)
def test_w12_a_new_repo_is_seen_by_no_more_people_than_the_source(
    ms: Session, kind: str, wanted: Visibility, made: str
) -> None:
    ready = prepare(ms, ref("new", kind), wanted)
    assert ready.created
    assert ms.repo("new", kind).visibility == made
    assert ready.info.visibility.value == made
    assert ready.revision == ms.repo("new", kind).head("master").id


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("gemma", "gemma"),
        ("llama3.1", "llama3.1"),
        ("Apache License 2.0", "apache-2.0"),
        ("cc-by-nc-4.0", "cc-by-nc-4.0"),
    ],
)
def test_w14_the_licence_is_carried(ms: Session, kind: str, given: str, stored: str) -> None:
    """W14: without one the SDK declares Apache-2.0 for every repo."""
    ready = prepare(ms, ref("new", kind), licence=given)
    assert ms.repo("new", kind).licence == stored
    assert ready.info.licence == stored


def test_w14_no_licence_is_not_apache(ms: Session) -> None:
    prepare(ms, ref("new"), licence=None)
    assert ms.repo("new").licence == "other"


def test_what_the_platform_put_there_is_in_the_manifest(ms: Session) -> None:
    ready = prepare(ms, ref("new"))
    found = ms.read.manifest(ref("new"), ready.revision)
    assert {".gitattributes", "README.md"} <= set(found.by_path())


def test_w8_an_existing_repo_is_used_and_not_made_again(ms: Session) -> None:
    ready = prepare(ms, ref("secret"))
    assert not ready.created
    assert ms.requests("create") == 0
    assert prepare(ms, ref("secret")) == ready, "twice is like once"


@pytest.mark.parametrize("name", ["open", "inside"])
def test_w12_an_existing_repo_that_more_people_see_is_refused(ms: Session, name: str) -> None:
    with pytest.raises(VisibilityRefused) as caught:
        prepare(ms, ref(name))
    assert ms.read.page(ref(name)) in caught.value.way_out


def test_an_existing_repo_that_fewer_people_see_is_fine(ms: Session) -> None:
    assert prepare(ms, ref("secret"), Visibility.PUBLIC).info.visibility is Visibility.PRIVATE
    assert prepare(ms, ref("inside"), Visibility.PUBLIC).info.visibility is Visibility.INTERNAL


def test_w13_gating_is_read_back(ms: Session) -> None:
    assert prepare(ms, ref("gated")).info.gating is Gating.MANUAL
    assert prepare(ms, ref("secret")).info.gating is Gating.NONE


def test_a_repo_that_came_to_be_public_is_refused(ms: Session) -> None:
    """The create says private, the hub makes it public: the reading back finds out."""
    body = json.dumps({"Code": 200, "Success": True, "Data": {"Name": "new", "Path": ORG, "Visibility": 5}})
    ms.running.faults.add(Fault("status", 200, "ms", "GET", "legacy-info", body=body, after=1))
    with pytest.raises(VisibilityRefused, match="is public, the source is private") as caught:
        prepare(ms, ref("new"))
    assert ms.requests("create") == 1
    assert "empty" in caught.value.meaning


def test_unknown_visibility_is_not_private(ms: Session) -> None:
    body = json.dumps({"Code": 200, "Success": True, "Data": {"Name": "open", "Path": ORG, "License": "mit"}})
    ms.say("GET", "legacy-info", body)
    with pytest.raises(VisibilityRefused, match="unknown"):
        prepare(ms, ref("open"))


def test_the_organisation_does_not_exist_is_not_the_repo_exists(ms: Session) -> None:
    """The SDK calls every 400 that contains "exist" AlreadyExistsError."""
    with pytest.raises(Hf2msError) as caught:
        prepare(ms, ref("new", owner="no-such-org"))
    assert not isinstance(caught.value, Conflict)
    assert "organization does not exist" in str(caught.value)


def test_a_name_taken_by_what_cannot_be_seen(ms: Session) -> None:
    ms.say(
        "POST",
        "create",
        '{"Code":10010101001,"Message":"该名称已被注册使用，请重新命名","Success":false}',
        status=400,
    )
    with pytest.raises(Conflict, match="taken"):
        prepare(ms, ref("hidden"))


def test_somebody_makes_the_same_repo_at_the_same_time(ms: Session) -> None:
    ms.fault("ms:GET:info:status=404:count=1")
    ms.fault("ms:GET:legacy-info:status=404:count=1")
    ready = prepare(ms, ref("secret"))
    assert not ready.created
    assert ms.requests("create") == 1


def test_a_lost_answer_to_a_create_is_looked_up(ms: Session) -> None:
    ms.fault("ms:POST:create:reset=0:late:count=1")
    ready = prepare(ms, ref("new"))
    assert ready.info.visibility is Visibility.PRIVATE
    assert ms.requests("create") == 1, "never sent twice"


def test_a_create_that_never_arrived(ms: Session) -> None:
    ms.fault("ms:POST:create:reset=0")
    with pytest.raises(Unreachable):
        prepare(ms, ref("new"))
    assert ms.running.world.ms.get("model", f"{ORG}/new") is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("success_false=quota", HubLied),
        ("status=429:header=Retry-After=600", RateLimited),
        ("status=403", NotPermitted),
        ("status=401", NotAuthenticated),
        ("status=400", BadInput),
        ("status=503", Unreachable),
    ],
)
def test_a_create_that_is_refused(ms: Session, fault: str, error: type[Hf2msError]) -> None:
    ms.fault(f"ms:POST:create:{fault}")
    with pytest.raises(error):
        prepare(ms, ref("new"))
    assert ms.running.world.ms.get("model", f"{ORG}/new") is None


@pytest.mark.parametrize(
    ("role", "error"), [("read", NotPermitted), ("bad", NotAuthenticated), ("nobody", NotAuthenticated)]
)
def test_tokens_that_may_not(ms: Session, role: str, error: type[Hf2msError]) -> None:
    with pytest.raises(error):
        prepare(ms.as_(role), ref("new"))


def test_spaces_are_declined(ms: Session) -> None:
    with pytest.raises(NotMigratable):
        prepare(ms, ref("new", "space"))
    assert ms.running.log.entries() == []


def test_no_rules_are_known_for_cards(ms: Session) -> None:
    assert ms.write.check_card(Kind.MODEL, "---\nlicense: nonsense\n---\n") == ()
