"""Listings of ModelScope that are cut the same way every time are given away by files that are served by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import Unreachable
from hf2ms_tui.loopback.content import BytesContent, SeededContent
from support.ms_session import Session, add, serve

FILES = {
    ".gitattributes": BytesContent(b"* text\n"),
    "a.txt": BytesContent(b"a"),
    "config.json": BytesContent(b'{"Success": false, "RequestId": "one of the model\'s own"}'),
    "model.safetensors": SeededContent("m", 40_000),
}


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(add("flat", FILES), add("bare", {"a.txt": BytesContent(b"a")})) as session:
        yield session


@pytest.mark.parametrize(("entries", "name"), [(1, "model.safetensors"), (3, "model.safetensors"), (4, "")])
def test_a_listing_that_is_always_cut_is_never_whole(ms: Session, entries: int, name: str) -> None:
    ms.fault(f"ms:GET:files:truncate={entries}")
    found = ms.manifest("flat")
    assert name in found.incomplete
    assert found.complete is not bool(name)


def test_a_repo_without_usual_files_is_listed_whole(ms: Session) -> None:
    assert ms.manifest("bare").complete


def test_what_cannot_be_asked_is_no_evidence(ms: Session) -> None:
    ms.fault("ms:GET:download:status=503")
    with pytest.raises(Unreachable):
        ms.manifest("bare")


def test_a_refusal_in_a_success_is_no_file(ms: Session) -> None:
    ms.fault("ms:GET:download:success_false")
    assert ms.manifest("bare").complete
