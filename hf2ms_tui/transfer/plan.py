"""The first half of a job: pin the source, refuse what must not move, prepare the destination, find out what it lacks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.errors import (
    BadInput,
    Hf2msError,
    HubLied,
    NotMigratable,
    VisibilityRefused,
)
from hf2ms_tui.domain.job import ChunkView
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest, is_revision
from hf2ms_tui.domain.repo import Gating, Kind, RepoInfo, Visibility
from hf2ms_tui.domain.text import counted
from hf2ms_tui.hubs.protocol import Ticket
from hf2ms_tui.transfer.blob import ASK
from hf2ms_tui.transfer.chunk import Given, MoveChunk
from hf2ms_tui.transfer.exceptions import acceptable, given_up
from hf2ms_tui.transfer.layout import lay_out
from hf2ms_tui.transfer.run import Run

"""blobs asked about at once"""
KEEP_TICKETS = 2000
"""tickets kept from planning; for more of them the chunks ask anew, as each may hold many addresses"""


@dataclass(frozen=True, slots=True)
class Work:
    """What has to be done, found by comparing both listings. Files in path order.

    ``source`` is what the destination is to hold: a card that it would refuse is in it as corrected.
    ``blobs`` become stored blobs with a known sha256, ``unknown`` too once they were read, ``inline`` go into commits.
    ``visibility`` is the widest the destination may have.
    """

    source: Manifest
    destination: Manifest
    visibility: Visibility
    blobs: tuple[FileEntry, ...] = ()
    unknown: tuple[FileEntry, ...] = ()
    inline: tuple[FileEntry, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    given: Given | None = field(default=None, repr=False)
    extras: tuple[str, ...] = ()
    """paths of the destination that came with another branch or tag and are to go from this one"""

    @property
    def nothing(self) -> bool:
        """Whether the destination shows every file already, and none that is to go."""
        return not (self.blobs or self.unknown or self.inline or self.extras)


@dataclass(frozen=True, slots=True)
class Start:
    """What the destination is to hold, who may see it at most, and its head before anything moves."""

    wanted: Manifest
    visibility: Visibility
    head: str


def start(run: Run) -> Start:
    """Pin the source, refuse what must not move, prepare the destination. Raises the reason."""
    check_request(run)
    info = run.from_source().call(lambda: run.source.repo(run.spec.source))
    run.revision = pin(run, info)
    run.board.log(f"{run.spec.source} is pinned at {run.revision}")
    source = list_source(run)
    wanted = acceptable(run, source)
    visibility = allowed_visibility(run, info)
    return Start(wanted, visibility, prepare(run, visibility, info.licence))


def list_source(run: Run) -> Manifest:
    """The source's files at the run's revision. Raises HubLied when the listing may be cut short."""
    source = run.from_source().call(lambda: run.source.manifest(run.spec.source, run.revision))
    if source.incomplete:
        raise HubLied(
            f"{source.ref.hub.title} may not list every file of {source.ref.id}: {source.incomplete}",
            meaning="A copy of a part could never be proven to be the whole. Nothing was moved.",
            way_out="Try again later.",
            repo=str(source.ref.id),
        )
    run.account(len(source.files), source.size)
    run.board.log(f"{len(source.files):,} files, {source.size:,} bytes to account for")
    return source


def plan(
    run: Run, wanted: Manifest, visibility: Visibility, head: str, others: Sequence[Manifest] = ()
) -> Work:
    """What has to be done so that the destination at ``head`` shows ``wanted``; see ``extras_of`` for ``others``."""
    ours, theirs = learnt(run, wanted), learnt(run, list_destination(run, head))
    work = sort_out(run, ours, theirs, visibility)
    return negotiate(run, replace(work, extras=extras_of(run, ours, theirs, others)))


def extras_of(
    run: Run, wanted: Manifest, destination: Manifest, others: Sequence[Manifest]
) -> tuple[str, ...]:
    """The paths of ``destination`` that ``wanted`` does not have, and whose content is that of another revision of the
    source at the same path: they came from there and belong to another branch or tag. What somebody else put there stays,
    but in a run that is ``exact``.
    """
    keep = wanted.by_path()
    if run.exact:
        return tuple(entry.path for entry in destination.files if entry.path not in keep)
    if not others:
        return ()
    elsewhere = [learnt(run, other).by_path() for other in others]
    return tuple(
        entry.path
        for entry in destination.files
        if entry.path not in keep and any(same(entry, each.get(entry.path)) for each in elsewhere)
    )


def check_request(run: Run) -> None:
    """Refuse what this program does not migrate. Raises NotMigratable, BadInput."""
    spec = run.spec
    if spec.source.kind is Kind.SPACE or spec.destination.kind is Kind.SPACE:
        raise NotMigratable(
            f"{spec.source.id} is a space, and spaces are not migrated",
            meaning="A space is a running app: its secrets cannot be read, its hardware and SDK differ on "
            f"{spec.destination.hub.title}, so a copy of its files would not be a backup of it.",
            way_out="Keep it, or copy its files by hand.",
            repo=str(spec.source.id),
        )
    if spec.source.kind is not spec.destination.kind:
        raise BadInput(f"a {spec.source.kind.value} cannot become a {spec.destination.kind.value}")
    same_id = str(spec.source.id).casefold() == str(spec.destination.id).casefold()
    if (
        spec.source.hub is spec.destination.hub
        and same_id
        and run.source.endpoint == run.destination.endpoint
    ):
        raise BadInput(
            f"{spec.source.id} cannot be migrated to itself",
            way_out="Name another destination.",
            repo=str(spec.source.id),
        )


def pin(run: Run, info: RepoInfo) -> str:
    """The revision that everything from here on means. Raises BadInput, NotFound."""
    spec = run.spec
    revision = spec.revision
    if not revision and not spec.branch and info.revision:
        revision = info.revision
    if not revision:
        revision = run.from_source().call(lambda: run.source.resolve(spec.source, spec.branch))
    if not is_revision(revision):
        raise BadInput(f"“{revision[:80]!r}” is not a 40-hex revision", repo=str(spec.source.id))
    return revision


def allowed_visibility(run: Run, info: RepoInfo) -> Visibility:
    """Who may see the destination: as many as the source at most; a gate that cannot be carried over closes it."""
    visibility = info.visibility
    if visibility is Visibility.UNKNOWN:
        run.board.log("the source's visibility is not known, so the destination is private")
        return Visibility.PRIVATE
    if visibility is Visibility.PRIVATE or info.gating is Gating.NONE:
        return visibility
    why = "is gated" if info.gating is not Gating.UNKNOWN else "may be gated (the hub does not tell)"
    run.board.log(f"the source {why}; the gate cannot be carried over, so the destination is private")
    return Visibility.PRIVATE


def prepare(run: Run, visibility: Visibility, licence: str | None) -> str:
    """Create the destination or take the one that is there; return its head revision. Raises VisibilityRefused."""
    ref = run.spec.destination
    about = {"visibility": visibility.value, "licence": licence, "job": run.spec.id}
    number = run.board.intent("repo.prepare", about)
    try:
        ready = run.from_destination().call(
            lambda: run.writer.prepare(ref, visibility=visibility, licence=licence)
        )
        check_visibility(ready.info, visibility)
    except Hf2msError as error:
        run.board.outcome(number, "unknown" if error.transient else "failed", error.as_dict())
        raise
    run.board.outcome(number, "done", {"created": ready.created, "revision": ready.revision})
    run.board.log(
        f"{ref} {'was created' if ready.created else 'was there already'}, {ready.info.visibility.value}"
    )
    if licence and ready.info.licence and ready.info.licence != licence:
        run.board.log(f"its licence is shown as {ready.info.licence}, the source says {licence}")
    return ready.revision


def check_visibility(info: RepoInfo, allowed: Visibility) -> None:
    """Raises VisibilityRefused when the destination can be seen by more people than allowed."""
    if info.visibility.wider_than(allowed):
        raise VisibilityRefused(
            f"{info.ref.id} on {info.ref.hub.title} is {info.visibility.value}, its source only {allowed.value}",
            meaning="Private files would be shown to more people. They were not put there.",
            way_out="Make that repo private, or choose another destination.",
            repo=str(info.ref.id),
        )


def list_destination(run: Run, revision: str) -> Manifest:
    """The destination's files at a revision; none at all when it has no commit yet."""
    ref = run.spec.destination
    if not revision:
        return Manifest(ref, "", ())
    return run.from_destination().call(lambda: run.destination.manifest(ref, revision))


def learnt(run: Run, manifest: Manifest) -> Manifest:
    """Fill in what earlier runs learnt by reading."""
    return manifest.with_hashes(run.ledger.sha256_of(manifest.unhashed))


def same(entry: FileEntry, other: FileEntry | None) -> bool:
    """Whether two listings say that the content is the same; what a hub does not tell is never the same."""
    if other is None or entry.size != other.size:
        return False
    if entry.sha256 is not None and other.sha256 is not None:
        return entry.sha256 == other.sha256
    return not entry.lfs and not other.lfs and entry.git_oid is not None and entry.git_oid == other.git_oid


def sort_out(run: Run, source: Manifest, destination: Manifest, visibility: Visibility) -> Work:
    """Tell which files the destination shows already and how each of the others gets there. Raises NotMigratable."""
    theirs = destination.by_path()
    left_alone = given_up(run.ledger, source, destination)
    blobs: list[FileEntry] = []
    unknown: list[FileEntry] = []
    inline: list[FileEntry] = []
    for entry in source.files:
        if same(entry, theirs.get(entry.path)) or entry.path in left_alone:
            continue
        if run.writer.inline(entry.path, entry.size, run.spec.destination.kind):
            if entry.size > run.writer.limits.inline_file:
                raise NotMigratable(
                    f"{destination.ref.hub.title} takes {entry.shown} only inside a commit, up to "
                    f"{run.writer.limits.inline_file:,} bytes, and it has {entry.size:,}",
                    way_out="Rename it or make it smaller on the source.",
                    repo=str(source.ref.id),
                    path=entry.shown,
                )
            inline.append(entry)
        else:
            (blobs if entry.sha256 else unknown).append(entry)
    return Work(source, destination, visibility, tuple(blobs), tuple(unknown), tuple(inline))


def negotiate(run: Run, work: Work) -> Work:
    """Ask which blobs the destination lacks and plan the chunks."""
    shown = {entry.blob for entry in work.destination.files if entry.lfs}
    paths: dict[Blob, str] = {}
    for entry in work.blobs:
        if entry.blob is not None and entry.blob not in shown:
            paths.setdefault(entry.blob, entry.path)
    asked_at = time.monotonic()
    tickets: dict[Blob, Ticket] = {}
    lacking: set[Blob] = set()
    target = run.target()
    for batch in batches(sorted(paths), ASK):
        answer = target.ask(batch)
        lacking |= answer.keys()
        if len(lacking) <= KEEP_TICKETS:
            tickets.update(answer)
    pieces = [Piece(blob, path) for blob, path in paths.items() if blob in lacking]
    # A piece without a sha256 is a file that must be read before anything can be asked about it.
    pieces += [Piece(Blob("", entry.size), entry.path) for entry in work.unknown]
    chunks = lay_out(run.pool, MoveChunk.KIND, run.revision, pieces)
    to_move = sum(chunk.size for chunk in chunks) + sum(entry.size for entry in work.inline)
    run.expect(to_move, max(work.source.size - to_move, 0))
    if run.chunks:
        chunks = tuple(Chunk(run.chunks + chunk.number, chunk.pieces) for chunk in chunks)
    run.chunks = max((chunk.number for chunk in chunks), default=run.chunks)
    for chunk in chunks:
        run.board.chunk(ChunkView(chunk.number, chunk.size, len(chunk.pieces)))
    run.board.log(
        f"{counted(len(pieces), 'blob')} to move in {counted(len(chunks), 'chunk')}, "
        f"{counted(len(work.inline), 'small file')} for the commit, "
        f"{to_move:,} bytes in all"
    )
    given = Given(tickets, asked_at) if len(lacking) <= KEEP_TICKETS else None
    return replace(work, chunks=chunks, given=given)


def batches(blobs: Sequence[Blob], size: int) -> Iterable[Sequence[Blob]]:
    """Cut a sequence into parts of at most ``size``."""
    return (blobs[start : start + size] for start in range(0, len(blobs), size))
