"""What a deletion takes away for ever and what stays, as short phrases for the gate."""

from __future__ import annotations

from dataclasses import dataclass

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.gate import GateFacts
from hf2ms_tui.domain.repo import Gating
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program


@dataclass(frozen=True, slots=True)
class Loss:
    """``gone`` is lost for ever, ``kept`` is still there afterwards; phrases, the weightiest first."""

    gone: tuple[str, ...]
    kept: tuple[str, ...]


def history_of(program: Program, facts: GateFacts) -> int | None:
    """How many commits the source's default branch has; None when that cannot be told. Blocks on the network."""
    head = next((ref for ref in facts.refs if ref.kind == "branch" and ref.name == facts.branch), None)
    if head is None:
        return None
    try:
        return program.hub(facts.ref.hub).read.history(facts.ref, head.revision)
    except Hf2msError:
        return None


def weigh(facts: GateFacts, history: int | None) -> Loss:
    """Say what goes and what stays, from the facts of the gate and the number of commits (None: unknown)."""
    return Loss(tuple(_gone(facts, history)), tuple(_kept(facts)))


def _gone(facts: GateFacts, history: int | None) -> list[str]:
    source = facts.source
    parts = [
        f"{item.ref.kind} {item.ref.name} with {words.count(len(item.lost), 'file')} "
        f"({words.size(item.lost_bytes)}) that exist{'s' if len(item.lost) == 1 else ''} nowhere else"
        for item in facts.coverage
        if item.lost
    ]
    if history is None:
        parts.append("its history, of unknown length")
    else:
        parts.append(f"{words.count(history, 'commit')} of history")
    names = [ref.name for ref in facts.refs if ref.kind in {"branch", "tag"} and ref.name != facts.branch]
    if names:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4:,} more" if len(names) > 4 else "")
        parts.append(f"the branches and tags {shown} as such")
    pulls = sum(1 for ref in facts.refs if ref.kind == "pull")
    if pulls:
        parts.append(words.count(pulls, "pull request"))
    if source is not None:
        parts.append(f"{words.count(source.downloads, 'download')}, {words.count(source.likes, 'like')}")
        if source.gating in {Gating.AUTO, Gating.MANUAL}:
            parts.append("the list of who was granted access")
    parts.append("its discussions, settings and address")
    return parts


def _kept(facts: GateFacts) -> list[str]:
    parts = []
    proof, there = facts.proof, facts.destination
    if proof is not None and there is not None:
        excepted = proof.exceptions
        size = sum(file.source_size or 0 for file in proof.files) - sum(
            file.source_size or 0 for file in excepted
        )
        parts.append(
            f"{words.count(proof.proven, 'file')} ({words.size(size)}) on {there.ref.hub.title} "
            f"{there.ref.id}, {there.visibility.value}, {proof.level.words}"
        )
        if excepted:
            names = ", ".join(file.path for file in excepted)
            parts.append(f"{names} there in another version, the original bytes in the tombstone")
    if proof is not None:
        parts.append(f"proof {proof.id} with every hash, and the journal")
    return parts
