"""Proving: fresh listings of both sides at pinned revisions, compared; asked again what is stored; read back and hashed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hf2ms_tui.domain.chunks import Piece
from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Level, Proof, ReadBack
from hf2ms_tui.domain.text import counted
from hf2ms_tui.hubs.protocol import Ticket
from hf2ms_tui.transfer.blob import Target
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.exceptions import Explainer
from hf2ms_tui.transfer.hashing import HashFiles
from hf2ms_tui.transfer.layout import lay_out
from hf2ms_tui.transfer.ports import Ledger, Pool
from hf2ms_tui.transfer.source import Origin, Progress, ignore

Say = Callable[[str], None]
Mend = Callable[[Mapping[Blob, Ticket]], None]


def silent(text: str) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Prover:
    """Compares ``source`` with ``destination``, both pinned. ``target`` is needed to ask what is stored, else None.

    ``mend`` may send again what the destination lists but does not hold. ``expect`` hears how many bytes will be read back,
    ``progress`` hears them as they come.
    """

    source: Origin
    destination: Origin
    level: Level
    ledger: Ledger
    pool: Pool
    streams: int
    control: Control
    target: Target | None = None
    mend: Mend | None = None
    say: Say = silent
    expect: Progress = ignore
    progress: Progress = ignore
    job_id: str = ""
    reuse: bool = True
    """whether files read back earlier from the same revision count, as the ledger remembers them"""

    def prove(self, known_source: Manifest | None = None, known_destination: Manifest | None = None) -> Proof:
        """List both sides, unless a listing that was read just now is given, and gather the evidence for ``level``."""
        ours = self._hashed(known_source or self._list(self.source))
        theirs = self._hashed(known_destination or self._list(self.destination))
        ours = self._read_unknown(ours, theirs)
        stored = self._stored(ours, theirs) if self.level is not Level.LISTED and self.target else None
        found = self._read_back(ours, theirs)
        explainer = Explainer(self.source, self.destination, self.target, self.ledger, self.say)
        explained = explainer.explain(ours, theirs)
        return compare(
            ours,
            theirs,
            level=self.level,
            at=datetime.now(UTC),
            stored=stored,
            read_back=found,
            explained=explained,
            job_id=self.job_id,
        )

    def _list(self, side: Origin) -> Manifest:
        return side.retrier.call(lambda: side.reader.manifest(side.ref, side.revision))

    def _hashed(self, manifest: Manifest) -> Manifest:
        return manifest.with_hashes(self.ledger.sha256_of(manifest.unhashed))

    def _read_unknown(self, ours: Manifest, theirs: Manifest) -> Manifest:
        """Learn the sha256 that the source does not tell by reading its files, checked against their git blob ids."""
        there = theirs.by_path()
        unknown = [file for file in ours.files if not file.sha256 and _comparable(file, there.get(file.path))]
        if not unknown:
            return ours
        self.say(
            f"reading {counted(len(unknown), 'small file')} of the source, whose SHA-256 it does not tell"
        )
        learnt = self._each(HashFiles(self.source, self.streams, checked=True), unknown)
        self.ledger.learn_sha256(
            {
                file.git_oid: learnt[file.path].sha256
                for file in unknown
                if file.git_oid and not file.lfs and not learnt[file.path].error
            }
        )
        for result in learnt.values():
            if result.error:
                self.say(result.error)
        return replace(
            ours,
            files=tuple(
                replace(file, sha256=learnt[file.path].sha256 or None) if file.path in learnt else file
                for file in ours.files
            ),
        )

    def _stored(self, ours: Manifest, theirs: Manifest) -> frozenset[Blob]:
        """Ask the destination again which blobs it holds; send those it lacks once more where that is possible."""
        assert self.target is not None
        paths = {file.path for file in ours.files}
        blobs = sorted({file.blob for file in theirs.files if file.lfs and file.blob and file.path in paths})
        lacking = self.target.ask(blobs)
        if lacking:
            self.ledger.doubt_read_backs(theirs.revision)
        if lacking and self.mend is not None:
            self.say(
                f"the destination lists {len(lacking):,} blobs that it does not hold; sending them again"
            )
            self.mend(lacking)
            lacking = self.target.ask(sorted(lacking))
        return frozenset(blobs) - lacking.keys()

    def _read_back(self, ours: Manifest, theirs: Manifest) -> dict[str, ReadBack]:
        """Download and hash what the level asks for; below *read back* only files whose sha256 the destination hides."""
        there = theirs.by_path()
        files = [
            there[file.path]
            for file in ours.files
            if _comparable(file, there.get(file.path))
            and (self.level is Level.READ_BACK or not there[file.path].sha256)
        ]
        known = self.ledger.read_backs(theirs.revision) if self.reuse else {}
        found = {file.path: known[file.path] for file in files if _still(known.get(file.path), file)}
        left = [file for file in files if file.path not in found]
        self.expect(sum(file.size for file in files))
        self.progress(sum(file.size for file in files) - sum(file.size for file in left))
        if files:
            self.say(
                f"reading back {counted(len(left), 'file')}; {len(found):,} were read back from this revision before"
            )
        wanted = {file.path: file.sha256 for file in ours.files}

        def note(path: str, result: ReadBack) -> None:
            # Only what proves is remembered: bytes that differed are read again by the next run.
            if not result.error and result.sha256 == wanted[path]:
                self.ledger.note_read_back(theirs.revision, path, result)
            elif not result.error and wanted[path] is not None:
                # The revision is the same and the bytes are not: nothing read from it before can be relied on.
                self.ledger.doubt_read_backs(theirs.revision)

        task = HashFiles(self.destination, self.streams, progress=self.progress, note=note)
        return found | self._each(task, left)

    def _each(self, task: HashFiles, files: Iterable[FileEntry]) -> dict[str, ReadBack]:
        entries = {file.path: file for file in files}
        pieces = [Piece(Blob(file.sha256 or "", file.size), file.path) for file in entries.values()]
        chunks = lay_out(self.pool, task.kind, task.mark, pieces, max_count=200, every_path=True)
        found: dict[str, ReadBack] = {}
        with self.control.group() as control:
            origin = replace(task.origin, retrier=task.origin.retrier.under(control))
            ready = replace(task, origin=origin, entries=entries, control=control)
            for part in self.pool.run(ready, chunks):
                found.update(part)
        return found


def _comparable(file: FileEntry, other: FileEntry | None) -> bool:
    """Whether reading can tell anything: a file that is missing, or whose size or hash is listed otherwise, is bad anyway."""
    if other is None or file.size != other.size:
        return False
    return file.sha256 is None or other.sha256 is None or file.sha256 == other.sha256


def _still(known: ReadBack | None, file: FileEntry) -> bool:
    """Whether what was read back earlier from the same revision still speaks of this file."""
    return (
        known is not None
        and not known.error
        and known.size == file.size
        and file.sha256 in {None, known.sha256}
    )
