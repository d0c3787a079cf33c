"""What the adversary campaign found, each as a small test of its own. The campaign itself: tests/campaigns/adversary.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import Conflict
from hf2ms_tui.domain.gate import CheckName, GateShut
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback import mutate
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import byhand, closing, deletion, gatelook, jobs, proving
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.transfer.verify import verify
from support.gate_world import NAME, ORG, GateWorld, gate_world, prepare
from support.transfers import add

FULL = f"{ORG}/{NAME}"


def spoil(world: GateWorld, path: str, *, lose: bool = False) -> None:
    """A file of the destination rots, or its blob is lost; its revision and listing stay as they are."""

    def work(state: World) -> None:
        repo = state.ms.get("model", FULL)
        assert repo is not None
        (mutate.drop_blob if lose else mutate.corrupt_blob)(state.ms, repo, path)

    world.running.call(work)


def proven_as_a_job_does(world: GateWorld, program: Program) -> Proof:
    """A proof that counts what was read back from the same revision before, as a job's does."""
    destination = world.ref("ms")
    return verify(
        program.hub(world.ref().hub).read,
        world.ref(),
        program.hub(destination.hub),
        destination,
        level=Level.READ_BACK,
        ledger=program.ledger_of(destination),
        reuse=True,
    )


def test_what_was_read_back_before_the_bytes_changed_never_speaks_again(
    world: GateWorld, ready: Program
) -> None:
    """A job counted files as read back that a later proof, of the very same revision, had found to differ."""
    assert proven_as_a_job_does(world, ready).holds
    spoil(world, "config.json")
    spoil(world, "weights/one.safetensors")
    assert not proving.prove(ready, jobs.direction(ready, world.ref()), Level.READ_BACK).holds
    again = proven_as_a_job_does(world, ready)
    assert not again.holds
    assert {file.path for file in again.problems} == {"config.json", "weights/one.safetensors"}


def test_a_blob_that_was_lost_meanwhile_is_read_back_anew(world: GateWorld, ready: Program) -> None:
    began = datetime.now(UTC)
    spoil(world, "weights/one.safetensors", lose=True)
    assert not proven_as_a_job_does(world, ready).holds
    known = ready.ledger_of(world.ref("ms")).read_backs(current(world))
    assert "weights/one.safetensors" not in known
    assert all(found.at is not None and found.at >= began for found in known.values())


def test_a_proof_is_as_old_as_the_oldest_reading_it_counts(world: GateWorld, ready: Program) -> None:
    """A job that counted earlier readings dated its proof now: evidence of 24 hours passed for fresh."""
    first = ready.proofs.standing(world.ref())
    assert first is not None and first.oldest is None
    began = datetime.now(UTC)
    again = proven_as_a_job_does(world, ready)
    assert again.holds and again.at >= began
    assert again.evidence_at <= first.at
    ready.proofs.save(again)
    kept = ready.proofs.get(again.id)
    assert kept is not None and kept.evidence_at == again.evidence_at


def current(world: GateWorld) -> str:
    """The destination's revision."""

    def work(state: World) -> str:
        repo = state.ms.get("model", FULL)
        assert repo is not None
        return repo.head("master").id

    return world.running.call(work)


def test_bytes_that_rotted_since_the_proof_close_the_gate(world: GateWorld, ready: Program) -> None:
    """The destination's revision was the same, so that a corrupted or lost blob did not keep a deletion back."""
    seen = gatelook.look(ready, world.ref())
    assert seen.open
    spoil(world, "weights/two.safetensors")
    with pytest.raises(GateShut) as caught:
        deletion.delete(ready, world.ref(), FULL, seen=seen.facts)
    (failing,) = caught.value.failing
    assert failing.name is CheckName.DESTINATION_UNCHANGED
    assert "weights/two.safetensors is not there any more as proven" in failing.evidence
    assert world.exists() and world.deletions() == []


def test_a_blob_that_was_lost_since_the_proof_is_seen_by_a_look(world: GateWorld, ready: Program) -> None:
    spoil(world, "weights/two.safetensors", lose=True)
    seen = gatelook.look(ready, world.ref())
    assert not seen.open
    (failing,) = (check for check in seen.checks if check.name is CheckName.DESTINATION_UNCHANGED)
    assert "weights/two.safetensors is not there any more" in failing.evidence and failing.way_out


def test_what_is_asked_and_read_again_is_told(world: GateWorld, ready: Program) -> None:
    seen = gatelook.look(ready, world.ref())
    evidence = {check.name: check.evidence for check in seen.checks}
    assert evidence[CheckName.DESTINATION_UNCHANGED].endswith("holds all 4 contents")
    assert deletion.delete(ready, world.ref(), FULL, seen=seen.facts).state is Gone.GONE
    begun = next(
        entry for entry in ready.journal.entries() if entry.kind == "delete" and entry.role == "intent"
    )
    assert "holds all 4 contents, 4 read again" in str(begun.payload["checks"])


def test_a_token_that_only_reads_the_destination_is_enough(world: GateWorld, ready: Program) -> None:
    program = world.program(MODELSCOPE_TOKEN=token("ms", "read"), MODELSCOPE_API_TOKEN=token("ms", "read"))
    assert gatelook.look(program, world.ref()).open
    spoil(world, "weights/two.safetensors", lose=True)
    assert not gatelook.look(program, world.ref()).open


LAST = "looking once more at both sides"
MOVES: dict[str, tuple[Callable[[World], object], str]] = {
    "the copy loses a file": (
        lambda world: the_copy(world).commit(deletes=["config.json"], branch="master"),
        "the destination moved",
    ),
    "the copy is made public": (lambda world: setattr(the_copy(world), "visibility", "public"), "public now"),
    "the copy is deleted": (lambda world: world.ms.delete(the_copy(world)), "acme/tiny"),
    "a tag appears": (lambda world: the_source(world).create_tag("v9"), "a branch or tag moved"),
    "the source is made public": (
        lambda world: setattr(the_source(world), "visibility", "public"),
        "public now",
    ),
    "the source is renamed": (lambda world: world.hf.move(the_source(world), "acme/other"), "acme/other"),
}


def the_copy(world: World) -> Repo:
    repo = world.ms.get("model", FULL)
    assert repo is not None
    return repo


def the_source(world: World) -> Repo:
    repo = world.hf.get("model", FULL)
    assert repo is not None
    return repo


@pytest.mark.parametrize("name", MOVES)
def test_the_last_look_sees_both_sides(world: GateWorld, ready: Program, name: str) -> None:
    """Only the source's branches were read once more: a copy that vanished after the facts were gathered was not missed."""
    change, why = MOVES[name]

    def step(text: str) -> None:
        if text == LAST:
            world.running.call(change)

    with pytest.raises(Conflict) as caught:
        deletion.delete(ready, world.ref(), FULL, on_step=step)
    assert why in caught.value.meaning
    assert world.deletions() == []
    over = ready.journal.entries()[-1]
    assert (over.kind, over.state) == ("delete", "failed") and not ready.journal.open_intents("delete")


def test_two_programs_cannot_delete_each_others_copy_at_once(
    world: GateWorld, ready: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each saw the other's copy still there, and both were gone: deletions on one state folder are made one by one."""
    monkeypatch.setattr(closing, "WAIT", 0.2)
    other = world.program()
    prepare(other, world.ref("ms"))
    refused: list[Conflict] = []

    def step(text: str) -> None:
        if text == LAST:
            with (
                pytest.raises(Conflict, match="another deletion is under way") as caught,
                closing.alone(other, world.ref("ms")),
            ):
                raise AssertionError("both were let in")
            refused.append(caught.value)

    assert deletion.delete(ready, world.ref(), FULL, on_step=step).state is Gone.GONE
    assert len(refused) == 1
    with pytest.raises(GateShut) as shut:
        byhand.hand_over(other, world.ref("ms"), FULL)
    assert CheckName.BACKUP_EXISTS in {check.name for check in shut.value.failing}


def test_the_page_is_not_opened_for_more_loss_than_was_accepted(world: GateWorld) -> None:
    """By hand, a branch accepted as lost covered whatever was added to it afterwards."""

    def side(state: World, data: bytes) -> None:
        repo = the_copy(state)
        if "side" not in repo.branches:
            repo.create_branch("side", "master")
        repo.commit([Node("more.txt", BytesContent(data))], branch="side", message=data.decode())

    program = world.program()
    world.running.call(lambda state: side(state, b"one"))
    prepare(program, world.ref("ms"))
    accepted = frozenset({"side"})
    seen = gatelook.look(program, world.ref("ms"), accepted)
    assert seen.by_hand
    world.running.call(lambda state: side(state, b"two"))
    with pytest.raises(Conflict, match="changed since you looked"):
        byhand.hand_over(program, world.ref("ms"), FULL, accepted, seen=seen.facts)
    assert not program.journal.open_intents("delete")


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_listing_of_modelscope_that_was_cut_by_accident_is_no_proof(tmp_path: Path, kind: str) -> None:
    """One answer with a single file in it was taken for the whole repo: the proof said 1 of 1."""
    files = {"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"}
    with gate_world(
        tmp_path, lambda world: [add(world, hub, "flat", files, kind=kind) for hub in ("hf", "ms")]
    ) as world:
        program = world.program()
        ref = RepoRef.of("ms", kind, f"{ORG}/flat")
        world.running.faults.add("ms:GET:files|tree:truncate=1:count=1")
        proof = proving.prove(program, jobs.direction(program, ref), Level.READ_BACK)
        assert not proof.holds and "two listings of the top folder differ" in proof.doubt
        assert proving.prove(program, jobs.direction(program, ref), Level.READ_BACK).holds


def test_a_proof_that_knows_fewer_files_than_there_are_deletes_nothing(
    world: GateWorld, ready: Program
) -> None:
    """The files of the proven revision are listed once more at the deletion, not only when they were proven."""
    whole = ready.proofs.standing(world.ref())
    assert whole is not None
    ready.proofs.save(replace(whole, files=whole.files[1:], at=datetime.now(UTC)))
    assert gatelook.look(ready, world.ref()).open
    with pytest.raises(GateShut) as caught:
        deletion.delete(ready, world.ref(), FULL)
    assert f"the proof knows nothing of {whole.files[0].path}" in str(caught.value)
    assert world.deletions() == []


def test_a_gate_that_opened_meanwhile_is_no_typing_error(world: GateWorld, ready: Program) -> None:
    """Handing over refused without a reason, which the screen took for another name, when the token had got its right back."""

    def role(name: str) -> None:
        world.running.call(lambda state: setattr(state.hf.tokens[token("hf", "write")], "role", name))

    role("read")
    seen = gatelook.look(ready, world.ref())
    assert seen.by_hand
    role("write")
    with pytest.raises(Conflict, match="may delete it by now"):
        byhand.hand_over(ready, world.ref(), FULL, seen=seen.facts)
    assert gatelook.look(ready, world.ref()).open


def test_a_gated_source_keeps_an_open_copy_from_being_the_only_one(tmp_path: Path) -> None:
    """A source that was gated after its migration passed with a public copy, which opened its files to everybody."""

    def gate(state: World) -> None:
        the_source(state).visibility = the_copy(state).visibility = "public"
        the_source(state).gated = "manual"

    with gate_world(tmp_path, gate) as world:
        program = world.program()
        prepare(program, world.ref())
        seen = gatelook.look(program, world.ref())
        (failing,) = [check for check in seen.checks if check.name is CheckName.BACKUP_EXISTS]
        assert not failing.ok and "the source is gated" in failing.evidence and "private" in failing.way_out
        world.running.call(lambda state: setattr(the_copy(state), "visibility", "private"))
        assert gatelook.look(program, world.ref()).open
