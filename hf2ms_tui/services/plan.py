"""The plan: what the decisions amount to, in calls, bytes, time and money, and what stands in the way, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Gating, Hub, Kind, RepoRef, Visibility
from hf2ms_tui.services import words
from hf2ms_tui.services.estimate import Rates, blobs_of, guess_of, move_of, present_of
from hf2ms_tui.services.planned import Item, Plan, Problem
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.survey import contents
from hf2ms_tui.services.threads import each
from hf2ms_tui.transfer.exceptions import corrected

AT_ONCE = 4
_CARD = "README.md"
_CARD_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one repo for the plan."""

    manifest: Manifest | None = None
    problems: tuple[Problem, ...] = ()


def plan(program: Program, rows: Iterable[Row], *, look: bool = False, level: Level | None = None) -> Plan:
    """What will happen with the rows that are decided ``migrate`` or ``delete``; the others are left out.

    Without ``look`` no request is sent: files count where they were listed before. With it the files of every repo to
    migrate are listed and its card is checked against what the destination accepts; call it from a thread then.
    """
    wanted = [row for row in rows if row.decision in {Decision.MIGRATE, Decision.DELETE}]
    moving = [
        row for row in wanted if row.decision is Decision.MIGRATE and row.info.ref.kind is not Kind.SPACE
    ]
    read = _look(program, moving) if look else {row.key: _cached(program, row) for row in moving}
    rates, asked = Rates.measured(program), level or program.settings.level
    present = _present(program, moving, read)
    items = []
    for row in wanted:
        if row.decision is Decision.DELETE:
            items.append(_deletion(program, row))
        else:
            items.append(_migration(program, row, read.get(row.key, _Read()), present, rates, asked))
    return Plan(program.now(), asked, rates, tuple(items))


def _cached(program: Program, row: Row) -> _Read:
    revision = row.info.revision
    manifest = program.manifests.get(row.info.ref, revision) if revision else None
    return _Read(manifest, (Problem("its card was not checked yet"),))


def _look(program: Program, rows: list[Row]) -> dict[str, _Read]:
    def one(row: Row) -> _Read:
        manifest = contents(program, row.info)
        problems = _card_problems(program, row, manifest)
        if manifest.incomplete:
            problems.append(Problem(f"its listing may be cut short: {manifest.incomplete}"))
        return _Read(manifest, tuple(problems))

    found = {}
    for result in each(one, rows, at_once=AT_ONCE, cancelled=lambda: program.closed, name="plan"):
        if result.value is not None:
            found[result.item.key] = result.value
        elif result.error is not None:
            found[result.item.key] = _Read(
                problems=(Problem(f"it could not be read: {result.error}", blocks=True),)
            )
    return found


def _card_problems(program: Program, row: Row, manifest: Manifest) -> list[Problem]:
    writer = program.hub(row.info.ref.hub.other).write
    card = manifest.by_path().get(_CARD)
    if writer is None or card is None:
        return []
    if card.size > _CARD_BYTES:
        return [Problem(f"its card was not checked: {words.size(card.size)}")]
    data, kind, there = _bytes(program, row, manifest, card), row.info.ref.kind, row.info.ref.hub.other.title

    def check(readme: bytes) -> tuple[str, ...]:
        return writer.check_card(kind, readme.decode("utf-8", "replace"))

    refused = check(data)
    made = corrected(check, data, kind, manifest.files) if refused else None
    if made is not None:
        return [
            Problem(
                f"{there} refuses its card: {'; '.join(refused)}; the copy gets a corrected one ({made.words}), "
                "which the proof excepts"
            )
        ]
    return [Problem(f"{there} would refuse its card: {sentence}", blocks=True) for sentence in refused]


def _bytes(program: Program, row: Row, manifest: Manifest, card: FileEntry) -> bytes:
    source = program.hub(row.info.ref.hub).read.open(manifest.ref, manifest.revision, card)
    try:
        parts = []
        while part := source.read(1 << 16):
            parts.append(part)
    finally:
        source.close()
    return b"".join(parts)


def _present(program: Program, rows: list[Row], read: dict[str, _Read]) -> dict[str, set[Blob]]:
    """What the destinations hold already, by owner there: one pass over what was listed of each."""
    wanted: dict[RepoRef, set[Blob]] = {}
    first: dict[str, RepoRef] = {}
    for row in rows:
        manifest = read[row.key].manifest if row.key in read else None
        destination = _destination(program, row)
        ref = first.setdefault(destination.owner, destination)
        if manifest is not None:
            wanted.setdefault(ref, set()).update(blobs_of(manifest))
    return {ref.owner: present_of(program, ref, blobs) for ref, blobs in wanted.items()}


def _destination(program: Program, row: Row) -> RepoRef:
    return row.backup.destination or program.destination_ref(row.info.ref)


def _migration(
    program: Program, row: Row, read: _Read, present: dict[str, set[Blob]], rates: Rates, level: Level
) -> Item:
    info, destination = row.info, _destination(program, row)
    manifest = read.manifest
    if manifest is None:
        move = guess_of(info.size, rates, level)
    else:
        move = move_of(manifest, present.get(destination.owner, set()), rates, level)
    return Item(
        info.ref,
        Decision.MIGRATE,
        destination,
        info.size,
        len(manifest.files) if manifest else None,
        move,
        None,
        (*_migration_problems(program, row, destination), *read.problems),
    )


def _migration_problems(program: Program, row: Row, destination: RepoRef) -> list[Problem]:
    info, there = row.info, destination.hub.title
    found = []
    if info.ref.kind is Kind.SPACE:
        found.append(
            Problem("spaces are listed, not migrated: a studio cannot be made from here", blocks=True)
        )
    if program.settings.read_only:
        found.append(Problem("the program runs read-only", blocks=True))
    if program.settings.token(destination.hub) is None:
        found.append(Problem(f"there is no token for {there}", blocks=True))
    if info.trouble:
        found.append(Problem(info.trouble))
    if info.visibility is Visibility.UNKNOWN:
        found.append(Problem("its visibility is not known, so the copy will be private"))
    if info.gating in {Gating.AUTO, Gating.MANUAL}:
        found.append(
            Problem(f"it is gated; the copy on {there} is made private, so that nobody passes its gate")
        )
    if row.backup.state is BackupState.PROVEN:
        found.append(Problem("its backup is proven already; running it again moves nothing"))
    if row.backup.why.startswith("public there"):
        found.append(
            Problem(f"the copy on {there} is public and the source is not: it will be refused", blocks=True)
        )
    return found


def _deletion(program: Program, row: Row) -> Item:
    info = row.info
    found = []
    if program.settings.read_only:
        found.append(Problem("the program runs read-only", blocks=True))
    if row.backup.state is not BackupState.PROVEN:
        found.append(Problem(f"backup: {row.backup.words}; the gate stays shut until every file is proven"))
    if info.ref.hub is Hub.MS:
        found.append(
            Problem("ModelScope refuses deletion to ordinary tokens: the gate ends at its settings page")
        )
    if info.ref.kind is Kind.SPACE:
        found.append(
            Problem("spaces are not migrated, so there is no proof that could open the gate", blocks=True)
        )
    return Item(
        info.ref, Decision.DELETE, None, info.size, None, None, monthly_cost(info.size, info.visibility), tuple(found)
    )  # fmt: skip
