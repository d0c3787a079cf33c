"""Deciding, undoing and redoing, each with a sentence that says what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.repo import Kind, RepoRef
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program
from hf2ms_tui.store.decisions import Change


@dataclass(frozen=True, slots=True)
class Stepped:
    """What an undo or redo did, in words, and the decisions that hold now, by the key of each repo it touched."""

    text: str
    now: dict[str, Decision]


def decide(program: Program, refs: Iterable[RepoRef], decision: Decision) -> str:
    """Record a decision for repos, durably and in one step; returns what changed: ``llama-x: undecided → delete``."""
    every = list(refs)
    step = program.decisions.decide(every, decision)
    if not step.changes:
        what = every[0].name if len(every) == 1 else words.count(len(every), "repo")
        return f"{what}: {decision.value} already"
    return _sentence(step.changes)


def why_not(row: Row, decision: Decision) -> str | None:
    """Why a decision makes no sense for a repo, as a sentence; None when it does."""
    if decision is Decision.MIGRATE and row.info.ref.kind is Kind.SPACE:
        return f"{row.info.ref.name} is a space: spaces are listed but not migrated; keep or delete it"
    return None


def undo(program: Program) -> Stepped:
    """Take back the newest step, also one of an earlier run. Without one, says so and changes nothing."""
    step = program.decisions.undo()
    if step is None:
        return Stepped("nothing to undo", {})
    return Stepped(f"undone: {_sentence(step.changes)}", _now(step.changes))


def redo(program: Program) -> Stepped:
    """Make the step again that was undone last. Without one, says so and changes nothing."""
    step = program.decisions.redo()
    if step is None:
        return Stepped("nothing to redo", {})
    return Stepped(f"redone: {_sentence(step.changes)}", _now(step.changes))


def _now(changes: tuple[Change, ...]) -> dict[str, Decision]:
    return {each.ref.key: each.after for each in changes}


def _sentence(changes: tuple[Change, ...]) -> str:
    if len(changes) == 1:
        only = changes[0]
        return f"{only.ref.name}: {only.before.value} → {only.after.value}"
    turns = Counter((each.before.value, each.after.value) for each in changes)
    said = ", ".join(f"{count:,} {before} → {after}" for (before, after), count in turns.most_common())
    return f"{words.count(len(changes), 'repo')}: {said}"
