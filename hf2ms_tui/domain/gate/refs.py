"""Branches and tags besides the proven revision: each is proven, accepted as lost, or keeps the gate shut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.gate.facts import CheckState, GateFacts, RefCoverage, oldest
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.domain.text import clean, counted

_SHOWN = 3
_RANK = {CheckState.UNKNOWN: 0, CheckState.FAILS: 1}


class RefFate(Enum):
    """What becomes of a branch or tag when its repo is deleted."""

    CARRIED = "carried"
    """it is a branch or tag of the destination as well, read back there as a whole"""
    COVERED = "covered"
    """every file of it is proven, in whatever revision or repo"""
    ACCEPTED = "given up"
    """files exist nowhere else, and the person accepted that"""
    LOST = "lost"
    """files exist nowhere else, or are others there"""
    OLD = "too old"
    """its files were proven too long ago"""
    UNKNOWN = "unknown"

    @property
    def state(self) -> CheckState:
        """Whether the check holds for a branch or tag of this fate."""
        if self is RefFate.UNKNOWN:
            return CheckState.UNKNOWN
        good = self in {RefFate.CARRIED, RefFate.COVERED, RefFate.ACCEPTED}
        return CheckState.OK if good else CheckState.FAILS


@dataclass(frozen=True, slots=True)
class RefVerdict:
    """What the gate says of one branch or tag; ``coverage`` is what was compared, None when nothing was."""

    ref: GitRef
    fate: RefFate
    evidence: str
    way_out: str = ""
    at: datetime | None = None
    coverage: RefCoverage | None = None

    @property
    def state(self) -> CheckState:
        """Whether it keeps the gate shut."""
        return self.fate.state


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
    listed = facts.read_at.refs
    at = oldest(found.at if found is not None else None, listed)

    def said(fate: RefFate, evidence: str, way_out: str = "", when: datetime | None = None) -> RefVerdict:
        return RefVerdict(ref, fate, f"{ref.words}: {evidence}", way_out, when, found)

    if found is None or found.unknown:
        return said(RefFate.UNKNOWN, found.unknown if found else "not compared", "v: prove it again", listed)
    if found.lost:
        size = f"{len(found.lost):,} file{'s' * (len(found.lost) > 1)} ({found.lost_bytes:,} bytes)"
        if accepted(ref, facts):
            return said(RefFate.ACCEPTED, f"loss of {size} accepted", "", listed)
        verb = "exist" if len(found.lost) > 1 else "exists"
        text = f"{size} {verb} nowhere else, e.g. {clean(found.lost[0])}"
        return said(RefFate.LOST, text, _ways(ref, found, facts), listed)
    kept = {file.source_sha256 for file in facts.proof.exceptions} if facts.proof else set()
    strange = next((path for path, sha256 in found.excepted if sha256 not in kept), None)
    if strange is not None:
        text = f"{clean(strange)} is another one on the destination"
        return said(RefFate.LOST, text, _ways(ref, found, facts), at)
    if found.at is not None and facts.now - found.at > facts.max_age:
        again = "v: prove it again" + ("" if found.cannot else ", or b: bring it over")
        return said(RefFate.OLD, "its proof is too old", "b: prove it again" if found.carried else again, at)
    return said(RefFate.CARRIED if found.carried else RefFate.COVERED, _held(found), "", at)


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
        return replace(bad[0], evidence=bad[0].evidence + more)
    if not verdicts:
        return None
    said = "; ".join(item.evidence for item in verdicts[:_SHOWN])
    if len(verdicts) > _SHOWN:
        said += f"; and {counted(len(verdicts) - _SHOWN, 'other')}, each proven or accepted"
    read = oldest(*(item.at for item in verdicts))
    return RefVerdict(verdicts[0].ref, verdicts[0].fate, said, "", read)
