"""Content that is proven in other repos of the destination: no second copy is needed while it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import NotFound
from hf2ms_tui.domain.gate import CheckName, CheckState
from hf2ms_tui.domain.inventory import BackupState
from hf2ms_tui.domain.proof import Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import card, deletion, gatelook, inventory, jobs, proving, survey
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.survey import CardFacts
from support.gate_world import FILES, NAME, GateWorld, check, gate_world, tag
from support.transfers import MIB, ORG, SeededContent, add

FULL = f"{ORG}/{NAME}"
CHILD: dict[str, bytes | Content] = {path: FILES[path] for path in ("README.md", "weights/one.safetensors")}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    with gate_world(tmp_path, lambda state: add(state, "hf", "child", CHILD)) as served:
        yield served


def child(world: GateWorld) -> RepoRef:
    return world.ref(name="child")


def test_a_subset_of_a_proven_parent_needs_no_second_copy(world: GateWorld, ready: Program) -> None:
    proof = proving.prove(ready, jobs.direction(ready, child(world)))
    assert proof.holds
    assert proof.destination_revision == ""
    assert [place.repo for place in proof.places] == [world.ref("ms")]
    assert all(file.where.startswith("ms:model:acme/tiny@") for file in proof.files)
    parent = ready.proofs.standing(world.ref())
    assert parent is not None
    assert proof.evidence_at == parent.evidence_at
    look = gatelook.look(ready, child(world))
    assert look.open, [(item.name.value, item.evidence) for item in look.checks if not item.ok]
    backup = next(item for item in look.checks if item.name is CheckName.BACKUP_EXISTS)
    assert "acme/tiny" in backup.evidence
    (row,) = inventory.rows_of(ready, [child(world)])
    assert (row.backup.state, row.backup.words) == (BackupState.PROVEN, "proven elsewhere")
    assert deletion.delete(ready, child(world), f"{ORG}/child").state is Gone.GONE


def card_of(program: Program, ref: RepoRef) -> tuple[CardFacts, str, str]:
    """A repo's card once its org was looked into: the facts, what a backup takes, and the advice with its reasons."""
    inventory.refresh(program)
    survey.survey(program, lambda rows: None)
    (row,) = [row for row in inventory.known(program) if row.info.ref == ref]
    facts = survey.card_facts(program, row)
    takes = next(
        item.text for item in card.answers(facts.row, facts, program.now()) if "take" in item.question
    )
    assert facts.row.advice is not None
    return facts, takes, " ".join(facts.row.advice.reasons)


def test_card_and_advice_say_that_a_subset_needs_no_copy(world: GateWorld, ready: Program) -> None:
    facts, takes, advice = card_of(ready, child(world))
    assert facts.instead is not None and facts.instead.whole
    assert (
        "none of its own: all 2 files were read back in the copy of tiny; v at its gate proves that" in takes
    )
    assert "needs no copy of its own: v at its gate" in advice
    assert proving.prove(ready, jobs.direction(ready, child(world))).holds, "as it said"


def test_the_card_does_not_promise_what_only_proving_finds_out(world: GateWorld, ready: Program) -> None:
    """A card of its own: a small file whose SHA-256 the hub does not tell, and no repo has it."""

    def work(state: World) -> None:
        add(state, "hf", "own", {**CHILD, "README.md": b"# Its own card\n"})

    world.running.call(work)
    own = world.ref(name="own")
    facts, takes, _ = card_of(ready, own)
    assert facts.instead is not None and not facts.instead.whole
    assert (facts.instead.held, facts.instead.unread, facts.instead.lacking) == (1, 1, 0)
    assert "1 of 2 files were read back in the copy of tiny, small ones are not known: v at its gate" in takes
    with pytest.raises(NotFound, match="1 of 2 files"):
        proving.prove(ready, jobs.direction(ready, own))


def test_the_card_says_nothing_of_other_copies_where_a_file_is_in_none(
    world: GateWorld, ready: Program
) -> None:
    def work(state: World) -> None:
        add(state, "hf", "more", {**CHILD, "only-here.bin": SeededContent("only", MIB)})

    world.running.call(work)
    inventory.refresh(ready)
    survey.survey(ready, lambda rows: None)
    (row,) = [row for row in inventory.known(ready) if row.info.ref == world.ref(name="more")]
    facts = survey.card_facts(ready, row)
    assert facts.instead is not None and facts.instead.lacking == 1
    takes = next(item.text for item in card.answers(row, facts, ready.now()) if "take" in item.question)
    assert "to move" in takes and "read back" not in takes


def test_card_and_advice_promise_nothing_while_the_parent_is_not_proven(world: GateWorld) -> None:
    facts, takes, advice = card_of(world.program(), child(world))
    assert facts.instead is None
    assert "read back" not in takes
    assert "needs no copy of its own once tiny is read back" in advice


def test_one_file_that_is_nowhere_gives_no_proof(world: GateWorld, ready: Program) -> None:
    def work(state: World) -> None:
        add(state, "hf", "other", {**CHILD, "own.txt": b"own\n"})

    world.running.call(work)
    other = world.ref(name="other")
    with pytest.raises(NotFound, match="1 of 3 files"):
        proving.prove(ready, jobs.direction(ready, other))
    assert ready.proofs.standing(other) is None
    with pytest.raises(NotFound, match="no other repo"):
        proving.prove(
            world.program(HF2MS_STATE=str(world.folder / "other")), jobs.direction(ready, child(world))
        )


def test_what_an_own_copy_lacks_may_be_elsewhere(world: GateWorld, ready: Program) -> None:
    def work(state: World) -> None:
        add(state, "ms", "child", {"README.md": CHILD["README.md"]})

    world.running.call(work)
    proof = proving.prove(ready, jobs.direction(ready, child(world)))
    assert proof.holds
    assert proof.destination_revision
    assert [bool(file.where) for file in proof.files if file.verdict is Verdict.PROVEN] == [False, True]
    assert gatelook.look(ready, child(world)).open


CHANGES = {
    "moves on": lambda world: world.change({"more.txt": b"x"}, hub="ms"),
    "is gone": lambda world: world.remove("ms"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_there_closes_the_gate(world: GateWorld, ready: Program, what: str) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))
    seen = gatelook.look(ready, child(world))
    assert seen.open
    CHANGES[what](world)
    look = gatelook.look(ready, child(world))
    assert not look.open
    failing = {item.name for item in look.checks if not item.ok}
    assert failing & {CheckName.BACKUP_EXISTS, CheckName.DESTINATION_UNCHANGED}


def test_a_copy_that_more_people_see_counts_nowhere(world: GateWorld, ready: Program) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))

    def widen(state: World) -> None:
        repo = state.ms.get("model", FULL)
        assert repo is not None
        repo.visibility = "public"

    world.running.call(widen)
    found = check(ready, child(world), CheckName.BACKUP_EXISTS)
    assert found.state is CheckState.FAILS
    assert "public" in found.evidence
    with pytest.raises(NotFound):
        proving.prove(ready, jobs.direction(ready, child(world)))


def test_a_kept_tag_is_as_good_as_the_head(world: GateWorld, ready: Program) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))
    tag(world, "keep", "master", "ms")
    world.change({"more.txt": b"x"}, hub="ms")
    assert gatelook.look(ready, child(world)).open
