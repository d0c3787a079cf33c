"""What a deletion takes away for ever and what stays, as short phrases for the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hf2ms_tui.domain.gate import GateFacts
from hf2ms_tui.domain.repo import Gating, Hub
from hf2ms_tui.domain.tombstone import Tombstone
from hf2ms_tui.services import words
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.threads import each


@dataclass(frozen=True, slots=True)
class Loss:
    """``gone`` is lost for ever, ``kept`` is still there afterwards; phrases, the weightiest first."""

    gone: tuple[str, ...]
    kept: tuple[str, ...]


MAX_COUNTED = 24
"""revisions whose commits are counted for one look, the default branch's first"""
MAX_COMMITS = 2_000
"""commits after which no further revision is counted: a page of fifty is a request"""
_UNCOUNTED = 1_000
"""commits that a revision stands for which has more than a hub's half counts"""
_AT_ONCE = 4


def commits_of(program: Program, facts: GateFacts) -> dict[str, int | None]:
    """How many commits lead to the revision of each branch and tag; None where that cannot be told. Blocks on the network.

    What was counted before is remembered, as a revision's history never changes.
    """
    refs = [ref for ref in facts.refs if ref.kind in {"branch", "tag"}]
    refs.sort(key=lambda ref: ref.kind != "branch" or ref.name != facts.branch)
    wanted = list(dict.fromkeys(ref.revision for ref in refs))
    counted: dict[str, int | None] = {**program.knowledge.histories(facts.ref.key)}
    left = [revision for revision in wanted if revision not in counted][:MAX_COUNTED]
    reader = program.hub(facts.ref.hub).read
    spent: list[int] = []

    def count(revision: str) -> int | None:
        return reader.history(facts.ref, revision)

    for result in each(
        count,
        left,
        at_once=_AT_ONCE,
        cancelled=lambda: program.closed or sum(spent) >= MAX_COMMITS,
        name="commits",
    ):
        counted[result.item] = result.value
        if result.error is None:
            spent.append(_UNCOUNTED if result.value is None else result.value)
    program.knowledge.put_histories(facts.ref.key, counted)
    return counted


def history_of(facts: GateFacts, commits: Mapping[str, int | None]) -> int | None:
    """How many commits the source's default branch has, out of ``commits_of``; None when that is not known."""
    head = next((ref for ref in facts.refs if ref.kind == "branch" and ref.name == facts.branch), None)
    return commits.get(head.revision) if head is not None else None


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
    parts.append(_history(facts, history))
    names = [ref.name for ref in facts.refs if ref.kind in {"branch", "tag"} and ref.name != facts.branch]
    if names:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4:,} more" if len(names) > 4 else "")
        parts.append(f"the branches and tags {shown}, but for one state of each")
    pulls = sum(1 for ref in facts.refs if ref.kind == "pull")
    if pulls:
        parts.append(words.count(pulls, "pull request"))
    if any(ref.kind == "convert" for ref in facts.refs):
        parts.append("what the hub converted by itself")
    if source is not None:
        parts.append(f"{words.count(source.downloads, 'download')}, {words.count(source.likes, 'like')}")
        if source.gating in {Gating.AUTO, Gating.MANUAL}:
            parts.append("the list of who was granted access")
    parts.append("its discussions")
    return parts


def _history(facts: GateFacts, history: int | None) -> str:
    """The commits, and the bytes that come with them: what branches and tags hold is counted, what only older commits held
    is told by no hub.
    """
    if history is None:
        return "its history, of unknown length and size"
    said = f"{words.count(history, 'commit')} of history"
    if history <= 1:
        return said
    if any(item.unknown for item in facts.coverage):
        return f"{said}, of unknown size"
    lost = [item.lost_bytes for item in facts.coverage if item.lost]
    # Refs may share contents that are lost, so several are counted as at most.
    size = f"{'at most ' if len(lost) > 1 else ''}{words.size(sum(lost))}" if lost else "nothing"
    return f"{said} ({size} of what branches and tags hold; how much only older commits held is unknown)"


def _kept(facts: GateFacts) -> list[str]:
    parts = []
    proof, there = facts.proof, facts.destination
    if proof is not None and there is not None and proof.destination_revision:
        excepted = proof.exceptions
        away = [file for file in proof.files if file.where]
        size = sum(file.source_size or 0 for file in proof.files) - sum(
            file.source_size or 0 for file in (*excepted, *away)
        )
        parts.append(
            f"{words.count(proof.proven - len(away), 'file')} ({words.size(size)}) on {there.ref.hub.title} "
            f"{there.ref.id}, {there.visibility.value}, {proof.level.words}"
        )
        if excepted:
            names = ", ".join(file.path for file in excepted)
            parts.append(f"{names} there in another version, the original bytes in the tombstone")
    for place, files in [(place, proof.files) for place in proof.places] if proof is not None else []:
        count = sum(1 for file in files if file.where and place.holds(file.where) is not None)
        parts.append(f"{words.count(count, 'file')} in {place.words} on {place.repo.hub.title}, read back")
    if proof is not None:
        parts.append(f"proof {proof.id} with every hash, and the journal")
    stone = facts.tombstone
    if stone is not None:
        parts.append(
            f"tombstone {stone.id}: restores files, branches, tags, card and visibility; holds "
            f"{words.count(stone.contents, 'content')} ({words.size(stone.size)}) itself"
        )
    return parts


def never_back(stone: Tombstone) -> tuple[str, ...]:
    """What a restore from a tombstone does not bring back, the weightiest first; the same words before and after deletion."""
    told, info = stone.chronicle, stone.info
    lost = {entry for revision in stone.states for entry in stone.lost(revision)}
    parts = []
    if lost:
        size = sum({entry.git_oid or entry.sha256 or entry.path: entry.size for entry in lost}.values())
        parts.append(f"{words.count(len(lost), 'file')} ({words.size(size)}) given up at the deletion")
    parts.append(f"the history of {words.count(len(told.commits), 'commit')}, kept as a list")
    parts.append(f"{words.count(info.downloads, 'download')}, {words.count(info.likes, 'like')}")
    if told.discussions is None:
        parts.append("its discussions, which could not be read")
    elif told.discussions:
        parts.append(f"{words.count(len(told.discussions), 'discussion')}, kept to be read")
    pulls = sum(1 for ref in stone.refs if ref.kind == "pull")
    if pulls:
        parts.append(words.count(pulls, "pull request"))
    converts = sum(1 for ref in stone.refs if ref.kind == "convert")
    if converts:
        parts.append(f"{words.count(converts, 'conversion')}, which the hub may make again")
    if info.gating in {Gating.AUTO, Gating.MANUAL}:
        parts.append("the list of who was granted access")
    if told.description and info.ref.hub is Hub.MS:
        parts.append("its description, kept to be read")
    return tuple(parts)
