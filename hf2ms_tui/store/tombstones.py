"""Tombstones: one folder each below the state folder, and an index of them in the database."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.domain.tombstone import Tombstone
from hf2ms_tui.store import stonefiles
from hf2ms_tui.store.codec import instant, stamp
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.paths import Places, private_folder
from hf2ms_tui.store.stonefiles import Draft, Parts

ABANDONED = 24 * 3600.0
"""seconds after which a tombstone that was never finished is removed"""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_COLUMNS = "id, key, at, refs, proof, folder, digest, contents, bytes, used"


@dataclass(frozen=True, slots=True)
class TombstoneRow:
    """A tombstone in the index. ``folder`` is absolute, ``at`` UTC, ``size`` bytes of the contents it holds.

    ``used`` says whether a deletion was begun with it: such a one is never removed by the program.
    """

    id: str
    ref: RepoRef
    at: datetime
    refs_digest: str
    proof_id: str
    folder: Path
    digest: str
    contents: int
    size: int
    used: bool = False
    indexed: bool = True


class Tombstones:
    """All tombstones of a state folder. Safe to share between threads."""

    def __init__(self, db: Database, places: Places) -> None:
        self._db = db
        self._places = places

    def draft(self, ref: RepoRef, at: datetime) -> Draft:
        """Begin a tombstone of ``ref``; ``at`` (UTC) names its folder. Raises StoreFailed."""
        folder = self._folder(ref)
        for parent in reversed(folder.relative_to(self._places.tombstones).parents):
            private_folder(self._places.tombstones / parent)
        for left in folder.glob(".*"):
            _remove_old(left)
        return Draft(folder / f"{at:%Y%m%dT%H%M%S%f}Z", ref)

    def finish(self, draft: Draft, stone: Tombstone) -> TombstoneRow:
        """Bring a draft to its end: it is on the disk, verified by reading it again, and in the index. Raises StoreFailed."""
        digest = draft.finish(stone, self._db.conceal)
        row = TombstoneRow(
            digest[:16],
            stone.ref,
            stone.at,
            stone.refs_digest,
            stone.proof.id,
            draft.folder,
            digest,
            draft.contents,
            draft.size,
        )
        try:
            self.load(row)
            self._note(row)
        except StoreFailed:
            shutil.rmtree(row.folder, ignore_errors=True)
            raise
        return row

    def _note(self, row: TombstoneRow) -> None:
        """Put it into the index, durably."""
        with self._db.write() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO tombstones ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,0)",
                (
                    row.id,
                    row.ref.key,
                    stamp(row.at),
                    row.refs_digest,
                    row.proof_id,
                    str(row.folder.relative_to(self._places.tombstones)),
                    row.digest,
                    row.contents,
                    row.size,
                ),
            )

    def rows(self, ref: RepoRef | None = None) -> list[TombstoneRow]:
        """All tombstones, or those of one repo, newest first."""
        where, values = ("WHERE key = ?", (ref.key,)) if ref else ("", ())
        with self._db.read() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM tombstones {where} ORDER BY at DESC", values
            ).fetchall()
        return [self._row(row) for row in found]

    def find(self, ref: RepoRef, refs_digest: str, proof_id: str) -> TombstoneRow | None:
        """The newest tombstone of exactly these refs and this proof."""
        return next(
            (row for row in self.rows(ref) if row.refs_digest == refs_digest and row.proof_id == proof_id),
            None,
        )

    def named(self, text: str) -> TombstoneRow:
        """The tombstone that a person named: by id, a unique beginning of it, or its folder. Raises BadInput, StoreFailed."""
        hits = [row for row in self.rows() if row.id.startswith(text)] if text else []
        if len(hits) == 1:
            return hits[0]
        folder = Path(text).expanduser()
        if not hits and text and (folder / stonefiles.HEAD).is_file():
            return self._at(folder.absolute())
        raise BadInput(
            f"{'More than one' if hits else 'No'} tombstone is called “{clean(text, 160)}”",
            way_out="List them with: hf2ms-tui tombstones",
        )

    def _at(self, folder: Path) -> TombstoneRow:
        """A folder that somebody brought: one of ours by its own name is checked against the index, another by itself."""
        for row in self.rows():
            if row.folder == folder:
                return row
        digest = stonefiles.head_digest(folder)
        stone, parts = stonefiles.load(folder, digest)
        return TombstoneRow(
            digest[:16],
            stone.ref,
            stone.at,
            stone.refs_digest,
            stone.proof.id,
            folder,
            digest,
            len(parts.hashes()),
            stone.kept.size,
            indexed=False,
        )

    def load(self, row: TombstoneRow) -> tuple[Tombstone, Parts]:
        """Read and verify a tombstone, every byte of it. Raises StoreFailed with what is wrong."""
        stone, parts = stonefiles.load(row.folder, row.digest)
        if (stone.ref, stone.refs_digest, stone.proof.id) != (row.ref, row.refs_digest, row.proof_id):
            raise stonefiles.damaged(row.folder, "it is of another repo, other refs or another proof")
        return stone, parts

    def use(self, row: TombstoneRow) -> None:
        """Note, durably, that a deletion rests on it: from now on the program never removes it. Raises StoreFailed."""
        with self._db.write() as connection:
            changed = connection.execute("UPDATE tombstones SET used = 1 WHERE id = ?", (row.id,)).rowcount
        if not changed:
            raise StoreFailed(
                f"the tombstone of {row.ref.id} was replaced by another program at this moment",
                way_out="Look at the gate again.",
                repo=str(row.ref.id),
            )

    def drop_older(self, kept: TombstoneRow) -> None:
        """Remove tombstones of the same repo that no deletion rests on and that ``kept`` has replaced."""
        with self._db.write() as connection:
            rows = [
                self._row(row)
                for row in connection.execute(
                    f"SELECT {_COLUMNS} FROM tombstones WHERE key = ? AND used = 0 AND id != ? AND at < ?",
                    (kept.ref.key, kept.id, stamp(kept.at)),
                ).fetchall()
            ]
            connection.executemany("DELETE FROM tombstones WHERE id = ?", [(row.id,) for row in rows])
        for row in rows:
            shutil.rmtree(row.folder, ignore_errors=True)

    def _folder(self, ref: RepoRef) -> Path:
        return self._places.tombstones / ref.hub.value / ref.kind.value / _plain(ref.owner) / _plain(ref.name)

    def _row(self, row: tuple[Any, ...]) -> TombstoneRow:
        return TombstoneRow(
            row[0],
            RepoRef.from_key(row[1]),
            instant(row[2]),
            row[3],
            row[4],
            self._places.tombstones / row[5],
            row[6],
            row[7],
            row[8],
            bool(row[9]),
        )


def _remove_old(left: Path) -> None:
    """Remove what a program that was killed began to write, if it is old enough that nobody writes it now."""
    with suppress(OSError):
        if time.time() - left.stat().st_mtime > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)


def _plain(name: str) -> str:
    """A folder's name for an owner or a repo: its own where that is plain, else a digest of it."""
    if _PLAIN.fullmatch(name):
        return name
    return "_" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
