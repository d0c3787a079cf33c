"""Bytes from ModelScope: small files, the redirect to its CDN, ranges in both forms, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import Hf2msError, HubLied, NotFound, RateLimited, Unreachable
from hf2ms_tui.domain.manifest import FileEntry
from support.ms_session import Session, add, ref, serve
from support.ms_world import TINY, WEIGHTS

BIG = "weights/model.safetensors"
SMALL = "runs/a b/loss+1.csv"


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(add("data", TINY, kind="dataset"), add("app", TINY, kind="space")) as session:
        yield session


def read(
    session: Session,
    path: str,
    start: int = 0,
    end: int | None = None,
    *,
    name: str = "tiny",
    kind: str = "model",
) -> bytes:
    revision, entry = session.entry(name, path, kind)
    source = session.read.open(ref(name, kind), revision, entry, start, end)
    try:
        pieces = []
        while piece := source.read(50_000):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        source.close()


@pytest.mark.parametrize(("name", "kind"), [("secret", "model"), ("data", "dataset"), ("app", "space")])
@pytest.mark.parametrize("path", sorted(TINY))
def test_every_file_comes_as_it_is(ms: Session, name: str, kind: str, path: str) -> None:
    content = TINY[path]
    assert read(ms, path, name=name, kind=kind) == content.read(0, content.size)


@pytest.mark.parametrize("status", [206, 200])
@pytest.mark.parametrize(("start", "end"), [(0, 1), (1, 700_001), (65_536, 131_072), (700_000, 700_001)])
def test_ranges_of_lfs_files_in_both_forms(ms: Session, status: int, start: int, end: int) -> None:
    ms.set(range_status=status)
    assert read(ms, BIG, start, end) == WEIGHTS.read(start, end - start)


def test_small_files_ignore_ranges_and_are_read_past(ms: Session) -> None:
    whole = TINY[SMALL].read(0, 100)
    assert read(ms, SMALL, 5, 12) == whole[5:12]


def test_empty_files_and_ranges_cost_nothing(ms: Session) -> None:
    revision, entry = ms.entry("tiny", "empty.txt")
    _, big = ms.entry("tiny", BIG)
    before = len(ms.running.log.entries())
    assert ms.read.open(ref("tiny"), revision, entry).read() == b""
    assert ms.read.open(ref("tiny"), revision, big, 7, 7).read() == b""
    assert len(ms.running.log.entries()) == before


def test_the_cdn_gets_no_credentials(ms: Session) -> None:
    assert len(read(ms, BIG, name="secret")) == 700_001
    seen = [entry for entry in ms.running.log.entries() if entry.route == "blob-get"]
    assert seen
    assert not any(entry.authorization or entry.cookie or entry.leaked for entry in seen)
    assert all(
        entry.authorization and entry.cookie
        for entry in ms.running.log.entries()
        if entry.route == "download"
    )


def test_both_forms_of_the_token_are_sent(ms: Session) -> None:
    ms.set(strict_auth=1)
    assert len(read(ms, BIG, name="secret")) == 700_001
    assert ms.read.whoami().account == "mira"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("blob-get:cut=1000", Unreachable),
        ("blob-get:reset=1000", Unreachable),
        ("blob-get:status=403", Hf2msError),
        ("blob-get:status=503", Unreachable),
        ("download:status=503", Unreachable),
        ("download:status=404", NotFound),
        ("download:status=429:header=Retry-After=7", RateLimited),
        ("download:success_false", HubLied),
        ("download:status=302", HubLied),
    ],
)
def test_what_goes_wrong_with_a_large_file(ms: Session, fault: str, error: type[Hf2msError]) -> None:
    revision, entry = ms.entry("tiny", BIG)
    ms.fault(f"ms:GET:{fault}")
    with pytest.raises(error) as caught:
        source = ms.read.open(ref("tiny"), revision, entry)
        while source.read(65_536):
            pass
    assert caught.value.repo == "lab/tiny"
    assert caught.value.path == BIG


@pytest.mark.parametrize("route", ["download", "blob-get"])
def test_a_stall_ends_soon(ms: Session, route: str) -> None:
    revision, entry = ms.entry("tiny", BIG)
    ms.fault(f"ms:GET:{route}:stall=forever")
    with pytest.raises(Unreachable):
        ms.hasty().read.open(ref("tiny"), revision, entry).read()


def test_a_corrupted_byte_comes_through_for_the_reader_to_find(ms: Session) -> None:
    """Only a hash can tell; this room promises lengths."""
    ms.fault("ms:GET:blob-get:corrupt=5000")
    found = read(ms, BIG)
    assert len(found) == WEIGHTS.size
    assert found != WEIGHTS.read(0, WEIGHTS.size)


def test_overload_in_a_download_is_not_a_missing_file(ms: Session) -> None:
    revision, entry = ms.entry("tiny", SMALL)
    body = '{"Code":10010205001,"Message":"Error 1461: max_prepared_stmt_count","Success":false}'
    ms.say("GET", "download", body, status=404)
    with pytest.raises(Unreachable, match="overloaded"):
        ms.read.open(ref("tiny"), revision, entry)


def test_a_file_of_another_length_than_listed_is_a_lie(ms: Session) -> None:
    revision, entry = ms.entry("tiny", BIG)
    wrong = FileEntry(entry.path, entry.size - 1, entry.sha256)
    with pytest.raises(HubLied):
        ms.read.open(ref("tiny"), revision, wrong).read()


def test_ranges_outside_the_file_are_refused_at_home(ms: Session) -> None:
    revision, entry = ms.entry("tiny", SMALL)
    with pytest.raises(ValueError, match="not in a file"):
        ms.read.open(ref("tiny"), revision, entry, 0, 17)
