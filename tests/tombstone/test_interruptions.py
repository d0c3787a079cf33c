"""Killed, out of disk, changed meanwhile: a tombstone is whole or not there, and a restore carries on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hf2ms_tui.domain.gate import CheckName, GateShut
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.engines import lock
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import byhand, deletion, gatelook, jobs, restore
from hf2ms_tui.services.program import Program
from support.eventually import eventually
from support.gate_world import NAME, ORG, GateWorld, gate_world, prepare
from support.limits import largest_file
from support.stones import FULL, copied, deleted, restored, said, snapshot, with_refs
from support.transfers import CARD, put

LOST = frozenset({"dev", "v1"})
ROOM = 3_000_000
"""bytes: more than the state file takes here, less than the small files of the repo"""
FILLER = {f"filler/{number}.txt": bytes([65 + number]) * 1_000_000 for number in range(4)}


def filled(world: World) -> None:
    repo = world.hf.get("model", FULL)
    assert repo is not None
    put(world, repo, FILLER, "main")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    with gate_world(tmp_path, with_refs("hf")) as here:
        yield here


@pytest.fixture
def ready(world: GateWorld) -> Program:
    """A program for whose repo everything holds but the loss of a branch and a tag, which is accepted."""
    program = world.program()
    copied(program, world.ref())
    return program


def check(program: Program, ref: RepoRef, accepted: frozenset[str] = LOST) -> tuple[bool, str]:
    seen = gatelook.look(program, ref, accepted)
    found = next(item for item in seen.checks if item.name is CheckName.TOMBSTONE)
    return seen.open, found.evidence


def kill(program: Program, job_id: str) -> bool:
    """SIGKILL to the job's process, if it still runs."""
    with suppress(OSError, ValueError):
        if lock.is_held(program.places, job_id):
            os.kill(int(lock.pid_file(program.places, job_id).read_text()), signal.SIGKILL)
            while lock.is_held(program.places, job_id):
                time.sleep(0.02)
            return True
    return False


@pytest.mark.parametrize("hub", ["hf", pytest.param("ms", marks=pytest.mark.slow)])
def test_a_restore_that_is_killed_again_and_again_ends_byte_equal(tmp_path: Path, hub: str) -> None:
    with gate_world(tmp_path, with_refs(hub)) as world:
        program = world.program(source=hub)
        copied(program, world.ref(hub))
        _killed_again_and_again(world, program, hub)


def _killed_again_and_again(world: GateWorld, ready: Program, hub: str) -> None:
    before = snapshot(world, hub)
    deleted(world, ready, world.ref(hub), LOST)
    world.running.faults.add(f"{'ms:GET:blob-get' if hub == 'hf' else 'hf:GET:blob'}:slow=3MB")
    kills, phases = 0, set()
    for moment in (0.2, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0):
        view = restore.start(ready, restore.find(ready, FULL))
        # One that was killed before it began counts as about to begin for a while.
        eventually(lambda job=view.id: ready.jobs.view(job).phase is not Phase.QUEUED)
        time.sleep(moment)
        view = ready.jobs.view(view.id)
        phases.add(view.phase)
        if view.phase.final or not kill(ready, view.id):
            break
        kills += 1
    assert kills >= 2, phases
    view = restored(ready, world.ref(hub)) if not view.phase.final else view
    assert view.phase is Phase.DONE, said(ready, view)
    if hub == "ms":
        before["tag", "dev"] = before.pop(("branch", "dev"))
    assert snapshot(world, hub) == before
    assert len(jobs.listing(ready)) == 2
    assert not ready.journal.open_intents("restore")


def test_a_full_disk_keeps_the_gate_shut_and_leaves_nothing(world: GateWorld) -> None:
    world.running.call(filled)
    ready = world.program()
    copied(ready, world.ref())
    folder = ready.places.tombstones
    with largest_file(ROOM):
        opened, why = check(ready, world.ref(), frozenset())
        assert not opened and "once all else holds" in why
        opened, why = check(ready, world.ref())
    assert not opened and "could not be written" in why and "the gate stays shut" in why
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    with largest_file(ROOM), pytest.raises(GateShut) as caught:
        deletion.delete(ready, world.ref(), FULL, LOST)
    assert {item.name for item in caught.value.failing} == {CheckName.TOMBSTONE}
    assert world.exists() and world.deletions() == []
    assert check(ready, world.ref())[0]
    assert ready.tombstones.rows()[0].size > ROOM


def test_a_tombstone_that_was_damaged_is_written_anew(world: GateWorld, ready: Program) -> None:
    assert check(ready, world.ref())[0]
    (first,) = ready.tombstones.rows()
    parts = first.folder / "parts"
    parts.write_bytes(b"?" + parts.read_bytes()[1:])
    assert check(ready, world.ref())[0]
    (second,) = ready.tombstones.rows()
    assert second.id != first.id and not first.folder.exists()
    ready.tombstones.load(second)
    (second.folder / "parts").unlink()
    deleted(world, ready, world.ref(), LOST)
    (third,) = ready.tombstones.rows()
    assert third.id not in {first.id, second.id} and third.used
    assert f"'tombstone': '{third.id}'" in str(
        [entry.payload for entry in ready.journal.entries(kinds={"delete"})]
    )


def test_one_that_is_damaged_after_the_deletion_is_refused_with_the_reason(
    world: GateWorld, ready: Program
) -> None:
    deleted(world, ready, world.ref(), LOST)
    (row,) = ready.tombstones.rows()
    data = (row.folder / "states.z").read_bytes()
    (row.folder / "states.z").write_bytes(data[:-4])
    with pytest.raises(Exception, match=r"states\.z was changed"):
        restored(ready, world.ref())
    assert not world.exists() and not ready.jobs.views(world.ref("ms"))


def test_it_is_written_anew_for_other_refs_another_proof_or_other_settings(
    world: GateWorld, ready: Program
) -> None:
    assert check(ready, world.ref())[0]
    seen = [ready.tombstones.rows()[0].id]

    def changed(work: object) -> None:
        world.running.call(work)  # type: ignore[arg-type]
        assert check(ready, world.ref())[0]
        (row,) = ready.tombstones.rows()
        assert row.id not in seen
        seen.append(row.id)

    def tag(world: World) -> None:
        repo = world.hf.get("model", FULL)
        assert repo is not None
        repo.create_tag("v3", repo.head().id)

    def gate(world: World) -> None:
        repo = world.hf.get("model", FULL)
        assert repo is not None
        repo.gated = "auto"

    changed(tag)
    changed(gate)
    prepare(ready, world.ref())
    changed(lambda world: None)
    assert check(ready, world.ref())[0]
    assert ready.tombstones.rows()[0].id == seen[-1]


def test_it_waits_until_all_else_holds(world: GateWorld, ready: Program) -> None:
    opened, why = check(ready, world.ref(), frozenset())
    assert not opened and "once all else holds" in why
    assert ready.tombstones.rows() == []
    ready.close()
    reader = world.program(read_only=True)
    assert not check(reader, world.ref())[0] and reader.tombstones.rows() == []


def test_what_is_told_of_it_is_told_before_and_after(world: GateWorld, ready: Program) -> None:
    seen = gatelook.look(ready, world.ref(), LOST)
    kept = "; ".join(seen.loss.kept)
    assert seen.facts.tombstone is not None and seen.facts.tombstone.id in kept
    deleted(world, ready, world.ref(), LOST)
    (row,) = ready.tombstones.rows()
    told = "; ".join(restore.survey(ready, row).gone)
    for phrase in ("the history of", "1,234 downloads, 7 likes"):
        assert phrase in told
    stone, parts = ready.tombstones.load(row)
    assert {ref.words for ref in stone.restorable} == {"branch main", "branch dev", "tag v1", "tag v2"}
    assert stone.journal[1] in {entry.digest for entry in ready.journal.entries()}
    assert stone.account == "mira" and stone.info.likes == 7
    assert stone.chronicle.commits and stone.chronicle.discussions == ()
    card = next(item.entry for item in stone.states[stone.head] if item.entry.path == "README.md")
    assert parts.read(card.sha256 or "") == CARD + b"\nmore\n"


def test_deleting_by_hand_leaves_one_as_well(tmp_path: Path) -> None:
    with gate_world(tmp_path, with_refs("ms")) as here:
        program = here.program(source="ms")
        copied(program, here.ref("ms"))
        over = byhand.hand_over(program, here.ref("ms"), FULL, LOST)
        (row,) = program.tombstones.rows()
        assert row.used and over.page
        assert program.tombstones.load(row)[0].chronicle.discussions is None


def test_a_push_while_it_is_written_shuts_the_door(world: GateWorld, ready: Program) -> None:
    def push(text: str) -> None:
        if "syncing" in text:
            world.running.call(
                lambda hubs: put(hubs, hubs.hf.get("model", f"{ORG}/{NAME}"), {"x": b"new\n"}, "main")  # type: ignore[arg-type]
            )

    with pytest.raises(Exception, match="acme/tiny"):
        deletion.delete(ready, world.ref(), FULL, LOST, push)
    assert world.exists() and world.deletions() == []
