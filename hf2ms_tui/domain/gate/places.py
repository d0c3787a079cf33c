"""Content proven elsewhere: whether the other repos that a proof rests on still hold what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hf2ms_tui.domain.gate.facts import CheckState, GateFacts, PlaceFact, oldest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import Gating, RepoInfo, Visibility
from hf2ms_tui.domain.verdict import Level, Verdict

Found = tuple[CheckState, str, str]
"""how a check goes, its evidence and its way out"""


def seen_by_too_many(there: RepoInfo, source: RepoInfo | None, shown: str) -> Found | None:
    """Invariant 4: a copy must not be visible to more people than the source; None when it is not.

    A public source whose files are gated has no public copy without a gate: its files would be open to everybody.
    """
    gated = {Gating.AUTO, Gating.MANUAL}
    if source is None:
        return None
    if source.visibility is Visibility.PUBLIC:
        if source.gating not in gated or there.gating in gated or there.visibility is Visibility.PRIVATE:
            return None
        return CheckState.FAILS, f"{shown}, but the source is gated", f"make {there.ref.id} private"
    if there.visibility is Visibility.UNKNOWN:
        return CheckState.UNKNOWN, shown, "see on its settings page who can see it"
    if there.visibility.wider_than(source.visibility):
        return (
            CheckState.FAILS,
            f"{shown}, but the source is {source.visibility.value}",
            f"make {there.ref.id} private",
        )
    return None


def facts_of(facts: GateFacts) -> Iterator[tuple[str, PlaceFact | None]]:
    """Every place that the proof rests on, in short words, with what was read of it now; None when nothing was."""
    read = {item.place: item for item in facts.places}
    for place in facts.proof.places if facts.proof else ():
        yield place.words, read.get(place)


def read_at(facts: GateFacts) -> datetime | None:
    """When the oldest of those places was read (UTC); None when there is none, or none was read."""
    return oldest(*(item.at for _, item in facts_of(facts) if item is not None))


def there(facts: GateFacts) -> Found | None:
    """Whether each of those repos is there, is the same, and is seen by nobody who may not see the source; None when so."""
    for words, item in facts_of(facts):
        if item is None or item.trouble:
            return (
                CheckState.UNKNOWN,
                f"{words}: {item.trouble if item else 'not read'}",
                "check the token and the network",
            )
        repo = item.place.repo
        if item.info is None:
            return CheckState.FAILS, f"{repo.id} is not on {repo.hub.title} any more", "v: prove it again"
        if item.info.ref != repo:
            return CheckState.FAILS, f"{repo.id} now leads to {item.info.ref.id}", "v: prove it again"
        found = seen_by_too_many(item.info, facts.source, f"{repo.id}, {item.info.visibility.value}")
        if found is not None:
            return found
    return None


def kept(facts: GateFacts) -> Found | None:
    """Whether each of those repos still has the revision as a branch or tag; None when so."""
    for words, item in facts_of(facts):
        if item is None or item.kept is None:
            why = item.trouble if item else ""
            return CheckState.UNKNOWN, f"{words}: {why or 'not read'}", "check the token and the network"
        if not item.kept:
            return CheckState.FAILS, f"{words} is no branch or tag there any more", "v: prove it again"
    return None


def founded(facts: GateFacts) -> Found | None:
    """Whether each file found elsewhere was read back there, by a proof that is still on record; None when so."""
    proof = facts.proof
    if proof is None:
        return None
    for place in proof.places:
        if place.repo.hub is not proof.destination.hub or place.repo.owner != proof.destination.owner:
            return CheckState.FAILS, f"{place.repo.id} is of another owner", "v: prove it again"
    read = {item.place: item for item in facts.places}
    known = {place: read_back_in(item.proof, item) for place, item in read.items() if item.proof is not None}
    for file in proof.files:
        if not file.where:
            continue
        holder = next((each for each in proof.places if each.holds(file.where) is not None), None)
        path = holder.holds(file.where) if holder is not None else None
        content = known.get(holder, {}).get(path) if holder is not None and path is not None else None
        if content is None or content != (file.source_sha256, file.source_size):
            return (
                CheckState.FAILS,
                f"{file.path}: the proof that found it elsewhere is not on record",
                "v: prove it again",
            )
    return None


def read_back_in(proof: Proof, item: PlaceFact) -> dict[str, tuple[str | None, int | None]]:
    """SHA-256 and size by path of what ``proof`` read back in that very place; nothing when it is another proof."""
    place = item.place
    if (proof.id, proof.destination, proof.destination_revision, proof.evidence_at) != (
        place.proof_id,
        place.repo,
        place.revision,
        place.at,
    ):
        return {}
    return {
        file.path: (file.source_sha256, file.source_size)
        for file in proof.files
        if file.verdict is Verdict.PROVEN
        and file.level is Level.READ_BACK
        and not file.where
        and file.source_sha256 == file.destination_sha256
        and file.source_size == file.destination_size
    }
