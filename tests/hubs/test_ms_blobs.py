"""Blobs on ModelScope: which are lacking, by answers that are believed only when they are whole, and storing one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Corrupt,
    Hf2msError,
    HubLied,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.hubs.modelscope.batch import Where
from hf2ms_tui.hubs.modelscope.client import trusted
from hf2ms_tui.hubs.protocol import Ticket
from hf2ms_tui.loopback.content import BytesContent
from support.ms_session import Bytes, Session, blob_of, ref, serve

SECRET = ref("secret")
NEW = [bytes([number % 256]) * (1_000 + number) for number in range(6)]


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve() as session:
        yield session


def batch(objects: object) -> str:
    return json.dumps({"Code": 200, "Success": True, "Data": {"objects": objects, "reused-objects": []}})


def test_only_what_is_lacking_gets_a_ticket(ms: Session) -> None:
    held, new = blob_of(NEW[0]), [blob_of(data) for data in NEW[1:]]
    ms.running.world.ms.blobs.add(BytesContent(NEW[0]))
    found = ms.write.missing(SECRET, [new[0], held, *new[1:], new[0]])
    assert [ticket.blob for ticket in found] == new


def test_what_any_repo_stored_is_not_sent_again(ms: Session) -> None:
    _, entry = ms.entry("tiny", "weights/model.safetensors")
    assert entry.blob is not None
    assert ms.write.missing(ref("many", "dataset"), [entry.blob]) == ()
    assert ms.requests("lfs-batch") == 1, "a plain “all are stored” needs no second request"


def test_a_blob_is_known_by_hash_and_size(ms: Session) -> None:
    _, entry = ms.entry("tiny", "weights/model.safetensors")
    assert entry.sha256
    wrong = Blob(entry.sha256, entry.size + 1)
    assert [ticket.blob for ticket in ms.write.missing(SECRET, [wrong])] == [wrong]


def test_an_answer_cut_short_does_not_make_blobs_stored(ms: Session) -> None:
    blobs = [blob_of(data) for data in NEW]
    ms.fault("ms:POST:lfs-batch:truncate=4:count=1")
    assert [ticket.blob for ticket in ms.write.missing(SECRET, blobs)] == blobs


def test_five_hundred_at_once(ms: Session) -> None:
    blobs = [Blob(f"{number:064x}", 10) for number in range(1_200)]
    assert len(ms.write.missing(SECRET, blobs)) == 1_200
    assert ms.requests("lfs-batch") == 3


def test_too_many_at_once_are_halved(ms: Session) -> None:
    blobs = [Blob(f"{number:064x}", 10) for number in range(8)]
    ms.fault("ms:POST:lfs-batch:status=413:count=3")
    assert [ticket.blob for ticket in ms.write.missing(SECRET, blobs)] == blobs


@pytest.mark.parametrize(
    "objects",
    [
        None,
        {},
        ["x"],
        [{"oid": "00" * 32, "size": 5}],
        [{"oid": blob_of(NEW[0]).sha256, "size": 5}],
        [{"oid": blob_of(NEW[0]).sha256, "size": len(NEW[0])}],
        [{"oid": blob_of(NEW[0]).sha256, "size": len(NEW[0]), "actions": {}}],
        [{"oid": blob_of(NEW[0]).sha256, "size": len(NEW[0]), "actions": {"upload": {"href": ""}}}],
        [{"oid": blob_of(NEW[0]).sha256, "size": len(NEW[0]), "error": {"code": 500, "message": "no"}}],
        [
            {
                "oid": blob_of(NEW[0]).sha256,
                "size": len(NEW[0]),
                "actions": {"upload": {"href": "http://192.0.2.7/x"}},
            }
        ],
    ],
)
def test_an_object_neither_granted_nor_left_out_is_a_lie(ms: Session, objects: object) -> None:
    """The SDK takes most of these for “already stored” and would commit a pointer to nothing."""
    ms.say("POST", "lfs-batch", batch(objects))
    with pytest.raises(HubLied):
        ms.write.missing(SECRET, [blob_of(NEW[0])])


def test_a_blob_beyond_the_hubs_limit(ms: Session) -> None:
    ms.set(blob_limit=1_000)
    with pytest.raises(QuotaExceeded, match="does not take blob"):
        ms.write.missing(SECRET, [blob_of(NEW[2])])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("success_false", HubLied),
        ("status=429:header=Retry-After=90", RateLimited),
        ("status=503", Unreachable),
        ("status=200:body={}", HubLied),
        ("reset=0", Unreachable),
    ],
)
def test_batches_that_fail(ms: Session, fault: str, error: type[Hf2msError]) -> None:
    ms.fault(f"ms:POST:lfs-batch:{fault}")
    with pytest.raises(error):
        ms.write.missing(SECRET, [blob_of(NEW[0])])


@pytest.mark.parametrize(
    ("role", "error"),
    [("bad", NotAuthenticated), ("nobody", NotAuthenticated), ("read", NotPermitted), ("outsider", NotFound)],
)
def test_batches_of_those_who_may_not(ms: Session, role: str, error: type[Hf2msError]) -> None:
    """A bad token is a 400 here, which the SDK calls an invalid parameter."""
    with pytest.raises(error):
        ms.as_(role).write.missing(SECRET, [blob_of(NEW[0])])


def ticket(ms: Session, data: bytes) -> Ticket:
    (found,) = ms.write.missing(SECRET, [blob_of(data)])
    return found


@pytest.mark.parametrize("size", [1, 70_000, 3_000_001])
def test_a_blob_is_stored(ms: Session, size: int) -> None:
    data = b"abcdefg" * (size // 7) + b"x" * (size % 7)
    leave = ticket(ms, data)
    ms.write.put(SECRET, leave, Bytes(data))
    assert ms.running.world.ms.blobs.find(leave.blob.sha256, leave.blob.size) is not None
    assert ms.write.missing(SECRET, [leave.blob]) == ()


def test_an_upload_carries_both_forms_of_the_token(ms: Session) -> None:
    ms.set(strict_auth=1)
    ms.write.put(SECRET, ticket(ms, NEW[0]), Bytes(NEW[0]))


def test_the_sources_own_error_comes_through_and_nothing_is_stored(ms: Session) -> None:
    class Spoilt(Exception):
        pass

    leave = ticket(ms, NEW[0])
    with pytest.raises(Spoilt):
        ms.write.put(SECRET, leave, Bytes(NEW[0], Spoilt()))
    assert ms.running.world.ms.blobs.find(leave.blob.sha256, leave.blob.size) is None


def test_a_source_that_ends_early(ms: Session) -> None:
    leave = ticket(ms, NEW[0])
    with pytest.raises(Corrupt):
        ms.write.put(SECRET, leave, Bytes(NEW[0][:-1]))
    assert ms.running.world.ms.blobs.find(leave.blob.sha256, leave.blob.size) is None


def test_wrong_bytes_are_refused_by_the_hub(ms: Session) -> None:
    leave = ticket(ms, NEW[0])
    with pytest.raises(Hf2msError):
        ms.write.put(SECRET, leave, Bytes(b"z" * leave.blob.size))
    assert ms.running.world.ms.blobs.find(leave.blob.sha256, leave.blob.size) is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("success_false", HubLied),
        ("status=200:body=", HubLied),
        ("status=200:body={}", HubLied),
        ("status=204:body=", HubLied),
        ("status=307", HubLied),
        ("status=503", Unreachable),
        ("status=429:header=Retry-After=9", RateLimited),
        ("status=400:body=user not logged in", NotAuthenticated),
        ("reset=500:upload", Unreachable),
    ],
)
def test_an_upload_counts_only_when_the_hub_says_so(ms: Session, fault: str, error: type[Hf2msError]) -> None:
    """The SDK takes an empty answer for a success."""
    leave = ticket(ms, NEW[0])
    ms.fault(f"ms:PUT:blob-put:{fault}")
    with pytest.raises(error):
        ms.write.put(SECRET, leave, Bytes(NEW[0]))


def test_an_upload_that_is_not_answered_ends_soon(ms: Session) -> None:
    leave = ticket(ms, NEW[0])
    ms.fault("ms:PUT:blob-put:stall=forever")
    with pytest.raises(Unreachable):
        ms.hasty().write.put(SECRET, leave, Bytes(NEW[0]))


def test_no_token_goes_to_a_stranger(ms: Session) -> None:
    """The SDK sends the token to whatever host the batch names."""
    stranger = Ticket(blob_of(NEW[0]), Where("http://192.0.2.7/blobs/x"))
    with pytest.raises(HubLied, match="not ModelScope"):
        ms.write.put(SECRET, stranger, Bytes(NEW[0]))
    with pytest.raises(TypeError):
        ms.write.put(SECRET, Ticket(blob_of(NEW[0]), "http://192.0.2.7/"), Bytes(NEW[0]))


@pytest.mark.parametrize(
    ("endpoint", "url", "good"),
    [
        ("https://modelscope.cn", "https://modelscope.cn/x", True),
        ("https://modelscope.cn", "https://www.modelscope.cn/x", True),
        ("https://www.modelscope.cn", "https://modelscope.cn/x", True),
        ("https://modelscope.cn", "https://lfs.modelscope.cn/x", True),
        ("https://www.modelscope.ai", "https://lfs.modelscope.ai/x", True),
        ("https://pre.modelscope.cn", "https://pre-lfs.modelscope.cn/x", True),
        ("https://modelscope.cn", "http://lfs.modelscope.cn/x", False),
        ("https://modelscope.cn", "https://lfs.modelscope.cn:8443/x", False),
        ("https://modelscope.cn", "https://lfs.modelscope.cn.evil.example/x", False),
        ("https://modelscope.cn", "https://evilmodelscope.cn/x", False),
        ("https://modelscope.cn", "https://modelscope.cn@evil.example/x", False),
        ("https://modelscope.cn", "https://modelscope.ai/x", False),
        ("https://modelscope.cn", "https://127.0.0.1/x", False),
        ("https://modelscope.cn", "//", False),
        ("https://modelscope.cn", "file:///etc/passwd", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:9000/x", True),
        ("http://127.0.0.1:8000", "http://127.0.0.2:9000/x", True),
        ("http://127.0.0.1:8000", "http://192.0.2.7:9000/x", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1.evil.example/x", False),
    ],
)
def test_where_a_token_may_go(endpoint: str, url: str, good: bool) -> None:
    assert trusted(endpoint, url) is good


def test_requests_that_no_size_makes_acceptable(ms: Session) -> None:
    ms.fault("ms:POST:lfs-batch:status=400")
    with pytest.raises(BadInput):
        ms.write.missing(SECRET, [blob_of(data) for data in NEW])
