"""Proofs, kept for ever: what a deletion stood on can be read again years later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.codec import damaged, decode, encode, instant, moment, pack, stamp, unpack
from hf2ms_tui.store.database import Database

_SUMMARY = (
    "id, source, source_revision, destination, destination_revision, level, at, "
    "holds, proven, total, counts, doubt, job_id, ref, destination_ref, places, oldest"
)


@dataclass(frozen=True, slots=True)
class ProofSummary:
    """A proof without its files; fields as in ``Proof``. ``proven`` of ``total`` files hold at ``level``; ``at`` is UTC."""

    id: str
    source: RepoRef
    source_revision: str
    destination: RepoRef
    destination_revision: str
    level: Level
    at: datetime
    holds: bool
    proven: int
    total: int
    counts: dict[Verdict, int]
    doubt: str
    job_id: str
    ref: str = ""
    destination_ref: str = ""
    places: tuple[Elsewhere, ...] = ()
    oldest: datetime | None = None


class Proofs:
    """The proofs in ``db``. They are added, never changed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save(self, proof: Proof) -> str:
        """Keep a proof, durably, and return its id. Saving the same one again changes nothing."""
        proof_id = proof.id
        counts = {verdict.value: count for verdict, count in proof.counts.items()}
        elsewhere = [[file.where for file in proof.files]] if proof.places else []
        data = pack(
            [
                [file.path for file in proof.files],
                [file.verdict.value for file in proof.files],
                [file.source_sha256 for file in proof.files],
                [
                    0 if file.destination_sha256 == file.source_sha256 else file.destination_sha256
                    for file in proof.files
                ],
                [file.source_size for file in proof.files],
                [file.destination_size for file in proof.files],
                [file.level.value for file in proof.files],
                [file.why for file in proof.files],
                *elsewhere,
            ]
        )
        with self._db.write() as connection:
            # That there was no copy is out of date now that one was compared.
            connection.execute("DELETE FROM backups WHERE key = ? AND state = 'none'", (proof.source.key,))
            connection.execute(
                f"INSERT OR IGNORE INTO proofs ({_SUMMARY}, data) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    proof_id,
                    proof.source.key,
                    proof.source_revision,
                    proof.destination.key,
                    proof.destination_revision,
                    proof.level.value,
                    stamp(proof.at),
                    int(proof.holds),
                    proof.proven,
                    proof.total,
                    encode(counts),
                    proof.doubt,
                    proof.job_id,
                    proof.ref,
                    proof.destination_ref,
                    encode([place.row for place in proof.places]) if proof.places else "",
                    stamp(proof.oldest) or "",
                    data,
                ),
            )
        return proof_id

    def get(self, proof_id: str) -> Proof | None:
        """The proof of that id, None when there is none. Raises StoreFailed when it is not what was saved."""
        with self._db.read() as connection:
            row = connection.execute(
                f"SELECT {_SUMMARY}, data FROM proofs WHERE id = ?", (proof_id,)
            ).fetchone()
        return _proof(row) if row else None

    def latest(
        self, source: RepoRef, revision: str | None = None, destination: RepoRef | None = None
    ) -> Proof | None:
        """The newest proof of ``source``, at one revision or to one destination where given, whether it holds or not.

        Those of single branches and tags are left out, see ``of_refs``.
        """
        where, values = "source = ? AND ref = ''", [source.key]
        if revision is not None:
            where += " AND source_revision = ?"
            values.append(revision)
        if destination is not None:
            where += " AND destination = ?"
            values.append(destination.key)
        with self._db.read() as connection:
            row = connection.execute(
                f"SELECT {_SUMMARY}, data FROM proofs WHERE {where} ORDER BY at DESC, number DESC LIMIT 1",
                values,
            ).fetchone()
        return _proof(row) if row else None

    def standing(self, source: RepoRef) -> Proof | None:
        """The proof that speaks for ``source`` today, see ``standing``; None when it was never proven."""
        found = standing(self.summaries(source)).get(source.key)
        return self.get(found.id) if found else None

    def of_refs(self, source: RepoRef, destination: RepoRef) -> list[Proof]:
        """The newest proof of each branch and tag of ``source`` that was brought over to ``destination``, by revision."""
        with self._db.read() as connection:
            rows = connection.execute(
                f"SELECT {_SUMMARY}, data FROM proofs WHERE source = ? AND destination = ? AND ref <> '' "
                "ORDER BY at DESC, number DESC",
                (source.key, destination.key),
            ).fetchall()
        newest: dict[tuple[str, str], Proof] = {}
        for row in rows:
            about = _summary(row)
            if (about.ref, about.source_revision) not in newest:
                newest[about.ref, about.source_revision] = _proof(row)
        return list(newest.values())

    def summaries(self, source: RepoRef | None = None) -> list[ProofSummary]:
        """All proofs, or those of one repo, newest first, without their files."""
        with self._db.read() as connection:
            rows = connection.execute(
                f"SELECT {_SUMMARY} FROM proofs {'WHERE source = ?' if source else ''} ORDER BY at DESC, number DESC",
                (source.key,) if source else (),
            ).fetchall()
        return [_summary(row) for row in rows]


def standing(newest_first: Iterable[ProofSummary]) -> dict[str, ProofSummary]:
    """The proof that speaks for each source, by its key.

    That is the newest one; but when it holds, and an older one of the same two revisions holds at a stronger level, the
    older: looking again less closely takes nothing away from what was read back, and its own age still counts. A proof
    that does not hold ends the search: nothing older than it speaks any more. Proofs of single branches and tags do not
    speak for their repo.
    """
    found: dict[str, ProofSummary] = {}
    ended: set[str] = set()
    for proof in newest_first:
        if proof.ref:
            continue
        key = proof.source.key
        now = found.setdefault(key, proof)
        if not proof.holds:
            ended.add(key)
        if key not in ended and proof.level.rank > now.level.rank and _same_pair(now, proof):
            found[key] = proof
    return found


def _same_pair(one: ProofSummary, other: ProofSummary) -> bool:
    return (one.source_revision, one.destination, one.destination_revision) == (
        other.source_revision,
        other.destination,
        other.destination_revision,
    )


def _summary(row: tuple[Any, ...]) -> ProofSummary:
    return ProofSummary(
        id=row[0],
        source=RepoRef.from_key(row[1]),
        source_revision=row[2],
        destination=RepoRef.from_key(row[3]),
        destination_revision=row[4],
        level=Level(row[5]),
        at=instant(row[6]),
        holds=bool(row[7]),
        proven=row[8],
        total=row[9],
        counts={Verdict(word): count for word, count in decode(row[10]).items()},
        doubt=row[11],
        job_id=row[12],
        ref=row[13],
        destination_ref=row[14],
        places=tuple(Elsewhere.of(place) for place in decode(row[15])) if row[15] else (),
        oldest=moment(row[16]),
    )


_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_LEVELS = {level.value: level for level in Level}


def _proof(row: tuple[Any, ...]) -> Proof:
    try:
        head = _summary(row)
        columns = unpack(row[-1])
        if len(columns) == 8:
            columns.append([""] * len(columns[0]))
        files = tuple(
            FileVerdict(
                path,
                _VERDICTS[verdict],
                ours,
                ours if theirs == 0 else theirs,
                size,
                size2,
                _LEVELS[level],
                why,
                where,
            )
            for path, verdict, ours, theirs, size, size2, level, why, where in zip(*columns, strict=True)
        )
    except (KeyError, TypeError, ValueError, BadInput) as error:
        raise damaged(f"proof {row[0]}: {error}") from error
    proof = Proof(
        source=head.source,
        source_revision=head.source_revision,
        destination=head.destination,
        destination_revision=head.destination_revision,
        level=head.level,
        at=head.at,
        files=files,
        doubt=head.doubt,
        job_id=head.job_id,
        ref=head.ref,
        destination_ref=head.destination_ref,
        places=head.places,
        oldest=head.oldest,
    )
    if proof.id != head.id:
        raise StoreFailed(
            f"the stored proof {head.id} is not what was saved",
            meaning="Its content was changed after it was recorded; nothing may rest on it.",
            way_out="Prove the repo again.",
            repo=str(head.source.id),
        )
    return proof
