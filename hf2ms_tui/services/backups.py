"""Backup status: what proofs, the other hub's listing and single looks say together about a repo's copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.errors import Hf2msError, HubLied, Moved, NotFound
from hf2ms_tui.domain.inventory import Backup, BackupState
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.proof import Level, Verdict
from hf2ms_tui.domain.repo import RepoInfo, RepoRef
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.threads import each
from hf2ms_tui.store.proofs import ProofSummary

_BY_LISTINGS = "by the listings alone"
AT_ONCE = 6
"""requests at once when repos are looked up one by one"""


def judge(info: RepoInfo, copy: Backup | None, proof: ProofSummary | None) -> Backup:
    """Join what is known: a copy that is gone beats every proof, a proof of the source's revision beats a listing."""
    if copy is not None and copy.state is BackupState.NONE:
        elsewhere = proof is not None and proof.places and not proof.destination_revision
        return _proven(proof) if proof and elsewhere and proof.source_revision == info.revision else copy
    if proof is None:
        return copy or Backup(BackupState.UNKNOWN, why="not looked yet")
    if info.revision is None:
        return Backup(
            BackupState.UNKNOWN,
            proof.destination,
            why="the source's revision is not known",
            proof_id=proof.id,
        )
    if proof.source_revision == info.revision:
        return _proven(proof)
    if proof.holds:
        return _with(proof, BackupState.STALE, "the source has changed since")
    return copy or Backup(BackupState.EXISTS, proof.destination)


def _proven(proof: ProofSummary) -> Backup:
    if proof.holds and proof.level is Level.LISTED:
        return _with(proof, BackupState.EXISTS, _BY_LISTINGS)
    if proof.holds:
        return _with(proof, BackupState.PROVEN, "" if proof.destination_revision else "elsewhere")
    if proof.doubt:
        return _with(proof, BackupState.UNKNOWN, "a listing may be cut short")
    counts = proof.counts
    if counts.get(Verdict.MISMATCH):
        # Only what differs is said to differ; missing files are in the proof.
        wrong = counts[Verdict.MISMATCH]
        return _with(proof, BackupState.DIFFERS, proven=proof.total - wrong)
    if counts.get(Verdict.MISSING):
        return _with(proof, BackupState.PARTIAL)
    if counts.get(Verdict.UNKNOWN):
        unknown = counts[Verdict.UNKNOWN]
        return _with(proof, BackupState.UNKNOWN, f"{words.count(unknown, 'file')} without a verdict")
    return _with(proof, BackupState.PARTIAL, f"not all {proof.level.words}")


def _with(proof: ProofSummary, state: BackupState, why: str = "", proven: int | None = None) -> Backup:
    return Backup(
        state,
        proof.destination,
        proof.proven if proven is None else proven,
        proof.total,
        proof.source_revision,
        proof.at,
        proof.level.value,
        proof.id,
        why,
    )


@dataclass(slots=True)
class Listing:
    """What the destination's listing shows of an owner, by key. ``trouble`` says why rows may be missing that exist."""

    found: dict[str, RepoInfo] = field(default_factory=dict)
    trouble: str = ""
    reachable: bool = True
    """whether it is worth asking for single repos"""


def listed(program: Program, owner: str) -> Listing:
    """Read the destination's listing of an owner as far as it goes. Never raises one of our errors."""
    listing = Listing()
    try:
        for batch in program.destination.read.inventory(owner):
            listing.found.update((info.ref.key, info) for info in batch)
    except NotFound:
        return listing
    except HubLied as error:
        listing.trouble = error.what
    except Hf2msError as error:
        listing.trouble, listing.reachable = error.what, False
    return listing


def present(info: RepoInfo, copy: RepoInfo) -> Backup:
    """The status of a copy that exists and was not compared; says when it is seen by more people than the source."""
    why = ""
    if copy.visibility.wider_than(info.visibility):
        why = f"{copy.visibility.value} there, {info.visibility.value} here"
    return Backup(BackupState.EXISTS, copy.ref, why=why)


def look(program: Program, info: RepoInfo, destination: RepoRef) -> Backup:
    """Ask the destination about one repo: a listing may lack what exists, so only this says that there is none."""
    try:
        return present(info, program.hub(destination.hub).read.repo(destination))
    except NotFound:
        if program.settings.token(destination.hub) is None:
            return Backup(
                BackupState.UNKNOWN, why=f"no {destination.hub.title} token, private repos are not seen"
            )
        return Backup(BackupState.NONE)
    except Moved as error:
        return Backup(BackupState.UNKNOWN, why=f"moved there to {error.now}")
    except Hf2msError as error:
        return Backup(BackupState.UNKNOWN, why=error.what)


def look_at_all(
    program: Program,
    wanted: Iterable[tuple[RepoInfo, RepoRef]],
    cancelled: Callable[[], bool],
) -> Iterator[tuple[str, Backup]]:
    """Look repos up one by one, a few at a time; pairs of the source's key and what was found, as they come."""

    def one(pair: tuple[RepoInfo, RepoRef]) -> tuple[str, Backup]:
        return pair[0].ref.key, look(program, *pair)

    for result in each(one, wanted, at_once=AT_ONCE, cancelled=cancelled, name="copies"):
        if result.value is not None:
            yield result.value


def from_listings(source: Manifest, destination: Manifest, copy: Backup) -> Backup:
    """What two listings say of a copy without any proof: how many files are there. Never says proven.

    Small files whose SHA-256 the source does not tell count as there when size and path agree.
    """
    if not source.complete:
        return copy
    if not destination.complete:
        return replace(
            copy, why=copy.why or ("lists no file" if not destination.files else "listing cut short")
        )
    found = compare(source, destination, level=Level.LISTED, at=Program.now())
    counts, total = found.counts, found.total
    wrong, missing = counts[Verdict.MISMATCH], counts[Verdict.MISSING]
    agreed = Backup(
        BackupState.EXISTS,
        destination.ref,
        total - wrong - missing,
        total,
        source.revision,
        level=Level.LISTED.value,
        why=copy.why,
    )
    if wrong and wrong + missing < total:
        return replace(agreed, state=BackupState.DIFFERS, proven=total - wrong, why=_BY_LISTINGS)
    if wrong or missing:
        return replace(agreed, state=BackupState.PARTIAL, why=_BY_LISTINGS)
    return agreed
