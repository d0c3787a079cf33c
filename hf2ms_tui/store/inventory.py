"""The inventory as it was last seen, so that the next start shows it at once, and what is known of backups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.inventory import Backup, BackupState
from hf2ms_tui.domain.repo import Gating, Hub, Kind, RepoId, RepoInfo, RepoRef, Visibility
from hf2ms_tui.store.codec import damaged, instant, moment, pack, stamp, unpack
from hf2ms_tui.store.database import Database

_BACKUP = "key, state, destination, proven, total, source_revision, proven_at, level, proof_id, why"


class InventoryCache:
    """Cached rows by hub and owner, and backups by the source's key."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save(self, hub: Hub, owner: str, infos: Iterable[RepoInfo], at: datetime) -> None:
        """Replace what is cached for an owner by a listing that was complete at ``at`` (UTC)."""
        data = pack([_info_row(info) for info in infos])
        with self._db.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO inventories (hub, owner, at, data) VALUES (?, ?, ?, ?)",
                (hub.value, owner, stamp(at), data),
            )

    def load(self, hub: Hub, owner: str) -> tuple[tuple[RepoInfo, ...], datetime] | None:
        """The cached listing, in the order in which it was saved, and its age; None when there is none."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT at, data FROM inventories WHERE hub = ? AND owner = ?", (hub.value, owner)
            ).fetchone()
        if row is None:
            return None
        try:
            return tuple(_info(hub, values) for values in unpack(row[1])), instant(row[0])
        except (TypeError, ValueError, KeyError) as error:
            raise damaged(f"the cached inventory of {owner}: {error}") from error

    def seen_at(self, hub: Hub, owner: str) -> datetime | None:
        """When the cached listing of an owner was complete (UTC), None when there is none."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT at FROM inventories WHERE hub = ? AND owner = ?", (hub.value, owner)
            ).fetchone()
        return instant(row[0]) if row else None

    def forget(self, ref: RepoRef) -> None:
        """Drop one repo from the cached listing of its owner, after it was deleted."""
        with self._db.write() as connection:
            cached = self.load(ref.hub, ref.owner)
            if cached is not None:
                infos, at = cached
                self.save(ref.hub, ref.owner, (info for info in infos if info.ref != ref), at)
            connection.execute("DELETE FROM backups WHERE key = ?", (ref.key,))

    def save_backup(self, ref: RepoRef, backup: Backup) -> None:
        """Remember what is known of the copy of ``ref``."""
        self.save_backups({ref.key: backup})

    def save_backups(self, backups: Mapping[str, Backup]) -> None:
        """Remember many, by the source's key, in one transaction."""
        rows = [
            (
                key,
                backup.state.value,
                backup.destination.key if backup.destination else None,
                backup.proven,
                backup.total,
                backup.source_revision,
                stamp(backup.proven_at),
                backup.level,
                backup.proof_id,
                backup.why,
            )
            for key, backup in backups.items()
        ]
        with self._db.write(durable=False) as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO backups ({_BACKUP}) VALUES (?,?,?,?,?,?,?,?,?,?)", rows
            )

    def backups(self) -> dict[str, Backup]:
        """All that is known of backups, by the source's key."""
        with self._db.read() as connection:
            rows = connection.execute(f"SELECT {_BACKUP} FROM backups").fetchall()
        try:
            return {row[0]: _backup(row) for row in rows}
        except (KeyError, ValueError, BadInput) as error:
            raise damaged(f"a backup status: {error}") from error


def _backup(row: tuple[Any, ...]) -> Backup:
    _, state, destination, proven, total, revision, proven_at, level, proof_id, why = row
    return Backup(
        _STATES[state],
        RepoRef.from_key(destination) if destination else None,
        proven,
        total,
        revision,
        moment(proven_at),
        level,
        proof_id,
        why,
    )


def _info_row(info: RepoInfo) -> list[object]:
    return [
        info.ref.kind.value,
        info.ref.owner,
        info.ref.name,
        info.visibility.value,
        info.gating.value,
        info.revision,
        stamp(info.created_at),
        stamp(info.updated_at),
        info.size,
        info.size_is_estimate,
        info.downloads,
        info.likes,
        info.licence,
        list(info.tags),
        info.sdk,
        info.trouble,
    ]


_STATES = {state.value: state for state in BackupState}
_KINDS = {kind.value: kind for kind in Kind}
_VISIBILITIES = {each.value: each for each in Visibility}
_GATINGS = {each.value: each for each in Gating}


def _info(hub: Hub, row: list[Any]) -> RepoInfo:
    kind, owner, name, visibility, gating, revision, created, updated, size, estimate, *rest = row
    downloads, likes, licence, tags, sdk, trouble = rest
    return RepoInfo(
        RepoRef(hub, _KINDS[kind], RepoId(owner, name)),
        _VISIBILITIES[visibility],
        _GATINGS[gating],
        revision,
        datetime.fromisoformat(created) if created else None,
        datetime.fromisoformat(updated) if updated else None,
        size,
        estimate,
        downloads,
        likes,
        licence,
        tuple(tags),
        sdk,
        trouble,
    )
