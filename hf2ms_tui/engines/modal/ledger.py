"""The ledger of a job in the cloud: what it learns is kept in its record, page by page."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.domain.gate import MAX_PROOF_AGE
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.plain import Plain, read_back_of, read_back_plain

PAGE = 20_000
"""entries that share one value of a Dict"""


class RecordLedger(MemoryLedger):
    """``ports.Ledger`` that starts from the pages of a job's record and, with ``keep``, adds pages to them."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record
        self._hashes: dict[str, str] = {}
        self._blobs: set[Blob] = set()
        self._backs: list[tuple[str, str, ReadBack]] = []
        self._at: dict[tuple[str, str], str] = {}
        self._doubted: dict[str, str] = {}
        self._keeping = threading.Lock()

    def load(self, everything: Mapping[str, Any]) -> None:
        """Learn from all values of the record."""
        doubted: dict[str, str] = {}
        for key, page in everything.items():
            for revision, at in page.get("doubted", {}).items() if key.startswith("known:") else ():
                doubted[revision] = max(at, doubted.get(revision, ""))
        for key, page in everything.items():
            if key.startswith("known:"):
                super().learn_sha256(page.get("hashes", {}))
                for sha256, size in page.get("uploaded", ()):
                    super().uploaded(Blob(sha256, size))
                for revision, path, result, at in page.get("read_backs", ()):
                    # A new proof must not rest on old evidence.
                    moment = datetime.fromisoformat(at)
                    if datetime.now(UTC) - moment < MAX_PROOF_AGE and at > doubted.get(revision, ""):
                        super().note_read_back(revision, path, replace(read_back_of(result), at=moment))
                        self._at[revision, path] = at

    def learn_sha256(self, pairs: Mapping[str, str]) -> None:
        """Remember sha256 by git blob id."""
        super().learn_sha256(pairs)
        with self._keeping:
            self._hashes.update(pairs)

    def uploaded(self, blob: Blob) -> None:
        """Note a confirmed blob."""
        super().uploaded(blob)
        with self._keeping:
            self._blobs.add(blob)

    def note_read_back(self, destination_revision: str, path: str, result: ReadBack) -> None:
        """Remember one file read back."""
        super().note_read_back(destination_revision, path, result)
        at = datetime.now(UTC).isoformat()
        with self._keeping:
            self._at[destination_revision, path] = at
            self._backs.append((destination_revision, path, result))

    def doubt_read_backs(self, destination_revision: str) -> None:
        """Forget what was read back from a revision, also what earlier attempts put into the record."""
        super().doubt_read_backs(destination_revision)
        with self._keeping:
            self._backs = [back for back in self._backs if back[0] != destination_revision]
            self._doubted[destination_revision] = datetime.now(UTC).isoformat()

    def keep(self) -> None:
        """Put what was learnt since the last time into the record. Raises errors of ours, then it waits for the next."""
        with self._keeping:
            new = {
                "hashes": dict(self._hashes),
                "uploaded": [[blob.sha256, blob.size] for blob in self._blobs],
                "read_backs": [
                    [revision, path, read_back_plain(back), self._at[revision, path]]
                    for revision, path, back in self._backs
                ],
                "doubted": dict(self._doubted),
            }
            if not any(new.values()):
                return
            self._record.put(f"known:{secrets.token_hex(6)}", new)
            self._hashes, self._blobs, self._backs, self._doubted = {}, set(), [], {}

    def pages(self) -> dict[str, Plain]:
        """Everything, in values of a bounded size, for the person's own store."""
        hashes = list(self.hashes.items())
        blobs = [[blob.sha256, blob.size] for blob in sorted(self.blobs)]
        backs = [
            [revision, path, read_back_plain(result), self._at[revision, path]]
            for revision, found in self.all_read_backs().items()
            for path, result in found.items()
        ]
        count = max(-(-len(part) // PAGE) for part in (hashes, blobs, backs))
        return {
            f"ledger:{number}": {
                "hashes": dict(hashes[number * PAGE : (number + 1) * PAGE]),
                "uploaded": blobs[number * PAGE : (number + 1) * PAGE],
                "read_backs": backs[number * PAGE : (number + 1) * PAGE],
            }
            for number in range(count)
        }

    def all_read_backs(self) -> dict[str, dict[str, ReadBack]]:
        """What was read back, by revision and path."""
        with self._lock:
            return {revision: dict(found) for revision, found in self._read_backs.items()}
