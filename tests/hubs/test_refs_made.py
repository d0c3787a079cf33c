"""Branches and tags made through the writing halves: once, where they were meant, and never believed unread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.errors import BadInput, Conflict, HubLied, NotFound, NotPermitted, Unreachable
from hf2ms_tui.domain.repo import GitRef, Hub
from hf2ms_tui.hubs import refnames
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.runner import Running
from support import hf_session, ms_session
from support.worlds import READ

OPEN = hf_session.ref("open")
TINY = ms_session.ref("tiny")


@pytest.fixture
def session(hf: Running) -> hf_session.Session:
    return hf_session.Session(hf)


@pytest.fixture
def ms() -> Iterator[ms_session.Session]:
    with ms_session.serve() as session:
        yield session


def two(session: hf_session.Session) -> tuple[str, str]:
    """The revisions of branches main and dev."""
    repo = session.repo("open")
    return repo.head().id, repo.head("dev").id


def two_of(ms: ms_session.Session) -> tuple[str, str]:
    """The first and the second commit of master."""
    repo = ms.repo("tiny")
    first = repo.head("master").id
    return first, repo.commit([Node("new.txt", BytesContent(b"x"))], message="second", branch="master").id


@pytest.mark.parametrize("kind", ["branch", "tag"])
@pytest.mark.parametrize("name", ["v2", "feature/x", "settings", "größe", "a+b@c=1"])
def test_hf_makes_it_where_it_was_meant(session: hf_session.Session, kind: str, name: str) -> None:
    _, dev = two(session)
    make = session.write.make_branch if kind == "branch" else session.write.make_tag
    make(OPEN, name, dev)
    assert GitRef(name, kind, dev) in session.read.refs(OPEN)
    make(OPEN, name, dev)  # a second time changes nothing
    assert [item.revision for item in session.read.refs(OPEN) if (item.kind, item.name) == (kind, name)] == [
        dev
    ]


@pytest.mark.parametrize("kind", ["branch", "tag"])
def test_hf_moves_nothing_that_is_there(session: hf_session.Session, kind: str) -> None:
    main, dev = two(session)
    make = session.write.make_branch if kind == "branch" else session.write.make_tag
    make(OPEN, "x", dev)
    with pytest.raises(Conflict) as caught:
        make(OPEN, "x", main)
    assert dev[:7] in str(caught.value)
    assert main[:7] in str(caught.value)
    assert session.read.resolve(OPEN, "x") == dev


def test_a_branch_and_a_tag_may_share_a_name_on_hf(session: hf_session.Session) -> None:
    main, dev = two(session)
    session.write.make_branch(OPEN, "x", dev)
    session.write.make_tag(OPEN, "x", main)
    assert {GitRef("x", "branch", dev), GitRef("x", "tag", main)} <= set(session.read.refs(OPEN))


@pytest.mark.parametrize(("kind", "route"), [("branch", "branch-create"), ("tag", "tag-create")])
@pytest.mark.parametrize("made", [False, True])
def test_hf_a_lost_answer_is_settled_by_reading(
    session: hf_session.Session, kind: str, route: str, made: bool
) -> None:
    main, _ = two(session)
    session.fault(f"hf:POST:{route}:{'reset=0:late' if made else 'status=503'}:count=1")
    make = session.write.make_branch if kind == "branch" else session.write.make_tag
    if made:
        make(OPEN, "x", main)
    else:
        with pytest.raises(Unreachable):
            make(OPEN, "x", main)
    assert session.requests(route) == 1, "never sent a second time by itself"


@pytest.mark.parametrize(("kind", "route"), [("branch", "branch-create"), ("tag", "tag-create")])
def test_hf_a_success_that_made_nothing_is_a_lie(session: hf_session.Session, kind: str, route: str) -> None:
    main, _ = two(session)
    session.say("POST", route, "OK")
    make = session.write.make_branch if kind == "branch" else session.write.make_tag
    with pytest.raises(HubLied):
        make(OPEN, "x", main)


def test_hf_refuses_who_may_not_write_and_what_is_not_there(session: hf_session.Session) -> None:
    main, _ = two(session)
    with pytest.raises(NotPermitted):
        session.as_(READ).write.make_tag(OPEN, "x", main)
    with pytest.raises(NotFound):
        session.write.make_branch(OPEN, "x", "0" * 40)


@pytest.mark.parametrize(
    "name", ["refs/pr/5", "a..b", "HEAD", "f" * 40, "a b", "-x", "x.lock", "", "x\u202ey"]
)
def test_names_that_a_hub_cannot_hold_are_not_sent(session: hf_session.Session, name: str) -> None:
    main, _ = two(session)
    before = session.requests()
    for make in (session.write.make_branch, session.write.make_tag):
        with pytest.raises(BadInput):
            make(OPEN, name, main)
    assert session.requests() == before


def test_ms_makes_a_tag_where_it_was_meant(ms: ms_session.Session) -> None:
    first, second = two_of(ms)
    ms.write.make_tag(TINY, "v1", first)
    ms.write.make_tag(TINY, "v1", first)
    ms.write.make_tag(TINY, "side/v2", second)
    assert {GitRef("v1", "tag", first), GitRef("side/v2", "tag", second)} <= set(ms.read.refs(TINY))


def test_ms_moves_no_tag(ms: ms_session.Session) -> None:
    first, second = two_of(ms)
    ms.write.make_tag(TINY, "v1", first)
    with pytest.raises(Conflict):
        ms.write.make_tag(TINY, "v1", second)
    assert ms.repo("tiny").tags == {"v1": first}


def test_ms_a_branch_in_the_tags_place_is_no_tag(ms: ms_session.Session) -> None:
    first, _ = two_of(ms)
    ms.repo("tiny").create_branch("v1", first)
    with pytest.raises(Conflict):
        ms.write.make_tag(TINY, "v1", first)


@pytest.mark.parametrize("name", ["master", "main"])
def test_ms_cannot_hold_branches_nor_tags_called_like_one(ms: ms_session.Session, name: str) -> None:
    first, _ = two_of(ms)
    with pytest.raises(BadInput):
        ms.write.make_tag(TINY, name, first)
    with pytest.raises(BadInput, match="git"):
        ms.write.make_branch(TINY, "dev", first)
    assert ms.requests("tag") == 0


@pytest.mark.parametrize("made", [False, True])
def test_ms_a_lost_answer_is_settled_by_reading(ms: ms_session.Session, made: bool) -> None:
    first, _ = two_of(ms)
    ms.fault(f"ms:POST:tag:{'reset=0:late' if made else 'status=503'}:count=1")
    if made:
        ms.write.make_tag(TINY, "v1", first)
    else:
        with pytest.raises(Unreachable):
            ms.write.make_tag(TINY, "v1", first)
    assert ms.requests("tag") == 1


def test_ms_a_success_that_made_nothing_is_a_lie(ms: ms_session.Session) -> None:
    first, _ = two_of(ms)
    ms.say("POST", "tag", '{"Code":200,"Success":true,"Data":{}}')
    with pytest.raises(HubLied):
        ms.write.make_tag(TINY, "v1", first)


def test_ms_a_tag_put_elsewhere_is_noticed(ms: ms_session.Session) -> None:
    """A hub that does not understand the revision and tags master instead."""
    first, second = two_of(ms)
    ms.repo("tiny").create_tag("v1", second)
    ms.say("POST", "tag", '{"Code":200,"Success":true,"Data":{}}')
    with pytest.raises(Conflict):
        ms.write.make_tag(TINY, "v1", first)


def test_what_each_hub_can_hold(session: hf_session.Session, ms: ms_session.Session) -> None:
    assert session.write.ref_kinds == {"branch", "tag"}
    assert ms.write.ref_kinds == {"tag"}
    assert ms.write.why_not_ref("branch", "dev")
    assert not ms.write.why_not_ref("tag", "dev")
    assert not session.write.why_not_ref("branch", "dev")


@given(st.text(max_size=12), st.sampled_from(list(Hub)), st.sampled_from(["branch", "tag", "pull"]))
def test_a_name_that_passes_is_one_that_git_takes(name: str, hub: Hub, kind: str) -> None:
    if refnames.why_not(hub, kind, name):
        return
    assert name
    assert not set(name) & set(" ~^:?*[\\\x7f\n\t\x00")
    assert ".." not in name
    assert "@{" not in name
    assert not name.endswith((".", "/"))
    assert not any(part == "" or part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
