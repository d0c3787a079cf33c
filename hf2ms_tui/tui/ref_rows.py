"""The gate's branches and tags as lines of a list: glyph, word and figures of each."""

from __future__ import annotations

from collections.abc import Mapping

from hf2ms_tui.domain.gate import GateFacts
from hf2ms_tui.domain.gate.refs import RefFate, RefVerdict
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.services import words
from hf2ms_tui.services.gatelook import GateLook
from hf2ms_tui.tui.widgets.ref_list import RefLine

_TONES = {
    RefFate.CARRIED: "ok",
    RefFate.COVERED: "ok",
    RefFate.ACCEPTED: "warn",
    RefFate.LOST: "bad",
    RefFate.OLD: "bad",
    RefFate.UNKNOWN: "warn",
}


def ref_rows(look: GateLook) -> list[RefLine]:
    """A line for each branch and tag, as the hub lists them, those at the proven revision among them.

    Empty when there is nothing but the default branch.
    """
    facts = look.facts
    every = [ref for ref in facts.refs if ref.kind in {"branch", "tag"}]
    if len(every) < 2:
        return []
    verdicts = {verdict.ref: verdict for verdict in look.refs}
    return [
        _row(verdicts[ref], look.commits) if ref in verdicts else _proven(ref, facts, look.commits)
        for ref in every
    ]


def _proven(ref: GitRef, facts: GateFacts, commits: Mapping[str, int | None]) -> RefLine:
    """One that is at the revision which the proof is of: the checks above speak of it."""
    total = facts.proof.total if facts.proof else None
    return RefLine(
        "·",
        "dim",
        ref.words,
        "see above",
        words.UNKNOWN if total is None else f"{total:,}",
        "─",
        _history(ref, commits),
        "at the proven revision",
    )


def _row(verdict: RefVerdict, commits: Mapping[str, int | None]) -> RefLine:
    found, ref = verdict.coverage, verdict.ref
    known = found is not None and not found.unknown
    files = f"{found.files:,}" if found is not None and known else words.UNKNOWN
    lost, where = words.UNKNOWN, verdict.evidence.removeprefix(f"{ref.words}: ")
    if found is not None and known:
        lost = "nothing"
        if found.lost:
            lost = f"{words.count(len(found.lost), 'file')}, {words.size(found.lost_bytes)}"
            where = f"e.g. {found.lost[0]}"
        elif found.carried:
            where = found.carried
    return RefLine(
        verdict.state.glyph,
        _TONES[verdict.fate],
        ref.words,
        verdict.fate.value,
        files,
        lost,
        _history(ref, commits),
        where,
    )


def _history(ref: GitRef, commits: Mapping[str, int | None]) -> str:
    return words.count(commits.get(ref.revision), "commit")
