"""Which branches and tags a migration takes along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.repo import GitRef, RepoRef
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import jobs
from hf2ms_tui.services.bringing import as_moves, take
from support.gate_world import NAME, GateWorld, gate_world
from support.transfers import MIB, ORG, SeededContent


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    """Branch ``same`` is the head, ``dev`` has a file of its own, tag ``v1`` only files that the head has too."""

    def work(world: World) -> None:
        repo = world.hf.get("model", f"{ORG}/{NAME}")
        assert repo is not None
        repo.create_branch("same")
        repo.commit([], ["config.json"], message="less", branch="same")
        repo.create_tag("v1", "same")

    with gate_world(tmp_path) as served:
        served.branch("dev", {"own.bin": SeededContent("own", MIB)})
        served.running.call(work)
        yield served


def taken(world: GateWorld, names: list[str] | None = None) -> list[tuple[str, str]]:
    program = world.program()
    found = take(program, world.ref(), world.ref("ms"), names)
    return [(move.words, move.there) for move in found.moves]


def test_only_what_has_content_of_its_own_comes_by_itself(world: GateWorld) -> None:
    assert taken(world) == [("branch dev", "tag dev")]


def test_what_is_named_comes_in_any_case(world: GateWorld) -> None:
    assert taken(world, ["tag:v1", "same"]) == [("tag v1", "tag v1"), ("branch same", "tag same")]
    with pytest.raises(BadInput, match="branch:dev"):
        taken(world, ["nothing"])
    with pytest.raises(BadInput):
        taken(world, ["main"])


def test_what_each_hub_makes_of_it() -> None:
    rev = "a" * 40
    wanted = [GitRef("x", "branch", rev), GitRef("master", "branch", rev), GitRef("x", "tag", "b" * 40)]
    world_ms, world_hf = (RepoRef.of(hub, "model", "acme/x") for hub in ("ms", "hf"))
    there = as_moves(wanted, world_ms)
    assert [(move.words, move.there) for move in there.moves] == [("branch x", "tag x")]
    assert [item.words for item, _ in there.left] == ["branch master", "tag x"]
    assert all(why for _, why in there.left)
    assert [move.there for move in as_moves(wanted, world_hf).moves] == ["branch x", "branch master", "tag x"]
    stale = as_moves(wanted[:1], world_ms, frozenset({("tag", "x")}))
    assert [move.there for move in stale.moves] == ["tag x-aaaaaaa"]


def test_a_branch_that_moved_on_is_brought_over_again_beside_its_earlier_state(world: GateWorld) -> None:
    program = world.program()
    ends = jobs.direction(program, world.ref())

    def run() -> None:
        moves = take(program, ends.source, ends.destination).moves
        view = jobs.start(program, ends, refs=moves)
        view = jobs.follow(program, view.id, lambda lines: None, lambda current: None)
        assert view.phase is Phase.DONE, view.error

    run()
    first = world.running.call(lambda state: dict(state.ms.get("model", f"{ORG}/{NAME}").tags))  # type: ignore[union-attr]
    assert set(first) == {"dev"}
    (proof,) = program.proofs.of_refs(ends.source, ends.destination)
    assert (proof.ref, proof.destination_ref, proof.holds) == ("branch dev", "tag dev", True)
    standing = program.proofs.standing(ends.source)
    assert standing is not None
    assert standing.ref == ""
    world.change({"own.bin": SeededContent("changed", MIB)}, branch="dev")
    run()
    now = world.running.call(lambda state: dict(state.ms.get("model", f"{ORG}/{NAME}").tags))  # type: ignore[union-attr]
    assert now["dev"] == first["dev"]
    assert len(now) == 2
