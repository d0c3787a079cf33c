"""Writing a repo's tombstone before its deletion, and looking whether the one that is there is good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hf2ms_tui.domain.errors import Hf2msError, HubLied, NotPermitted, StoreFailed
from hf2ms_tui.domain.gate import GateFacts, checks, lacks_only_tombstone, refs_digest
from hf2ms_tui.domain.gate.refs import accepted
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef
from hf2ms_tui.domain.tombstone import Kept, KeptFile, Place, Tombstone, TombstoneFact
from hf2ms_tui.domain.verdict import CARD
from hf2ms_tui.services.gate import gather
from hf2ms_tui.services.holdings import Holdings, holdings
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard
from hf2ms_tui.store.stonefiles import Draft, Parts
from hf2ms_tui.store.tombstones import TombstoneRow
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
_AGAIN = 3
_STALE = timedelta(seconds=15)
_OVERLAP = 512


def ensure(program: Program, facts: GateFacts, on_step: Tell = unheard) -> GateFacts:
    """The facts with what is known of a tombstone for exactly them: verified now, or written now when all else holds.

    Nothing raises: what went wrong is the fact's trouble, and the check does not hold. Writing reads the small files of every
    branch and tag, and blocks on the network and the disk.
    """
    if facts.proof is None or facts.source is None or facts.read_only:
        return facts
    fact, trouble, at = None, "", program.now()
    try:
        row = program.tombstones.find(facts.ref, refs_digest(facts.refs), facts.proof.id)
        if row is not None:
            on_step("verifying the tombstone")
            fact = _verified(program, row, facts.source, facts.proof)
    except StoreFailed as error:
        trouble = str(error)
    if fact is None and lacks_only_tombstone(facts, checks(facts)):
        try:
            row = write(program, facts, on_step)
            at = row.at
            fact, trouble = _fact(row, _originals(program, row, facts.proof)), ""
        except Hf2msError as error:
            trouble, at = str(error), program.now()
    return replace(
        facts,
        tombstone=fact,
        tombstone_trouble=trouble,
        read_at=replace(facts.read_at, tombstone=at if fact is not None or trouble else None),
    )


def with_facts(
    program: Program, ref: RepoRef, acknowledged: frozenset[str], on_step: Tell = unheard
) -> GateFacts:
    """Every fact of the gate, read now, and the tombstone with it: for whoever is about to hand out a pass.

    Facts that grew old while a tombstone was written are read again.
    """
    for _ in range(_AGAIN):
        facts = ensure(program, gather(program, ref, acknowledged, on_step), on_step)
        if program.now() - facts.now < _STALE:
            break
    return facts


def claim(program: Program, facts: GateFacts) -> str:
    """Note that a deletion rests on the tombstone, so that it is never removed; its id. Raises StoreFailed."""
    assert facts.tombstone is not None
    program.tombstones.use(program.tombstones.named(facts.tombstone.id))
    return facts.tombstone.id


def _verified(program: Program, row: TombstoneRow, source: RepoInfo, proof: Proof) -> TombstoneFact | None:
    """The fact of a tombstone that verifies; None when it has to be written anew: the repo's settings are others by now, or
    it lacks the original bytes of an excepted file. Raises StoreFailed.
    """
    stone, parts = program.tombstones.load(row)
    originals = _held(parts, proof)
    whole = len(originals) == len({file.source_sha256 for file in proof.exceptions})
    return _fact(row, originals) if whole and _settings(stone.info) == _settings(source) else None


def _originals(program: Program, row: TombstoneRow, proof: Proof) -> frozenset[str]:
    """What a tombstone that was just written holds of the excepted files. Raises StoreFailed."""
    return _held(program.tombstones.load(row)[1], proof) if proof.exceptions else frozenset()


def _held(parts: Parts, proof: Proof) -> frozenset[str]:
    return frozenset(
        file.source_sha256
        for file in proof.exceptions
        if file.source_sha256 is not None and parts.holds(file.source_sha256)
    )


def _settings(info: RepoInfo) -> tuple[object, ...]:
    return info.visibility, info.gating, info.licence, info.tags, info.sdk, info.revision


def _fact(row: TombstoneRow, originals: frozenset[str]) -> TombstoneFact:
    return TombstoneFact(
        row.id, row.ref, row.refs_digest, row.proof_id, row.at, row.contents, row.size, originals
    )


def write(program: Program, facts: GateFacts, tell: Tell = unheard) -> TombstoneRow:
    """Write a tombstone from facts that have a source and a proof; it is synced and verified when this returns.

    Raises StoreFailed for the disk, what the hub raises, HubLied when a listing is cut short.
    """
    assert facts.proof is not None and facts.source is not None
    reader = program.hub(facts.ref.hub).read
    heads = _heads(facts)
    manifests: dict[str, Manifest] = {}
    for head in heads:
        tell(f"listing {head[:7]} for the tombstone")
        manifests[head] = _whole(manifest_of(program, facts.ref, head))
    tell("reading commits and discussions")
    chronicle = reader.chronicle(facts.ref, heads)
    work = _Work(program, facts, facts.proof, holdings(program, facts), tell)
    with program.tombstones.draft(facts.ref, program.now()) as draft:
        work.keep(draft, manifests)
        newest = program.journal.head()
        stone = Tombstone(
            ref=facts.ref,
            at=program.now(),
            account=program.identity(facts.ref.hub).account,
            branch=facts.branch,
            info=facts.source,
            refs=facts.refs,
            refs_digest=refs_digest(facts.refs),
            states={head: tuple(work.files(draft, head, manifests[head])) for head in heads},
            copies=work.holdings.copies,
            proof=facts.proof,
            chronicle=chronicle,
            journal=(newest.seq, newest.digest) if newest else (0, ""),
            kept=Kept(draft.contents, draft.size, work.left_out, work.left_out_size),
        )
        tell("syncing the tombstone")
        row = program.tombstones.finish(draft, stone)
    program.tombstones.drop_older(row)
    return row


def _heads(facts: GateFacts) -> list[str]:
    """The revision of every branch and tag, once, the default branch's first."""

    def order(ref: GitRef) -> tuple[bool, bool, str]:
        return ref.name != facts.branch, ref.kind != "branch", ref.name

    found = sorted((ref for ref in facts.refs if ref.kind in {"branch", "tag"}), key=order)
    return list(dict.fromkeys(ref.revision for ref in found))


def _whole(manifest: Manifest) -> Manifest:
    if manifest.incomplete:
        raise HubLied(
            f"{manifest.ref.hub.title} may not list every file of {manifest.ref.id}: {manifest.incomplete}",
            meaning="A tombstone of a part would be none.",
            way_out="Look at the gate again later.",
            repo=str(manifest.ref.id),
        )
    return manifest


@dataclass(slots=True)
class _Work:
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
