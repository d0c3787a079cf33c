"""Restoring a deleted repo from its tombstone: which one, what comes back and what does not, and the job that does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hf2ms_tui.domain.errors import (
    AmbiguousRepo,
    BadInput,
    Conflict,
    Hf2msError,
    NotFound,
    NotPermitted,
    NotProven,
)
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import GitRef, Hub, Kind, RepoId
from hf2ms_tui.domain.text import clean
from hf2ms_tui.domain.tombstone import Place, Tombstone
from hf2ms_tui.services import jobs, loss, words
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard
from hf2ms_tui.store.tombstones import TombstoneRow
from hf2ms_tui.transfer.blob import Target
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.opening import opening
from hf2ms_tui.transfer.retry import BRIEF, Retrier

TRY_AGAIN = "Nothing was made or changed: try again."


@dataclass(frozen=True, slots=True)
class Survey:
    """What a restore would do. ``missing`` are files whose bytes are nowhere any more, with the reason, in path order.

    ``back`` says what comes back, ``gone`` what does not, as phrases; ``refused`` why it cannot be begun, empty when it can,
    and ``way_out`` what could be done about that.
    """

    row: TombstoneRow
    stone: Tombstone
    back: tuple[str, ...]
    gone: tuple[str, ...]
    missing: tuple[tuple[str, str], ...] = ()
    refused: str = ""
    way_out: str = ""
    earlier: JobView | None = None

    @property
    def opening(self) -> str:
        """Who will see it, in a few words: ``private``, ``public, gated (manual)``."""
        how = opening(self.stone.info)
        return how.visibility.value + (f", gated ({how.gate.value})" if how.gate else "")


def find(program: Program, text: str, hub: Hub | None = None, kind: Kind | None = None) -> TombstoneRow:
    """The tombstone that a restore of ``owner/name`` starts from: the newest that a deletion rests on, else the newest.

    Raises BadInput when there is none, AmbiguousRepo when the id had several types or hubs.
    """
    wanted = RepoId.parse(text)
    rows = [
        row
        for row in program.tombstones.rows()
        if row.ref.id == wanted and hub in (None, row.ref.hub) and kind in (None, row.ref.kind)
    ]
    if not rows:
        raise BadInput(
            f"There is no tombstone of {wanted}",
            meaning="Only what this program deleted from this state folder has one.",
            way_out="List them with: hf2ms-tui tombstones",
        )
    refs = list(dict.fromkeys(row.ref for row in rows))
    if len(refs) > 1:
        raise AmbiguousRepo(
            f"There are tombstones of {wanted} as {' and as '.join(ref.key for ref in refs)}",
            way_out="Say which one: --hub hf or ms, --repo-type model or dataset.",
            repo=str(wanted),
        )
    return next((row for row in rows if row.used), rows[0])


def survey(program: Program, row: TombstoneRow, on_step: Tell = unheard) -> Survey:
    """Verify the tombstone and ask both hubs whether a restore can be begun. Raises StoreFailed for a damaged tombstone."""
    on_step("verifying the tombstone")
    stone, _ = program.tombstones.load(row)
    on_step(f"looking whether {row.ref.id} exists")
    earlier = _earlier(program, row)
    refused, way_out = _refused(program, row, earlier)
    on_step("asking the destination for every content")
    missing = () if refused else tuple(sorted(_missing(program, stone)))
    return Survey(row, stone, tuple(_back(stone)), loss.never_back(stone), missing, refused, way_out, earlier)


def _earlier(program: Program, row: TombstoneRow) -> JobView | None:
    """The newest restore job from this tombstone."""
    return next((view for view in jobs.listing(program) if view.spec.tombstone == _name(row)), None)


def _name(row: TombstoneRow) -> str:
    return row.id if row.indexed else str(row.folder)


def _refused(program: Program, row: TombstoneRow, earlier: JobView | None) -> tuple[str, str]:
    """Why a restore cannot be begun, as a sentence, and the way out; empty when it can."""
    if program.settings.read_only:
        return "The program runs read-only.", "Start it without --read-only."
    if earlier is not None and not earlier.phase.final and not earlier.lost:
        return f"Job {earlier.id} restores it at this moment.", f"Follow it with: jobs follow {earlier.id}"
    try:
        program.hub(row.ref.hub).read.repo(row.ref)
    except NotFound:
        return "", ""
    except Hf2msError as error:
        return f"Whether {row.ref.id} exists on {row.ref.hub.title} could not be read: {error}", TRY_AGAIN
    exists = f"{row.ref.id} exists on {row.ref.hub.title}"
    rename = "Rename or remove that repo by hand if its id is wanted."
    if earlier is None:
        return f"{exists}: a restore overwrites nothing.", rename
    if earlier.phase is Phase.DONE:
        return f"{exists}: job {earlier.id} restored it.", rename
    return "", ""


def _missing(program: Program, stone: Tombstone) -> Iterator[tuple[str, str]]:
    """Files whose content is not in the tombstone and which the destination does not show, or does not hold, any more."""
    wanted: dict[int, list[tuple[FileEntry, str]]] = {}
    for item in stone.distinct.values():
        if item.place is Place.THERE:
            wanted.setdefault(item.copy, []).append((item.entry, item.there))
    for number, files in wanted.items():
        copy = stone.copies[number]
        where = f"{copy.ref.hub.title} {copy.ref.id}"
        session = program.hub(copy.ref.hub)
        try:
            shown = session.read.manifest(copy.ref, copy.revision).by_path()
        except Hf2msError as error:
            yield from ((entry.path, f"{where} at {copy.revision[:7]}: {error.what}") for entry, _ in files)
            continue
        held: list[tuple[FileEntry, Blob]] = []
        for entry, path in files:
            there = shown.get(path)
            if there is None or there.size != entry.size or there.sha256 not in (None, entry.sha256):
                yield entry.path, f"{where} at {copy.revision[:7]} no longer shows {clean(path, 200)}"
            elif there.lfs and entry.sha256 is not None and entry.size:
                held.append((entry, Blob(entry.sha256, entry.size)))
        if session.write is None:
            continue
        retrier = Retrier(Control(lambda: program.closed), patience=BRIEF)
        try:
            lacking = Target(session.write, copy.ref, retrier).ask([blob for _, blob in held])
        except NotPermitted:
            # A token that only reads may not ask this; the restore itself reads every byte.
            continue
        yield from (
            (entry.path, f"{where} lists it but no longer holds its bytes")
            for entry, blob in held
            if blob in lacking
        )


def _back(stone: Tombstone) -> Iterator[str]:
    """What comes back, the weightiest first."""
    head = stone.manifest(stone.head)
    yield f"{words.count(len(head.files), 'file')} ({words.size(head.size)}) of {stone.branch}"
    how = opening(stone.info)
    gate = f", gated ({how.gate.value})" if how.gate else ""
    yield how.why or f"{how.visibility.value}{gate} as it was"
    default = (stone.branch, "branch")
    others = [_state(stone, ref) for ref in stone.restorable if (ref.name, ref.kind) != default]
    if others:
        more = f" and {len(others) - 6:,} more" if len(others) > 6 else ""
        yield f"{', '.join(others[:6])}{more}, {'each ' if len(others) > 1 else ''}as one state"
    yield "its card, and with it licence and tags"


def _state(stone: Tombstone, ref: GitRef) -> str:
    lost = stone.lost(ref.revision)
    return clean(ref.words, 80) + (f" without {words.count(len(lost), 'file')}" if lost else "")


def start(program: Program, row: TombstoneRow, found: Survey | None = None) -> JobView:
    """Begin a restore, or carry on with the one that was interrupted; returns the job's view. ``found`` is a fresh survey.

    Journals the intent before anything is sent. Raises NotProven, naming the files, when bytes are missing, Conflict when
    the id exists, and what ``survey`` raises.
    """
    found = found or survey(program, row)
    if found.refused:
        raise Conflict(
            f"{row.ref.id} was not restored: {found.refused}",
            way_out=found.way_out,
            repo=str(row.ref.id),
        )
    if found.missing:
        path = found.missing[0][0]
        raise NotProven(
            f"{row.ref.id} was not restored: the bytes of {words.count(len(found.missing), 'file')} are nowhere any more; "
            f"{'; '.join(f'{clean(path, 120)}: {why}' for path, why in found.missing[:10])}",
            meaning="Nothing was made on the hub.",
            way_out="Put these files back on the destination if they are anywhere; then restore again.",
            repo=str(row.ref.id),
            path=clean(path, 200),
        )
    if found.earlier is not None and found.earlier.phase is not Phase.DONE:
        return jobs.retry(program, found.earlier.id)
    return _begin(program, row, found.stone)


def _begin(program: Program, row: TombstoneRow, stone: Tombstone) -> JobView:
    settings = program.settings
    program.acquaint()
    spec = JobSpec(
        id=jobs.new_id(),
        source=stone.proof.destination,
        destination=row.ref,
        revision=stone.head,
        level=Level.READ_BACK,
        workers=settings.workers,
        streams=settings.streams,
        source_endpoint=settings.endpoint(stone.proof.destination.hub),
        destination_endpoint=settings.endpoint(row.ref.hub),
        engine="local",
        tombstone=_name(row),
    )
    about = {
        "job": spec.id,
        "tombstone": row.id,
        "revision": stone.head,
        "refs": [ref.words for ref in stone.restorable],
        "does not come back": list(loss.never_back(stone)),
    }
    return jobs.launch(program, spec, "restore", row.ref, about)
