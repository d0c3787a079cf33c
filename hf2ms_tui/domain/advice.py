"""Advice: what the program suggests for a repo, with reason and confidence. It never acts and never decides.

The rules are those of the verification guide: trials by their names, subsets of larger datasets, the same data packed
again, public releases, private training data; and exact copies and empty repos, which a listing shows by itself.
``certain`` is said only where hashes show it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hf2ms_tui.domain.decision import Advice, Confidence, Decision
from hf2ms_tui.domain.inventory import NOT_LOOKED, Backup, BackupState
from hf2ms_tui.domain.overlap import Holding, Overlap, Sharing
from hf2ms_tui.domain.repo import Gating, Kind, RepoInfo, RepoRef, Visibility

IDLE_DAYS = 90
"""days without a change after which a trial looks abandoned"""
FRESH_DAYS = 30
"""days within which a repo may still be worked on"""
USED_DOWNLOADS = 100
"""downloads from which a public repo is in use by others"""
_TRIALS = frozenset({"poc", "test", "tests", "testing", "v0", "tmp", "temp", "wip", "scratch", "deleteme"})
_HALF = re.compile(r"half[-_. ]?(done|finished|baked)|un[-_]?finished|not[-_]?done", re.IGNORECASE)
_TRAINING = frozenset(
    {"train", "training", "pretrain", "pretraining", "corpus", "sft", "dpo", "shards", "raw"}
)


@dataclass(frozen=True, slots=True)
class RepoFacts:
    """What is known of one repo when advice is asked for. What was not read yet is None; ``now`` is UTC.

    ``proven`` are the keys of repos whose backup is proven now, ``read_back`` of those among them that were read back lately
    enough to stand in for another repo; ``others`` what the hub tells of the org's other repos.
    """

    info: RepoInfo
    now: datetime
    backup: Backup = NOT_LOOKED
    holding: Holding | None = None
    sharing: Sharing | None = None
    proven: frozenset[str] = frozenset()
    read_back: frozenset[str] = frozenset()
    others: Mapping[str, RepoInfo] = field(default_factory=dict)


def advise(facts: RepoFacts) -> Advice | None:
    """The first rule that has something to say, None when none has. The same facts always give the same advice."""
    for rule in _RULES:
        advice = rule(facts)
        if advice is not None:
            return advice
    return None


def _space(facts: RepoFacts) -> Advice | None:
    if facts.info.ref.kind is not Kind.SPACE:
        return None
    return Advice(
        Decision.KEEP,
        "space: stays",
        ("Spaces are listed but not migrated: a studio cannot be made from here.",),
        Confidence.POSSIBLE,
    )


def _empty(facts: RepoFacts) -> Advice | None:
    held = facts.holding
    if held is None or held.files or not held.complete:
        return None
    reasons = ["Its default branch holds no data: nothing, or only a card and what the hub put there."]
    confidence = Confidence.LIKELY
    if facts.info.size is None or facts.info.size > 100_000:
        reasons.append("Other branches or its history may hold data; the gate will name them.")
        confidence = Confidence.POSSIBLE
    made = _days(facts, facts.info.created_at)
    if made is None or made < FRESH_DAYS:
        when = "on an unknown date" if made is None else f"{_span(made)} ago"
        reasons.append(f"It was made {when} and may be waiting for its first upload.")
        confidence = Confidence.POSSIBLE
    return Advice(Decision.DELETE, "empty", tuple(reasons), confidence)


def _in_use(facts: RepoFacts) -> Advice | None:
    info = facts.info
    if info.visibility is not Visibility.PUBLIC or (info.downloads or 0) < USED_DOWNLOADS:
        return None
    reasons = [f"It is public and was downloaded {info.downloads:,} times: others rely on it."]
    return Advice(Decision.KEEP, "public: keep", (*reasons, *_gate_note(info)), Confidence.LIKELY)


def _gate_note(info: RepoInfo) -> list[str]:
    if info.gating in {Gating.AUTO, Gating.MANUAL}:
        return ["It is gated; a copy elsewhere would need a gate of its own."]
    return []


def _copy(facts: RepoFacts) -> Advice | None:
    for overlap in facts.sharing.overlaps if facts.sharing else ():
        if overlap.same and not _preferred(facts, overlap.other):
            count = overlap.files
            reasons = [
                f"Every file with data ({count:,}) is also in {overlap.other.name}, which holds nothing else: same hashes.",
                _backup_of(facts, overlap.other),
                _needs_no_copy(facts, overlap.other),
            ]
            return Advice(
                Decision.DELETE, f"copy of {overlap.other.name}", tuple(reasons), Confidence.CERTAIN
            )
    return None


def _subset(facts: RepoFacts) -> Advice | None:
    for overlap in facts.sharing.overlaps if facts.sharing else ():
        if overlap.covers and not overlap.same:
            proven = overlap.other.key in facts.proven
            held = (
                f"All its {overlap.files:,} files with data"
                if overlap.files > 1
                else "Its one file with data"
            )
            reasons = (
                f"{held} {'are' if overlap.files > 1 else 'is'} also in {overlap.other.name}, under the same hashes.",
                _backup_of(facts, overlap.other),
                _needs_no_copy(facts, overlap.other),
            )
            if proven:
                return Advice(Decision.DELETE, "in a proven parent", reasons, Confidence.CERTAIN)
            return Advice(
                Decision.DELETE,
                "subset, prove the parent first",
                reasons,
                Confidence.LIKELY,
            )
    return None


def _backup_of(facts: RepoFacts, other: RepoRef) -> str:
    if other.key in facts.proven:
        return f"The backup of {other.name} is proven."
    return f"No backup of {other.name} is proven yet; this one is redundant once it is."


def _needs_no_copy(facts: RepoFacts, other: RepoRef) -> str:
    """That the data need not be moved again, and what shows it; cards and the like are in none of the two listings' sums."""
    if other.key in facts.read_back:
        return (
            f"Its data needs no copy of its own: v at its gate proves it by what was read back of {other.name}. "
            "Files besides the data, such as its card, may still have to be migrated."
        )
    when = "again, within a day" if other.key in facts.proven else "from its backup"
    return f"Its data needs no copy of its own once {other.name} is read back {when}; v at its gate then proves it there."


def _trial(facts: RepoFacts) -> Advice | None:
    word = _trial_word(facts.info.ref.name)
    if not word:
        return None
    reasons = [f"Its name says “{word}”."]
    confidence = Confidence.LIKELY
    idle = _days(facts, facts.info.updated_at)
    if idle is None:
        reasons.append("When it was last changed is not known.")
        confidence = Confidence.POSSIBLE
    elif idle < FRESH_DAYS:
        reasons.append(f"But it was changed {_span(idle)} ago.")
        return Advice(Decision.LATER, "a trial, still in use?", tuple(reasons), Confidence.POSSIBLE)
    else:
        reasons.append(f"Nothing has changed for {_span(idle)}.")
        if idle < IDLE_DAYS:
            confidence = Confidence.POSSIBLE
    if facts.info.downloads is not None and facts.info.downloads < USED_DOWNLOADS:
        reasons.append(_downloads(facts.info.downloads))
    if word.startswith("test") and facts.info.ref.kind is Kind.DATASET and not _starts(facts, "test"):
        reasons.append("It may be the test split of a data set.")
        confidence = Confidence.POSSIBLE
    reasons += _elsewhere(facts)
    return Advice(Decision.DELETE, "looks abandoned", tuple(reasons), confidence)


def _starts(facts: RepoFacts, word: str) -> bool:
    return facts.info.ref.name.casefold().startswith(word)


def _trial_word(name: str) -> str:
    half = _HALF.search(name)
    if half:
        return half.group()
    return next((part for part in re.split(r"[-_.]+", name.casefold()) if part in _TRIALS), "")


def _downloads(count: int) -> str:
    if not count:
        return "Nobody downloaded it."
    return f"It was downloaded {count:,} time{'' if count == 1 else 's'}."


def _elsewhere(facts: RepoFacts) -> list[str]:
    """What of a repo lives on in others, and what does not."""
    shared = facts.sharing
    if shared is None or not shared.large or not shared.large_elsewhere:
        return []
    alone = shared.large - shared.large_elsewhere
    first: Overlap | None = shared.overlaps[0] if shared.overlaps else None
    where = ""
    if first is not None and first.large == shared.large_elsewhere:
        where = f" in {first.other.name}{' (proven)' if first.other.key in facts.proven else ''}"
    else:
        where = " in other repos"
    sentence = f"Of its {shared.large:,} large files {shared.large_elsewhere:,} are also{where}"
    if not alone:
        return [f"{sentence}."]
    return [f"{sentence}; {alone:,} exist{'s' if alone == 1 else ''} nowhere else."]


def _repacked(facts: RepoFacts) -> Advice | None:
    for twin in facts.sharing.twins if facts.sharing else ():
        if _preferred(facts, twin.other):
            continue
        reasons = (
            f"It has the same {twin.folders:,} folder{'' if twin.folders == 1 else 's'} and {twin.files:,} large files "
            f"as {twin.other.name}, at {twin.size_ratio:.1%} of the size, under other hashes.",
            "SHA-256 cannot prove that packed again it is the same data: look into both before you delete one.",
            _backup_of(facts, twin.other),
        )
        return Advice(Decision.DELETE, "re-packed shards?", reasons, Confidence.POSSIBLE)
    return None


def _public(facts: RepoFacts) -> Advice | None:
    info = facts.info
    if info.visibility is not Visibility.PUBLIC:
        return None
    reasons = [f"It is a public {info.ref.kind.value}; such releases usually stay for others to use."]
    confidence = Confidence.LIKELY if info.ref.kind is Kind.MODEL else Confidence.POSSIBLE
    return Advice(Decision.KEEP, "public: keep", (*reasons, *_gate_note(info)), confidence)


def _training(facts: RepoFacts) -> Advice | None:
    info = facts.info
    if info.ref.kind is not Kind.DATASET or info.visibility is not Visibility.PRIVATE:
        return None
    if facts.backup.state is BackupState.PROVEN:
        reasons = (
            "It is a private data set and its backup is proven.",
            f"Deleting the source frees its {facts.backup.total:,} files here.",
        )
        return Advice(Decision.DELETE, "private, proven: can go", reasons, Confidence.LIKELY)
    parts = set(re.split(r"[-_.]+", info.ref.name.casefold()))
    known = bool(parts & _TRAINING)
    reasons = (
        f"It is a private {'training ' if known else ''}data set: nobody else uses it here, and private storage costs.",
        "Migrate it, and delete the source once every file is proven.",
    )
    confidence = Confidence.LIKELY if known else Confidence.POSSIBLE
    return Advice(Decision.MIGRATE, "migrate + delete", reasons, confidence, then_delete=True)


def _preferred(facts: RepoFacts, other: RepoRef) -> bool:
    """Whether of two alike this one is rather kept: public, proven, more downloads, more likes, older, first by name."""
    theirs = facts.others.get(other.key)
    if theirs is None:
        return True
    return _rank(facts, facts.info) < _rank(facts, theirs)


def _rank(facts: RepoFacts, info: RepoInfo) -> tuple[bool, bool, int, int, float, str]:
    return (
        info.visibility is not Visibility.PUBLIC,
        info.ref.key not in facts.proven,
        -(info.downloads or 0),
        -(info.likes or 0),
        info.created_at.timestamp() if info.created_at else float("inf"),
        info.ref.key,
    )


def _days(facts: RepoFacts, at: datetime | None) -> int | None:
    return None if at is None else max(0, (facts.now - at).days)


def _span(days: int) -> str:
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'}"
    months = round(days / 30.44)
    return f"{months} months" if months < 24 else f"{days // 365} years"


_RULES = (_space, _empty, _in_use, _copy, _subset, _trial, _repacked, _public, _training)
