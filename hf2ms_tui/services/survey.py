"""Looking into repos in the background: what they hold, how they overlap, how far their copies go. And one repo's card."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.overlap import Sharing, holding
from hf2ms_tui.domain.repo import GitRef, Kind, RepoInfo
from hf2ms_tui.services import backups, inventory
from hf2ms_tui.services.estimate import Move, Rates, blobs_of, move_of, present_of
from hf2ms_tui.services.instead import Instead, instead_of
from hf2ms_tui.services.manifests import manifest_of
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.threads import each

AT_ONCE = 3
"""listings read at once: few, as the person's own acts go first"""
MAX_REPOS = 2_000
"""repos that one survey reads anew"""
_TELL_EVERY = 1.0


def survey(
    program: Program,
    on_rows: Callable[[Sequence[Row]], object],
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Row, ...]:
    """Read what repos hold, a few at a time, so that advice knows of copies, subsets and re-packed data.

    Revisions read before come from the cache and cost nothing; each other costs one request per 1,000 files. Then copies
    that exist and were not proven are compared by their listings. ``on_rows`` gets rows whose advice or backup changed;
    returns all rows. A repo that cannot be read is left as it was. Stops soon after ``cancelled`` says so.
    """
    over = _over(program, cancelled)
    program.acquaint()
    infos = program.knowledge.infos()
    before = {row.key: row for row in inventory.join(program, infos.values())}
    told, pause = time.monotonic(), _TELL_EVERY

    def tell_sometimes() -> None:
        nonlocal told, pause
        began = time.monotonic()
        if began - told > pause:
            _tell_changes(program, before, on_rows)
            told = time.monotonic()
            # In a large org comparing takes a while; the screen's own thread needs the processor more.
            pause = max(_TELL_EVERY, 10 * (told - began))

    order = _order(program, infos.values())
    for _ in each(
        lambda info: contents(program, info), order, at_once=AT_ONCE, cancelled=over, name="survey"
    ):
        tell_sometimes()
    _tell_changes(program, before, on_rows)
    wanted = [row for row in before.values() if row.backup.state is BackupState.EXISTS]
    for _ in each(
        lambda row: compare_listings(program, row), wanted, at_once=AT_ONCE, cancelled=over, name="copies"
    ):
        tell_sometimes()
    _tell_changes(program, before, on_rows)
    if not program.closed:
        inventory.remember_advice(program, before.values())
    return tuple(before.values())


def _over(program: Program, cancelled: Callable[[], bool] | None) -> Callable[[], bool]:
    return lambda: program.closed or (cancelled is not None and cancelled())


def _order(program: Program, infos: Iterable[RepoInfo]) -> list[RepoInfo]:
    """What is cached first, as it is free; then undecided before decided, large before small; at most ``MAX_REPOS`` anew."""
    decided, cached = program.decisions.current(), program.manifests.cached()
    free: list[RepoInfo] = []
    costly: list[RepoInfo] = []
    for info in infos:
        (free if (info.ref.key, info.revision or "") in cached else costly).append(info)
    costly.sort(
        key=lambda info: (
            decided.get(info.ref.key, Decision.UNDECIDED).decided,
            -(info.size or 0),
            info.ref.key,
        )
    )
    return free + costly[:MAX_REPOS]


def contents(program: Program, info: RepoInfo) -> Manifest:
    """The manifest of a row's revision, from the cache or read now, and note what it holds. Raises what the hub raises."""
    info = inventory.pinned(program, info)
    assert info.revision is not None
    known = program.knowledge.holding(info.ref.key)
    manifest = manifest_of(program, info.ref, info.revision)
    if known is None or known.revision != info.revision:
        program.knowledge.put_holding(holding(manifest))
    return manifest


def compare_listings(program: Program, row: Row) -> bool:
    """Compare an existing copy with its source by both listings; whether that said something new."""
    destination = row.backup.destination
    if destination is None:
        return False
    revision_here = inventory.pinned(program, row.info).revision
    if revision_here is None or row.backup.source_revision == revision_here:
        return False
    source = manifest_of(program, row.info.ref, revision_here)
    revision = program.hub(destination.hub).read.resolve(destination)
    found = backups.from_listings(source, manifest_of(program, destination, revision), row.backup)
    program.knowledge.put_copies({row.key: found})
    program.cache.save_backup(row.info.ref, found)
    return found != row.backup


def _tell_changes(
    program: Program, before: dict[str, Row], on_rows: Callable[[Sequence[Row]], object]
) -> None:
    infos = program.knowledge.infos()
    now = inventory.join(program, [infos[key] for key in before if key in infos])
    changed = [row for row in now if row != before.get(row.key)]
    before.update((row.key, row) for row in changed)
    inventory.tell_in_parts(changed, on_rows)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the triage card shows of one repo beyond its row. Sizes in bytes; None is unknown, with the reason in ``troubles``.

    ``move`` is what a backup would take, as an estimate; ``monthly`` what the source costs a month in US dollars.
    """

    row: Row
    files: int | None = None
    large: int | None = None
    size: int | None = None
    branches: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    refs: tuple[GitRef, ...] = ()
    sharing: Sharing | None = None
    proven: frozenset[str] = field(default_factory=frozenset)
    """keys of the overlapping repos whose backup is proven"""
    move: Move | None = None
    instead: Instead | None = None
    """what of it was read back from other repos' copies"""
    monthly: float | None = None
    troubles: tuple[str, ...] = ()


def card_facts(program: Program, row: Row) -> CardFacts:
    """Everything for one card: at most a listing, the refs and a look at the copy. Never raises for a hub that fails."""
    info, troubles = row.info, []
    manifest: Manifest | None = None
    refs: tuple[GitRef, ...] | None = None
    try:
        manifest = contents(program, info)
    except Hf2msError as error:
        troubles.append(f"The files could not be listed: {error}")
    try:
        refs = program.hub(info.ref.hub).read.refs(info.ref)
    except Hf2msError as error:
        troubles.append(f"Branches and tags could not be read: {error}")
    if row.backup.state in {BackupState.UNKNOWN, BackupState.EXISTS}:
        try:
            inventory.rows_of(program, [info.ref])
            compare_listings(program, inventory.join(program, [info])[0])
        except Hf2msError as error:
            troubles.append(f"The copy could not be compared: {error}")
    info = program.knowledge.infos().get(row.key, info)
    fresh = inventory.join(program, [info])[0]
    shared = program.knowledge.sharing().get(row.key)
    overlapping = [overlap.other for overlap in shared.overlaps] if shared else []
    known = program.knowledge.infos()
    proven = frozenset(
        each_row.key
        for each_row in inventory.join(program, [known[ref.key] for ref in overlapping if ref.key in known])
        if each_row.backup.state is BackupState.PROVEN
    )
    move: Move | None = None
    instead: Instead | None = None
    if manifest is not None and info.ref.kind is not Kind.SPACE:
        destination = fresh.backup.destination or program.destination_ref(info.ref)
        present = present_of(program, destination, blobs_of(manifest))
        move = move_of(manifest, present, Rates.measured(program), program.settings.level)
        instead = instead_of(program, manifest, overlapping)
    if manifest is not None and manifest.incomplete:
        troubles.append(f"The listing may be cut short: {manifest.incomplete}")
    return CardFacts(
        row=fresh,
        files=len(manifest.files) if manifest else None,
        large=sum(1 for entry in manifest.files if entry.lfs) if manifest else None,
        size=manifest.size if manifest else None,
        branches=tuple(ref.name for ref in refs if ref.kind == "branch") if refs is not None else None,
        tags=tuple(ref.name for ref in refs if ref.kind == "tag") if refs is not None else None,
        refs=refs or (),
        sharing=shared,
        proven=proven,
        move=move,
        instead=instead,
        monthly=monthly_cost(info.size, info.visibility),
        troubles=tuple(troubles),
    )
