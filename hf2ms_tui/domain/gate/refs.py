"""Branches and tags besides the proven revision: each is proven, accepted as lost, or keeps the gate shut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hf2ms_tui.domain.gate.facts import CheckState, GateFacts, RefCoverage
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.domain.text import clean, counted

_SHOWN = 3
_RANK = {CheckState.UNKNOWN: 0, CheckState.FAILS: 1}


@dataclass(frozen=True, slots=True)
class RefVerdict:
    """What the gate says of one branch or tag."""

    ref: GitRef
    state: CheckState
    evidence: str
    way_out: str = ""
    at: datetime | None = None


def loss_name(ref: GitRef, refs: Iterable[GitRef]) -> str:
    """What is typed to accept the loss of a branch or tag: its name, with its kind before it where another shares it."""
    same = [item for item in refs if item.kind in {"branch", "tag"} and item.name == ref.name]
    return ref.name if len(same) < 2 else ref.words


def accepted(ref: GitRef, facts: GateFacts) -> bool:
    """Whether the person accepted the loss of ``ref`` by typing its name."""
    return loss_name(ref, facts.refs) in facts.acknowledged


def judge_refs(facts: GateFacts) -> tuple[RefVerdict, ...]:
    """A verdict on every branch and tag that is not the proven revision, in the order in which the hub lists them."""
    proven = facts.proof.source_revision if facts.proof else ""
    covered = {item.ref: item for item in facts.coverage}
    return tuple(
        _judge(ref, covered.get(ref), facts)
        for ref in facts.refs
        if ref.kind in {"branch", "tag"} and ref.revision != proven
    )


def _judge(ref: GitRef, found: RefCoverage | None, facts: GateFacts) -> RefVerdict:
    if found is None or found.unknown:
        why = found.unknown if found else "not compared"
        return RefVerdict(ref, CheckState.UNKNOWN, f"{ref.words}: {why}", "v: prove it again")
    if found.lost:
        size = f"{len(found.lost):,} file{'s' * (len(found.lost) > 1)} ({found.lost_bytes:,} bytes)"
        if accepted(ref, facts):
            return RefVerdict(ref, CheckState.OK, f"{ref.words}: loss of {size} accepted", "", facts.now)
        verb = "exist" if len(found.lost) > 1 else "exists"
        return RefVerdict(
            ref,
            CheckState.FAILS,
            f"{ref.words}: {size} {verb} nowhere else, e.g. {clean(found.lost[0])}",
            _ways(ref, found, facts),
            facts.now,
        )
    kept = {file.source_sha256 for file in facts.proof.exceptions} if facts.proof else set()
    strange = next((path for path, sha256 in found.excepted if sha256 not in kept), None)
    if strange is not None:
        return RefVerdict(
            ref,
            CheckState.FAILS,
            f"{ref.words}: {clean(strange)} is another one on the destination",
            _ways(ref, found, facts),
            facts.now,
        )
    if found.at is not None and facts.now - found.at > facts.max_age:
        return RefVerdict(
            ref, CheckState.FAILS, f"{ref.words}: its proof is too old", "b: prove it again", found.at
        )
    return RefVerdict(ref, CheckState.OK, f"{ref.words}: {_held(found)}", "", found.at)


def _held(found: RefCoverage) -> str:
    """Where the files of a covered branch or tag are."""
    said = f"{counted(found.files, 'file')}, all proven"
    if found.excepted:
        said = f"{counted(found.files, 'file')}, {found.files - len(found.excepted):,} proven, " + (
            f"{len(found.excepted):,} excepted"
        )
    if len(found.held) == 1:
        return f"{said}, same content as {found.held[0][0]}"
    if found.held:
        return f"{said}: {', '.join(f'{count:,} in {words}' for words, count in found.held)}"
    return said


def _ways(ref: GitRef, found: RefCoverage, facts: GateFacts) -> str:
    accept = f"a: accept the loss by typing {loss_name(ref, facts.refs)}"
    if found.cannot:
        return f"{accept}; it cannot be brought over: {found.cannot}"
    return f"b: bring it over{f' as {found.target}' if found.target else ''}, or {accept}"


def summed_up(verdicts: tuple[RefVerdict, ...]) -> RefVerdict | None:
    """All verdicts as one: the worst with its way out, or where everything is; None when there is none."""
    bad = sorted(
        (item for item in verdicts if item.state is not CheckState.OK), key=lambda item: _RANK[item.state]
    )
    if bad:
        more = f"; and {counted(len(bad) - 1, 'other')}" if len(bad) > 1 else ""
        return RefVerdict(bad[0].ref, bad[0].state, bad[0].evidence + more, bad[0].way_out, bad[0].at)
    if not verdicts:
        return None
    said = "; ".join(item.evidence for item in verdicts[:_SHOWN])
    if len(verdicts) > _SHOWN:
        said += f"; and {counted(len(verdicts) - _SHOWN, 'other')}, each proven or accepted"
    oldest = min((item.at for item in verdicts if item.at is not None), default=None)
    return RefVerdict(verdicts[0].ref, CheckState.OK, said, "", oldest)
