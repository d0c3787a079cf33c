"""Where tokens may not delete: the person is sent to the settings page once all else holds, and the repo is watched."""

from __future__ import annotations

import threading

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.gate import CheckName, GateShut
from hf2ms_tui.services import byhand, decisions, deletion, gatelook, inventory, jobs, outcome, proving
from hf2ms_tui.services.outcome import Deletion, Gone
from hf2ms_tui.services.program import Program
from support.gate_world import NAME, ORG, GateWorld

FULL = f"{ORG}/{NAME}"


@pytest.fixture
def ready(world: GateWorld) -> Program:
    """A program that cleans up ModelScope; everything holds but the token's right."""
    program = world.program(source="ms")
    ref = world.ref("ms")
    inventory.refresh(program)
    proving.prove(program, jobs.direction(program, ref))
    decisions.decide(program, [ref], Decision.DELETE)
    return program


def test_the_gate_is_open_by_hand_and_names_the_page(world: GateWorld, ready: Program) -> None:
    seen = gatelook.look(ready, world.ref("ms"))
    assert not seen.open and seen.by_hand
    assert [check.name for check in seen.checks if not check.ok] == [CheckName.MAY_DELETE]
    assert seen.facts.delete_page.endswith(f"/models/{FULL}/settings")
    with pytest.raises(GateShut):
        deletion.delete(ready, world.ref("ms"), FULL)
    assert world.exists("ms") and world.deletions() == []


@pytest.mark.parametrize("typed", ["", NAME, FULL.upper()])
def test_the_page_is_not_handed_over_without_the_name(world: GateWorld, ready: Program, typed: str) -> None:
    with pytest.raises(GateShut):
        byhand.hand_over(ready, world.ref("ms"), typed)
    assert [entry for entry in ready.journal.entries() if entry.kind == "delete"] == []


def test_nor_when_anything_else_does_not_hold(world: GateWorld, ready: Program) -> None:
    world.change({"new.txt": b"new\n"}, "ms")
    with pytest.raises(GateShut) as caught:
        byhand.hand_over(ready, world.ref("ms"), FULL)
    assert CheckName.SOURCE_UNCHANGED in {check.name for check in caught.value.failing}


def test_it_is_watched_until_it_is_gone_and_journalled(world: GateWorld, ready: Program) -> None:
    over = byhand.hand_over(ready, world.ref("ms"), FULL)
    looks: list[Deletion] = []

    def looked(found: Deletion) -> None:
        looks.append(found)
        if len(looks) == 2:
            world.remove("ms")

    found = byhand.watch(ready, over, looked, lambda: False, every=0.1)
    assert found is not None and found.state is Gone.GONE
    assert [each.state for each in looks[:2]] == [Gone.STILL_THERE, Gone.STILL_THERE]
    assert not ready.journal.open_intents("delete")
    assert world.deletions() == []


def test_a_watch_that_is_left_is_settled_at_the_next_start(world: GateWorld, ready: Program) -> None:
    over = byhand.hand_over(ready, world.ref("ms"), FULL)
    leaving = threading.Event()
    assert byhand.watch(ready, over, lambda found: leaving.set(), leaving.is_set) is None
    assert [entry.seq for entry in ready.journal.open_intents("delete")] == [over.intent]
    world.remove("ms")
    (found,) = outcome.settle(ready)
    assert found.state is Gone.GONE and not ready.journal.open_intents("delete")
