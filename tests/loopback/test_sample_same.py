"""The sample org is the same whenever and wherever it is made; what is recorded of it is true."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hf2ms_tui.loopback.content import Content, SeededContent
from hf2ms_tui.loopback.repo import Repo
from hf2ms_tui.loopback.sample import known
from hf2ms_tui.loopback.sample.accounts import OWNER, PERSON, token
from hf2ms_tui.loopback.sample.build import sample_org
from hf2ms_tui.loopback.world import Hub, World
from support.loopback_process import environment


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(sample_org())
    yield made
    made.close()


def repo(hub: Hub, name: str, kind: str = "model") -> Repo:
    found = hub.get(kind, f"{OWNER}/{name}")
    assert found is not None, f"{hub.name} has no {kind} {name}"
    return found


def weights(world: World) -> Content:
    return repo(world.hf, "aurora-captioner-v0").head().files["model-00001-of-00002.safetensors"].content


def test_reset_brings_everything_back_with_the_same_revisions() -> None:
    world = World(sample_org())
    before = {key: one.branches for key, one in world.hf.repos.items()}
    world.hf.delete(repo(world.hf, "aurora-next"))
    world.reset()
    assert {key: one.branches for key, one in world.hf.repos.items()} == before
    world.close()


def test_revisions_and_hashes_are_the_same_in_another_process() -> None:
    program = (
        "from hf2ms_tui.loopback.world import World; from hf2ms_tui.loopback.sample.build import sample_org\n"
        "w = World(sample_org())\n"
        "for hub in (w.hf, w.ms):\n"
        "    for r in hub.repos.values():\n"
        "        print(hub.name, r.kind, r.id, sorted(r.branches.items()), sorted(r.tags.items()))\n"
        "        for c in r.commits.values():\n"
        "            print(c.id, [(p, n.oid) for p, n in sorted(c.files.items())][:40])\n"
        "w.close()"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env=environment(PYTHONHASHSEED=str(seed)),
        ).stdout
        for seed in (1, 2)
    }
    assert len(outputs) == 1


def test_another_seed_means_other_bytes() -> None:
    one, other = World(sample_org("0")), World(sample_org("1"))
    first, second = weights(one), weights(other)
    assert first.size == second.size and first.read(0, 4096) != second.read(0, 4096)
    assert one.hf.repos.keys() == other.hf.repos.keys()
    one.close()
    other.close()


def test_another_owner() -> None:
    world = World(sample_org(owner="borealis"))
    assert {one.owner for one in world.hf.repos.values()} == {"borealis"}
    assert world.hf.role_in(PERSON, "borealis") == world.ms.role_in(PERSON, "borealis") == "admin"
    world.close()


def test_tokens_of_every_role(world: World) -> None:
    for hub in (world.hf, world.ms):
        write, read = hub.token_for(token(hub.name, "write")), hub.token_for(token(hub.name, "read"))
        outsider, expired = (
            hub.token_for(token(hub.name, "outsider")),
            hub.token_for(token(hub.name, "expired")),
        )
        assert write and read and outsider and expired
        assert hub.role_in(write.account, OWNER) == "admin" and write.role == "write"
        assert read.role == "read"
        assert hub.role_in(outsider.account, OWNER) is None
        assert expired.expired


def check_record(below: int) -> None:
    table = known.compute(below)
    assert table, "nothing to compare"
    stale = {key for key, sha256 in table.items() if known.recorded().get(key) != sha256}
    assert not stale, f"run python -m hf2ms_tui.loopback.sample.known: {sorted(stale)[:5]}"


def test_recorded_hashes_are_true() -> None:
    check_record(below=6_000_000)


@pytest.mark.slow
def test_all_recorded_hashes_are_true() -> None:
    check_record(below=10**12)
    assert known.recorded().keys() == {f"{c.seed}:{c.size}" for c in known.contents()}


def test_every_large_file_of_the_sample_has_a_recorded_hash(world: World) -> None:
    repos = [*world.hf.repos.values(), *world.ms.repos.values()]
    nodes = [node for one in repos for commit in one.commits.values() for node in commit.files.values()]
    contents = {node.content for node in nodes if isinstance(node.content, SeededContent)}
    assert len(contents) > 100
    assert not [c for c in contents if f"{c.seed}:{c.size}" not in known.recorded()]
