"""Branches and tags brought over by a job: a state each, a proof each, and a default branch as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hf2ms_tui.domain.job import JobView, RefMove
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.world import World
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.refs import helper
from support.transfers import CARD, MIB, Sides, add, proven, put, ref, sides

HEAD: dict[str, bytes | Content] = {
    "README.md": CARD,
    "config.json": b'{"layers": 2}\n',
    "weights/one.safetensors": SeededContent("one", MIB),
    "weights/two.safetensors": SeededContent("two", MIB),
}
OLD: dict[str, bytes | Content] = {
    "README.md": CARD + b"\nThe first version.\n",
    "weights/one.safetensors": SeededContent("first", MIB),
    "old/only.bin": SeededContent("only", 70_000),
}
SIDE: dict[str, bytes | Content] = {"config.json": b'{"layers": 3}\n', "side.txt": b"side\n"}
WAYS = [("hf", "ms"), ("ms", "hf")]


def history(hub: str) -> Callable[[World], Any]:
    """Tag v1 with files of its own, then the head, then branch dev on top of the head."""

    def build(world: World) -> None:
        main = world.hub(hub).default_branch
        repo = add(world, hub, "tiny", OLD)
        repo.create_tag("v1", main)
        files = repo.head(main).files
        repo.commit([], [path for path in OLD if path not in HEAD], message="less", branch=main)
        put(world, repo, HEAD, main)
        assert set(files) >= set(OLD)
        repo.create_branch("dev", main)
        put(world, repo, SIDE, "dev")

    return build


def moves(world: Sides, hub: str, *names: str) -> tuple[str, ...]:
    """The moves of these refs of the source to the hub on the other side."""
    repo = world.repo(hub)
    found = []
    for name in names:
        kind = "branch" if name in repo.branches else "tag"
        there = "tag" if hub == "hf" else kind
        found.append(RefMove(GitRef(name, kind, repo.resolve(name).id), there, name).text)
    return tuple(found)


MADE = frozenset({".gitattributes", "configuration.json"})
"""what hubs put into repos by themselves"""


def content(repo: Repo, revision: str) -> Mapping[str, str]:
    """sha256 by path, as the hub itself holds them."""
    files = repo.resolve(revision).files
    return {path: node.content.sha256 for path, node in files.items() if path not in MADE}


def by_ref(world: Sides) -> dict[str, Proof]:
    return {proof.ref: proof for proof in world.board.proofs}


def whole(view: JobView, world: Sides) -> None:
    """The job is done and every proof of it holds, that of the default branch among them."""
    proofs = by_ref(world)
    proven(view, proofs[""])
    assert all(proof.holds for proof in proofs.values())


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_each_ref_gets_its_own_state_and_its_own_proof(here: str, there: str) -> None:
    with sides(history(here)) as world:
        view = world.run(ref(here), ref(there), refs=moves(world, here, "dev", "v1"))
        whole(view, world)
        source, copy = world.repo(here), world.repo(there)
        main, theirs = world.world.hub(here).default_branch, world.world.hub(there).default_branch
        assert content(copy, theirs) == content(source, main)
        dev = "refs/tags/dev" if there == "ms" else "refs/heads/dev"
        assert content(copy, dev) == content(source, "dev")
        assert content(copy, "refs/tags/v1") == content(source, "v1")
        proofs = by_ref(world)
        assert set(proofs) == {"", "branch dev", "tag v1"}
        for words, there_now in (("branch dev", dev), ("tag v1", "refs/tags/v1")):
            assert proofs[words].destination_revision == copy.resolve(there_now).id
            assert proofs[words].source_revision == source.resolve(words.split()[1]).id
        assert proofs[""].destination_revision == copy.head(theirs).id
        # a blob moves once, whatever number of refs it is in
        paths = [entry.path for entry in world.puts(there)]
        assert len(paths) == len(set(paths))
        assert view.total == view.present + view.to_move
        assert view.moved == view.to_move


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_second_run_makes_nothing_and_moves_nothing(here: str, there: str) -> None:
    with sides(history(here)) as world:
        ledger = MemoryLedger()
        refs = moves(world, here, "dev", "v1")
        whole(world.run(ref(here), ref(there), ledger=ledger, refs=refs), world)
        copy = world.repo(there)
        before = (dict(copy.branches), dict(copy.tags), len(copy.commits))
        world.running.log.clear()
        view = world.run(ref(here), ref(there), ledger=ledger, refs=refs)
        whole(view, world)
        assert before == (dict(copy.branches), dict(copy.tags), len(copy.commits))
        assert {act.kind for act in world.board.acts} == {"repo.prepare"}
        assert view.moved == 0
        assert world.puts() == []


def test_bringing_over_later_leaves_the_default_branch_of_hugging_face_alone() -> None:
    with sides(history("ms")) as world:
        ledger = MemoryLedger()
        whole(world.run(ref("ms"), ref("hf"), ledger=ledger), world)
        head = world.repo("hf").head("main").id
        world.running.log.clear()
        view = world.run(ref("ms"), ref("hf"), ledger=ledger, refs=moves(world, "ms", "v1"))
        whole(view, world)
        assert world.repo("hf").head("main").id == head
        assert helper("v1") in world.repo("hf").branches
        assert world.repo("hf").branches[helper("v1")] == world.repo("hf").tags["v1"]


def test_on_modelscope_the_head_comes_last_and_what_others_put_there_stays() -> None:
    with sides(history("hf")) as world:
        ledger = MemoryLedger()
        whole(world.run(ref("hf"), ref("ms"), ledger=ledger), world)
        repo = world.repo("ms")
        repo.commit([Node("theirs.txt", BytesContent(b"theirs"))], message="theirs", branch="master")
        view = world.run(ref("hf"), ref("ms"), ledger=ledger, refs=moves(world, "hf", "v1", "dev"))
        whole(view, world)
        assert "theirs.txt" in repo.head("master").files
        assert set(content(repo, "master")) == {*content(world.repo("hf"), "main"), "theirs.txt"}
        assert "old/only.bin" not in repo.head("master").files
        assert "old/only.bin" in repo.resolve("v1").files


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_tag_that_is_there_with_other_content_is_never_moved(here: str, there: str) -> None:
    with sides(history(here)) as world:
        ledger = MemoryLedger()
        whole(world.run(ref(here), ref(there), ledger=ledger), world)
        copy = world.repo(there)
        copy.create_tag("v1", world.world.hub(there).default_branch)
        before = copy.tags["v1"]
        view = world.run(ref(here), ref(there), ledger=ledger, refs=moves(world, here, "dev", "v1"))
        assert view.phase.value == "failed"
        assert view.error["error"] == "Conflict"
        assert "v1" in str(view.error["what"])
        assert copy.tags["v1"] == before
        proofs = by_ref(world)
        assert proofs[""].holds
        assert proofs["branch dev"].holds, "one ref that fails does not keep the others from it"
        assert not proofs["tag v1"].holds


def test_a_name_that_the_destination_cannot_hold_is_refused_and_the_rest_goes_on() -> None:
    def build(world: World) -> None:
        history("hf")(world)
        repo = world.hf.get("model", "acme/tiny")
        assert repo is not None
        repo.create_tag("master", "v1")

    with sides(build) as world:
        view = world.run(ref("hf"), ref("ms"), refs=moves(world, "hf", "master", "v1"))
        assert view.phase.value == "failed"
        assert "takes no tag called master" in str(view.error["what"])
        assert by_ref(world)["tag v1"].holds
        assert by_ref(world)[""].holds


@pytest.mark.parametrize("fault", ["status=503:count=1", "reset=0:late:count=1"])
@pytest.mark.parametrize(
    ("here", "there", "route"),
    [
        ("hf", "ms", "commit"),
        ("hf", "ms", "tag"),
        ("ms", "hf", "commit"),
        ("ms", "hf", "tag-create"),
        ("ms", "hf", "branch-create"),
    ],
)
def test_lost_answers_are_settled_and_nothing_is_made_twice(
    here: str, there: str, route: str, fault: str
) -> None:
    with sides(history(here)) as world:
        world.fault(f"{there}:POST:{route}:{fault}")
        ledger = MemoryLedger()
        refs = moves(world, here, "dev", "v1")
        view = world.run(ref(here), ref(there), ledger=ledger, refs=refs)
        if view.phase.value != "done":
            view = world.run(ref(here), ref(there), ledger=ledger, refs=refs)
        whole(view, world)
        source, copy = world.repo(here), world.repo(there)
        assert content(copy, "refs/tags/v1") == content(source, "v1")
        main, theirs = world.world.hub(here).default_branch, world.world.hub(there).default_branch
        assert content(copy, theirs) == content(source, main)


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_job_stopped_at_any_act_is_finished_by_the_next(here: str, there: str) -> None:
    """Stopping before the n-th remote act, for every n: whatever is left behind, the next run ends with all proven."""
    with sides(history(here)) as world:
        ledger = MemoryLedger()
        refs = moves(world, here, "dev", "v1")
        acts = 0
        for acts in range(1, 30):
            view = world.run(
                ref(here),
                ref(there),
                ledger=ledger,
                refs=refs,
                stopping=lambda limit=acts: bool(world.boards) and len(world.board.acts) >= limit,
            )
            if view.phase.value == "done":
                break
        assert acts > 2
        whole(world.run(ref(here), ref(there), ledger=ledger, refs=refs), world)
        source, copy = world.repo(here), world.repo(there)
        assert content(copy, "refs/tags/v1") == content(source, "v1")
        main, theirs = world.world.hub(here).default_branch, world.world.hub(there).default_branch
        assert content(copy, theirs) == content(source, main)


def test_a_private_repos_refs_never_go_to_a_public_one() -> None:
    def build(world: World) -> None:
        history("hf")(world)
        add(world, "ms", "tiny", {"README.md": b"# x\n"}, visibility="public")

    with sides(build) as world:
        view = world.run(ref("hf"), ref("ms"), refs=moves(world, "hf", "v1"))
        assert view.error["error"] == "VisibilityRefused"
        assert world.repo("ms").tags == {}
