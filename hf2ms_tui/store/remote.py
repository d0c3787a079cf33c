"""Jobs that run elsewhere: where they are, and taking in what they say, once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.job import ChunkView, JobSpec, JobView, LogLine
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Proof, ReadBack
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import decode, encode, now
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobrows import add_log, no_such_job, read_view, write_chunks, write_fields
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.ledger import JobLedger
from hf2ms_tui.store.manifests import ManifestCache
from hf2ms_tui.store.proofs import Proofs


@dataclass(frozen=True, slots=True)
class RemoteAct:
    """A remote act that a job noted elsewhere: an intent with its ``kind``, or the outcome ``of`` an earlier one."""

    number: int
    payload: Mapping[str, object]
    kind: str = ""
    of: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What an ``attempt`` of a job said since ``before``, which maps names to numbers of the reader's own choice, as they were.

    ``chunks`` are views by number, None for one that is gone. Lines come in order and their numbers are given anew.
    """

    attempt: int
    view: JobView
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    chunks: Mapping[int, ChunkView | None] = field(default_factory=dict)
    lines: Sequence[LogLine] = ()
    acts: Sequence[RemoteAct] = ()
    proof: Proof | None = None
    ref_proofs: Sequence[Proof] = ()
    """those of branches and tags"""


class RemoteJobs:
    """The part of jobs in ``db`` that says where each runs and how much of it was taken in."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def where(self, job_id: str) -> dict[str, Any]:
        """What the engine noted about a job; empty when nothing. Raises BadInput when there is no such job."""
        with self._db.read() as connection:
            row = connection.execute("SELECT remote FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise no_such_job(job_id)
        found: dict[str, Any] = decode(row[0]) if row[0] else {}
        return found

    def note(self, job_id: str, **values: object) -> dict[str, Any]:
        """Change what is noted, durably; return all of it."""
        with self._db.write() as connection:
            made = self.where(job_id) | values
            connection.execute("UPDATE jobs SET remote = ? WHERE id = ?", (encode(made), job_id))
        return made

    def take_in(self, job_id: str, news: News) -> bool:
        """Add what a job said, and how far it was heard, in one transaction: a kill neither loses a line nor doubles one.

        False, and nothing is changed, when somebody else has taken it in meanwhile, or begun another attempt.
        """
        with self._db.write(
            durable=news.view.phase.final or bool(news.acts or news.proof or news.ref_proofs)
        ) as connection:
            noted = self.where(job_id)
            if noted.get("place", {}) != dict(news.before) or noted.get("attempt") != news.attempt:
                return False
            view = read_view(connection, job_id, chunks=False)
            if news.proof is not None:
                Proofs(self._db).save(news.proof)
            for proof in news.ref_proofs:
                Proofs(self._db).save(proof)
            acts = self._journal(job_id, view.spec, noted.get("open", {}), news.acts)
            noted |= {"place": dict(news.after), "open": acts}
            write_fields(connection, news.view, job_id, news.view.beat_at or now())
            write_chunks(connection, job_id, news.chunks)
            add_log(connection, job_id, news.lines)
            connection.execute("UPDATE jobs SET remote = ? WHERE id = ?", (encode(noted), job_id))
        return True

    def _journal(
        self, job_id: str, spec: Any, waiting: Mapping[str, int], acts: Iterable[RemoteAct]
    ) -> dict[str, int]:
        journal, left = Journal(self._db), dict(waiting)
        account = journal.job_account(job_id)
        for act in acts:
            if act.kind:
                payload = {**act.payload, "job": job_id, "source": spec.source.key}
                left[str(act.number)] = journal.intent(act.kind, spec.destination, payload, account)
            elif (seq := left.pop(str(act.of), None)) is not None:
                journal.outcome(seq, act.state, {**act.payload, "job": job_id})
        return left

    def hashes_for(self, spec: JobSpec, limit: int = 20_000) -> dict[str, str]:
        """SHA-256 by git blob id that may concern a job: of the source's cached files, else any, at most ``limit``."""
        oids = [
            entry.git_oid
            for manifest in ManifestCache(self._db).all_latest(spec.source.owner, spec.source.hub)
            if manifest.ref == spec.source
            for entry in manifest.files
            if entry.git_oid and not entry.lfs
        ]
        if oids:
            ledger = JobLedger(self._db, spec.destination, spec.destination_endpoint)
            return dict(list(ledger.sha256_of(oids).items())[:limit])
        with self._db.read() as connection:
            return dict(
                connection.execute("SELECT git_oid, sha256 FROM known_hashes LIMIT ?", (limit,)).fetchall()
            )

    def learn(
        self,
        destination: RepoRef,
        endpoint: str,
        hashes: Mapping[str, str],
        uploaded: Iterable[Blob],
        read_backs: Iterable[tuple[str, str, ReadBack, datetime]],
    ) -> None:
        """Remember what a job learnt elsewhere; files read back with the moment when they were, not the present one."""
        ledger = JobLedger(self._db, destination, endpoint)
        with self._db.write(durable=False):
            ledger.learn_sha256(hashes)
            for blob in uploaded:
                ledger.uploaded(blob)
            for revision, path, result, at in read_backs:
                ledger.note_read_back(revision, path, result, at)
