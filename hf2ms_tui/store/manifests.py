"""Manifests already read, by repo and revision: a pinned revision never changes, so a complete listing is good for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import Any

from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.store.codec import damaged, moment, pack, stamp, unpack
from hf2ms_tui.store.database import Database

MAX_BYTES = 512 * 1024 * 1024
"""compressed bytes kept in all; the ones put longest ago go first"""
MAX_REVISIONS = 24
"""revisions kept of one repo: its branches and tags at one moment, and a few of its past"""


class ManifestCache:
    """Complete manifests in ``db``, at most ``max_bytes`` in all and 24 revisions of a repo."""

    def __init__(self, db: Database, max_bytes: int = MAX_BYTES) -> None:
        self._db = db
        self._max_bytes = max_bytes

    def get(self, ref: RepoRef, revision: str) -> Manifest | None:
        """The manifest of ``ref`` at ``revision``, None when it is not cached."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT key, revision, listed_at, data FROM manifests WHERE key = ? AND revision = ?",
                (ref.key, revision),
            ).fetchone()
        return _manifest(row) if row else None

    def put(self, manifest: Manifest) -> None:
        """Keep a manifest. One that may be cut short, or has no revision, is not kept: it must be read again."""
        if not manifest.complete or not manifest.revision:
            return
        data = pack_files(manifest.files)
        if len(data) > self._max_bytes:
            return
        with self._db.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO manifests (key, owner, revision, listed_at, bytes, data) VALUES (?,?,?,?,?,?)",
                (
                    manifest.ref.key,
                    _owner(manifest.ref),
                    manifest.revision,
                    stamp(manifest.listed_at),
                    len(data),
                    data,
                ),
            )
            connection.execute(
                "DELETE FROM manifests WHERE key = ?1 AND id NOT IN "
                "(SELECT id FROM manifests WHERE key = ?1 ORDER BY id DESC LIMIT ?2)",
                (manifest.ref.key, MAX_REVISIONS),
            )
            excess = connection.execute("SELECT SUM(bytes) FROM manifests").fetchone()[0] - self._max_bytes
            if excess > 0:
                self._drop_oldest(excess)

    def _drop_oldest(self, excess: int) -> None:
        with self._db.write(durable=False) as connection:
            for number, size in connection.execute("SELECT id, bytes FROM manifests ORDER BY id").fetchall():
                if excess <= 0:
                    return
                connection.execute("DELETE FROM manifests WHERE id = ?", (number,))
                excess -= size

    def cached(self) -> frozenset[tuple[str, str]]:
        """Every cached pair of repo key and revision; costs no manifest."""
        with self._db.read() as connection:
            return frozenset(connection.execute("SELECT key, revision FROM manifests").fetchall())

    def all_latest(self, owner: str, hub: Hub | None = None) -> Iterator[Manifest]:
        """The manifest put last of each repo of an owner, by key, one at a time so that memory holds one."""
        hubs = [f"{each.value}:{owner}" for each in Hub if hub in (None, each)]
        with self._db.read() as connection:
            rows = connection.execute(
                f"SELECT key, revision, MAX(id) FROM manifests WHERE owner IN ({','.join('?' * len(hubs))}) "
                "GROUP BY key ORDER BY key",
                hubs,
            ).fetchall()
        for key, revision, _ in rows:
            manifest = self.get(RepoRef.from_key(key), revision)
            if manifest is not None:
                yield manifest


def _owner(ref: RepoRef) -> str:
    return f"{ref.hub.value}:{ref.owner}"


def _manifest(row: tuple[str, str, str | None, bytes]) -> Manifest:
    key, revision, listed_at, data = row
    return Manifest(RepoRef.from_key(key), revision, unpack_files(data), "", moment(listed_at))


def pack_files(files: tuple[FileEntry, ...]) -> bytes:
    """Files as compressed columns: alike values lie together, which compresses well and is read quickly."""
    return pack(
        [
            [entry.path for entry in files],
            [entry.size for entry in files],
            [entry.sha256 for entry in files],
            [entry.git_oid for entry in files],
            [int(entry.lfs) for entry in files],
        ]
    )


def unpack_files(data: bytes) -> tuple[FileEntry, ...]:
    """Read what ``pack_files`` wrote. Raises StoreFailed when it is damaged."""
    columns: list[list[Any]] = unpack(data)
    try:
        paths, sizes, hashes, oids, lfs = columns
        return tuple(
            starmap(FileEntry, zip(paths, sizes, hashes, oids, (flag == 1 for flag in lfs), strict=True))
        )
    except (TypeError, ValueError) as error:
        raise damaged(f"a cached manifest: {error}") from error
