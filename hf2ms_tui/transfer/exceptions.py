"""Files that cannot be the same on both hubs: the card that the destination refuses, and what a hub writes by itself.

A job carries over a corrected card only when the destination refuses the source's. A proof excepts such a file only after
both contents were read whole and the rule that makes one of the other was gone through again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from hf2ms_tui.domain.errors import Cancelled, CardRefused, Hf2msError
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest, git_blob_id
from hf2ms_tui.domain.proof import Proof, ReadBack
from hf2ms_tui.domain.repo import Hub, Kind
from hf2ms_tui.domain.verdict import CARD, EXCEPTABLE, Explained
from hf2ms_tui.hubs.card import problems_for_hf, read_card
from hf2ms_tui.hubs.correct import Check, Corrected, acceptable_card
from hf2ms_tui.hubs.rewrites import rewritten
from hf2ms_tui.transfer.blob import Small, Target, read_small
from hf2ms_tui.transfer.ports import Ledger
from hf2ms_tui.transfer.run import Run
from hf2ms_tui.transfer.source import Origin

LIMIT = 8 << 20
"""bytes of a file up to which it is looked into"""
_LICENCE_FILES = ("LICENSE", "LICENSE.md")
"""the names that Hugging Face links a licence's name to (hub docs, model cards)"""


def checking(target: Target | None, hub: Hub, kind: Kind) -> Check:
    """What ``hub`` refuses in a README: it is asked where this program may write to it, else judged by the rules we know."""
    if target is not None:
        return lambda data: target.retrier.call(
            lambda: target.writer.check_card(kind, data.decode("utf-8", "replace"))
        )
    if hub is Hub.HF:
        return lambda data: problems_for_hf(read_card(data), kind)
    return lambda data: ()


def corrected(check: Check, data: bytes, kind: Kind, files: Iterable[FileEntry]) -> Corrected | None:
    """The README that a hub takes instead of ``data`` in a repo of ``files``; None when it takes it, or nothing helps."""
    names = {entry.path for entry in files}
    link = next((name for name in _LICENCE_FILES if name in names), "")
    return acceptable_card(check, data, kind, licence_file=link)


def acceptable(run: Run, source: Manifest) -> Manifest:
    """What the destination is to hold of ``source``: the same, but with a corrected card when it refuses the source's.

    The corrected bytes are handed to the run. Raises CardRefused when no correction helps.
    """
    entry = source.by_path().get(CARD)
    if entry is None or entry.size > LIMIT:
        return source
    small = read_small(replace(run.origin(), revision=source.revision or run.revision), entry)
    run.ledger.learn_sha256({small.git_oid: small.sha256})
    there, kind = run.spec.destination.hub.title, run.spec.source.kind
    check = checking(run.target(), run.spec.destination.hub, kind)
    problems = check(small.data)
    if not problems:
        return source
    made = corrected(check, small.data, kind, source.files)
    if made is None:
        raise CardRefused(
            f"{there} would refuse the metadata in {CARD}: {'; '.join(problems)}",
            meaning="No correction of it helps. Nothing was moved.",
            way_out=f"Correct the block between the --- lines at the top of {CARD} on "
            f"{run.spec.source.hub.title}, then retry.",
            repo=str(run.spec.source.id),
            path=CARD,
        )
    run.board.log(f"{there} refuses the metadata in {CARD}: {'; '.join(made.refused)}")
    run.board.log(
        f"the copy gets a corrected {CARD}: {made.words}; its text stays the same, and so does the source. "
        "The proof will name it as an exception"
    )
    wanted = FileEntry(CARD, len(made.data), made.blob.sha256, git_blob_id(made.data))
    run.instead[CARD, made.blob.sha256] = Small(wanted, made.data, made.blob.sha256, wanted.git_oid or "")
    return replace(source, files=tuple(wanted if each is entry else each for each in source.files))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Looks into the files that may be excepted and differ. ``target`` is the destination's writing half, None without one."""

    source: Origin
    destination: Origin
    target: Target | None
    ledger: Ledger
    say: Callable[[str], None]

    def explain(self, ours: Manifest, theirs: Manifest) -> dict[str, Explained]:
        """By path, the differences between two listings that a rule accounts for. Reads both contents of each."""
        there = theirs.by_path()
        found: dict[str, Explained] = {}
        for entry in ours.files:
            other = there.get(entry.path)
            if entry.path in EXCEPTABLE and other is not None and _may_differ(entry, other):
                explained = self._one(entry, other, ours)
                if explained is not None:
                    found[entry.path] = explained
        return found

    def _one(self, entry: FileEntry, other: FileEntry, ours: Manifest) -> Explained | None:
        try:
            mine, copy = read_small(self.source, entry), read_small(self.destination, other)
            why = self._rule(mine.data, copy.data, entry.path, ours) if mine.data != copy.data else ""
        except Cancelled:
            raise
        except Hf2msError as error:
            self.say(f"why {entry.shown} differs could not be found out: {error}")
            return None
        self.ledger.learn_sha256({side.git_oid: side.sha256 for side in (mine, copy) if not side.entry.lfs})
        if not why:
            return None
        return Explained(Blob(mine.sha256, len(mine.data)), Blob(copy.sha256, len(copy.data)), why)

    def _rule(self, mine: bytes, copy: bytes, path: str, ours: Manifest) -> str:
        hub, kind = self.destination.ref.hub, self.source.ref.kind
        if path == CARD:
            made = corrected(checking(self.target, hub, kind), mine, kind, ours.files)
            if made is not None and made.data == copy:
                return made.why
        return rewritten(hub, path, mine, copy)


def _may_differ(entry: FileEntry, other: FileEntry) -> bool:
    """Whether two listings leave open, or say, that the contents differ; files too large to look into are left alone."""
    if entry.size > LIMIT or other.size > LIMIT:
        return False
    if entry.size != other.size:
        return True
    if entry.sha256 is not None and other.sha256 is not None:
        return entry.sha256 != other.sha256
    return entry.lfs or other.lfs or entry.git_oid is None or entry.git_oid != other.git_oid


def remember(ledger: Ledger, proof: Proof) -> None:
    """Note what was excepted at the destination's revision although the source's own bytes had been committed."""
    for file in proof.exceptions:
        if file.source_sha256 and file.destination_sha256:
            note = ReadBack(file.destination_sha256, file.destination_size or 0)
            ledger.note_read_back(proof.destination_revision, _noted(file.path, file.source_sha256), note)


def given_up(ledger: Ledger, source: Manifest, destination: Manifest) -> frozenset[str]:
    """Files that are not worth committing again: the hub put its own version there when the last job had tried."""
    known = ledger.read_backs(destination.revision) if destination.revision else {}
    there = destination.by_path()
    found = set()
    for entry in source.files:
        other, note = there.get(entry.path), None
        if entry.path in EXCEPTABLE and entry.sha256 is not None:
            note = known.get(_noted(entry.path, entry.sha256))
        if note is not None and other is not None and note.size == other.size:
            found.add(entry.path)
    return frozenset(found)


def _noted(path: str, source_sha256: str) -> str:
    """Where the ledger keeps it: no file has such a path."""
    return f"{path}\0{source_sha256}"
