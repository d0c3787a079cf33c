"""The SQLite file: connections, transactions, migrations, and errors for people.

Several processes use the file at once (the program, a job each, headless verbs), hence WAL, a long busy timeout and write
transactions that take their lock at the start. A commit with ``durable=True`` is on the disk before it returns
(synchronous=FULL); the others survive the death of the process at any instant, but the last moments not a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.secret import Secret, redact
from hf2ms_tui.store.paths import private_file, private_folder
from hf2ms_tui.store.schema import MIGRATIONS

BUSY_SECONDS = 15.0
"""how long one statement waits for another process's lock; a write is tried again once after that"""


class _Link:
    """One connection, and what the transaction on it is. Used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.writing = False
        self.full = True
        self.afterwards: list[Callable[[], None]] = []

    def set_durable(self, durable: bool) -> None:
        if durable != self.full:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.full = durable


class Database:
    """The state file at ``path``, made and brought to the present version when needed. Safe to share between threads.

    ``secrets`` are values that must never reach the file: ``conceal`` takes them out of foreign texts.
    Raises StoreFailed when the file cannot be used, or was written by a newer version of the program.
    """

    def __init__(self, path: Path, secrets: Iterable[Secret | None] = ()) -> None:
        self.path = path
        self._secrets = tuple(secrets)
        self._local = threading.local()
        self._free: list[_Link] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._closed = False
        self._orphans: list[_Link] = []
        private_folder(path.parent)
        private_file(path)
        self._migrate()

    def conceal(self, text: str) -> str:
        """``text`` without any of the program's secrets."""
        return redact(text, *self._secrets)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent view of everything committed so far. Within a transaction of the same thread: that one."""
        with self._transaction("BEGIN", durable=False, writes=False) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        Nested in another of the same thread it becomes part of that one. Raises StoreFailed.
        """
        with self._transaction("BEGIN IMMEDIATE", durable=durable, writes=True) as connection:
            yield connection

    def after_commit(self, act: Callable[[], None]) -> None:
        """Call ``act`` once the transaction of this thread is committed, never when it is rolled back or the process dies.

        Raises RuntimeError outside a transaction.
        """
        link: _Link | None = getattr(self._local, "link", None)
        if link is None:
            raise RuntimeError("there is no transaction to come after")
        link.afterwards.append(act)

    @contextmanager
    def _transaction(self, begin: str, *, durable: bool, writes: bool) -> Iterator[sqlite3.Connection]:
        outer: _Link | None = getattr(self._local, "link", None)
        try:
            if outer is not None:
                if writes and not outer.writing:
                    raise RuntimeError("a write was begun inside a read of the local state")
                if writes and durable and not outer.full:
                    raise RuntimeError("a durable write was begun inside one that is not")
                yield outer.connection
                return
            link = self._take()
            try:
                if writes:
                    link.set_durable(durable)
                self._begin(link, begin)
                link.writing = writes
                self._local.link = link
                yield link.connection
                link.connection.execute("COMMIT")
                for act in link.afterwards:
                    act()
            finally:
                link.afterwards = []
                self._local.link = None
                self._give_back(link)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _begin(self, link: _Link, begin: str) -> None:
        try:
            link.connection.execute(begin)
        except sqlite3.OperationalError as error:
            if not _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise
            time.sleep(0.05)
            link.connection.execute(begin)

    def close(self) -> None:
        """Close every connection that is not in a transaction now; the others follow when theirs ends. Idempotent."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        if self._pid == os.getpid():
            for link in free:
                link.connection.close()

    def _take(self) -> _Link:
        """A connection that nobody uses. One must not be carried across a fork: SQLite's locks would be shared."""
        with self._lock:
            if self._closed:
                raise StoreFailed(
                    "the local state was closed already", meaning="The program is shutting down."
                )
            if self._pid == os.getpid() and self._free:
                return self._free.pop()
            if self._pid != os.getpid():
                self._orphans, self._free, self._pid = self._free, [], os.getpid()
        return _Link(self._connect())

    def _give_back(self, link: _Link) -> None:
        try:
            if link.connection.in_transaction:
                link.connection.execute("ROLLBACK")
        except sqlite3.Error:
            link.connection.close()
            raise
        link.writing = False
        with self._lock:
            if not self._closed:
                self._free.append(link)
                return
        link.connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._persist(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @staticmethod
    def _persist(act: Callable[[], object]) -> None:
        """Repeat what SQLite refuses at once, without its busy timeout, while another process opens the file."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                act()
                return
            except sqlite3.OperationalError as error:
                if not _name(error).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _migrate(self) -> None:
        known = len(MIGRATIONS)
        with self.read() as connection:
            if self._version(connection) == known:
                return
        with self.write() as connection:
            version = self._version(connection)
            if version > known:
                raise StoreFailed(
                    f"the state in {self.path} was written by a newer version of this program",
                    meaning=f"It has version {version}; this program knows versions up to {known}.",
                    way_out="Update hf2ms-tui, or set HF2MS_STATE to another folder. Nothing was changed.",
                )
            for script in MIGRATIONS[version:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {known}")

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _failure(self, error: sqlite3.Error) -> StoreFailed:
        """Say in words what SQLite could not do."""
        name = _name(error)
        for prefix, what, way_out in _TROUBLES:
            if name.startswith(prefix):
                return StoreFailed(f"the local state in {self.path} {what}", way_out=way_out)
        return StoreFailed(f"the local state in {self.path} refused: {error}")


_TROUBLES = (
    ("SQLITE_FULL", "cannot grow: the disk is full", "Free some space; nothing committed so far is lost."),
    (
        "SQLITE_BUSY",
        "is locked by another process",
        "Wait for it, or end the other hf2ms-tui process.",
    ),
    ("SQLITE_LOCKED", "is locked by another process", "Wait for it, or end the other hf2ms-tui process."),
    ("SQLITE_READONLY", "cannot be written", "Check the owner and permissions of the file and its folder."),
    ("SQLITE_PERM", "cannot be opened", "Check the owner and permissions of the file and its folder."),
    ("SQLITE_CANTOPEN", "cannot be opened", "Check the owner and permissions of the file and its folder."),
    (
        "SQLITE_IOERR",
        "cannot be read or written: the disk reports an error or is full",
        "Check the disk; nothing committed so far is lost.",
    ),
    (
        "SQLITE_NOTADB",
        "is not a state file of this program",
        "Move it away, or set HF2MS_STATE to another folder.",
    ),
    (
        "SQLITE_CORRUPT",
        "is damaged",
        "Move it away and start again; nothing on the hubs depends on it.",
    ),
)


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "") or ""


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements; ``executescript`` would commit behind our back."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
