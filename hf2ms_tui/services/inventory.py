"""Taking inventory: the source's rows as they come, joined with copies, proofs, decisions, jobs and advice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from hf2ms_tui.domain.advice import RepoFacts, advise
from hf2ms_tui.domain.decision import Advice, Confidence, Decision
from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.gate import MAX_PROOF_AGE
from hf2ms_tui.domain.inventory import Backup, BackupState, Row
from hf2ms_tui.domain.repo import RepoInfo, RepoRef
from hf2ms_tui.domain.verdict import Level
from hf2ms_tui.services import backups, outcome
from hf2ms_tui.services.program import Program
from hf2ms_tui.store.proofs import ProofSummary, standing

OnRows = Callable[[Sequence[Row]], object]
MAX_LOOKS = 400
"""repos missing from the destination's listing that one refresh asks for one by one"""
MAX_LOOKS_OF_ROWS = 20
_PART = 500
_TELL_EVERY = 0.3
"""seconds between batches of rows whose copy was looked up"""


def cached(program: Program, *, advised: bool = True) -> tuple[Row, ...]:
    """The rows as they were last seen, without a request; empty when the org was never read.

    Without ``advised`` they come in half the time, and ``known`` brings the advice.
    """
    known = program.cache.load(program.settings.source, program.settings.org)
    if known is None:
        return ()
    infos, _ = known
    program.knowledge.put_infos(infos, whole=True)
    program.knowledge.put_copies(program.cache.backups())
    program.knowledge.put_advice(_read_advice(program))
    return join(program, infos, advised=advised)


def known(program: Program) -> tuple[Row, ...]:
    """The rows of everything that is known now, without a request."""
    return join(program, program.knowledge.infos().values())


def cached_at(program: Program) -> datetime | None:
    """When the cached rows were read (UTC), None when there are none."""
    return program.cache.seen_at(program.settings.source, program.settings.org)


def refresh(
    program: Program, on_rows: OnRows | None = None, cancelled: Callable[[], bool] | None = None
) -> tuple[Row, ...]:
    """Read the org anew and return all its rows in the hub's order; ``on_rows`` gets batches of new or changed ones.

    Costs the source's listing, the destination's, and one request for each repo that the latter lacks (a listing is no proof
    of absence; at most 400 a time, undecided and large ones first). A destination that fails leaves backups ``unknown`` with
    its reason. Raises what the source's listing raises; what was cached stays then.
    """
    tell = on_rows or (lambda rows: None)
    over = cancelled or (lambda: False)
    settings = program.settings
    if not settings.org:
        raise BadInput("No organisation was named", way_out="Add --org ORG.")
    copies = _Copies(program, settings.destination_owner or settings.org)
    infos: list[RepoInfo] = []
    for batch in program.source.read.inventory(settings.org):
        if over() or program.closed:
            return join(program, infos)
        infos += batch
        program.knowledge.put_infos(batch)
        tell(join(program, batch))
    program.knowledge.put_infos(infos, whole=True)
    program.cache.save(settings.source, settings.org, infos, program.now())
    _update_copies(program, infos, copies, tell, lambda: over() or program.closed)
    if not program.closed:
        program.cache.save_backups(program.knowledge.copies())
    return join(program, infos)


class _Copies:
    """The destination's listing, read in a thread of its own while the source's pages come."""

    def __init__(self, program: Program, owner: str) -> None:
        self._listing = backups.Listing()
        self._crash: BaseException | None = None
        self._thread = threading.Thread(target=self._read, args=(program, owner), name="copies", daemon=True)
        self._thread.start()

    def _read(self, program: Program, owner: str) -> None:
        try:
            self._listing = backups.listed(program, owner)
        except BaseException as error:  # noqa: BLE001  raised again by the thread that waits
            self._crash = error

    def wait(self, cancelled: Callable[[], bool]) -> backups.Listing | None:
        """The listing; None when cancelled."""
        while self._thread.is_alive():
            if cancelled():
                return None
            self._thread.join(0.1)
        if self._crash is not None:
            raise self._crash
        return self._listing


def _update_copies(
    program: Program,
    infos: Sequence[RepoInfo],
    copies: _Copies,
    tell: Callable[[Sequence[Row]], object],
    cancelled: Callable[[], bool],
) -> None:
    listing = copies.wait(cancelled)
    if listing is None:
        return
    before = program.knowledge.copies()
    known: dict[str, Backup] = {}
    missing: list[tuple[RepoInfo, RepoRef]] = []
    proofs = newest_proofs(program)
    for info in infos:
        destination = destination_of(program, info.ref, proofs)
        copy = listing.found.get(destination.key)
        if copy is not None:
            known[info.ref.key] = _keep_details(before.get(info.ref.key), backups.present(info, copy), info)
        elif not listing.reachable:
            known[info.ref.key] = Backup(BackupState.UNKNOWN, destination, why=listing.trouble)
        else:
            missing.append((info, destination))
            if info.ref.key not in before:
                known[info.ref.key] = Backup(
                    BackupState.UNKNOWN, destination, why=listing.trouble or "not in the listing"
                )
    program.knowledge.put_copies(known)
    tell_in_parts(join(program, [info for info in infos if info.ref.key in known]), tell)
    _look_closer(program, missing, tell, cancelled)


def tell_in_parts(rows: Sequence[Row], tell: Callable[[Sequence[Row]], object]) -> None:
    """Hand rows over in parts that a screen takes without a pause; nothing for no rows."""
    for start in range(0, len(rows), _PART):
        tell(rows[start : start + _PART])


def _keep_details(before: Backup | None, found: Backup, info: RepoInfo) -> Backup:
    """Keep what listings said of a copy that still exists, as long as the source has not changed since."""
    if before is None or before.state not in {BackupState.PARTIAL, BackupState.DIFFERS, BackupState.EXISTS}:
        return found
    return before if before.source_revision and before.source_revision == info.revision else found


def _look_closer(
    program: Program,
    missing: list[tuple[RepoInfo, RepoRef]],
    tell: Callable[[Sequence[Row]], object],
    cancelled: Callable[[], bool],
) -> None:
    decided = program.decisions.current()
    missing.sort(
        key=lambda pair: (
            decided.get(pair[0].ref.key) is Decision.KEEP,
            -(pair[0].size or 0),
            pair[0].ref.key,
        )
    )
    by_key = {info.ref.key: info for info, _ in missing}
    waiting: list[RepoInfo] = []
    told = time.monotonic()
    for key, backup in backups.look_at_all(program, missing[:MAX_LOOKS], cancelled):
        program.knowledge.put_copies({key: backup})
        waiting.append(by_key[key])
        if time.monotonic() - told > _TELL_EVERY:
            tell(join(program, waiting))
            waiting, told = [], time.monotonic()
    tell(join(program, waiting))


def pinned(program: Program, info: RepoInfo) -> RepoInfo:
    """A row with its revision: ModelScope's listings do not tell it, so it is asked for. Raises what the hub raises."""
    if info.revision is not None:
        return info
    found = replace(info, revision=program.hub(info.ref.hub).read.resolve(info.ref))
    program.knowledge.put_infos([found])
    return found


def rows_of(program: Program, refs: Iterable[RepoRef]) -> tuple[Row, ...]:
    """The rows of some repos as they are now: a job ended, a proof was made. Looks for their copies; needs few requests.

    Repos that were never listed are left out.
    """
    infos = program.knowledge.infos()
    wanted = [infos[ref.key] for ref in dict.fromkeys(refs) if ref.key in infos]
    for place, info in enumerate(wanted[:MAX_LOOKS_OF_ROWS]):
        # Without a revision the row stays as it is: its backup is then said to be unknown.
        with suppress(Hf2msError):
            wanted[place] = pinned(program, info)
    proofs = newest_proofs(program)
    pairs = [(info, destination_of(program, info.ref, proofs)) for info in wanted[:MAX_LOOKS_OF_ROWS]]
    found = dict(backups.look_at_all(program, pairs, lambda: program.closed))
    program.knowledge.put_copies(found)
    program.cache.save_backups(found)
    return join(program, wanted)


def newest_proofs(program: Program) -> dict[str, ProofSummary]:
    """The proof that speaks for each repo that has one, without its files, by the source's key."""
    return standing(program.proofs.summaries())


def destination_of(program: Program, ref: RepoRef, proofs: Mapping[str, ProofSummary]) -> RepoRef:
    """Where the copy of a repo is looked for: where its newest proof found it, else where it would be migrated to."""
    proof = proofs.get(ref.key)
    return proof.destination if proof else program.destination_ref(ref)


def join(program: Program, infos: Iterable[RepoInfo], *, advised: bool = True) -> tuple[Row, ...]:
    """Rows of ``infos``, in their order, from everything that is known now. No request. Advice is half of the work."""
    every = list(infos)
    if not every:
        return ()
    decisions = program.decisions.current()
    jobs = program.jobs.newest()
    proofs = newest_proofs(program)
    knowledge = program.knowledge
    copies, holdings, shared = knowledge.copies(), knowledge.holdings(), knowledge.sharing()
    others, earlier = knowledge.infos(), knowledge.advice()
    proven = frozenset(
        key
        for key, proof in proofs.items()
        if key in others and backups.judge(others[key], copies.get(key), proof).state is BackupState.PROVEN
    )
    now = program.now()
    lately = frozenset(key for key in proven if _stands_in(program, others[key].ref, proofs[key], now))
    unsettled = outcome.unsettled(program)
    rows = []
    for info in every:
        key = info.ref.key
        backup = backups.judge(info, copies.get(key), proofs.get(key))
        if not advised:
            rows.append(_row(info, backup, decisions, None, jobs, unsettled))
            continue
        holding = holdings.get(key)
        facts = RepoFacts(
            info,
            now,
            backup,
            holding if holding is not None and holding.revision == info.revision else None,
            shared.get(key),
            proven,
            lately,
            others,
        )
        advice = advise(facts)
        if facts.holding is None and key in earlier and earlier[key][0] == info.revision:
            advice = earlier[key][1]
        rows.append(_row(info, backup, decisions, advice, jobs, unsettled))
    return tuple(rows)


def _stands_in(program: Program, ref: RepoRef, proof: ProofSummary, now: datetime) -> bool:
    """Whether the copy of a repo may stand in for files of others: read back, of the same owner, within a day."""
    return (
        proof.level is Level.READ_BACK
        and bool(proof.destination_revision)
        and proof.destination.owner == program.destination_ref(ref).owner
        and now - min(proof.at, proof.oldest or proof.at) <= MAX_PROOF_AGE
    )


def _row(
    info: RepoInfo,
    backup: Backup,
    decisions: Mapping[str, Decision],
    advice: Advice | None,
    jobs: Mapping[str, str],
    unsettled: Collection[RepoRef],
) -> Row:
    key = info.ref.key
    decision = decisions.get(key, Decision.UNDECIDED)
    return Row(info, backup, decision, advice, jobs.get(key, ""), info.ref in unsettled)


def remember_advice(program: Program, rows: Iterable[Row]) -> None:
    """Keep the advice for repos whose contents were read, so that the next start shows it before they are read again."""
    holdings = program.knowledge.holdings()
    program.view_state.set(
        _advice_key(program),
        {
            row.key: [
                row.info.revision,
                row.advice.suggestion,
                row.advice.headline,
                row.advice.reasons,
                row.advice.confidence,
                row.advice.then_delete,
            ]
            for row in rows
            if row.advice is not None and row.key in holdings
        },
    )


def _read_advice(program: Program) -> dict[str, tuple[str, Advice]]:
    stored = program.view_state.get(_advice_key(program), {})
    return {
        key: (revision, Advice(Decision(word), headline, tuple(reasons), Confidence(confidence), then_delete))
        for key, (revision, word, headline, reasons, confidence, then_delete) in stored.items()
    }


def _advice_key(program: Program) -> str:
    return f"advice {program.settings.source.value}:{program.settings.org}"
