"""Deleted and restored: every branch and tag is what it was, byte for byte, and nobody sees more than before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import Conflict, NotProven
from hf2ms_tui.domain.job import Phase, RefMove
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Gating, Hub, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.tombstone import Place
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import gatelook, keeping, restore
from hf2ms_tui.services.program import Program
from hf2ms_tui.transfer.opening import Opening, opening
from support.gate_world import NAME, GateWorld, gate_world
from support.stones import FULL, copied, deleted, restored, said, snapshot, with_refs
from support.transfers import CARD, MIB, add, put

Worlds = Callable[..., AbstractContextManager[GateWorld]]


@pytest.fixture
def worlds(tmp_path: Path) -> Worlds:
    return lambda *builders: gate_world(tmp_path, *builders)


@pytest.mark.parametrize("hub", ["hf", "ms"])
def test_every_branch_and_tag_is_byte_equal_after_a_round_trip(worlds: Worlds, hub: str) -> None:
    with worlds(with_refs(hub)) as here:
        program = here.program(source=hub)
        ref = here.ref(hub)
        before = snapshot(here, hub)
        copied(program, ref)
        seen = gatelook.look(program, ref)
        assert {item.ref.name for item in seen.losing} == {"dev", "v1"}
        deleted(here, program, ref, frozenset({"dev", "v1"}))
        assert snapshot(here, hub) == {}
        view = restored(program, ref)
        assert view.phase is Phase.DONE, said(program, view)
        after = snapshot(here, hub)
        if hub == "ms":
            assert "comes back as a tag" in said(program, view)
            before["tag", "dev"] = before.pop(("branch", "dev"))
        assert after == before


def test_nobody_sees_more_than_before(worlds: Worlds) -> None:
    with worlds(with_refs("hf", visibility="public", gated="manual")) as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")
        copied(program, ref)
        deleted(here, program, ref, frozenset({"dev", "v1"}))
        view = restored(program, ref)
        assert view.phase is Phase.DONE, said(program, view)
        assert snapshot(here, "hf") == before

        def look(world: World) -> tuple[str, str | None]:
            repo = world.hf.get("model", FULL)
            assert repo is not None
            return repo.visibility, repo.gated

        assert here.running.call(look) == ("public", "manual")
        entries = here.running.log.entries(hub="hf")
        routes = [entry.route for entry in entries if entry.method in {"POST", "PUT"}]
        made = routes.index("repo-create")
        assert "settings" in routes[made:]
        assert routes.index("settings", made) < routes.index("commit", made)
        assert "the list of who was granted access" in " ".join(
            str(entry.payload) for entry in program.journal.entries(kinds={"restore"})
        )


@pytest.mark.slow
def test_a_public_repo_that_cannot_be_gated_again_stays_empty(worlds: Worlds) -> None:
    with worlds(with_refs("hf", visibility="public", gated="auto")) as here:
        program = here.program()
        ref = here.ref()
        copied(program, ref)
        deleted(here, program, ref, frozenset({"dev", "v1"}))
        here.running.faults.add("hf:PUT:settings:status=403")
        view = restored(program, ref)
        assert view.phase is Phase.FAILED
        assert [set(files) for files in snapshot(here, "hf").values()] == [{".gitattributes"}]
        here.running.faults.clear()
        view = restored(program, ref)
        assert view.phase is Phase.DONE and view.attempt == 2, said(program, view)


@pytest.mark.parametrize(
    ("visibility", "gating", "hub", "made"),
    [
        (Visibility.PUBLIC, Gating.NONE, "hf", Opening(Visibility.PUBLIC)),
        (Visibility.PUBLIC, Gating.AUTO, "hf", Opening(Visibility.PUBLIC, Gating.AUTO)),
        (Visibility.PRIVATE, Gating.MANUAL, "hf", Opening(Visibility.PRIVATE, Gating.MANUAL)),
        (Visibility.PUBLIC, Gating.UNKNOWN, "hf", Visibility.PRIVATE),
        (Visibility.UNKNOWN, Gating.NONE, "hf", Visibility.PRIVATE),
        (Visibility.PUBLIC, Gating.NONE, "ms", Opening(Visibility.PUBLIC)),
        (Visibility.PUBLIC, Gating.MANUAL, "ms", Visibility.PRIVATE),
        (Visibility.INTERNAL, Gating.NONE, "ms", Visibility.PRIVATE),
    ],
)
def test_what_a_restored_repo_is_made_as(
    visibility: Visibility, gating: Gating, hub: str, made: Opening | Visibility
) -> None:
    how = opening(RepoInfo(RepoRef.of(hub, "model", FULL), visibility, gating))
    assert not how.visibility.wider_than(visibility) or visibility is Visibility.UNKNOWN
    if isinstance(made, Opening):
        assert how == made
    else:
        assert how.visibility is made and how.why and how.gate is None


def test_an_id_that_exists_again_is_never_overwritten(worlds: Worlds) -> None:
    with worlds() as here:
        program = here.program()
        ref = here.ref()
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        here.running.call(lambda world: add(world, "hf", NAME, {"README.md": b"# somebody else's\n"}))
        theirs = snapshot(here, "hf")
        with pytest.raises(Conflict, match="exists on Hugging Face"):
            restored(program, ref)
        assert snapshot(here, "hf") == theirs
        assert not program.jobs.views(here.ref("ms"))


@pytest.mark.slow
def test_a_repo_that_came_to_be_meanwhile_is_not_taken_for_ours(worlds: Worlds) -> None:
    with worlds() as here:
        program = here.program()
        ref = here.ref()
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        here.running.faults.add("hf:*:repo-create:status=503")
        assert restored(program, ref).phase is Phase.FAILED
        here.running.faults.clear()
        here.running.call(lambda world: add(world, "hf", NAME, {"README.md": b"# somebody else's\n"}))
        theirs = snapshot(here, "hf")
        view = restored(program, ref)
        assert view.phase is Phase.FAILED and "did not come from this restore" in str(view.error)
        assert snapshot(here, "hf") == theirs


def test_what_the_destination_lost_is_named_before_anything_is_made(worlds: Worlds) -> None:
    with worlds(with_refs("hf")) as here:
        program = here.program()
        ref = here.ref()
        copied(program, ref)
        deleted(here, program, ref, frozenset({"dev", "v1"}))

        def lose(world: World) -> None:
            repo = world.ms.get("model", FULL)
            assert repo is not None
            content = repo.head("master").files["weights/two.safetensors"].content
            assert world.ms.blobs.drop(content.sha256, content.size)

        here.running.call(lose)
        found = restore.survey(program, restore.find(program, FULL))
        assert [path for path, _ in found.missing] == ["weights/two.safetensors"]
        assert "no longer holds its bytes" in found.missing[0][1]
        with pytest.raises(NotProven, match=r"weights/two\.safetensors"):
            restored(program, ref)
        assert not here.exists()


def test_a_token_that_only_reads_the_copy_is_enough(worlds: Worlds) -> None:
    with worlds() as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        program.close()
        reading = here.program(MODELSCOPE_TOKEN=token("ms", "read"))
        assert restored(reading, ref).phase is Phase.DONE
        assert snapshot(here, "hf") == before


def test_a_content_that_cannot_be_read_meanwhile_is_named_and_the_rest_comes_back(worlds: Worlds) -> None:
    with worlds() as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")["branch", "main"]
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        here.running.faults.add("ms:GET:download:status=404")
        view = restored(program, ref)
        assert view.phase is Phase.FAILED
        assert "weights/" in str(view.error) and "cannot be restored" in str(view.error)
        after = snapshot(here, "hf")["branch", "main"]
        lost = before.keys() - after.keys()
        assert lost == {path for path in before if path.startswith("weights/")}
        assert all(path in said(program, view) for path in lost)
        assert after == {path: sha for path, sha in before.items() if path not in lost}
        here.running.faults.clear()
        assert restored(program, ref).phase is Phase.DONE
        assert snapshot(here, "hf")["branch", "main"] == before


def test_what_fails_with_a_tag_leaves_nothing_undone_in_the_other_states(worlds: Worlds) -> None:
    with worlds(with_refs("hf")) as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")
        copied(program, ref)
        deleted(here, program, ref, frozenset({"dev", "v1"}))
        # The first state that is restored is the tag's; Hugging Face adds a file to each commit of stored blobs.
        here.running.faults.add("ms:GET:blob-get:success_false:count=1")
        view = restored(program, ref)
        assert view.phase is Phase.FAILED and "weights/" in str(view.error), said(program, view)
        assert snapshot(here, "hf") == {key: files for key, files in before.items() if key != ("tag", "v1")}
        here.running.faults.clear()
        assert restored(program, ref).phase is Phase.DONE
        assert snapshot(here, "hf") == before


def test_a_restore_says_nothing_about_a_copy_elsewhere(worlds: Worlds) -> None:
    """What was restored may not be deleted on the proof that it is itself."""
    with worlds() as here:
        program = here.program()
        ref = here.ref()
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        view = restored(program, ref)
        proof = program.proofs.get(view.proof_id)
        assert proof is not None and proof.holds and proof.level is Level.READ_BACK
        assert proof.source == proof.destination == ref and proof.ref == "restored branch main"
        here.remove("ms")
        standing = program.proofs.standing(ref)
        assert standing is None or standing.destination == here.ref("ms")
        assert not gatelook.look(program, ref).open
        assert any(
            "the history of" in phrase
            for phrase in restore.survey(program, program.tombstones.rows()[0]).gone
        )


ODD_CARD = b"---\nlicense: Apache License 2.0\ntags:\n- x\n---\n# Title\n\n\xff\xfe not UTF-8, kept\r\n"


def test_a_file_that_the_destination_keeps_in_another_version_comes_back_as_it_was(worlds: Worlds) -> None:
    def odd(world: World) -> None:
        world.hf.delete(world.hf.get("model", FULL))  # type: ignore[arg-type]
        repo = world.ms.get("model", FULL)
        assert repo is not None
        put(world, repo, {"README.md": ODD_CARD, "LICENSE": b"terms\n"}, "master")

    with worlds(odd) as here:
        program = here.program(source="ms")
        ref = here.ref("ms")
        before = snapshot(here, "ms")
        copied(program, ref)
        seen = gatelook.look(program, ref)
        assert seen.facts.proof is not None
        assert [file.path for file in seen.facts.proof.exceptions] == ["README.md"]
        deleted(here, program, ref, frozenset())
        stone, parts = program.tombstones.load(program.tombstones.rows()[0])
        (card,) = (item for item in stone.states[stone.head] if item.entry.path == "README.md")
        assert card.place is Place.HERE and parts.read(card.entry.sha256 or "") == ODD_CARD
        view = restored(program, ref)
        assert view.phase is Phase.DONE, said(program, view)
        assert snapshot(here, "ms") == before


@pytest.mark.slow
def test_large_files_of_branches_come_back_from_where_they_were_brought_over(worlds: Worlds) -> None:
    def grown(world: World) -> None:
        repo = world.hf.get("model", FULL)
        assert repo is not None
        repo.create_branch("big")
        put(world, repo, {"big.bin": SeededContent("big", 2 * MIB), "README.md": CARD + b"big\n"}, "big")
        repo.create_tag("big-1", repo.head("big").id)

    with worlds(grown) as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")
        refs = {item.name: item for item in program.hub(Hub.HF).read.refs(ref)}
        moves = [RefMove(refs["big"], "tag", "big"), RefMove(refs["big-1"], "tag", "big-1")]
        copied(program, ref, moves)
        seen = gatelook.look(program, ref)
        assert seen.open, [(check.name, check.evidence) for check in seen.checks if not check.ok]
        deleted(here, program, ref, frozenset())
        stone, _ = program.tombstones.load(program.tombstones.rows()[0])
        assert all(not stone.lost(revision) for revision in stone.states)
        view = restored(program, ref)
        assert view.phase is Phase.DONE, said(program, view)
        assert snapshot(here, "hf") == before
        assert len({proof.ref for proof in map(program.proofs.get, _ids(program)) if proof}) >= 2


def _ids(program: Program) -> list[str]:
    return [summary.id for summary in program.proofs.summaries() if summary.ref.startswith("restored")]


@pytest.mark.slow
def test_small_files_beyond_the_cap_come_from_the_destination_and_are_counted(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "ALL_SMALL", 100_000)

    def many(world: World) -> None:
        repo = world.hf.get("model", FULL)
        assert repo is not None
        put(world, repo, {f"t/{n:02}.txt": b"%d\n" % n * 20_000 for n in range(5)}, "main")

    with worlds(many) as here:
        program = here.program()
        ref = here.ref()
        before = snapshot(here, "hf")
        copied(program, ref)
        deleted(here, program, ref, frozenset())
        stone, _ = program.tombstones.load(program.tombstones.rows()[0])
        assert (stone.kept.left_out, stone.kept.left_out_size) == (3, 120_000)
        assert stone.kept.size <= 100_000
        places = {item.entry.path: item.place for item in stone.states[stone.head]}
        assert places["README.md"] is Place.HERE
        assert sum(place is Place.THERE for path, place in places.items() if path.startswith("t/")) == 3
        assert restored(program, ref).phase is Phase.DONE
        assert snapshot(here, "hf") == before
