"""The ledger of a job: what is remembered across kills, so that a second run starts where the first stopped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from hf2ms_tui.domain.gate import MAX_PROOF_AGE
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import instant, now, stamp
from hf2ms_tui.store.database import Database


class JobLedger:
    """A ``transfer.ports.Ledger`` in the database, shared by all jobs to the same place. Thread-safe.

    Hashes by git blob id belong to the content and hold everywhere. Confirmed uploads are kept by endpoint, hub and owner
    of the destination, files read back by endpoint and repo.
    """

    def __init__(self, db: Database, destination: RepoRef, endpoint: str) -> None:
        self._db = db
        self._owner = f"{endpoint} {destination.hub.value}:{destination.owner}"
        self._repo = f"{endpoint} {destination.key}"

    def sha256_of(self, git_oids: Iterable[str]) -> Mapping[str, str]:
        """Known sha256 for git blob ids of regular files, learnt by reading them."""
        wanted = list(dict.fromkeys(git_oids))
        found: dict[str, str] = {}
        with self._db.read() as connection:
            for start in range(0, len(wanted), 900):
                part = wanted[start : start + 900]
                marks = ",".join("?" * len(part))
                found.update(
                    connection.execute(
                        f"SELECT git_oid, sha256 FROM known_hashes WHERE git_oid IN ({marks})", part
                    ).fetchall()
                )
        return found

    def learn_sha256(self, pairs: Mapping[str, str]) -> None:
        """Remember sha256 values by git blob id."""
        if pairs:
            with self._db.write(durable=False) as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO known_hashes (git_oid, sha256) VALUES (?, ?)", list(pairs.items())
                )

    def uploaded(self, blob: Blob) -> None:
        """Note that the destination confirmed this blob."""
        with self._db.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO uploads (place, sha256, size, at) VALUES (?, ?, ?, ?)",
                (self._owner, blob.sha256, blob.size, stamp(now())),
            )

    def was_uploaded(self, blob: Blob) -> bool:
        """Whether an earlier run got a confirmation for this blob."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM uploads WHERE place = ? AND sha256 = ? AND size = ?",
                (self._owner, blob.sha256, blob.size),
            ).fetchone()
        return row is not None

    def held(self, blobs: Iterable[Blob]) -> frozenset[Blob]:
        """Those of ``blobs`` that earlier runs got a confirmation for; for estimates, as the hub may have dropped some."""
        wanted = {blob.sha256: blob for blob in blobs}
        hashes = list(wanted)
        found: set[Blob] = set()
        with self._db.read() as connection:
            for start in range(0, len(hashes), 900):
                part = hashes[start : start + 900]
                rows = connection.execute(
                    f"SELECT sha256, size FROM uploads WHERE place = ? AND sha256 IN ({','.join('?' * len(part))})",
                    (self._owner, *part),
                ).fetchall()
                found.update(Blob(sha256, size) for sha256, size in rows)
        return frozenset(blob for blob in wanted.values() if blob in found)

    def read_backs(self, destination_revision: str) -> Mapping[str, ReadBack]:
        """What was read back from that revision of this job's destination, by exact path.

        Only what is younger than a proof may be at the gate: a new proof must not rest on old evidence.
        """
        with self._db.read() as connection:
            rows = connection.execute(
                "SELECT path, sha256, size, at FROM read_backs WHERE place = ? AND revision = ? AND at > ?",
                (self._repo, destination_revision, stamp(now() - MAX_PROOF_AGE)),
            ).fetchall()
        return {
            path.decode("utf-8", "surrogatepass"): ReadBack(sha256, size, at=instant(at))
            for path, sha256, size, at in rows
        }

    def doubt_read_backs(self, destination_revision: str) -> None:
        """Forget all that was read back from that revision: some of it reads otherwise by now."""
        with self._db.write() as connection:
            connection.execute(
                "DELETE FROM read_backs WHERE place = ? AND revision = ?", (self._repo, destination_revision)
            )

    def note_read_back(
        self, destination_revision: str, path: str, result: ReadBack, at: datetime | None = None
    ) -> None:
        """Remember one file read back successfully; a failure is not remembered, so that it is tried again.

        ``at`` is when it was read, now if not given.
        """
        if result.error:
            return
        with self._db.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO read_backs (place, revision, path, sha256, size, at) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    self._repo,
                    destination_revision,
                    path.encode("utf-8", "surrogatepass"),
                    result.sha256,
                    result.size,
                    stamp(at or now()),
                ),
            )
