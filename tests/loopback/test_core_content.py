"""Contents, the index that finds them, and the way in for uploads."""

from __future__ import annotations

import hashlib
import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.loopback.blobs import MEMORY_LIMIT, BlobRefused, ContentIndex, Intake
from hf2ms_tui.loopback.content import (
    BLOCK,
    BytesContent,
    Content,
    CorruptContent,
    FileContent,
    SeededContent,
)

SIZE = 3 * BLOCK + 777
WHOLE = SeededContent("whole", SIZE).read(0, SIZE)


@given(st.integers(0, SIZE + 100), st.integers(0, SIZE))
def test_seeded_content_can_be_read_from_anywhere(offset: int, length: int) -> None:
    assert SeededContent("whole", SIZE).read(offset, length) == WHOLE[offset : offset + length]


def test_seeds_agree_nowhere() -> None:
    other = SeededContent("other", SIZE).read(0, SIZE)
    for start in range(0, SIZE, BLOCK):
        assert WHOLE[start : start + 32] != other[start : start + 32]
        assert WHOLE[start : start + 32] != WHOLE[(start + BLOCK) % (4 * BLOCK) :][:32]
    assert len(set(WHOLE)) == 256


def test_seeded_content_is_the_same_in_every_process() -> None:
    assert SeededContent("fixed", 300_000).sha256 == (
        "c3f93a56cce2ffba6e84645f6d0a18c07819b37dc7237e7f2411a70a752b414f"
    )


def test_generating_is_fast() -> None:
    content, got, began = SeededContent("fast", 400_000_000), 0, time.perf_counter()
    for piece in content.steps():
        got += len(piece)
    assert got == 400_000_000
    assert got / (time.perf_counter() - began) > 20e6, "slower than a link it is served over"


@pytest.mark.parametrize("size", [0, 1, 500, BLOCK, SIZE])
def test_hashes_are_those_of_the_bytes(size: int) -> None:
    content = SeededContent("hashes", size)
    data = content.read(0, size)
    assert len(data) == size
    assert content.sha256 == hashlib.sha256(data).hexdigest()
    assert content.git_oid == hashlib.sha1(b"blob %d\0" % size + data).hexdigest()
    assert BytesContent(data).git_oid == content.git_oid
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{content.sha256}\nsize {size}\n".encode()
    )
    assert (content.pointer, content.pointer_size) == (pointer, len(pointer))


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(WHOLE)
    content = FileContent(tmp_path / "f")
    assert content.read(BLOCK - 5, 10) == WHOLE[BLOCK - 5 : BLOCK + 5]
    assert content.read(SIZE, 10) == b""
    assert content.sha256 == hashlib.sha256(WHOLE).hexdigest()


def test_corrupt_content_lies_about_one_byte() -> None:
    base = SeededContent("whole", SIZE)
    liar = CorruptContent(base, 1000)
    got = liar.read(0, SIZE)
    assert [place for place in range(SIZE) if got[place] != WHOLE[place]] == [1000]
    assert liar.read(990, 20) == got[990:1010]
    assert (liar.sha256, liar.git_oid, liar.pointer_oid) == (base.sha256, base.git_oid, base.pointer_oid)
    with pytest.raises(ValueError, match="cannot flip"):
        CorruptContent(base, SIZE)


def test_the_index_hashes_only_what_could_be_meant() -> None:
    one, two, three = SeededContent("1", 1000), SeededContent("2", 1000), SeededContent("3", 2000)
    index = ContentIndex([one, two, three])
    assert index.must_hash(1000)
    assert index.find(two.sha256, 1000) is two
    assert index.find(two.sha256, 2000) is None
    assert not index.must_hash(1000)
    assert index.find("0" * 64, 1000) is None
    assert {content.identity for content in index.all()} == {one.identity, two.identity, three.identity}
    liar = CorruptContent(one, 5)
    index.replace(liar)
    assert index.find(one.sha256, 1000) is liar
    assert index.drop(one.sha256, 1000)
    assert not index.drop(one.sha256, 1000)
    assert index.find(one.sha256, 1000) is None


def send(intake: Intake, data: bytes, parts: list[tuple[int, int]], step: int = 65_536) -> None:
    for start, stop in parts:
        writer = intake.part(start)
        for offset in range(start, stop, step):
            writer.write(data[offset : min(offset + step, stop)])
        writer.close()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("size", [0, 1000, MEMORY_LIMIT, MEMORY_LIMIT + 1, 3_000_000])
def test_blobs_arrive_whole_or_in_parts_in_any_order(tmp_path: Path, size: int, known: bool) -> None:
    content = SeededContent("arriving", size)
    data, recipe = content.read(0, size), content if known else None
    edges = sorted({0, size, *(size * n // 5 for n in range(1, 5))})
    parts = list(pairwise(edges)) or [(0, 0)]
    random.Random(size).shuffle(parts)
    for plan in ([(0, size)], parts):
        intake = Intake(content.sha256, size, recipe=recipe, spool=tmp_path)
        send(intake, data, plan)
        got: Content = intake.finish()
        assert got.sha256 == content.sha256
        assert got.read(0, size) == data
        assert (got is content) is known
    assert known is (not list(tmp_path.iterdir())) or size <= MEMORY_LIMIT


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("size", [1000, 3_000_000])
@pytest.mark.parametrize("fault", ["flipped", "missing", "too long", "hole", "nothing"])
def test_anything_else_is_refused_and_not_kept(tmp_path: Path, size: int, known: bool, fault: str) -> None:
    content = SeededContent("refused", size)
    data = content.read(0, size)
    intake = Intake(content.sha256, size, recipe=content if known else None, spool=tmp_path)
    half = size // 2
    with pytest.raises(BlobRefused):
        if fault == "flipped":
            place = half + 7
            data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            send(intake, data, [(half, size), (0, half)])
        elif fault == "missing":
            send(intake, data, [(0, size - 1)])
        elif fault == "too long":
            send(intake, data + b"x", [(0, size + 1)])
        elif fault == "hole":
            send(intake, data, [(0, half), (half + 1, size)])
        intake.finish()
    intake.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_part_sent_again_replaces_the_first(tmp_path: Path) -> None:
    for known in (True, False):
        content = SeededContent("again", 3_000_000)
        data = content.read(0, content.size)
        intake = Intake(content.sha256, content.size, recipe=content if known else None, spool=tmp_path)
        send(intake, bytes(content.size), [(0, 1_000_000)])
        send(intake, data, [(1_000_000, 3_000_000), (0, 1_000_000)])
        assert intake.finish().read(0, content.size) == data
