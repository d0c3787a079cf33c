"""Copying what a job says in the cloud into the store, where services and screens read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import modal

from hf2ms_tui.domain.job import ChunkView, JobView, LogLine, Phase
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines.modal.board import PAGE as CHUNK_PAGE
from hf2ms_tui.engines.modal.logbook import PAGE
from hf2ms_tui.engines.modal.names import said_name
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.remote import News, RemoteAct, RemoteJobs
from hf2ms_tui.transfer.plain import chunk_view_of, job_view_of, proof_of, read_back_of

MOST_PAGES = 40
"""pages of the log taken in at once, so that the state is not kept waiting by a long log"""


class Mirror:
    """Copies one job. Everything that comes from the cloud is cleaned here."""

    def __init__(self, database: Database, job_id: str, client: modal.Client) -> None:
        self._db, self._id = database, job_id
        self._jobs, self._remote = Jobs(database), RemoteJobs(database)
        self._said = Record(said_name(job_id), client)
        self.beat: datetime | None = None
        """when the coordinator last said something, by its clock"""
        self.phase: Phase | None = None
        """the phase that it said last, None before it said any for this attempt"""
        self.call = ""
        """the call of the coordinator that leads"""

    def look(self) -> bool:
        """Take in what is new. Whether there is more to take in at once. Raises errors of ours."""
        noted = self._remote.where(self._id)
        index = self._said.get("board")
        if index is None or index["attempt"] != noted.get("attempt"):
            return False
        self.call = str(index["call"])
        self.beat = datetime.fromisoformat(index["beat"])
        self.phase = Phase(index["view"]["phase"])
        place: dict[str, Any] = noted.get("place", {})
        lines, heard = self._lines(int(place.get("lines", 0)), int(index["lines"]))
        more = heard < int(index["lines"])
        acts, acted = self._acts(int(place.get("acts", 0)), int(index["acts"]))
        pages = {str(page): int(version) for page, version in index["pages"].items()}
        after = {
            "lines": heard,
            "acts": acted,
            "pages": pages,
            "beat": index["beat"],
            "proof": index["proof"],
            "ref_proofs": index.get("ref_proofs", []),
        }
        if after == place:
            return False
        chunks, whole = self._chunks(place.get("pages", {}), pages)
        view = self._view(index, noted, whole if chunks else None)
        if more and view.phase.final:
            # It is over for whoever reads the store when its log is whole.
            view = replace(view, phase=Phase.PROVING, ended_at=None)
            after["proof"] = ""
        proof = self._proof(index) if after["proof"] and after["proof"] != place.get("proof") else None
        if view.phase.final:
            self._learn(view)
        taken = self._remote.take_in(
            self._id,
            News(
                index["attempt"],
                view,
                place,
                after,
                chunks,
                lines,
                acts,
                proof,
                self._ref_proofs(place, after),
            ),
        )
        return more or not taken

    def _view(
        self, index: Mapping[str, Any], noted: Mapping[str, Any], chunks: tuple[ChunkView, ...] | None
    ) -> JobView:
        known = self._jobs.view(self._id)
        view = job_view_of(known.spec, index["view"], chunks if chunks is not None else known.chunks)
        rate = noted.get("rate")
        return replace(
            view,
            note=clean(view.note),
            beat_at=self.beat,
            created_at=known.created_at,
            dollars=view.container_seconds * float(rate) if rate else None,
        )

    def _lines(self, taken: int, there: int) -> tuple[list[LogLine], int]:
        """Lines ``taken`` (exclusive) to ``there``, as far as they are taken in at once, and how far that is."""
        found: list[LogLine] = []
        for _ in range(MOST_PAGES):
            if taken >= there:
                break
            page = self._said.get(f"log:{taken // PAGE}")
            fresh = page["lines"][taken % PAGE : taken % PAGE + there - taken] if page else []
            if not fresh:
                break
            for at, worker, chunk, text in fresh:
                found.append(LogLine(0, datetime.fromisoformat(at), clean(worker), clean(text), int(chunk)))
            taken += len(fresh)
        return found, taken

    def _acts(self, taken: int, there: int) -> tuple[list[RemoteAct], int]:
        found: list[RemoteAct] = []
        for number in range(taken + 1, there + 1):
            act = self._said.get(f"act:{number}")
            if act is None:
                return found, number - 1
            if "of" in act:
                found.append(RemoteAct(number, act["result"], of=act["of"], state=act["state"]))
            else:
                found.append(RemoteAct(number, {**act["payload"], "at": act["at"]}, kind=act["kind"]))
        return found, there

    def _chunks(
        self, before: Mapping[str, int], now: Mapping[str, int]
    ) -> tuple[dict[int, ChunkView | None], tuple[ChunkView, ...]]:
        """Views that changed by number, and all of them in order."""
        known = {chunk.number: chunk for chunk in self._jobs.view(self._id).chunks}
        changed: dict[int, ChunkView | None] = {}
        for page, version in now.items():
            if before.get(page) == version:
                continue
            views = [chunk_view_of(view) for view in self._said.get(f"chunks:{page}") or ()]
            fresh = {
                view.number: replace(
                    view, worker=clean(view.worker), path=clean(view.path), error=clean(view.error)
                )
                for view in views
            }
            for number in known:
                if number // CHUNK_PAGE == int(page) and number not in fresh:
                    changed[number] = None
            changed.update({number: view for number, view in fresh.items() if known.get(number) != view})
        merged: dict[int, ChunkView | None] = {**known, **changed}
        return changed, tuple(view for _, view in sorted(merged.items()) if view is not None)

    def _proof(self, index: Mapping[str, Any]) -> Proof | None:
        plain = self._said.get("proof")
        proof = proof_of(plain) if plain else None
        return proof if proof is not None and proof.id == index["proof"] else None

    def _ref_proofs(self, place: Mapping[str, Any], after: dict[str, Any]) -> tuple[Proof, ...]:
        """Proofs of branches and tags that were not taken in yet; one that is not there as promised is waited for."""
        found = []
        for number, proof_id in enumerate(after["ref_proofs"], 1):
            if proof_id in place.get("ref_proofs", []):
                continue
            plain = self._said.get(f"proof:{number}")
            proof = proof_of(plain) if plain else None
            if proof is None or proof.id != proof_id:
                after["ref_proofs"] = after["ref_proofs"][: number - 1]
                break
            found.append(proof)
        return tuple(found)

    def _learn(self, view: JobView) -> None:
        """Keep what the job learnt, so that a later one need not learn it again, wherever it runs."""
        number = 0
        while (page := self._said.get(f"ledger:{number}")) is not None:
            self._remote.learn(
                view.spec.destination,
                view.spec.destination_endpoint,
                page["hashes"],
                (Blob(sha256, size) for sha256, size in page["uploaded"]),
                (
                    (revision, path, read_back_of(back), datetime.fromisoformat(at))
                    for revision, path, back, at in page["read_backs"]
                ),
            )
            number += 1
