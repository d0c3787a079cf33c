"""What the adversary campaign found, each as a small test of its own. The campaign itself: tests/campaigns/adversary.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.loopback import mutate
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import jobs, proving
from hf2ms_tui.services.program import Program
from hf2ms_tui.transfer.verify import verify
from support.gate_world import NAME, ORG, GateWorld, gate_world, prepare

FULL = f"{ORG}/{NAME}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    with gate_world(tmp_path) as here:
        yield here


@pytest.fixture
def ready(world: GateWorld) -> Program:
    program = world.program()
    prepare(program, world.ref())
    return program


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
