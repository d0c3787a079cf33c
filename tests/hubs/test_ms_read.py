"""Reading ModelScope: who, what there is, which revision, and the traps on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import (
    Hf2msError,
    HubLied,
    Moved,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.repo import Gating, GitRef, Hub, Identity, Kind, RepoId, Visibility
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.world import World
from support.ms_session import Session, add, ref, serve
from support.ms_world import LONG_README, ORG, TINY

README = {"README.md": BytesContent(LONG_README.encode())}


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(
        add("both", TINY),
        add("both", README, kind="dataset"),
        add("inside", README, visibility="internal"),
        add("gate", README, gated="manual"),
        add("demo", README, kind="space", sdk="docker"),
    ) as session:
        yield session


@pytest.fixture(scope="module")
def shared() -> Iterator[Session]:
    """One world for the many tests that change nothing in it."""
    with serve() as session:
        yield session


@pytest.fixture
def still(shared: Session) -> Iterator[Session]:
    yield shared
    shared.running.faults.clear()


def rows(session: Session, owner: str = ORG) -> dict[str, object]:
    found = [info for batch in session.read.inventory(owner) for info in batch]
    assert len({info.ref for info in found}) == len(found)
    return {f"{info.ref.kind.value}:{info.ref.name}": info for info in found}


def test_whoami_names_the_account(ms: Session) -> None:
    assert ms.read.whoami() == Identity(Hub.MS, "mira", "unknown")


def test_whoami_without_a_token_asks_nobody(ms: Session) -> None:
    with pytest.raises(NotAuthenticated):
        ms.as_("nobody").read.whoami()
    assert ms.requests("me") == 0


@pytest.mark.parametrize("role", ["bad", "expired"])
def test_whoami_with_a_token_that_is_not_good(ms: Session, role: str) -> None:
    with pytest.raises(NotAuthenticated):
        ms.as_(role).read.whoami()


def test_inventory_joins_both_lists_so_that_what_the_index_misses_is_there(ms: Session) -> None:
    found = rows(ms)
    assert "dataset:unindexed" in found, "only the older list has it"
    assert {"model:tiny", "model:secret", "model:both", "dataset:both", "dataset:many", "space:demo"} <= set(
        found
    )


def test_inventory_knows_what_only_one_list_tells(ms: Session) -> None:
    found = rows(ms)
    assert found["model:inside"].visibility is Visibility.INTERNAL, "the OpenAPI says that it is not private"
    assert found["model:secret"].visibility is Visibility.PRIVATE
    assert found["model:tiny"].visibility is Visibility.PUBLIC
    assert found["model:tiny"].licence == "mit"
    assert found["model:gate"].gating is Gating.MANUAL
    assert found["space:demo"].sdk == "docker"
    assert found["dataset:many"].size, "the older list knows the size of datasets"
    assert found["space:demo"].size is None, "unknown is not zero"


def test_inventory_reads_every_page() -> None:
    def sixty(world: World) -> None:
        for number in range(120):
            add(f"m{number:03}", README)(world)

    with serve(sixty) as session:
        assert sum(key.startswith("model:m") for key in rows(session)) == 120
        assert session.requests("list") == 3 + 1


def test_inventory_that_is_cut_short_says_so(ms: Session) -> None:
    ms.fault("ms:*:list:truncate=1")
    ms.fault("ms:*:legacy-list:truncate=1")
    seen = 0
    with pytest.raises(HubLied, match=r"\d+ of \d+ models"):
        for batch in ms.read.inventory(ORG):
            seen += len(batch)
    assert seen, "what could be listed was given first"


def test_inventory_of_models_stands_without_the_older_list(ms: Session) -> None:
    ms.fault("ms:PUT:legacy-list:status=404")
    assert "model:secret" in rows(ms)


def test_inventory_of_datasets_does_not(ms: Session) -> None:
    ms.fault("ms:GET:legacy-list:status=404")
    with pytest.raises(NotFound):
        rows(ms)


def test_inventory_of_nobody(ms: Session) -> None:
    with pytest.raises(NotFound, match="no repo of nobody-here"):
        rows(ms, "nobody-here")


def test_inventory_refuses_rows_of_others(ms: Session) -> None:
    """A list that ignored the owner would give the whole world's repos."""
    body = (
        '{"success":true,"data":{"models":[{"id":"somebody/secret","private":false}],"total_count":1,'
        '"page_number":1,"page_size":50}}'
    )
    ms.say("GET", "list", body)
    with pytest.raises(HubLied, match="belongs to somebody else"):
        rows(ms)


def test_repo_reads_both_apis(ms: Session) -> None:
    info = ms.read.repo(ref("inside"))
    assert info.visibility is Visibility.INTERNAL
    assert info.ref == ref("inside")
    assert ms.read.repo(ref("unindexed", "dataset")).visibility is Visibility.PRIVATE
    assert ms.read.repo(ref("demo", "space")).sdk == "docker"


def test_repo_that_is_not_there_is_asked_for_twice(ms: Session) -> None:
    with pytest.raises(NotFound):
        ms.read.repo(ref("nothing"))
    assert (ms.requests("info"), ms.requests("legacy-info")) == (1, 1)


@pytest.mark.parametrize("role", ["outsider", "bad", "nobody"])
def test_private_repo_with_a_wrong_token_is_not_found(ms: Session, role: str) -> None:
    with pytest.raises(NotFound):
        ms.as_(role).read.repo(ref("secret"))


def test_public_repo_with_a_bad_token_is_read_all_the_same(ms: Session) -> None:
    assert ms.as_("bad").read.repo(ref("tiny")).visibility is Visibility.PUBLIC


def test_overload_that_looks_like_a_missing_repo_is_not_taken_for_one(ms: Session) -> None:
    words = "获取模型信息失败，信息：Error 1461: Can't create more than max_prepared_stmt_count statements"
    body = f'{{"Code":10010205001,"Message":"{words}","Success":false}}'
    ms.say("GET", "legacy-info|info", body, status=404)
    with pytest.raises(Unreachable, match="overloaded"):
        ms.read.repo(ref("tiny"))
    with pytest.raises(Unreachable):
        ms.read.find(RepoId(ORG, "tiny"))


def test_repo_known_to_one_api_only_by_half_is_no_answer(ms: Session) -> None:
    ms.fault("ms:GET:legacy-info:status=404")
    with pytest.raises(HubLied, match="one of its two"):
        ms.read.repo(ref("tiny"))


def test_an_answer_about_another_repo_is_a_move(ms: Session) -> None:
    body = f'{{"success":true,"data":{{"id":"{ORG}/renamed","private":true}}}}'
    ms.say("GET", "info", body)
    with pytest.raises(Moved) as caught:
        ms.read.repo(ref("tiny"))
    assert caught.value.now == f"{ORG}/renamed"


def test_find_gives_every_type(ms: Session) -> None:
    assert ms.read.find(RepoId(ORG, "both")) == (ref("both"), ref("both", "dataset"))
    assert ms.read.find(RepoId(ORG, "demo")) == (ref("demo", "space"),)
    assert ms.read.find(RepoId(ORG, "nothing")) == ()


def test_refs_and_revisions(ms: Session) -> None:
    served = ms.repo("tiny")
    first = served.head("master").id
    served.create_tag("v1", first)
    served.create_branch("dev", first)
    second = served.commit([Node("new.txt", BytesContent(b"x"))], message="second", branch="dev").id
    assert ms.read.refs(ref("tiny")) == (
        GitRef("dev", "branch", second),
        GitRef("master", "branch", first),
        GitRef("v1", "tag", first),
    )
    assert ms.read.resolve(ref("tiny")) == first
    assert ms.read.resolve(ref("tiny"), "dev") == second
    assert ms.read.resolve(ref("tiny"), second) == second
    assert (ms.read.history(ref("tiny"), second), ms.read.history(ref("tiny"), first)) == (2, 1)


@pytest.mark.parametrize("name", ["no-such-branch", "0" * 40])
def test_unknown_revision_is_not_found(ms: Session, name: str) -> None:
    with pytest.raises(NotFound):
        ms.read.resolve(ref("tiny"), name)


def test_a_hub_that_ignores_the_name_is_caught(ms: Session) -> None:
    """The misspelling trap: a parameter it does not know is ignored, and every branch would be master."""
    head = ms.repo("tiny").head("master").id
    body = f'{{"Code":200,"Success":true,"Data":{{"Commit":[{{"Id":"{head}"}}],"TotalCount":1}}}}'
    ms.say("GET", "commits", body)
    with pytest.raises(HubLied, match="looks at no name"):
        ms.read.resolve(ref("tiny"), "dev")
    with pytest.raises(HubLied, match="asked for commit"):
        ms.read.resolve(ref("tiny"), "1" * 40)


READS = {
    "me": lambda s: s.read.whoami(),
    "list": lambda s: list(s.read.inventory(ORG)),
    "list-studios": lambda s: list(s.read.inventory(ORG)),
    "legacy-list": lambda s: list(s.read.inventory(ORG)),
    "info": lambda s: s.read.repo(ref("tiny")),
    "legacy-info": lambda s: s.read.repo(ref("tiny")),
    "revisions": lambda s: s.read.refs(ref("tiny")),
    "commits": lambda s: s.read.resolve(ref("tiny")),
    "files": lambda s: s.read.manifest(ref("tiny"), s.repo("tiny").head("master").id),
    "tree": lambda s: s.read.manifest(ref("many", "dataset"), s.repo("many", "dataset").head("master").id),
}


LIES = [
    ("success_false=nothing is well", HubLied),
    ("status=429:header=Retry-After=120", RateLimited),
    ("status=403", NotPermitted),
    ("status=200:body=not json", HubLied),
    ("status=200:body=[]", HubLied),
    ("status=200:body=null", HubLied),
]
SILENCES = [
    ("status=503", Unreachable),
    ("stall=forever", Unreachable),
    ("reset=0", Unreachable),
    ("cut=30", Unreachable),
]
CASES = [(route, *lie) for route in sorted(READS) for lie in LIES] + [
    (route, *silence) for route in ("me", "legacy-info", "commits", "tree") for silence in SILENCES
]


@pytest.mark.parametrize(("route", "fault", "error"), CASES)
def test_every_read_says_what_is_wrong_and_soon(
    still: Session, route: str, fault: str, error: type[Hf2msError]
) -> None:
    still.fault(f"ms:*:{route}:{fault}")
    started = time.monotonic()
    with pytest.raises(error) as caught:
        READS[route](still.hasty() if "stall" in fault else still)
    assert time.monotonic() - started < 8, "nobody sleeps as long as the hub says, or waits for ever"
    if error is RateLimited:
        assert caught.value.retry_after == 120


@pytest.mark.parametrize("route", sorted(READS))
def test_every_read_survives_one_hiccup(still: Session, route: str) -> None:
    still.fault(f"ms:*:{route}:status=503:count=1")
    assert READS[route](still)


def test_studios_are_not_listed_anonymously_when_the_token_is_refused(ms: Session) -> None:
    """The SDK would repeat the request without the token, and private studios would silently be missing."""
    ms.fault("ms:GET:list-studios:status=403")
    with pytest.raises(NotPermitted):
        list(ms.read.inventory(ORG))
    asked = [entry for entry in ms.running.log.entries() if entry.route == "list-studios"]
    assert asked
    assert all(entry.authorization for entry in asked)


def test_kinds_have_their_pages(ms: Session) -> None:
    base = ms.read.endpoint
    assert ms.read.page(ref("a")) == f"{base}/models/{ORG}/a"
    assert ms.read.page(ref("a", "dataset")) == f"{base}/datasets/{ORG}/a"
    assert ms.read.page(ref("a", "space")) == f"{base}/studios/{ORG}/a"
    assert [kind.value for kind in Kind] == ["model", "dataset", "space"]
