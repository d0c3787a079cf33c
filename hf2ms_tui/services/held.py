"""Whether the destination still holds what a deletion will rest on: asked again, and read again as far as that is quick.

A revision says which files a repo lists, not whether the hub still has their bytes. A blob that was lost since the proof
is found by asking for it again; bytes that rotted are found only by reading them again, so that is done for as much as
fits into ``AGAIN``, the small files first and of the others a choice that nobody can foresee.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hf2ms_tui.domain.errors import Hf2msError, HubLied, NotPermitted
from hf2ms_tui.domain.gate import GateFacts, HeldFact
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import Proof, ReadBack
from hf2ms_tui.domain.tombstone import Copy
from hf2ms_tui.services.holdings import contents
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell
from hf2ms_tui.transfer.blob import Target, read_back
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.retry import BRIEF, Retrier
from hf2ms_tui.transfer.source import Origin

AGAIN = 256 << 20
"""bytes that are read again before a deletion; all of a smaller repo, a choice of a larger one"""
READERS = 8
_CHOICE = random.SystemRandom()


def look(program: Program, facts: GateFacts, tell: Tell, *, read: bool) -> HeldFact | None:
    """What the destination says of every content that the proofs found there; None without a proof to rest on.

    Asks which blobs are lacking, many a request; with ``read`` reads up to ``AGAIN`` bytes again. Nothing raises: what could
    not be found out is the fact's trouble.
    """
    proof = facts.proof
    moved = proof is not None and facts.destination_revision != proof.destination_revision
    if proof is None or facts.source is None or moved:
        return None
    work, at = _Work(program, tell), program.now()
    try:
        for copy, wanted in contents(program, facts).items():
            work.add(copy, wanted)
        work.ask()
        if read:
            _same_listing(program, facts, proof, tell)
            work.read()
    except Hf2msError as error:
        return HeldFact(proof.id, at, len(work.items), work.done, tuple(work.lost), str(error))
    return HeldFact(proof.id, at, len(work.items), work.done, tuple(sorted(work.lost)))


def _same_listing(program: Program, facts: GateFacts, proof: Proof, tell: Tell) -> None:
    """List the proven revision of the source once more: a proof made from a listing that was cut speaks of fewer files.

    Raises HubLied when a file is listed now that the proof knows nothing of, or the listing may be cut short now.
    """
    tell(f"listing {facts.ref.id} once more")
    manifest = program.hub(facts.ref.hub).read.manifest(facts.ref, proof.source_revision)
    known = {file.path for file in proof.files}
    unknown = [entry for entry in manifest.files if entry.path not in known]
    why = f"the proof knows nothing of {unknown[0].shown}" if unknown else manifest.incomplete
    if why:
        raise HubLied(
            f"{facts.ref.hub.title} lists the files of {facts.ref.id} otherwise than when they were proven: {why}",
            way_out="Prove it again.",
            repo=str(facts.ref.id),
        )


@dataclass(frozen=True, slots=True)
class _Item:
    """One content, and a place that it was proven in."""

    blob: Blob
    copy: Copy
    entry: FileEntry


def _is(entry: FileEntry | None, blob: Blob) -> bool:
    return entry is not None and entry.size == blob.size and entry.sha256 in {None, blob.sha256}


class _Work:
    """Asking and reading, over all repos that hold something."""

    def __init__(self, program: Program, tell: Tell) -> None:
        self._program = program
        self._tell = tell
        self._control = Control(lambda: program.closed)
        self.items: list[_Item] = []
        self.lost: list[str] = []
        self.done = 0

    def add(self, copy: Copy, wanted: Mapping[Blob, str]) -> None:
        """Note what to ask ``copy`` for; a path that its revision does not list is lost."""
        listed = manifest_of(self._program, copy.ref, copy.revision).by_path()
        if not all(_is(listed.get(path), blob) for blob, path in wanted.items()):
            # What is remembered may be of an answer that was cut short and did not show it.
            listed = self._program.hub(copy.ref.hub).read.manifest(copy.ref, copy.revision).by_path()
        for blob, path in wanted.items():
            entry = listed.get(path)
            if entry is None or not _is(entry, blob):
                self.lost.append(path)
            else:
                self.items.append(_Item(blob, copy, entry))

    def ask(self) -> None:
        """Ask for the LFS blobs; regular files are part of the revision that is compared."""
        asked: dict[Copy, list[_Item]] = {}
        for item in self.items:
            if item.entry.lfs:
                asked.setdefault(item.copy, []).append(item)
        for copy, items in asked.items():
            self._tell(f"asking {copy.ref.hub.title} whether it still holds {len(items):,} blobs")
            lacking = self._lacking(copy, items)
            self.lost += [item.entry.path for item in items if item.blob in lacking]

    def _lacking(self, copy: Copy, items: list[_Item]) -> frozenset[Blob]:
        writer = self._program.hub(copy.ref.hub).write
        if writer is None:
            return frozenset()
        target = Target(writer, copy.ref, Retrier(self._control, patience=BRIEF))
        blobs = sorted({item.blob for item in items})
        try:
            return frozenset(target.ask(blobs))
        except NotPermitted:
            # A token that only reads may not ask this. The first byte of each blob tells as much, one request a blob.
            return frozenset(item.blob for item, result in self._each(items, self._touch) if result.error)

    def read(self) -> None:
        """Read again: regular files first, then blobs by chance, as long as they fit."""
        regular = [item for item in self.items if not item.entry.lfs]
        blobs = [item for item in self.items if item.entry.lfs]
        _CHOICE.shuffle(regular)
        _CHOICE.shuffle(blobs)
        room, chosen = AGAIN, []
        for item in (*regular, *blobs):
            if item.blob.size <= room and item.entry.path not in self.lost:
                room -= item.blob.size
                chosen.append(item)
        if chosen:
            size = AGAIN - room
            self._tell(f"reading {len(chosen):,} of {len(self.items):,} files again ({size:,} bytes)")
        for item, result in self._each(chosen, self._whole):
            if result.error:
                self.lost.append(f"{item.entry.path} ({result.error})")
            elif (result.sha256, result.size) != (item.blob.sha256, item.blob.size):
                self.lost.append(item.entry.path)
        self.done = len(chosen)

    def _each(
        self, items: Iterable[_Item], work: Callable[[_Item], ReadBack]
    ) -> list[tuple[_Item, ReadBack]]:
        def one(item: _Item, worker: str) -> tuple[_Item, ReadBack]:
            try:
                return item, work(item)
            except NotPermitted:
                raise
            except Hf2msError as error:
                if error.transient:
                    raise
                return item, ReadBack(error=error.what)

        return list(ThreadPool(READERS, prefix="h", control=self._control).run(one, list(items)))

    def _origin(self, copy: Copy) -> Origin:
        reader = self._program.hub(copy.ref.hub).read
        return Origin(reader, copy.ref, copy.revision, Retrier(self._control, patience=BRIEF))

    def _whole(self, item: _Item) -> ReadBack:
        return read_back(self._origin(item.copy), item.entry)

    def _touch(self, item: _Item) -> ReadBack:
        if not item.blob.size:
            return ReadBack()
        origin = self._origin(item.copy)

        def first() -> ReadBack:
            source = origin.reader.open(origin.ref, origin.revision, item.entry, 0, 1)
            try:
                return ReadBack(size=len(source.read(1)))
            finally:
                source.close()

        return origin.retrier.call(first)
