"""The journal: append-only, chained, with intents whose outcome can be told."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.journal import Journal

REF = RepoRef.of("hf", "dataset", "acme/images")
REST = "at, kind, role, about, state, ref, account"
OTHER = RepoRef.of("hf", "model", "acme/tiny")


@pytest.fixture
def journal(db: Database) -> Journal:
    return Journal(db)


def test_entries_come_back_as_they_were_written(journal: Journal) -> None:
    assert (
        journal.append(
            "proof", REF, {"files": 3, "at": datetime(2026, 1, 2, tzinfo=UTC), "d": Decision.KEEP}, "ada"
        )
        == 1
    )
    assert journal.append("note", None, {}) == 2
    first, second = journal.entries()
    assert (first.kind, first.ref, first.account, first.role) == ("proof", REF, "ada", "note")
    assert first.payload == {"files": 3, "at": "2026-01-02T00:00:00.000000+00:00", "d": "keep"}
    assert second.ref is None
    assert abs(datetime.now(UTC) - first.at) < timedelta(minutes=1)
    assert first.digest != second.digest


def test_entries_can_be_narrowed(journal: Journal) -> None:
    for number in range(6):
        journal.append("even" if number % 2 == 0 else "odd", REF if number < 3 else OTHER, {"n": number})
    assert [entry.seq for entry in journal.entries(after=4)] == [5, 6]
    assert [entry.seq for entry in journal.entries(ref=REF)] == [1, 2, 3]
    assert [entry.seq for entry in journal.entries(kinds={"odd"})] == [2, 4, 6]
    assert [entry.seq for entry in journal.entries(limit=2)] == [5, 6]
    assert journal.entries(kinds=()) == []


def test_an_intent_is_open_until_its_outcome_is_known(journal: Journal) -> None:
    one = journal.intent("delete", REF, {"proof": "abc"}, "ada")
    two = journal.intent("migrate", OTHER, {})
    assert [entry.seq for entry in journal.open_intents()] == [one, two]
    journal.outcome(one, "unknown", {"why": "the answer was lost"})
    assert [entry.seq for entry in journal.open_intents("delete")] == [one]
    assert journal.open_intents("delete")[0].state == "unknown"
    journal.outcome(two, "failed", {})
    journal.outcome(one, "done", {})
    assert journal.open_intents() == []
    last = journal.entries()[-1]
    assert (last.role, last.about, last.state, last.kind, last.ref, last.account) == (
        "outcome",
        one,
        "done",
        "delete",
        REF,
        "ada",
    )
    assert journal.entries()[0].state == "done"


def test_an_outcome_needs_its_intent_and_a_known_word(journal: Journal) -> None:
    note = journal.append("note", REF, {})
    intent = journal.intent("delete", REF, {})
    with pytest.raises(ValueError, match="not an intent"):
        journal.outcome(note, "done", {})
    with pytest.raises(ValueError, match="not an intent"):
        journal.outcome(99, "done", {})
    with pytest.raises(ValueError, match="maybe"):
        journal.outcome(intent, "maybe", {})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET payload = '{}' WHERE seq = 2",
        "DELETE FROM journal WHERE seq = 2",
        "DELETE FROM journal",
        f"INSERT INTO journal SELECT 9, {REST}, payload, previous, digest FROM journal WHERE seq = 1",
        f"REPLACE INTO journal SELECT 2, {REST}, '{{}}', previous, digest FROM journal WHERE seq = 2",
    ],
)
def test_sql_cannot_change_it(db: Database, journal: Journal, statement: str) -> None:
    for number in range(3):
        journal.append("note", REF, {"n": number})
    before = journal.entries()
    with pytest.raises(StoreFailed, match="append-only"), db.write() as connection:
        connection.execute(statement)
    assert journal.entries() == before
    assert journal.check() is None


@pytest.mark.parametrize(
    ("statement", "at", "why"),
    [
        ("UPDATE journal SET payload = '{\"n\":7}' WHERE seq = 2", 2, "changed"),
        ("UPDATE journal SET at = '2020-01-01T00:00:00.000000+00:00' WHERE seq = 3", 3, "changed"),
        ("DELETE FROM journal WHERE seq = 2", 2, "missing"),
        ("UPDATE journal SET previous = digest WHERE seq = 3", 3, "does not follow"),
    ],
)
def test_a_change_behind_its_back_is_found(
    db: Database, journal: Journal, path: Path, statement: str, at: int, why: str
) -> None:
    for number in range(4):
        journal.append("note", REF, {"n": number})
    raw = sqlite3.connect(path)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(statement)
    raw.commit()
    raw.close()
    broken = journal.check()
    assert broken is not None
    assert broken.seq == at
    assert why in str(broken)


def test_lone_surrogates_of_foreign_paths_survive(journal: Journal) -> None:
    journal.append("note", REF, {"path": "caf\udce9/x"})
    assert journal.entries()[0].payload == {"path": "caf\udce9/x"}
