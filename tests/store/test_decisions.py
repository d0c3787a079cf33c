"""Decisions: undo and redo without limit, across restarts, and never out of step with the journal."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.decisions import Change, Decisions, Step
from hf2ms_tui.store.journal import Journal

REFS = [RepoRef.of("hf", "model", f"acme/{name}") for name in "abc"]


def fresh(db: Database) -> Decisions:
    return Decisions(db, Journal(db))


def test_undo_goes_back_all_the_way_and_redo_forward_again(db: Database, path: Path) -> None:
    decisions = fresh(db)
    for ref, decision in zip(REFS, (Decision.DELETE, Decision.KEEP, Decision.LATER), strict=True):
        decisions.decide([ref], decision)
    decisions.decide(REFS, Decision.MIGRATE)
    db.close()

    again = Database(path)
    decisions = fresh(again)
    step = decisions.undo()
    assert step is not None
    assert step.changes == (
        Change(REFS[0], Decision.MIGRATE, Decision.DELETE),
        Change(REFS[1], Decision.MIGRATE, Decision.KEEP),
        Change(REFS[2], Decision.MIGRATE, Decision.LATER),
    )
    for _ in range(3):
        assert decisions.undo() is not None
    assert decisions.undo() is None
    assert decisions.current() == {}
    for _ in range(4):
        assert decisions.redo() is not None
    assert decisions.redo() is None
    assert decisions.current() == {ref.key: Decision.MIGRATE for ref in REFS}
    again.close()


def test_a_new_decision_ends_what_could_be_redone(db: Database) -> None:
    decisions = fresh(db)
    decisions.decide([REFS[0]], Decision.DELETE)
    decisions.undo()
    decisions.decide([REFS[1]], Decision.KEEP)
    assert decisions.redo() is None
    assert decisions.current() == {REFS[1].key: Decision.KEEP}


def test_deciding_the_same_again_is_no_step(db: Database) -> None:
    decisions = fresh(db)
    decisions.decide([REFS[0]], Decision.KEEP)
    assert decisions.decide([REFS[0]], Decision.KEEP) == Step(0, ())
    assert [
        change.ref for change in decisions.decide([REFS[0], REFS[1], REFS[1]], Decision.KEEP).changes
    ] == [REFS[1]]
    assert decisions.undo() is not None
    assert decisions.current() == {REFS[0].key: Decision.KEEP}


def test_every_act_is_in_the_journal(db: Database) -> None:
    decisions, journal = fresh(db), Journal(db)
    made = decisions.decide([REFS[0]], Decision.DELETE)
    undone = decisions.undo()
    assert undone is not None
    entries = journal.entries()
    assert [(entry.seq, entry.kind, entry.ref) for entry in entries] == [
        (made.seq, "decide", REFS[0]),
        (undone.seq, "undo", REFS[0]),
    ]
    assert entries[1].payload == {"changes": [[REFS[0].key, "delete", "undecided"]]}


def test_a_forgotten_repo_has_no_decision(db: Database) -> None:
    decisions = fresh(db)
    decisions.decide(REFS[:2], Decision.DELETE)
    decisions.forget(REFS[0])
    assert decisions.current() == {REFS[1].key: Decision.DELETE}


ACTS = st.lists(
    st.one_of(
        st.tuples(st.sets(st.integers(0, 2), min_size=1), st.sampled_from(list(Decision))),
        st.sampled_from(["undo", "redo"]),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(ACTS)
def test_any_acts_agree_with_a_plain_history(tmp_path_factory: object, acts: list[object]) -> None:
    folder = tmp_path_factory.mktemp("decisions")  # type: ignore[attr-defined]
    db = Database(folder / "x.sqlite3")
    decisions = fresh(db)
    past: list[dict[str, Decision]] = [{}]
    at = 0
    for act in acts:
        if act == "undo":
            assert (decisions.undo() is None) == (at == 0)
            at = max(0, at - 1)
        elif act == "redo":
            assert (decisions.redo() is None) == (at == len(past) - 1)
            at = min(len(past) - 1, at + 1)
        else:
            assert isinstance(act, tuple)
            chosen, decision = act
            now = past[at] | {REFS[index].key: decision for index in chosen}
            now = {key: value for key, value in now.items() if value is not Decision.UNDECIDED}
            decisions.decide([REFS[index] for index in sorted(chosen)], decision)
            if now != past[at]:
                past = [*past[: at + 1], now]
                at += 1
        assert decisions.current() == past[at]
    assert Journal(db).check() is None
    db.close()
