"""The inventory of Hugging Face: few requests, honest sizes, nothing hostile, nobody who does not exist."""

from __future__ import annotations

import json

import pytest

from hf2ms_tui.domain.errors import (
    NotFound,
    Unreachable,
)
from hf2ms_tui.domain.repo import Gating, Visibility
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Account, World
from support.hf_session import Session
from support.worlds import ORG, OUTSIDER, add_people, serve


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


def test_the_inventory_costs_four_requests(session: Session) -> None:
    rows = [info for batch in session.read.inventory(ORG) for info in batch]
    assert session.session.traffic.requests == 4
    assert session.requests() == 4
    found = {info.ref.key: info for info in rows}
    assert set(found) == {
        "hf:model:acme/tiny",
        "hf:model:acme/open",
        "hf:dataset:acme/gated",
        "hf:dataset:acme/empty",
        "hf:space:acme/demo",
    }
    tiny = found["hf:model:acme/tiny"]
    assert (tiny.visibility, tiny.gating, tiny.licence) == (Visibility.PRIVATE, Gating.NONE, "mit")
    assert tiny.size is not None
    assert tiny.size > 4_000_000
    assert not tiny.size_is_estimate
    assert tiny.created_at is not None
    assert found["hf:dataset:acme/gated"].gating is Gating.MANUAL
    assert found["hf:space:acme/demo"].sdk == "gradio"
    assert found["hf:space:acme/demo"].gating is Gating.NONE


def test_pages_add_one_request_each_and_arrive_as_they_come() -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        for number in range(120):
            world.hf.create("model", f"{ORG}/m{number:03}", creator="ada")
        world.hf.settings.update(list_page=50, storage_page=60)

    with serve(build) as running:
        session = Session(running)
        rows = [info for batch in session.read.inventory(ORG) for info in batch]
        assert len(rows) == len({info.ref for info in rows}) == 120
        assert session.requests() == 4 + 2 + 1


def test_without_the_settings_route_sizes_are_estimates(session: Session) -> None:
    session.fault("hf:GET:storage-listing:status=403")
    rows = [info for batch in session.read.inventory(ORG) for info in batch]
    assert len(rows) == 5
    sized = [info for info in rows if info.size is not None]
    assert sized
    assert all(info.size_is_estimate for info in sized)


def test_an_outsider_sees_what_is_public(session: Session) -> None:
    rows = [info for batch in session.as_(OUTSIDER).read.inventory(ORG) for info in batch]
    assert {str(info.ref.id) for info in rows} == {"acme/open", "acme/gated", "acme/demo", "acme/empty"}


def test_nobody_in_particular_needs_no_token(session: Session) -> None:
    rows = [info for batch in session.as_(None).read.inventory(ORG) for info in batch]
    assert len(rows) == 4


def test_an_org_that_does_not_exist_is_not_an_empty_one(session: Session) -> None:
    with pytest.raises(NotFound, match="nosuch"):
        list(session.read.inventory("nosuch"))
    session.running.world.hf.add_account(Account("quiet", "org", "Quiet", {"ada": "admin"}))
    assert list(session.read.inventory("quiet")) == []


def test_a_persons_own_repos_are_listed_too(session: Session) -> None:
    session.running.world.hf.create("model", "ada/mine", creator="ada", visibility="private")
    (batch,) = session.read.inventory("ada")
    assert [str(info.ref.id) for info in batch] == ["ada/mine"]
    assert not batch[0].size_is_estimate


def test_buckets_and_unknown_types_are_tolerated(session: Session) -> None:
    rows = [
        {
            "id": f"{ORG}/{name}",
            "type": kind,
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "visibility": "private",
            "storage": 5,
        }
        for kind, name in (("bucket", "b"), ("kernel", "k"), ("model", "tiny"), ("model", "hidden"))
    ]
    session.say("GET", "storage-listing", json.dumps(rows))
    found = {str(info.ref.id): info for batch in session.read.inventory(ORG) for info in batch}
    assert found["acme/tiny"].size == 5
    assert "storage listing" in found["acme/hidden"].trouble
    assert not {"acme/b", "acme/k"} & set(found)


def test_a_storage_listing_nobody_can_read_is_done_without(session: Session) -> None:
    session.say("GET", "storage-listing", '[{"id": "acme/tiny"}]')
    assert sum(len(batch) for batch in session.read.inventory(ORG)) == 5


def test_a_type_that_cannot_be_listed_raises_after_the_others(session: Session) -> None:
    session.fault("hf:GET:/api/spaces:status=503")
    rows: list[object] = []
    with pytest.raises(Unreachable, match="spaces"):
        for batch in session.read.inventory(ORG):
            rows.extend(batch)
    assert len(rows) == 4


def test_hostile_texts_of_a_listing_are_inert(session: Session) -> None:
    row = {
        "_id": "1",
        "id": "acme/a\x1b[31m",
        "private": True,
        "tags": ["x\u202ey", "license:m\x07it"],
        "gated": "weird",
    }
    session.say("GET", "list", json.dumps([row]))
    info = next(iter(session.read.inventory(ORG)))[0]
    assert "\x1b" not in repr(info)
    assert "\u202e" not in repr(info)
    assert info.gating is Gating.UNKNOWN
    assert info.trouble
