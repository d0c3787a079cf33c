"""The checks: a pure function from a snapshot of facts to what holds and what does not, each with its way out."""

from __future__ import annotations

from datetime import datetime, timedelta

from hf2ms_tui.domain.gate import places
from hf2ms_tui.domain.gate.facts import Check, CheckName, CheckState, GateFacts, HeldFact, oldest, refs_digest
from hf2ms_tui.domain.gate.refs import judge_refs, summed_up
from hf2ms_tui.domain.proof import Proof

_AGAIN = "v: prove it again; migrating again sends what is missing"


def checks(facts: GateFacts) -> tuple[Check, ...]:
    """All checks of the gate, in the order of ``CheckName``. The gate is open when every one is OK."""
    return tuple(
        judge(name, facts)
        for name, judge in (
            (CheckName.WRITABLE, _writable),
            (CheckName.SAME_REPO, _same_repo),
            (CheckName.BACKUP_EXISTS, _backup_exists),
            (CheckName.FILES_PROVEN, _files_proven),
            (CheckName.SOURCE_UNCHANGED, _source_unchanged),
            (CheckName.PROOF_FRESH, _proof_fresh),
            (CheckName.DESTINATION_UNCHANGED, _destination_unchanged),
            (CheckName.OTHER_REFS, _other_refs),
            (CheckName.NO_JOB, _no_job),
            (CheckName.MAY_DELETE, _may_delete),
            (CheckName.TOMBSTONE, _tombstone),
        )
    )


def _ok(name: CheckName, evidence: str, at: datetime | None = None) -> Check:
    return Check(name, CheckState.OK, evidence, at=at)


def _fails(name: CheckName, evidence: str, way_out: str, at: datetime | None = None) -> Check:
    return Check(name, CheckState.FAILS, evidence, way_out, at)


def _unknown(name: CheckName, evidence: str, way_out: str, at: datetime | None = None) -> Check:
    return Check(name, CheckState.UNKNOWN, evidence, way_out, at)


def _writable(name: CheckName, facts: GateFacts) -> Check:
    at = facts.read_at.settings
    if facts.read_only:
        return _fails(name, "the program runs read-only", "start it without --read-only", at)
    return _ok(name, "not read-only", at)


def _same_repo(name: CheckName, facts: GateFacts) -> Check:
    at = facts.read_at.source
    if facts.source is None:
        return _unknown(
            name, facts.source_trouble or "the source was not read", "check the token and the network", at
        )
    if facts.source.ref != facts.ref:
        return _fails(
            name,
            f"{facts.ref.id} now leads to {facts.source.ref.id}",
            "it was moved or renamed: refresh the inventory",
            at,
        )
    return _ok(name, f"{facts.ref.hub.title} answers as {facts.ref.id}", at)


def _backup_exists(name: CheckName, facts: GateFacts) -> Check:
    proof, at = facts.proof, facts.read_at.destination
    if proof is not None and proof.places:
        seen = places.read_at(facts)
        bad = places.there(facts)
        if bad is not None:
            return Check(name, *bad, at=seen)
        if not proof.destination_revision:
            where = ", ".join(f"{place.repo.id}" for place in proof.places)
            return _ok(name, f"{proof.destination.hub.title}, in {where}", seen)
        at = oldest(at, seen)
    if facts.destination_trouble:
        return _unknown(name, facts.destination_trouble, "check the token and the network", at)
    if facts.destination is None:
        return _fails(
            name,
            "nothing on the other hub",
            "decide to migrate it, then start the plan; or v: look for its files in other repos there",
            at,
        )
    shown = (
        f"{facts.destination.ref.hub.title} {facts.destination.ref.id}, {facts.destination.visibility.value}"
    )
    bad = places.seen_by_too_many(facts.destination, facts.source, shown)
    if bad is not None:
        return Check(name, *bad, at=at)
    return _ok(name, shown, at)


def _files_proven(name: CheckName, facts: GateFacts) -> Check:
    proof = facts.proof
    if proof is None:
        return _fails(name, "never proven", "v: prove it")
    at = proof.evidence_at
    if proof.source != facts.ref:
        return _fails(name, f"the proof is of {proof.source.id}", "v: prove it", at)
    if proof.doubt:
        # A copy that nothing ever arrived in lists no file, and proving it again says the same for ever.
        return _unknown(name, proof.doubt, _AGAIN if proof.problems else "v: prove it again", at)
    if proof.problems:
        first = proof.problems[0]
        more = f" and {len(proof.problems) - 1:,} more" if len(proof.problems) > 1 else ""
        return _fails(
            name,
            f"{proof.proven:,} of {proof.total:,}; {first.verdict.value}: {first.path}{more}",
            "f: see the files; migrating again mends them",
            at,
        )
    if proof.level.rank < facts.required.rank:
        why = f"only {proof.level.words}, {facts.required.words} is needed"
        return _fails(name, why, "v: prove it at that level", at)
    bad = places.founded(facts)
    if bad is not None:
        return Check(name, *bad, at=at)
    told = f"{proof.proven:,} of {proof.total:,} {proof.level.words}{_elsewhere(proof)}{_exceptions(proof)}"
    return _ok(name, told, at)


def _elsewhere(proof: Proof) -> str:
    """How many files were found in other repos, by repo; empty when none was."""
    told = []
    for place in proof.places:
        count = sum(1 for file in proof.files if file.where and place.holds(file.where) is not None)
        told.append(f"{count:,} in {place.words}")
    return f", {', '.join(told)}" if told else ""


def _exceptions(proof: Proof) -> str:
    """The excepted files by name, each with the hash of the source and that of the copy; empty without any."""
    told = [
        f"{file.path} ({(file.source_sha256 or '')[:12]}, copy {(file.destination_sha256 or '')[:12]})"
        for file in proof.exceptions
    ]
    return f", {len(told):,} excepted: {', '.join(told)}" if told else ""


def _source_unchanged(name: CheckName, facts: GateFacts) -> Check:
    if facts.proof is None:
        return _unknown(name, "there is no proof to compare with", "v: prove it")
    at = facts.read_at.refs
    heads = [ref for ref in facts.refs if ref.kind == "branch" and ref.name == facts.branch]
    if facts.source_trouble or not heads:
        return _unknown(
            name,
            facts.source_trouble or f"branch {facts.branch} was not found",
            "check the token and the network",
            at,
        )
    if heads[0].revision != facts.proof.source_revision:
        return _fails(
            name,
            f"{facts.branch} is at {heads[0].revision[:7]}, the proof is of {facts.proof.source_revision[:7]}",
            "migrate it again: only what is new moves",
            at,
        )
    return _ok(name, f"{facts.branch} {heads[0].revision[:7]}", at)


def _proof_fresh(name: CheckName, facts: GateFacts) -> Check:
    if facts.proof is None:
        return _unknown(name, "there is no proof", "v: prove it")
    read = facts.proof.evidence_at
    age = facts.now - read
    if facts.now - facts.proof.at < timedelta(seconds=-60) or age < timedelta(seconds=-60):
        return _unknown(
            name, "the proof is dated in the future", "check this machine's clock, then v: prove it", read
        )
    if age > facts.max_age:
        return _fails(name, f"{_span(age)} old, at most {_span(facts.max_age)}", "v: prove it again", read)
    # The moment, not how long ago it was: this text stays while the age beside it grows.
    return _ok(name, f"read {read:%Y-%m-%d %H:%M}Z, limit {_span(facts.max_age)}", read)


def _destination_unchanged(name: CheckName, facts: GateFacts) -> Check:
    proof = facts.proof
    if proof is None:
        return _unknown(name, "there is no proof to compare with", "v: prove it")
    asked = facts.held.at if facts.held is not None else None
    at = oldest(places.read_at(facts), asked)
    bad = places.kept(facts)
    if bad is not None:
        return Check(name, *bad, at=places.read_at(facts))
    bad = _held(facts, proof)
    if proof.places and not proof.destination_revision:
        if bad is not None:
            return Check(name, *bad, at=asked)
        where = ", ".join(place.words for place in proof.places)
        return _ok(name, f"still there: {where}{_asked(facts.held)}", at)
    read = facts.read_at.destination
    if facts.destination_trouble or facts.destination is None:
        return _unknown(
            name, facts.destination_trouble or "the destination was not read", "v: prove it", read
        )
    if facts.destination.ref != proof.destination:
        return _fails(name, f"the proof is of {proof.destination.id}", "v: prove it", read)
    if not facts.destination_revision:
        return _unknown(name, "its revision is not known", "v: prove it", read)
    if facts.destination_revision != proof.destination_revision:
        return _fails(
            name,
            f"at {facts.destination_revision[:7]}, proven at {proof.destination_revision[:7]}",
            "v: prove it again",
            read,
        )
    if bad is not None:
        return Check(name, *bad, at=asked)
    return _ok(name, f"at {facts.destination_revision[:7]}{_asked(facts.held)}", oldest(at, read))


def _held(facts: GateFacts, proof: Proof) -> places.Found | None:
    """What the destination lacks by its own word, or by its bytes; None when it was not asked or lacks nothing."""
    held = facts.held
    if held is None:
        return None
    if held.proof_id != proof.id:
        return CheckState.UNKNOWN, "it was asked about another proof", "look again"
    if held.lost:
        more = f" and {len(held.lost) - 1:,} more" if len(held.lost) > 1 else ""
        return (
            CheckState.FAILS,
            f"{held.lost[0]}{more} {'are' if more else 'is'} not there any more as proven",
            _AGAIN,
        )
    if held.trouble:
        return CheckState.UNKNOWN, held.trouble, "check the token and the network"
    return None


def _asked(held: HeldFact | None) -> str:
    if held is None:
        return ""
    again = f", {held.read:,} read again" if held.read else ""
    return f", holds all {held.asked:,} contents{again}"


def _other_refs(name: CheckName, facts: GateFacts) -> Check:
    if facts.source_trouble:
        return _unknown(name, facts.source_trouble, "check the token and the network", facts.read_at.refs)
    verdicts = judge_refs(facts)
    found = summed_up(verdicts)
    if found is None:
        return _ok(name, "none besides the proven revision", facts.read_at.refs)
    lines = tuple(
        f"{item.state.glyph} {item.evidence}{f' → {item.way_out}' if item.way_out else ''}"
        for item in verdicts
    )
    return Check(name, found.state, found.evidence, found.way_out, found.at, lines)


def _no_job(name: CheckName, facts: GateFacts) -> Check:
    if facts.unsettled:
        return _unknown(
            name,
            "an earlier deletion was sent and its outcome is unknown",
            "R: look again; it is settled by reading and never sent twice",
            facts.read_at.jobs,
        )
    if facts.running_jobs:
        why = f"job {facts.running_jobs[0]} is running"
        return _fails(name, why, "wait for it or cancel it", facts.read_at.jobs)
    return _ok(name, "none", facts.read_at.jobs)


def _may_delete(name: CheckName, facts: GateFacts) -> Check:
    at = facts.read_at.rights
    if facts.may_delete is None:
        return _unknown(name, facts.may_delete_why or "the token's rights are not known", "see doctor", at)
    if not facts.may_delete:
        return _fails(name, facts.may_delete_why or "the token may not delete", "see doctor", at)
    return _ok(name, facts.may_delete_why or "yes", at)


def _tombstone(name: CheckName, facts: GateFacts) -> Check:
    stone, at = facts.tombstone, facts.read_at.tombstone
    if stone is None:
        if facts.tombstone_trouble:
            return _fails(name, facts.tombstone_trouble, "mend that, then look again", at)
        return Check(name, CheckState.WAITS, "it is written once all else holds")
    if stone.ref != facts.ref or stone.refs_digest != refs_digest(facts.refs):
        return _fails(name, "it is of other branches or tags", "look again: it is written anew", at)
    if facts.proof is None or stone.proof_id != facts.proof.id:
        return _fails(name, "it holds another proof", "look again: it is written anew", at)
    lacking = [file for file in facts.proof.exceptions if file.source_sha256 not in stone.originals]
    if lacking:
        return _fails(
            name,
            f"it lacks the original bytes of {lacking[0].path}, which is another on the destination",
            "look again: it is written anew",
            at,
        )
    contents = f"{stone.contents:,} content{'' if stone.contents == 1 else 's'}"
    before = at - stone.at if at is not None else timedelta()
    since = f", written {_span(before)} before" if before >= timedelta(minutes=1) else ""
    return _ok(name, f"{contents} kept ({stone.size:,} bytes), verified{since}", at)


def _span(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
