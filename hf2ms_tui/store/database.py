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
import weakref
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
    """One thread's connection. Closed by ``Database.close`` or when its thread is gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.pid = os.getpid()
        self.depth = 0
        self.writing = False
        self.full = True
        self.busy = threading.RLock()

    def set_durable(self, durable: bool) -> None:
        if durable != self.full:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.full = durable

    def __del__(self) -> None:
        if self.pid == os.getpid():
            self.connection.close()


class Database:
    """The state file at ``path``, made and brought to the present version when needed. Safe to share between threads.

    ``secrets`` are values that must never reach the file: ``conceal`` takes them out of foreign texts.
    Raises StoreFailed when the file cannot be used, or was written by a newer version of the program.
    """

    def __init__(self, path: Path, secrets: Iterable[Secret | None] = ()) -> None:
        self.path = path
        self._secrets = tuple(secrets)
        self._local = threading.local()
        self._links: weakref.WeakSet[_Link] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False
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

    @contextmanager
    def _transaction(self, begin: str, *, durable: bool, writes: bool) -> Iterator[sqlite3.Connection]:
        try:
            link = self._link()
            if link.depth:
                if writes and not link.writing:
                    raise StoreFailed("a write was begun inside a read of the local state")
                link.depth += 1
                try:
                    yield link.connection
                finally:
                    link.depth -= 1
                return
            with link.busy:
                if writes:
                    link.set_durable(durable)
                self._begin(link, begin)
                link.depth, link.writing = 1, writes
                try:
                    yield link.connection
                    link.connection.execute("COMMIT")
                finally:
                    link.depth, link.writing = 0, False
                    if link.connection.in_transaction:
                        link.connection.execute("ROLLBACK")
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
        """Close all connections that are not in the middle of a statement; takes at most a moment. Idempotent."""
        with self._lock:
            self._closed = True
            links = list(self._links)
        for link in links:
            if link.busy.acquire(timeout=0.1):
                try:
                    if link.pid == os.getpid():
                        link.connection.close()
                finally:
                    link.busy.release()

    def _link(self) -> _Link:
        link: _Link | None = getattr(self._local, "link", None)
        # A connection must not be carried across a fork: SQLite's locks would be shared.
        if link is not None and link.pid == os.getpid() and not self._closed:
            return link
        with self._lock:
            if self._closed:
                raise StoreFailed(
                    "the local state was closed already", meaning="The program is shutting down."
                )
            fresh = _Link(self._connect())
            self._links.add(fresh)
        self._local.link = fresh
        return fresh

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._persist(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA trusted_schema = OFF")
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
        try:
            connection = self._link().connection
            if self._version(connection) == known:
                return
        except sqlite3.Error as error:
            raise self._failure(error) from error
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
