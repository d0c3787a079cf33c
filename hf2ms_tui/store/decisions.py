"""Decisions of the person, with undo and redo without limit and across restarts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import decode, encode, now, stamp
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Change:
    """One repo's decision before and after."""

    ref: RepoRef
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class Step:
    """One act of the person: the decisions it changed, in the order in which the repos were given.

    ``seq`` is its entry in the journal, 0 when nothing changed. Undoing gives a step that runs the other way.
    """

    seq: int
    changes: tuple[Change, ...]


class Decisions:
    """The decisions in ``db``. Each act is one durable transaction together with its journal entry."""

    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal

    def current(self) -> dict[str, Decision]:
        """Every decision but ``undecided``, by repo key."""
        with self._db.read() as connection:
            rows = connection.execute("SELECT key, decision FROM decisions").fetchall()
        return {key: Decision(word) for key, word in rows}

    def decide(self, refs: Iterable[RepoRef], decision: Decision) -> Step:
        """Decide for all of ``refs`` in one step; those that have the decision already are left out of it.

        What was undone before can no longer be redone then.
        """
        with self._db.write() as connection:
            known = self.current()
            unique = {ref.key: ref for ref in refs}
            changes = tuple(
                Change(ref, before, decision)
                for key, ref in unique.items()
                if (before := known.get(key, Decision.UNDECIDED)) is not decision
            )
            if not changes:
                return Step(0, ())
            step = self._apply("decide", changes)
            connection.execute("UPDATE steps SET state = 'dropped' WHERE state = 'undone'")
            connection.execute(
                "INSERT INTO steps (seq, changes, state) VALUES (?, ?, 'made')", (step.seq, _write(changes))
            )
        return step

    def forget(self, ref: RepoRef) -> None:
        """Drop the decision about a repo that is gone, so that a new one of that name does not inherit it."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM decisions WHERE key = ?", (ref.key,))

    def undo(self) -> Step | None:
        """Take back the newest step that stands; None when there is none."""
        return self._turn("undo", "made", "undone", "DESC")

    def redo(self) -> Step | None:
        """Make the step again that was undone last; None when there is none, or a new decision came after the undo."""
        return self._turn("redo", "undone", "made", "ASC")

    def _turn(self, kind: str, state: str, becomes: str, order: str) -> Step | None:
        with self._db.write() as connection:
            row = connection.execute(
                f"SELECT id, changes FROM steps WHERE state = ? ORDER BY id {order} LIMIT 1", (state,)
            ).fetchone()
            if row is None:
                return None
            changes = _read(row[1])
            if kind == "undo":
                changes = tuple(Change(each.ref, each.after, each.before) for each in changes)
            step = self._apply(kind, changes)
            connection.execute("UPDATE steps SET state = ? WHERE id = ?", (becomes, row[0]))
        return step

    def _apply(self, kind: str, changes: tuple[Change, ...]) -> Step:
        at = stamp(now())
        with self._db.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO decisions (key, decision, at) VALUES (?, ?, ?)",
                [(each.ref.key, each.after.value, at) for each in changes if each.after is not _NONE],
            )
            connection.executemany(
                "DELETE FROM decisions WHERE key = ?",
                [(each.ref.key,) for each in changes if each.after is _NONE],
            )
            only = changes[0].ref if len(changes) == 1 else None
            seq = self._journal.append(
                kind,
                only,
                {"changes": [[each.ref.key, each.before.value, each.after.value] for each in changes]},
            )
        return Step(seq, changes)


_NONE = Decision.UNDECIDED


def _write(changes: tuple[Change, ...]) -> str:
    return encode([[each.ref.key, each.before.value, each.after.value] for each in changes])


def _read(text: str) -> tuple[Change, ...]:
    return tuple(
        Change(RepoRef.from_key(key), Decision(before), Decision(after))
        for key, before, after in decode(text)
    )
