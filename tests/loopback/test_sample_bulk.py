"""An org of any number of repos."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from hf2ms_tui.loopback.sample.bulk import bulk_org
from hf2ms_tui.loopback.world import World


def test_ten_thousand_repos_are_made_and_measured_quickly() -> None:
    fill = bulk_org(10_000)
    began = time.perf_counter()
    world = World(fill)
    made = time.perf_counter()
    sizes = [one.used_storage for one in world.hf.repos.values()]
    listed = time.perf_counter()
    print(f"made in {made - began:.2f} s, sized in {listed - made:.2f} s")
    assert len(sizes) == 10_000
    # Far above what it takes; only a change of kind (hashing at the start, say) would break it.
    assert listed - began < 10
    assert min(sizes) < 1_000 and max(sizes) > 1e9 and sum(sizes) > 5e11
    world.close()


def test_looks_plausible() -> None:
    world = World(bulk_org(600))
    repos = list(world.hf.repos.values())
    kinds = Counter(one.kind for one in repos)
    assert kinds["model"] > kinds["dataset"] > kinds["space"] > 0
    assert len({one.name for one in repos}) == 600
    assert 0 < sum(one.private for one in repos) < 600
    now = datetime.now(UTC)
    assert all(one.created_at <= one.last_modified <= now for one in repos)
    assert len({one.last_modified.date() for one in repos}) > 100
    assert {"poc", "test", "half_done"} <= {one.name.split("-")[0] for one in repos}
    copies = list(world.ms.repos.values())
    assert 40 < len(copies) < 80
    for copy in copies:
        source = world.hf.get(copy.kind, copy.id)
        assert source is not None and source.visibility == copy.visibility
        assert set(copy.resolve("master").files) <= set(source.head().files)
    assert any(
        len(c.resolve("master").files) < len(world.hf.repos[c.kind, c.id].head().files) for c in copies
    )
    world.close()


def test_is_the_same_every_time() -> None:
    def revisions() -> list[tuple[object, str]]:
        world = World(bulk_org(200))
        world.close()
        return [(key, one.head().id) for key, one in world.hf.repos.items()]

    assert revisions() == revisions()


def test_a_larger_org_begins_like_a_smaller_one() -> None:
    small, large = World(bulk_org(50)), World(bulk_org(60))
    assert list(large.hf.repos)[:50] == list(small.hf.repos)
    small.close()
    large.close()


def test_no_repo_at_all_and_less_than_none() -> None:
    world = World(bulk_org(0))
    assert not world.hf.repos and world.hf.tokens
    world.close()
    with pytest.raises(ValueError, match="-1 repos"):
        bulk_org(-1)
