"""The journal: the append-only, hash-chained record of decisions, jobs, proofs and deletions."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import decode, encode, instant, now, stamp
from hf2ms_tui.store.database import Database

Role = Literal["note", "intent", "outcome"]
STATES = frozenset({"done", "failed", "unknown"})

_COLUMNS = "seq, at, kind, role, about, state, ref, account, payload, previous, digest"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. ``seq`` counts from 1 without gaps, ``at`` is UTC.

    A remote act is two entries: an ``intent`` before it is sent and an ``outcome`` that names the intent in ``about`` and
    says in ``state`` what became of it. On an intent, ``state`` is that of its latest outcome, empty while there is none.
    """

    seq: int
    at: datetime
    kind: str
    ref: RepoRef | None
    payload: dict[str, object]
    account: str
    digest: str
    role: Role = "note"
    about: int | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry of the journal that is not what was written, and in what way."""

    seq: int
    why: str

    def __str__(self) -> str:
        return f"the journal is broken at entry {self.seq}: {self.why}"


class Journal:
    """The journal in ``db``. Every entry is on the disk before ``append`` returns."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def append(self, kind: str, ref: RepoRef | None, payload: Mapping[str, object], account: str = "") -> int:
        """Note something that happened; returns its number. Raises StoreFailed, TypeError for a Secret in ``payload``."""
        return self._add("note", kind, ref, payload, account)

    def intent(self, kind: str, ref: RepoRef | None, payload: Mapping[str, object], account: str = "") -> int:
        """Note a remote act before it is sent; returns the number that ``outcome`` needs."""
        return self._add("intent", kind, ref, payload, account)

    def outcome(self, intent_seq: int, state: str, payload: Mapping[str, object]) -> int:
        """Note what became of an act. May be said again later, when ``unknown`` was cleared up: the latest counts.

        ``state`` is ``done``, ``failed`` or ``unknown``. Raises ValueError for another word or a number that is no intent.
        """
        if state not in STATES:
            raise ValueError(f"“{state}” is not how an act ends")
        with self._db.write() as connection:
            row = connection.execute(
                "SELECT kind, ref, account FROM journal WHERE seq = ? AND role = 'intent'", (intent_seq,)
            ).fetchone()
            if row is None:
                raise ValueError(f"entry {intent_seq} of the journal is not an intent")
            kind, ref, account = row
            return self._add(
                "outcome", kind, RepoRef.from_key(ref) if ref else None, payload, account, intent_seq, state
            )

    def _add(
        self,
        role: Role,
        kind: str,
        ref: RepoRef | None,
        payload: Mapping[str, object],
        account: str,
        about: int | None = None,
        state: str = "",
    ) -> int:
        text = self._db.conceal(encode(dict(payload)))
        with self._db.write() as connection:
            last = connection.execute("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = (last[0] + 1, last[1]) if last else (1, "")
            values = (seq, stamp(now()), kind, role, about, state, ref.key if ref else "", account, text)
            connection.execute(
                f"INSERT INTO journal ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*values, previous, _digest(values, previous)),
            )
        return int(seq)

    def entries(
        self,
        after: int = 0,
        ref: RepoRef | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries with a number above ``after``, oldest first, of one repo or some kinds; with ``limit`` the newest of them."""
        where = ["seq > ?"]
        arguments: list[object] = [after]
        if ref is not None:
            where.append("ref = ?")
            arguments.append(ref.key)
        if kinds is not None:
            where.append(f"kind IN ({','.join('?' * len(kinds))})")
            arguments.extend(kinds)
        query = f"SELECT {_COLUMNS} FROM journal WHERE {' AND '.join(where)} ORDER BY seq DESC"
        if limit is not None:
            query += " LIMIT ?"
            arguments.append(limit)
        return self._entries(query, arguments)[::-1]

    def open_intents(self, kind: str | None = None) -> list[Entry]:
        """Acts that were begun and whose outcome is not known: none noted, or ``unknown``. Oldest first."""
        query = (
            f"SELECT {_COLUMNS} FROM journal AS entry WHERE role = 'intent' AND COALESCE("
            "(SELECT state FROM journal AS later WHERE later.about = entry.seq ORDER BY later.seq DESC LIMIT 1), '') "
            "NOT IN ('done', 'failed')"
        )
        if kind is None:
            return self._entries(query + " ORDER BY seq", [])
        return self._entries(query + " AND kind = ? ORDER BY seq", [kind])

    def _entries(self, query: str, arguments: list[object]) -> list[Entry]:
        with self._db.read() as connection:
            rows = connection.execute(query, arguments).fetchall()
            states = self._outcomes(connection, [row[0] for row in rows if row[3] == "intent"])
        return [_entry(row, states) for row in rows]

    @staticmethod
    def _outcomes(connection: sqlite3.Connection, intents: list[int]) -> dict[int, str]:
        """The latest outcome's state of each intent that has one."""
        found: dict[int, str] = {}
        for start in range(0, len(intents), 500):
            part = intents[start : start + 500]
            found.update(
                connection.execute(
                    f"SELECT about, state FROM journal WHERE about IN ({','.join('?' * len(part))}) ORDER BY seq",
                    part,
                ).fetchall()
            )
        return found

    def check(self) -> Broken | None:
        """Compute the whole chain anew; None when every entry is what was written, else the first that is not.

        A chain cannot tell that its newest entries were cut off as a whole; a copy of ``entries()[-1].digest`` can.
        """
        previous, count = "", 0
        with self._db.read() as connection:
            for row in connection.execute(f"SELECT {_COLUMNS} FROM journal ORDER BY seq"):
                seq = row[0]
                if seq != count + 1:
                    return Broken(count + 1, "it is missing")
                if row[9] != previous:
                    return Broken(seq, "it does not follow from the one before")
                if _digest(row[:9], previous) != row[10]:
                    return Broken(seq, "it was changed")
                previous, count = row[10], seq
        return None


def _digest(values: tuple[object, ...], previous: str) -> str:
    return hashlib.sha256(encode([previous, *values]).encode("ascii")).hexdigest()


def _entry(row: tuple[object, ...], states: Mapping[int, str]) -> Entry:
    seq, at, kind, role, about, state, ref, account, payload, _, digest = row
    assert isinstance(seq, int) and role in ("note", "intent", "outcome")
    return Entry(
        seq=seq,
        at=instant(str(at)),
        kind=str(kind),
        ref=RepoRef.from_key(str(ref)) if ref else None,
        payload=decode(str(payload)),
        account=str(account),
        digest=str(digest),
        role=role,
        about=about if isinstance(about, int) else None,
        state=str(state) if role == "outcome" else states.get(seq, ""),
    )
