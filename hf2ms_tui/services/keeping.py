"""Which contents a tombstone keeps itself, reading them, and where those of all other files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hf2ms_tui.domain.errors import NotPermitted, StoreFailed
from hf2ms_tui.domain.gate import GateFacts
from hf2ms_tui.domain.gate.refs import accepted
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.tombstone import KeptFile, Place
from hf2ms_tui.domain.verdict import CARD
from hf2ms_tui.services.holdings import Holdings
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell
from hf2ms_tui.store.stonefiles import Draft, Parts
from hf2ms_tui.transfer.blob import Small, read_small
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.retry import BRIEF, Retrier
from hf2ms_tui.transfer.source import BLOCK, HashingSource, Origin

SMALL = 1 << 20
"""bytes of a regular file up to which its content is kept in the tombstone"""
ALL_SMALL = 64 << 20
"""bytes of small files kept in all; the rest comes from the destination"""
READERS = 8
_OVERLAP = 512
"""bytes of the block before that are looked at again for a token: tokens are shorter"""


@dataclass(slots=True)
class Contents:
    """Finding out which contents to keep, and keeping them."""

    program: Program
    facts: GateFacts
    proof: Proof
    holdings: Holdings
    tell: Tell
    left_out: int = 0
    left_out_size: int = 0
    learnt: dict[str, str] = field(default_factory=dict)
    """sha256 by git blob id, of files read now"""

    @property
    def excepted(self) -> Mapping[str, str]:
        """sha256 by path of the proven revision's files whose bytes are not on the destination."""
        return {
            file.path: file.source_sha256 for file in self.proof.exceptions if file.source_sha256 is not None
        }

    def keep(self, draft: Draft, manifests: Mapping[str, Manifest]) -> None:
        """Read what is to be kept into ``draft``."""
        older = self._older()
        for entry, revision in self._musts(manifests):
            self._stream(draft, entry, revision, older)
        wanted = self._smalls(manifests)
        for entry, _ in list(wanted):
            if entry.sha256 and older is not None and older.holds(entry.sha256):
                self._add(draft, entry, entry.sha256, older.read(entry.sha256))
        left = [pair for pair in wanted if pair[0].sha256 is None or not draft.holds(pair[0].sha256)]
        for done, (entry, small) in enumerate(self._read(left), 1):
            if done % 50 == 0 or done == len(left):
                self.tell(f"keeping small files, {done:,} of {len(left):,}")
            self.learnt[small.git_oid] = small.sha256
            self._add(draft, entry, small.sha256, small.data)
        self.program.ledger_of(self.proof.destination).learn_sha256(self.learnt)

    def _older(self) -> Parts | None:
        """What the newest tombstone of this repo holds: it need not be read again."""
        for row in self.program.tombstones.rows(self.facts.ref)[:1]:
            try:
                return self.program.tombstones.load(row)[1]
            except StoreFailed:
                return None
        return None

    def _musts(self, manifests: Mapping[str, Manifest]) -> Iterator[tuple[FileEntry, str]]:
        """The excepted files, whatever their size."""
        excepted = self.excepted
        for entry in manifests[self.proof.source_revision].files:
            if entry.path in excepted:
                yield replace(entry, sha256=excepted[entry.path]), self.proof.source_revision

    def _smalls(self, manifests: Mapping[str, Manifest]) -> list[tuple[FileEntry, str]]:
        """The small regular files that fit, each content once; those that are nowhere else first, then cards, then by size."""
        found: dict[object, tuple[FileEntry, str]] = {}
        for revision, manifest in manifests.items():
            for entry in self._hashed(manifest):
                if not entry.lfs and entry.size <= SMALL:
                    found.setdefault(
                        entry.git_oid or entry.sha256 or (revision, entry.path), (entry, revision)
                    )

        def order(pair: tuple[FileEntry, str]) -> tuple[bool, bool, int, str]:
            entry = pair[0]
            return self.holdings.find(entry) is not None, entry.path != CARD, entry.size, entry.path

        room, taken = ALL_SMALL, []
        for pair in sorted(found.values(), key=order):
            if pair[0].size <= room:
                room -= pair[0].size
                taken.append(pair)
            else:
                self.left_out += 1
                self.left_out_size += pair[0].size
        return taken

    def _hashed(self, manifest: Manifest) -> tuple[FileEntry, ...]:
        """The files with what is known of their hashes: from the proof for its revision, from earlier reading for all."""
        files = manifest.files
        if manifest.revision == self.proof.source_revision:
            told = {file.path: file.source_sha256 for file in self.proof.files}
            files = tuple(
                entry if entry.sha256 else replace(entry, sha256=told.get(entry.path)) for entry in files
            )
        told_of = replace(manifest, files=files)
        known = self.program.ledger_of(self.proof.destination).sha256_of(told_of.unhashed)
        return told_of.with_hashes({**known, **self.learnt}).files

    def _origin(self, revision: str, control: Control) -> Origin:
        reader = self.program.hub(self.facts.ref.hub).read
        return Origin(reader, self.facts.ref, revision, Retrier(control, patience=BRIEF))

    def _read(self, wanted: list[tuple[FileEntry, str]]) -> Iterator[tuple[FileEntry, Small]]:
        control = Control(lambda: self.program.closed)

        def read(pair: tuple[FileEntry, str], worker: str) -> tuple[FileEntry, Small]:
            return pair[0], read_small(self._origin(pair[1], control), pair[0])

        yield from ThreadPool(READERS, prefix="t", control=control).run(read, wanted)

    def _stream(self, draft: Draft, entry: FileEntry, revision: str, older: Parts | None) -> None:
        assert entry.sha256 is not None
        if older is not None and older.holds(entry.sha256):
            self._add(draft, entry, entry.sha256, older.read(entry.sha256))
            return
        self.tell(f"keeping {entry.shown}")
        source = HashingSource(self._origin(revision, Control(lambda: self.program.closed)), entry)

        def blocks() -> Iterator[bytes]:
            tail = b""
            while data := source.read(BLOCK):
                if self._secret(tail + data):
                    raise self._has_secret(entry)
                tail = data[-_OVERLAP:]
                yield data

        try:
            draft.add(entry.sha256, blocks())
        finally:
            source.close()

    def _add(self, draft: Draft, entry: FileEntry, sha256: str, data: bytes) -> None:
        if not self._secret(data):
            draft.add(sha256, (data,))
        elif self.holdings.find(replace(entry, sha256=sha256)) is None:
            raise self._has_secret(entry)
        else:
            self.left_out += 1
            self.left_out_size += len(data)

    def _secret(self, data: bytes) -> bool:
        text = data.decode("latin-1")
        return self.program.database.conceal(text) != text

    def _has_secret(self, entry: FileEntry) -> NotPermitted:
        return NotPermitted(
            f"{entry.shown} of {self.facts.ref.id} holds one of the tokens that this program runs with",
            meaning="Its bytes are on no other hub, and a token is never written to the disk.",
            way_out="Revoke that token, run the program with another one, and look at the gate again.",
            repo=str(self.facts.ref.id),
            path=entry.shown,
        )

    def files(self, draft: Draft, revision: str, manifest: Manifest) -> Iterator[KeptFile]:
        """Where the bytes of each file of a state are. Raises StoreFailed for one that nobody agreed to lose."""
        given_up = all(
            accepted(ref, self.facts)
            for ref in self.facts.refs
            if ref.revision == revision and ref.kind in {"branch", "tag"}
        )
        for entry in self._hashed(manifest):
            if entry.sha256 is not None and draft.holds(entry.sha256):
                yield KeptFile(entry, Place.HERE)
                continue
            there = self.holdings.find(entry)
            if there is not None:
                yield KeptFile(replace(entry, sha256=there.sha256), Place.THERE, there.copy, there.path)
            elif given_up:
                yield KeptFile(entry, Place.LOST)
            else:
                raise StoreFailed(
                    f"{entry.shown} of {self.facts.ref.id} is neither in the tombstone nor known to be on the destination",
                    meaning="The repo could not be restored as it is.",
                    way_out="Prove it again, then look at the gate again.",
                    repo=str(self.facts.ref.id),
                    path=entry.shown,
                )
