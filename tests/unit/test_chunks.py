from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.chunks import GIB, Piece, makespan, makespan_bound, plan_chunks
from hf2ms_tui.domain.manifest import Blob


def pieces(sizes: list[int]) -> list[Piece]:
    return [
        Piece(Blob(hashlib.sha256(str(index).encode()).hexdigest(), size), f"{index:06}.bin")
        for index, size in enumerate(sizes)
    ]


@given(st.lists(st.integers(0, 3 * GIB), max_size=300), st.integers(1, 100), st.integers(1, 50))
def test_every_blob_is_in_exactly_one_chunk(sizes: list[int], workers: int, max_count: int) -> None:
    given_pieces = pieces(sizes)
    chunks = plan_chunks(given_pieces, workers=workers, max_count=max_count)
    assert sorted(p.path for c in chunks for p in c.pieces) == sorted(p.path for p in given_pieces)
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert [c.size for c in chunks] == sorted((c.size for c in chunks), reverse=True)
    assert all(len(chunk.pieces) <= max_count for chunk in chunks)


@given(st.lists(st.integers(0, 60 * GIB), max_size=300), st.integers(1, 40))
def test_w31_the_cap_on_chunks_is_kept(sizes: list[int], cap: int) -> None:
    assert len(plan_chunks(pieces(sizes), workers=100, max_chunks=cap)) <= 2 * cap + 2


def test_a_blob_larger_than_a_chunk_is_a_chunk_of_its_own() -> None:
    chunks = plan_chunks(pieces([50 * GIB, 1, 2]), workers=2, max_bytes=20 * GIB)
    assert [piece.blob.size for piece in chunks[0].pieces] == [50 * GIB]


def test_the_published_large_repo_is_scheduled_within_five_percent_of_the_bound() -> None:
    rng = random.Random(7)
    weights = [rng.lognormvariate(0, 0.5) for _ in range(678)]
    total = 3_300 * 10**9
    chunks = plan_chunks(pieces([int(total * w / sum(weights)) for w in weights]), workers=100)
    assert makespan(chunks, 100) <= 1.05 * makespan_bound(chunks, 100)


def test_the_plan_is_the_same_whatever_the_order_of_the_listing() -> None:
    given_pieces = pieces([5, 9, 9, 1, 7] * 40)
    shuffled = given_pieces[:]
    random.Random(1).shuffle(shuffled)
    assert plan_chunks(given_pieces, workers=3) == plan_chunks(shuffled, workers=3)


def test_one_worker_alone_gets_no_finer_cut_than_the_limits_ask_for() -> None:
    assert len(plan_chunks(pieces([GIB] * 12), workers=1)) == 1
    assert len(plan_chunks(pieces([GIB] * 60), workers=1, max_bytes=20 * GIB)) == 3
    assert len(plan_chunks(pieces([GIB] * 12), workers=2)) >= 6
