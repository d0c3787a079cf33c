"""A deletion whose answer was lost: settled by reading, said until it is, and never sent twice."""

from __future__ import annotations

import pytest

from hf2ms_tui.domain.filters import parse
from hf2ms_tui.domain.gate import CheckName, CheckState, GateShut
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import card, deletion, gatelook, inventory, outcome, report
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from support.gate_world import NAME, GateWorld
from support.transfers import ORG

FULL = f"{ORG}/{NAME}"


@pytest.mark.parametrize("answer", ["reset=0:late", "status=503:late", "status=502:late"])
def test_an_answer_lost_after_the_effect_is_settled_by_reading(
    world: GateWorld, ready: Program, answer: str
) -> None:
    world.running.faults.add(f"hf:DELETE:.*:{answer}:count=1")
    found = deletion.delete(ready, world.ref(), FULL)
    assert found.state is Gone.GONE
    assert not world.exists()
    assert len(world.deletions()) == 1
    assert ready.journal.open_intents("delete") == []


@pytest.mark.parametrize("answer", ["reset=0", "status=503"])
def test_a_request_that_had_no_effect_is_not_sent_again(
    world: GateWorld, ready: Program, answer: str
) -> None:
    world.running.faults.add(f"hf:DELETE:.*:{answer}:count=1")
    found = deletion.delete(ready, world.ref(), FULL)
    assert found.state is Gone.STILL_THERE
    assert world.exists()
    assert len(world.deletions()) == 1


def lost(world: GateWorld, program: Program, monkeypatch: pytest.MonkeyPatch, *, effect: bool) -> None:
    """A deletion whose answer is lost, at a hub that is silent from then on."""
    real = outcome.look

    def silent(*args: object, **options: object) -> outcome.Deletion:
        world.running.faults.add("hf:GET:.*:status=503")
        return real(*args, **options)  # type: ignore[arg-type]

    world.running.faults.add(f"hf:DELETE:.*:reset=0{':late' if effect else ''}:count=1")
    with monkeypatch.context() as patch:
        patch.setattr(deletion, "look", silent)
        found = deletion.delete(program, world.ref(), FULL)
    assert found.state is Gone.UNKNOWN


@pytest.mark.parametrize("effect", [True, False])
def test_while_nobody_can_tell_the_gate_says_so_and_stays_shut(
    world: GateWorld, ready: Program, effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub goes silent with the deletion: whether it happened cannot be told until it answers again."""
    lost(world, ready, monkeypatch, effect=effect)
    (intent,) = ready.journal.open_intents("delete")
    assert intent.state == "unknown"
    entries = len(ready.journal.entries())
    for _ in range(2):
        look = gatelook.look(ready, world.ref())
        check = next(item for item in look.checks if item.name is CheckName.NO_JOB)
        assert check.state is CheckState.UNKNOWN
        assert "earlier deletion" in check.evidence
        assert not look.open
    assert len(ready.journal.entries()) == entries, "looking again writes nothing while nothing is new"
    with pytest.raises(GateShut):
        deletion.delete(ready, world.ref(), FULL)
    world.running.faults.clear()
    assert len(world.deletions()) == 1, "never sent a second time"
    look = gatelook.look(ready, world.ref())
    assert ready.journal.open_intents("delete") == []
    assert look.open is (not effect)
    assert world.exists() is (not effect)


@pytest.mark.parametrize("effect", [True, False])
def test_a_404_to_somebody_who_was_put_out_of_the_organisation_says_nothing(
    world: GateWorld, ready: Program, effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(world, ready, monkeypatch, effect=effect)
    world.running.faults.clear()

    def members(wanted: dict[str, str]) -> dict[str, str]:
        def work(state: World) -> dict[str, str]:
            account = state.hf.accounts[ORG]
            before, account.members = account.members, wanted
            return before

        return world.running.call(work)

    before = members({})
    (found,) = outcome.settle(ready, lost=True)
    assert found.state is Gone.UNKNOWN
    assert "does not belong to acme now" in found.evidence
    assert not gatelook.look(ready, world.ref()).open
    members(before)
    (found,) = outcome.settle(ready, lost=True)
    assert found.state is (Gone.GONE if effect else Gone.STILL_THERE)
    assert world.exists() is not effect


def row_of(world: GateWorld, rows: tuple[Row, ...]) -> Row | None:
    return next((row for row in rows if row.info.ref == world.ref()), None)


@pytest.mark.parametrize("effect", [True, False])
def test_until_it_is_settled_its_row_its_card_and_a_filter_say_so(
    world: GateWorld, ready: Program, effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = row_of(world, inventory.refresh(ready))
    assert before is not None and not before.unsettled
    assert report.row_dict(before)["deletion"] is None
    lost(world, ready, monkeypatch, effect=effect)
    row = row_of(world, inventory.known(ready))
    assert row is not None and row.unsettled
    assert row.backup == before.backup
    assert parse("deletion:unknown").select(inventory.known(ready)) == [row]
    assert report.row_dict(row)["deletion"] == "outcome unknown"
    (line,) = [line for line in report.inventory_lines([row]) if FULL in line]
    assert "? deleted? outcome unknown; ✓ proven" in line
    assert "may be gone or not" in card.troubles(row, None)[0]
    # It is not a fact of this run: the next one reads it from the journal.
    again = row_of(world, inventory.cached(world.program()))
    assert again is not None and again.unsettled
    world.running.faults.clear()
    gatelook.look(ready, world.ref())
    settled = row_of(world, inventory.known(ready))
    assert (settled is None) is effect
    assert settled is None or not settled.unsettled
