"""The journal: the append-only, hash-chained record of decisions, jobs, proofs and deletions."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import decode, encode, instant, now, stamp
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.headfile import Head, HeadFile

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
    """The first entry of the journal that is not what was written, and in what way; 0 is the head kept beside it."""

    seq: int
    why: str

    def __str__(self) -> str:
        if not self.seq:
            return f"the head kept beside the journal is broken: {self.why}"
        return f"the journal is broken at entry {self.seq}: {self.why}"


def _nobody() -> str:
    return ""


class Journal:
    """The journal in ``db``. Every entry is on the disk before ``append`` returns.

    ``who`` says on whose account things happen, for entries that do not say it themselves.
    """

    def __init__(self, db: Database, who: Callable[[], str] = _nobody) -> None:
        self._db = db
        self._who = who
        self._head = HeadFile(db.path.with_name("journal.head"))

    def append(self, kind: str, ref: RepoRef | None, payload: Mapping[str, object], account: str = "") -> int:
        """Note something that happened; returns its number. Raises StoreFailed, TypeError for a Secret in ``payload``."""
        return self._add("note", kind, ref, payload, account)

    def intent(self, kind: str, ref: RepoRef | None, payload: Mapping[str, object], account: str = "") -> int:
        """Note a remote act before it is sent; returns the number that ``outcome`` needs."""
        return self._add("intent", kind, ref, payload, account)

    def outcome(self, intent_seq: int, state: str, payload: Mapping[str, object]) -> int:
        """Note what became of an act. May be said again later, when ``unknown`` was cleared up: the latest counts.

        ``state`` is ``done``, ``failed`` or ``unknown``; the intent's proof is named again. Raises ValueError for another
        word or a number that is no intent.
        """
        if state not in STATES:
            raise ValueError(f"“{state}” is not how an act ends")
        with self._db.write() as connection:
            row = connection.execute(
                "SELECT kind, ref, account, payload FROM journal WHERE seq = ? AND role = 'intent'",
                (intent_seq,),
            ).fetchone()
            if row is None:
                raise ValueError(f"entry {intent_seq} of the journal is not an intent")
            kind, ref, account, said = row
            proof = decode(said).get("proof")
            if proof and "proof" not in payload:
                payload = {**payload, "proof": proof}
            about = RepoRef.from_key(ref) if ref else None
            return self._add("outcome", kind, about, payload, account, intent_seq, state)

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
        account = account or self._who()
        with self._db.write() as connection:
            last = connection.execute("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = (last[0] + 1, last[1]) if last else (1, "")
            values = (seq, stamp(now()), kind, role, about, state, ref.key if ref else "", account, text)
            connection.execute(
                f"INSERT INTO journal ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*values, previous, digest := _digest(values, previous)),
            )
            self._remember(connection, seq, digest)
        return int(seq)

    def _remember(self, connection: sqlite3.Connection, seq: int, digest: str) -> None:
        """Keep the new head in its file after the commit; one that contradicts the journal is evidence and stays."""
        try:
            known = self._head.read()
        except ValueError:
            return
        if known is None or (known.seq < seq and _digest_at(connection, known.seq) == known.digest):
            self._db.after_commit(lambda: self._head.keep(seq, digest))

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

    def job_account(self, job_id: str) -> str:
        """On whose accounts a job was started, as the newest intent that names it says; empty when none does."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT account FROM journal WHERE role = 'intent' AND account <> '' AND kind IN ('migrate', 'restore') "
                "AND instr(payload, ?) ORDER BY seq DESC LIMIT 1",
                (f'"job":{encode(job_id)}',),
            ).fetchone()
        return str(row[0]) if row else ""

    def head(self) -> Head | None:
        """The newest entry's number and digest, None while the journal is empty: to be kept where nobody can edit it."""
        with self._db.read() as connection:
            row = connection.execute("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(row[0], row[1]) if row else None

    def kept_head(self) -> Head | None:
        """The head in the file next to the journal, None when there is none. Raises ValueError when it is damaged."""
        return self._head.read()

    def check(self, kept: Collection[Head] = ()) -> Broken | None:
        """Compute the whole chain anew; None when every entry is what was written, else the first that is not.

        A chain cannot tell that its newest entries were cut off as a whole; heads ``kept`` elsewhere can: the entry of each
        must be there with that digest. The one in the file next to the journal, and the newest entry that a decision
        refers to, are always compared.
        """
        previous, count = "", 0
        wanted = list(kept)
        try:
            if (beside := self._head.read()) is not None:
                wanted.append(beside)
        except ValueError as error:
            return Broken(0, str(error))
        with self._db.read() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM journal ORDER BY seq")
            while True:
                try:
                    row = rows.fetchone()
                except sqlite3.OperationalError as error:
                    return Broken(count + 1, f"it cannot be read: {error}")
                if row is None:
                    break
                if (why := _wrong(row, count, previous)) is not None:
                    return why
                count, previous = row[0], row[10]
            decided = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM steps").fetchone()[0]
            for head in sorted(wanted, key=lambda each: each.seq):
                if head.seq > count:
                    return Broken(count + 1, f"it is missing: {head.where} knows entries up to {head.seq}")
                if _digest_at(connection, head.seq) != head.digest:
                    return Broken(
                        head.seq, f"it is not the one that {head.where} knows: the journal was rewritten"
                    )
        if decided > count:
            return Broken(count + 1, f"it is missing: a decision refers to entry {decided}")
        return None

    def rows(self) -> Iterator[dict[str, object]]:
        """Every entry exactly as its digest covers it, oldest first, from one consistent view."""
        names = _COLUMNS.split(", ")
        with self._db.read() as connection:
            for row in connection.execute(f"SELECT {_COLUMNS} FROM journal ORDER BY seq"):
                yield dict(zip(names, row, strict=True))


def _wrong(row: tuple[object, ...], count: int, previous: str) -> Broken | None:
    """In what way a row is not what was written after ``count`` good ones that end in ``previous``."""
    if row[0] != count + 1:
        return Broken(count + 1, "it is missing")
    if row[9] != previous:
        return Broken(count + 1, "it does not follow from the one before")
    try:
        good = _digest(row[:9], previous) == row[10]
    except TypeError:  # a value of a kind that is never written, such as raw bytes
        good = False
    return None if good else Broken(count + 1, "it was changed")


def _digest_at(connection: sqlite3.Connection, seq: int) -> str:
    row = connection.execute("SELECT digest FROM journal WHERE seq = ?", (seq,)).fetchone()
    return str(row[0]) if row else ""


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
