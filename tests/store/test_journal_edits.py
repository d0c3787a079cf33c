"""Whatever somebody does to the journal behind the program's back, ``check`` names the first entry that it touches."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.decisions import Decisions
from hf2ms_tui.store.headfile import Head
from hf2ms_tui.store.journal import Journal

REF = RepoRef.of("hf", "model", "acme/tiny")
COLUMNS = ("seq", "at", "kind", "role", "about", "state", "ref", "account", "payload", "previous", "digest")
ENTRIES = 9


def fill(db: Database) -> None:
    """Every kind of entry: notes, intents with and without outcome, decisions, with and without repo and account."""
    journal = Journal(db, lambda: "hf:mira")
    Decisions(db, journal).decide([REF], Decision.DELETE)
    for number in range(2):
        begun = journal.intent("prove", REF, {"level": "read-back", "n": number})
        journal.outcome(begun, "done" if number else "unknown", {"proof": "0123456789abcdef"})
    journal.append("cancel", None, {"job": "abcdefgh"}, "ms:ada")
    begun = journal.intent("delete", REF, {"proof": "0123456789abcdef", "checks": [["a", "b"]]})
    journal.outcome(begun, "failed", {"what": "refused"})
    journal.intent("migrate", REF, {})
    assert len(journal.entries()) == ENTRIES
    assert journal.check() is None


@contextmanager
def behind_its_back(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to which the journal's own guards mean nothing."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("PRAGMA ignore_check_constraints = ON")
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    try:
        yield raw
    finally:
        raw.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")
    db = Database(folder / "state.sqlite3")
    fill(db)
    db.close()
    return folder


@contextmanager
def copy_of(original: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(original, folder, dirs_exist_ok=True)
        yield Path(folder) / "state.sqlite3"


def checked(path: Path, kept: tuple[Head, ...] = ()) -> int | None:
    db = Database(path)
    broken = Journal(db).check(kept)
    db.close()
    return broken.seq if broken else None


values = st.one_of(
    st.none(),
    st.integers(-3, 40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.sampled_from(["", "done", "intent", "note", "mira", "{}", "0" * 64, "hf:model:acme/other"]),
)


def everything(raw: sqlite3.Connection) -> list[tuple[str, ...]]:
    """All fields of all entries with their types."""
    return raw.execute(f"SELECT {', '.join(f'quote({name})' for name in COLUMNS)} FROM journal").fetchall()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(new=values)
def test_any_edit_of_any_field_of_any_entry_is_found(original: Path, new: object) -> None:
    """For each drawn value, all fields of all entries: the first broken entry is the edited one."""
    with copy_of(original) as path, behind_its_back(path) as raw:
        db = Database(path)
        journal = Journal(db)
        told, rows = everything(raw), raw.execute("SELECT * FROM journal").fetchall()
        for seq, column in itertools.product(range(1, ENTRIES + 1), COLUMNS):
            try:
                raw.execute(f"UPDATE journal SET {column} = ? WHERE seq = ?", (new, seq))
            except sqlite3.IntegrityError:
                continue  # the table itself refuses: NULL, a number that is taken, no integer
            broken = journal.check()
            if everything(raw) == told:
                assert broken is None
            elif column == "seq" and isinstance(new, int | float | str) and int(new) < 1:
                assert broken is not None and broken.seq == 1
            else:
                assert broken is not None and broken.seq == seq, (column, new)
            raw.execute("DELETE FROM journal")
            raw.executemany(f"INSERT INTO journal VALUES ({','.join('?' * len(COLUMNS))})", rows)
        assert journal.check() is None
        db.close()


@pytest.mark.parametrize("cut", range(1, ENTRIES + 1))
def test_any_number_of_newest_entries_cut_off_is_found(original: Path, cut: int) -> None:
    with copy_of(original) as path:
        with behind_its_back(path) as raw:
            raw.execute("DELETE FROM journal WHERE seq > ?", (ENTRIES - cut,))
        assert checked(path) == ENTRIES - cut + 1


@pytest.mark.parametrize("gone", range(1, ENTRIES + 1))
def test_any_entry_taken_out_is_found_also_when_the_rest_closes_up(original: Path, gone: int) -> None:
    with copy_of(original) as path:
        with behind_its_back(path) as raw:
            raw.execute("DELETE FROM journal WHERE seq = ?", (gone,))
        assert checked(path) == gone
        with behind_its_back(path) as raw:
            raw.execute("UPDATE journal SET seq = seq - 1 WHERE seq > ?", (gone,))
        assert checked(path) == gone


@pytest.mark.parametrize(("one", "other"), [(a, b) for b in range(1, ENTRIES + 1) for a in range(1, b)])
def test_any_two_entries_that_change_places_are_found(original: Path, one: int, other: int) -> None:
    with copy_of(original) as path:
        with behind_its_back(path) as raw:
            for old, new in ((one, 1000), (other, one), (1000, other)):
                raw.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
        assert checked(path) == one


def test_a_journal_written_anew_with_a_good_chain_contradicts_the_head_kept_beside_it(original: Path) -> None:
    with copy_of(original) as path:
        for name in ("", "-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
        db = Database(path)
        journal = Journal(db)
        for number in range(ENTRIES + 5):
            journal.append("note", None, {"n": number})
        broken = journal.check()
        assert broken is not None and broken.seq == ENTRIES and "journal.head" in str(broken)
        assert "rewritten" in str(broken)
        db.close()


def test_heads_kept_elsewhere_tell_what_the_one_beside_cannot(original: Path) -> None:
    with copy_of(original) as path:
        db = Database(path)
        head = Journal(db).head()
        db.close()
        assert head is not None
        with behind_its_back(path) as raw:
            raw.execute("DELETE FROM journal WHERE seq > 7")
        path.with_name("journal.head").unlink()
        assert checked(path) is None, "what a chain of digests cannot show, said in the help"
        assert checked(path, (Head(head.seq, head.digest, "an export"),)) == 8


def test_decisions_tell_of_entries_that_are_gone(tmp_path: Path) -> None:
    db = Database(tmp_path / "state.sqlite3")
    journal = Journal(db)
    journal.append("note", None, {})
    Decisions(db, journal).decide([REF], Decision.KEEP)
    with behind_its_back(db.path) as raw:
        raw.execute("DELETE FROM journal WHERE seq = 2")
    (tmp_path / "journal.head").unlink()
    broken = journal.check()
    assert broken is not None and broken.seq == 2 and "decision" in str(broken)
    db.close()


def test_a_damaged_head_file_is_named_and_stays(original: Path) -> None:
    with copy_of(original) as path:
        beside = path.with_name("journal.head")
        for text in ("", "9 zz", "-1 " + "0" * 64, "\xff"):
            beside.write_bytes(text.encode("latin-1"))
            assert checked(path) == 0
            db = Database(path)
            Journal(db).append("note", None, {})
            db.close()
            assert beside.read_bytes() == text.encode("latin-1")


def test_a_head_is_kept_only_of_what_was_committed(tmp_path: Path) -> None:
    db = Database(tmp_path / "state.sqlite3")
    journal = Journal(db)
    journal.append("note", None, {})
    with pytest.raises(StoreFailed, match="boom"), db.write():
        journal.append("note", None, {})
        raise StoreFailed("boom")
    head = journal.kept_head()
    assert head is not None and head.seq == 1
    assert journal.check() is None
    journal.append("note", None, {})
    kept = journal.kept_head()
    assert kept is not None and kept.seq == 2
    db.close()


def test_a_state_without_a_head_file_gets_one(original: Path) -> None:
    with copy_of(original) as path:
        path.with_name("journal.head").unlink()
        assert checked(path) is None
        db = Database(path)
        Journal(db).append("note", None, {})
        assert path.with_name("journal.head").read_text().startswith(f"{ENTRIES + 1} ")
        assert path.with_name("journal.head").stat().st_mode & 0o077 == 0
        db.close()
