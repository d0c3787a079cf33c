"""Overlaps by content, never by name; and repos that only look alike."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.overlap import MAX_HOLDERS, Holding, Overlap, holding, sharing
from hf2ms_tui.domain.repo import RepoRef

MB = 1_000_000


def ref(name: str, kind: str = "dataset") -> RepoRef:
    return RepoRef.of("hf", kind, f"acme/{name}")


def manifest(name: str, files: Mapping[str, tuple[str | None, int]], incomplete: str = "") -> Manifest:
    entries = [
        FileEntry(
            path, size, hashlib.sha256(content.encode()).hexdigest() if content else None, "9" * 40, True
        )
        for path, (content, size) in sorted(files.items())
    ]
    return Manifest(ref(name), "a" * 40, tuple(entries), incomplete)


def hold(name: str, files: Mapping[str, tuple[str | None, int]], incomplete: str = "") -> Holding:
    return holding(manifest(name, files, incomplete))


def shards(
    prefix: str, count: int, size: int = 3 * MB, path: str = "train/shard-{}.tar"
) -> dict[str, tuple[str, int]]:
    return {path.format(number): (f"{prefix}{number}", size + number) for number in range(count)}


def test_a_subset_is_known_by_content_whatever_its_paths() -> None:
    parent = shards("p", 20)
    child = {f"other/{name}": parent[f"train/shard-{name}.tar"] for name in (3, 8, 13)}
    found = sharing([hold("parent", parent), hold("child", child), hold("stranger", shards("s", 4))])
    overlap = found[ref("child").key].overlaps[0]
    assert overlap == Overlap(
        ref("parent"), 3, sum(size for _, size in child.values()), 3, covers=True, same=False
    )
    assert not found[ref("parent").key].overlaps[0].covers
    assert found[ref("parent").key].large_elsewhere == 3
    assert found[ref("stranger").key].overlaps == ()


def test_copies_are_the_same_both_ways() -> None:
    files = shards("x", 3)
    moved = {f"moved/{path}": value for path, value in files.items()}
    found = sharing(
        [hold("a", files), hold("b", {**moved, "README.md": ("card of b", 900), "empty": (None, 0)})]
    )
    assert found[ref("a").key].overlaps[0].same
    assert found[ref("b").key].overlaps[0].same


def test_a_missing_hash_or_a_cut_listing_covers_nothing() -> None:
    files = shards("x", 3)
    unhashed = {**files, "more.bin": (None, 5 * MB)}
    found = sharing(
        [
            hold("whole", {**files, "z": ("z", 9)}),
            hold("unhashed", unhashed),
            hold("cut", files, "cut at 3,000"),
        ]
    )
    for name in ("unhashed", "cut"):
        assert not any(overlap.covers or overlap.same for overlap in found[ref(name).key].overlaps)
    assert not any(overlap.same for overlap in found[ref("whole").key].overlaps)


def test_regular_files_are_compared_by_their_git_id() -> None:
    one = Manifest(ref("one"), "a" * 40, (FileEntry("a.json", 10, None, "1" * 40),))
    two = Manifest(
        ref("two"), "a" * 40, (FileEntry("b.json", 10, "f" * 64, "1" * 40), FileEntry("c", 3, None, "2" * 40))
    )
    found = sharing([holding(one), holding(two)])
    assert found[ref("one").key].overlaps[0].covers


def test_common_stock_says_nothing_of_any_two() -> None:
    many = [
        hold(f"r{number:03d}", {"model.bin": ("stock", 9 * MB), "own": (f"own{number}", MB)})
        for number in range(MAX_HOLDERS + 1)
    ]
    found = sharing(many)
    assert all(not each.overlaps for each in found.values())
    assert all(each.large_elsewhere == 1 for each in found.values())


def test_repacked_data_is_a_twin() -> None:
    files = shards("p", 20) | {"meta/captions.parquet": ("captions", 5 * MB)}
    again = shards("q", 20, 3 * MB + 512, "train/part_{}.tar") | {
        "meta/captions.parquet": ("captions2", 5 * MB)
    }
    found = sharing([hold("parent", files), hold("again", again), hold("small", shards("s", 20, 2 * MB))])
    (twin,) = found[ref("again").key].twins
    assert (twin.other, twin.folders, twin.files) == (ref("parent"), 2, 21)
    assert 0.95 < twin.size_ratio < 1
    assert found[ref("parent").key].twins[0].other == ref("again")
    assert found[ref("small").key].twins == ()


def test_no_twins_of_other_size_of_few_files_or_of_the_same_content() -> None:
    files = shards("p", 20)
    half_as_large = hold("half", shards("h", 20, MB))
    mostly_same = {f"train/x-{n}.tar": files[f"train/shard-{n}.tar"] for n in range(15)} | {
        f"train/y-{n}.tar": (f"y{n}", 3 * MB) for n in range(5)
    }
    found = sharing([hold("parent", files), half_as_large, hold("mostly", mostly_same)])
    assert all(not each.twins for each in found.values())
    few = sharing([hold("a", shards("a", 4)), hold("b", shards("b", 4))])
    assert all(not each.twins for each in few.values())


def test_the_order_of_the_input_does_not_matter() -> None:
    held = [hold(f"r{number}", shards("p", 3 + number) | shards(f"o{number}", 2)) for number in range(8)]
    expected = sharing(held)
    for seed in range(5):
        random.Random(seed).shuffle(held)
        assert sharing(held) == expected


CONTENTS = st.dictionaries(st.integers(0, 12), st.just(0), min_size=1, max_size=8)


@given(CONTENTS, CONTENTS)
def test_covers_is_the_subset_relation(one: dict[int, int], two: dict[int, int]) -> None:
    def files(chosen: dict[int, int]) -> dict[str, tuple[str | None, int]]:
        return {f"f{number}": (f"c{number}", MB + number) for number in chosen}

    found = sharing([hold("one", files(one)), hold("two", files(two))])
    overlaps = found[ref("one").key].overlaps
    assert bool(overlaps) == bool(one.keys() & two.keys())
    for overlap in overlaps:
        assert overlap.files == len(one.keys() & two.keys())
        assert overlap.covers == (one.keys() <= two.keys())
        assert overlap.same == (one.keys() == two.keys())


def test_a_hundred_thousand_files_take_a_moment() -> None:
    files = tuple(
        FileEntry(f"train/{number:06d}.jpg", 50_000 + number, f"{number:064x}", f"{number:040x}", True)
        for number in range(100_000)
    )
    parent = Manifest(ref("parent"), "a" * 40, files)
    child = Manifest(ref("child"), "b" * 40, files[::2])
    began = time.thread_time()
    found = sharing([holding(parent), holding(child)])
    assert time.thread_time() - began < 3.0
    assert found[ref("child").key].overlaps[0].covers
