"""The ledger of a job in the cloud: what its workers answered is what it knows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.plain import Plain, read_back_of, read_back_plain

PAGE = 20_000
"""entries that share one value of a Dict"""


class RecordLedger(MemoryLedger):
    """``ports.Ledger`` that starts from a job's record and ends in it.

    Workers' answers stay in the record and are read again by a coordinator that starts anew; only what the coordinator
    learns itself is added to it, with ``keep``.
    """

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record
        self._new: dict[str, str] = {}
        self._pages = 0
        self._keeping = threading.Lock()

    def load(self, everything: Mapping[str, Any]) -> None:
        """Learn from all values of the record."""
        for key, value in everything.items():
            kind, _, _ = key.partition(":")
            if kind == "known":
                super().learn_sha256(value.get("hashes", {}))
                self._pages += 1
                for revision, path, result in value.get("read_backs", ()):
                    super().note_read_back(revision, path, read_back_of(result))
            elif kind == "answer" and "error" not in value:
                super().learn_sha256(value.get("hashes", {}))
                for sha256, size in value.get("uploaded", ()):
                    super().uploaded(Blob(sha256, size))
                revision = str(value.get("revision", ""))
                for path, result in (value.get("found") or {}).items():
                    back = read_back_of(result)
                    if value.get("whole") and not back.error:
                        super().note_read_back(revision, path, back)

    def learn_sha256(self, pairs: Mapping[str, str]) -> None:
        """Remember sha256 by git blob id."""
        super().learn_sha256(pairs)
        with self._keeping:
            self._new.update(pairs)

    def keep(self) -> None:
        """Put what was learnt since the last time into the record."""
        with self._keeping:
            new, self._new = self._new, {}
        if new:
            self._record.put(f"known:c{self._pages}", {"hashes": new})
            self._pages += 1

    def pages(self) -> dict[str, Plain]:
        """Everything, in values of a bounded size, for the person's own store."""
        hashes = list(self.hashes.items())
        blobs = [[blob.sha256, blob.size] for blob in sorted(self.blobs)]
        backs = [
            [revision, path, read_back_plain(result)]
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
