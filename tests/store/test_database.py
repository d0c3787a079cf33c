"""The file itself: several processes, kills, full disks, strange files."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.schema import MIGRATIONS
from hf2ms_tui.store.state import ViewState


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_only_the_owner_can_read_it(db: Database, path: Path) -> None:
    ViewState(db).set("x", 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for side in path.parent.iterdir():
        assert side.stat().st_mode & 0o077 == 0, side.name


def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    state = ViewState(db)
    with pytest.raises(ZeroDivisionError), db.write():
        Journal(db).append("note", None, {"half": True})
        raise ZeroDivisionError
    assert Journal(db).entries() == []
    state.set("after", True)
    assert state.get("after") is True


def test_a_write_inside_a_read_is_a_fault_of_the_program(db: Database) -> None:
    with pytest.raises(RuntimeError, match="inside a read"), db.read(), db.write():
        pass
    with pytest.raises(RuntimeError, match="durable"), db.write(durable=False), db.write():
        pass


def test_a_reader_sees_one_moment_while_others_write(db: Database, path: Path) -> None:
    journal, other = Journal(db), Database(path)
    journal.append("a", None, {})
    with db.read() as connection:
        before = connection.execute("SELECT COUNT(*) FROM journal").fetchone()
        Journal(other).append("b", None, {})
        assert connection.execute("SELECT COUNT(*) FROM journal").fetchone() == before
    assert len(journal.entries()) == 2
    other.close()


def test_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match="newer version") as caught:
        Database(path)
    assert "Update hf2ms-tui" in caught.value.way_out
    assert path.read_bytes() == before


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("these are not the bytes you are looking for" * 100)
    with pytest.raises(StoreFailed, match="not a state file"):
        Database(path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="HF2MS_STATE"):
        Database(tmp_path / "file" / "state" / "x.sqlite3")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreFailed):
        Database(tmp_path / "state" / "x.sqlite3")


FILL = """
import resource, sys
from pathlib import Path
from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.journal import Journal
path = Path(sys.argv[1])
journal = Journal(Database(path))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
last = 0
try:
    while True:
        last = journal.append("note", None, {"filler": "x" * 5000})
except StoreFailed as error:
    print(last)
    print(error)
"""


def test_a_full_disk_is_an_error_for_people_and_loses_nothing_committed(path: Path) -> None:
    out, err = python(FILL, path).communicate(timeout=60)
    last, said = out.splitlines()
    assert err == ""
    assert "full" in said
    assert int(last) > 10
    again = Database(path)
    assert len(Journal(again).entries()) == int(last)
    assert Journal(again).check() is None
    again.close()


WRITE = """
import sys
from pathlib import Path
from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.decisions import Decisions
from hf2ms_tui.store.journal import Journal
db = Database(Path(sys.argv[1]))
journal = Journal(db)
decisions = Decisions(db, journal)
for number in range(int(sys.argv[3])):
    ref = RepoRef.of("hf", "model", f"a/{sys.argv[2]}-{number}")
    print(decisions.decide([ref], Decision.DELETE).seq, ref.key, flush=True)
"""


def test_processes_write_at_once_and_nothing_is_lost(path: Path) -> None:
    writers = [python(WRITE, path, name, 60) for name in ("one", "two", "three", "four")]
    lines: list[str] = []
    for writer in writers:
        out, err = writer.communicate(timeout=90)
        assert err == ""
        lines += out.splitlines()
    db = Database(path)
    entries = Journal(db).entries()
    assert [entry.seq for entry in entries] == list(range(1, 241))
    assert Journal(db).check() is None
    assert {entry.ref.key for entry in entries if entry.ref} == {line.split()[1] for line in lines}
    db.close()


def test_kill_9_at_any_moment_loses_nothing_committed(path: Path) -> None:
    Database(path).close()
    committed: set[str] = set()
    for attempt in range(5):
        writer = python(WRITE, path, f"run{attempt}", 100_000)
        assert writer.stdout is not None
        for _ in range(8 + attempt * 5):
            committed.add(writer.stdout.readline().split()[1])
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate(timeout=30)
        committed |= {
            line.split()[1] for line in rest.splitlines() if line.count(" ") == 1 and line[-1].isdigit()
        }
        db = Database(path)
        assert Journal(db).check() is None
        seen = {entry.ref.key for entry in Journal(db).entries() if entry.ref}
        db.close()
        # The last line read may have been cut short by the kill; its beginning is then of one that is there.
        assert {key for key in committed if key not in seen} == set()


def test_a_lock_held_long_by_another_process_is_waited_for(db: Database, path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    threading.Timer(1.0, lambda: holder.execute("COMMIT")).start()
    began = time.monotonic()
    Journal(db).append("note", None, {})
    assert 0.8 < time.monotonic() - began < 10
    holder.close()


def test_many_threads_share_few_connections(db: Database) -> None:
    state = ViewState(db)
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for step in range(20):
            state.set(f"{number}-{step}", step)
            assert state.get(f"{number}-{step}") == step

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(state.all()) == 160
    assert len(db._free) <= 8


def test_closing_ends_at_once_and_later_calls_are_refused(db: Database) -> None:
    with db.write() as connection:
        db.close()
        connection.execute("SELECT 1")
    with pytest.raises(StoreFailed, match="closed"):
        ViewState(db).get("x")


def test_secrets_never_reach_the_file(path: Path) -> None:
    token = "hf_CanaryCanaryCanary"
    db = Database(path, secrets=[Secret(token), None])
    journal = Journal(db)
    with pytest.raises(TypeError, match="never stored"):
        journal.append("note", None, {"token": Secret(token)})
    with pytest.raises(TypeError):
        journal.append("note", None, {Secret(token): 1})  # type: ignore[dict-item]
    journal.append("note", None, {"error": f"403 for https://user:{token}@hub/x"})
    ViewState(db).set("a", 1)
    db.close()
    assert all(token.encode() not in file.read_bytes() for file in path.parent.iterdir())


def test_opening_it_twice_in_one_process_keeps_the_locks_of_the_first(db: Database, path: Path) -> None:
    with db.write() as connection:
        connection.execute("PRAGMA user_version")
    Database(path).close()
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_ino
    leaving = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM journal'); c.close()"
    )
    subprocess.run([sys.executable, "-c", leaving, str(path)], check=True)
    assert log.stat().st_ino == before, "somebody who left took the log away from those who stayed"
    Journal(db).append("note", None, {})
    other = Database(path)
    assert len(Journal(other).entries()) == 1
    other.close()
