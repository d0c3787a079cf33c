"""Writing to Hugging Face: repos as private as their source, blobs that are confirmed."""

from __future__ import annotations

import json
import random

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Corrupt,
    Hf2msError,
    HubLied,
    NotFound,
    NotPermitted,
    Unreachable,
    VisibilityRefused,
)
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Kind, Visibility
from hf2ms_tui.hubs.body import Memory
from hf2ms_tui.loopback.runner import Running
from support.hf_session import Session, blob, ref
from support.worlds import LIMITED, OUTSIDER, READ

NEW = ref("fresh")
SMALL = random.Random(1).randbytes(100_000)
LARGE = random.Random(2).randbytes(1_000_000)
EMPTY = Blob("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


@pytest.fixture
def fresh(session: Session) -> Session:
    """A session with an empty private repo NEW."""
    session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    return session


def parts(session: Session, threshold: int = 300_000, size: int = 128_000) -> None:
    session.running.world.hf.settings.update(multipart_threshold=threshold, part_size=size)


def store(session: Session, data: bytes) -> Blob:
    for ticket in session.write.missing(NEW, [blob(data)]):
        session.write.put(NEW, ticket, Memory(data))
    return blob(data)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_new_repo_is_public_only_when_the_source_is(
    session: Session, kind: str, visibility: Visibility
) -> None:
    made = session.write.prepare(ref("fresh", kind), visibility=visibility, licence="mit")
    expected = Visibility.PUBLIC if visibility is Visibility.PUBLIC else Visibility.PRIVATE
    assert made.created
    assert made.info.visibility is expected
    assert session.repo("fresh", kind).visibility == expected.value
    assert made.revision == session.repo("fresh", kind).head().id


def test_preparing_twice_makes_one_repo(session: Session) -> None:
    first = session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    second = session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert (first.created, second.created) == (True, False)
    assert first.revision == second.revision
    assert session.requests("repo-create") == 1


def test_a_space_is_made_with_its_sdk(session: Session) -> None:
    made = session.write.prepare(
        ref("app", "space"), visibility=Visibility.PRIVATE, licence=None, sdk="gradio"
    )
    assert made.created
    assert session.repo("app", "space").sdk == "gradio"


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.INTERNAL, Visibility.UNKNOWN])
def test_w12_a_private_source_never_goes_into_a_public_repo(session: Session, visibility: Visibility) -> None:
    with pytest.raises(VisibilityRefused) as caught:
        session.write.prepare(ref("open"), visibility=visibility, licence=None)
    assert "settings" in caught.value.way_out
    assert session.requests("settings") == 0
    assert session.repo("open").visibility == "public"


def test_w12_a_hub_that_makes_it_public_all_the_same_is_found_out(session: Session) -> None:
    def widen() -> None:
        session.repo("fresh").visibility = "public"

    session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    widen()
    with pytest.raises(VisibilityRefused):
        session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)


def test_w13_a_gate_is_never_taken_away(session: Session) -> None:
    made = session.write.prepare(ref("gated", "dataset"), visibility=Visibility.PUBLIC, licence=None)
    assert not made.created
    assert session.repo("gated", "dataset").gated == "manual"
    assert session.requests("settings") == 0


def test_an_empty_destination_has_no_revision(session: Session) -> None:
    made = session.write.prepare(ref("empty", "dataset"), visibility=Visibility.PUBLIC, licence=None)
    assert (made.created, made.revision) == (False, "")


@pytest.mark.parametrize("token", [READ, OUTSIDER, LIMITED])
def test_who_may_not_create_is_told_so(session: Session, token: str) -> None:
    with pytest.raises(NotPermitted) as caught:
        session.as_(token).write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert "write" in caught.value.way_out


def test_a_name_taken_in_the_meantime_is_read_back_and_checked(session: Session) -> None:
    session.fault("hf:GET:info:status=404:count=1:header=X-Error-Code=RepoNotFound")
    made = session.write.prepare(ref("tiny"), visibility=Visibility.PRIVATE, licence=None)
    assert not made.created
    session.fault("hf:GET:info:status=404:count=1:header=X-Error-Code=RepoNotFound")
    with pytest.raises(VisibilityRefused):
        session.write.prepare(ref("open"), visibility=Visibility.PRIVATE, licence=None)


def test_a_conflict_on_creating_is_not_repeated_for_ever(session: Session) -> None:
    session.say(
        "POST",
        "repo-create",
        '{"error": "Cannot create repo: another conflicting operation is in progress"}',
        status=409,
    )
    with pytest.raises(NotFound):
        session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert session.requests("repo-create") == 1


def test_what_goes_inside_a_commit(session: Session) -> None:
    inline = session.write.inline
    assert inline("README.md", 50_000, Kind.MODEL)
    assert inline("a/empty.bin", 0, Kind.MODEL)
    assert inline("config.json", 2_000, Kind.DATASET)
    assert not inline("model.safetensors", 10, Kind.MODEL)
    assert not inline("a/Image.PNG", 10, Kind.DATASET)
    assert not inline("a.json", 20_000_000, Kind.MODEL)


def test_one_put_stores_a_blob_and_makes_it_known(fresh: Session) -> None:
    wanted = [blob(SMALL), blob(LARGE), blob(SMALL)]
    tickets = fresh.write.missing(NEW, wanted)
    assert [ticket.blob for ticket in tickets] == wanted[:2]
    fresh.write.put(NEW, tickets[0], Memory(SMALL))
    assert [ticket.blob for ticket in fresh.write.missing(NEW, wanted)] == [blob(LARGE)]
    assert "http" not in repr(tickets)


def test_parts_go_up_in_order_and_are_completed(fresh: Session) -> None:
    parts(fresh)
    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    fresh.write.put(NEW, ticket, Memory(LARGE))
    assert fresh.requests("put") == 8
    assert fresh.requests("lfs-complete") == 1
    assert fresh.requests("lfs-verify") == 1
    assert fresh.write.missing(NEW, [blob(LARGE)]) == ()


def test_the_token_stays_with_the_hub(fresh: Session) -> None:
    parts(fresh)
    store(fresh, LARGE)
    there = fresh.running.log.entries(hub="hf", origin="storage")
    assert len(there) == 8
    assert not any(asked.authorization or asked.cookie for asked in there)
    assert not any(asked.leaked for asked in fresh.running.log.entries())


@pytest.mark.parametrize("multipart", [False, True])
def test_w22_wrong_bytes_are_never_stored(fresh: Session, multipart: bool) -> None:
    if multipart:
        parts(fresh)
    wrong = bytes([LARGE[0] ^ 1]) + LARGE[1:]
    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    with pytest.raises(Hf2msError):
        fresh.write.put(NEW, ticket, Memory(wrong))
    assert len(fresh.write.missing(NEW, [blob(LARGE)])) == 1


@pytest.mark.parametrize("multipart", [False, True])
def test_a_source_that_fails_stops_the_upload_with_its_own_error(fresh: Session, multipart: bool) -> None:
    if multipart:
        parts(fresh)
    boom = Corrupt("the digest differs")

    class Failing(Memory):
        def read(self, n: int = -1, /) -> bytes:
            data = super().read(n)
            if not data or self._at == len(self._data):
                raise boom
            return data

    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    with pytest.raises(Corrupt) as caught:
        fresh.write.put(NEW, ticket, Failing(LARGE))
    assert caught.value is boom
    assert len(fresh.write.missing(NEW, [blob(LARGE)])) == 1


def test_many_blobs_are_asked_for_500_at_a_time(fresh: Session) -> None:
    many = [Blob(f"{number:064x}", 10 + number) for number in range(1, 1202)]
    tickets = fresh.write.missing(NEW, many)
    assert [ticket.blob for ticket in tickets] == many
    assert fresh.requests("lfs-batch") == 3


def test_a_hub_that_finds_500_too_many_is_asked_for_half(fresh: Session) -> None:
    fresh.fault("hf:POST:lfs-batch:status=413:count=2")
    many = [Blob(f"{number:064x}", 10) for number in range(1, 501)]
    assert len(fresh.write.missing(NEW, many)) == 500
    assert fresh.requests("lfs-batch") == 2 + 3  # 500, 250, then 125 twice and 250 again


def test_empty_blobs_are_never_asked_for(fresh: Session) -> None:
    assert fresh.write.missing(NEW, [EMPTY]) == ()
    assert fresh.requests("lfs-batch") == 0


OID = blob(SMALL).sha256
HREF = "http://127.0.0.1:9/x"


def said(**item: object) -> str:
    return json.dumps({"transfer": "basic", "objects": [{"oid": OID, "size": len(SMALL), **item}]})


LIES = {
    "nothing at all": "{}",
    "no objects": '{"objects": null}',
    "left out": '{"objects": []}',
    "another object": json.dumps({"objects": [{"oid": "0" * 64, "size": len(SMALL)}]}),
    "twice": json.dumps({"objects": [{"oid": OID, "size": len(SMALL)}] * 2}),
    "one too many": json.dumps({"objects": [{"oid": OID, "size": len(SMALL)}, {"oid": "0" * 64, "size": 1}]}),
    "another size": json.dumps({"objects": [{"oid": OID, "size": 1}]}),
    "no address": said(actions={"upload": {}}),
    "no upload": said(actions={"verify": {"href": HREF}}),
    "file address": said(actions={"upload": {"href": "file:///etc/passwd"}}),
    "parts missing": said(actions={"upload": {"href": HREF, "header": {"chunk_size": "50000", "1": HREF}}}),
    "parts of nothing": said(actions={"upload": {"href": HREF, "header": {"chunk_size": "0", "1": HREF}}}),
    "parts with a gap": said(
        actions={"upload": {"href": HREF, "header": {"chunk_size": "50000", "1": HREF, "3": HREF}}}
    ),
}


@pytest.mark.parametrize("way", LIES)
def test_an_answer_that_neither_grants_nor_confirms_is_a_lie(fresh: Session, way: str) -> None:
    fresh.say("POST", "lfs-batch", LIES[way])
    with pytest.raises(HubLied):
        fresh.write.missing(NEW, [blob(SMALL)])


@pytest.mark.parametrize(
    ("code", "kind"),
    [(404, NotFound), (403, NotPermitted), (422, BadInput), (507, Unreachable), ("x", BadInput)],
)
def test_an_object_with_an_error_is_that_error(fresh: Session, code: object, kind: type[Hf2msError]) -> None:
    fresh.say("POST", "lfs-batch", said(error={"code": code, "message": "no luck"}))
    with pytest.raises(kind, match="no luck"):
        fresh.write.missing(NEW, [blob(SMALL)])
