"""Jobs, files, chunks, errors and proofs as plain data, and back: what travels to workers on other machines.

Plain data is what JSON can say. Everything here is read back exactly as it was written, odd file names included.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hf2ms_tui.domain import errors
from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, JobView, Phase
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, ReadBack, Verdict
from hf2ms_tui.domain.repo import RepoRef

Plain = dict[str, Any]
"""Plain data by name."""

_APART = frozenset({"spec", "phase", "chunks", "cancel_requested", "alive"})
_MOMENTS = ("created_at", "started_at", "ended_at", "beat_at")


def pack(value: object) -> bytes:
    """Plain data as compressed JSON, with lone surrogates of foreign names kept."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode("ascii"), 1)


def unpack(data: bytes) -> Any:
    """Read what ``pack`` wrote. Raises ValueError when it is something else."""
    try:
        return json.loads(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def stamp(at: datetime | None) -> str | None:
    """A moment as ISO text; None stays None."""
    return at.isoformat() if at is not None else None


def moment(text: str | None) -> datetime | None:
    """Read what ``stamp`` wrote."""
    return datetime.fromisoformat(text) if text else None


def spec_plain(spec: JobSpec) -> Plain:
    """A job's spec."""
    made: Plain = {each.name: getattr(spec, each.name) for each in fields(JobSpec)}
    return made | {
        "source": spec.source.key,
        "destination": spec.destination.key,
        "level": spec.level.value,
    }


def spec_of(plain: Mapping[str, Any]) -> JobSpec:
    """Read what ``spec_plain`` wrote."""
    return JobSpec(
        **{
            **plain,
            "source": RepoRef.from_key(plain["source"]),
            "destination": RepoRef.from_key(plain["destination"]),
            "level": Level(plain["level"]),
            "refs": tuple(plain.get("refs", ())),
        }
    )


def entry_plain(entry: FileEntry) -> list[Any]:
    """One path of a manifest."""
    return [entry.path, entry.size, entry.sha256, entry.git_oid, entry.lfs]


def entry_of(plain: Iterable[Any]) -> FileEntry:
    """Read what ``entry_plain`` wrote."""
    return FileEntry(*plain)


def chunk_plain(chunk: Chunk) -> Plain:
    """A chunk with its pieces."""
    return {
        "number": chunk.number,
        "pieces": [[piece.blob.sha256, piece.blob.size, piece.path] for piece in chunk.pieces],
    }


def chunk_of(plain: Mapping[str, Any]) -> Chunk:
    """Read what ``chunk_plain`` wrote."""
    return Chunk(
        plain["number"], tuple(Piece(Blob(sha256, size), path) for sha256, size, path in plain["pieces"])
    )


def chunk_view_plain(view: ChunkView) -> list[Any]:
    """The live state of a chunk."""
    return [
        *(view.number, view.size, view.blobs, view.moved, view.state.value, view.attempts),
        *(view.worker, view.path, round(view.rate, 1), stamp(view.changed_at), view.error),
    ]


def chunk_view_of(plain: Iterable[Any]) -> ChunkView:
    """Read what ``chunk_view_plain`` wrote."""
    number, size, blobs, moved, state, attempts, worker, path, rate, changed_at, error = plain
    return ChunkView(
        *(number, size, blobs, moved, ChunkState(state), attempts, worker, path, rate),
        changed_at=moment(changed_at),
        error=error,
    )


def job_view_plain(view: JobView) -> Plain:
    """What a board says of a job, without its spec and its chunks."""
    made: Plain = {each.name: getattr(view, each.name) for each in fields(JobView) if each.name not in _APART}
    return made | {name: stamp(made[name]) for name in _MOMENTS} | {"phase": view.phase.value}


def job_view_of(spec: JobSpec, plain: Mapping[str, Any], chunks: tuple[ChunkView, ...] = ()) -> JobView:
    """Read what ``job_view_plain`` wrote."""
    values = dict(plain) | {name: moment(plain[name]) for name in _MOMENTS}
    values["phase"] = Phase(plain["phase"])
    return JobView(spec=spec, chunks=chunks, **values)


def read_back_plain(result: ReadBack) -> list[Any]:
    """What reading one file back gave."""
    return [result.sha256, result.size, result.error]


def read_back_of(plain: Iterable[Any]) -> ReadBack:
    """Read what ``read_back_plain`` wrote."""
    return ReadBack(*plain)


def error_of(plain: Mapping[str, Any]) -> Hf2msError:
    """Read what ``Hf2msError.as_dict`` wrote: an error of the same class, so that it is treated alike."""
    name = str(plain.get("error", ""))
    meaning, way_out, repo = (str(plain.get(key) or "") for key in ("meaning", "way_out", "repo"))
    what = str(plain.get("what", ""))
    if name == errors.Moved.__name__:
        return errors.Moved(what, now="", meaning=meaning, way_out=way_out, repo=repo)
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Hf2msError)):
        kind = Hf2msError
    made: Hf2msError = kind(what, meaning=meaning, way_out=way_out, repo=repo)
    made.path = str(plain.get("path") or "")
    made.status = plain.get("status")
    made.request_id = str(plain.get("request_id") or "")
    return made


def proof_plain(proof: Proof) -> Plain:
    """A whole proof."""
    return {
        "source": proof.source.key,
        "source_revision": proof.source_revision,
        "destination": proof.destination.key,
        "destination_revision": proof.destination_revision,
        "level": proof.level.value,
        "at": stamp(proof.at),
        "doubt": proof.doubt,
        "job_id": proof.job_id,
        "ref": proof.ref,
        "destination_ref": proof.destination_ref,
        "places": [place.row for place in proof.places],
        "oldest": stamp(proof.oldest),
        "files": [
            [
                *(file.path, file.verdict.value, file.source_sha256, file.destination_sha256),
                *(file.source_size, file.destination_size, file.level.value, file.why, file.where),
            ]
            for file in proof.files
        ],
    }


def proof_of(plain: Mapping[str, Any]) -> Proof:
    """Read what ``proof_plain`` wrote."""
    return Proof(
        source=RepoRef.from_key(plain["source"]),
        source_revision=plain["source_revision"],
        destination=RepoRef.from_key(plain["destination"]),
        destination_revision=plain["destination_revision"],
        level=Level(plain["level"]),
        at=datetime.fromisoformat(plain["at"]),
        files=tuple(
            FileVerdict(path, Verdict(verdict), ours, theirs, size, there, Level(level), why, *where)
            for path, verdict, ours, theirs, size, there, level, why, *where in plain["files"]
        ),
        doubt=plain["doubt"],
        job_id=plain["job_id"],
        ref=plain.get("ref", ""),
        destination_ref=plain.get("destination_ref", ""),
        places=tuple(Elsewhere.of(row) for row in plain.get("places", ())),
        oldest=moment(plain.get("oldest")),
    )
