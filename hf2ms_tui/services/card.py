"""A repo's card in words: what it is, and the answers to the questions that decide what happens with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hf2ms_tui.domain.decision import Advice, Decision
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.overlap import Overlap
from hf2ms_tui.domain.repo import Gating, Kind, Visibility
from hf2ms_tui.services import words
from hf2ms_tui.services.instead import Instead
from hf2ms_tui.services.survey import CardFacts

READING = "reading …"
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and its answer. ``tone`` is ``ok``, ``warn``, ``bad``, ``dim`` or empty."""

    question: str
    text: str
    tone: str = ""


def title(row: Row) -> str:
    """Name, type, visibility and size."""
    info = row.info
    size = words.size(info.size, estimate=info.size_is_estimate)
    return f"{info.ref.name} · {info.ref.kind.value} · {info.visibility.value} · {size}"


def about(row: Row, facts: CardFacts | None, now: datetime) -> tuple[str, ...]:
    """Two lines of plain facts: dates and use; files, branches, tags, gating and licence."""
    info = row.info
    use = [
        f"created {_ago(info.created_at, now)}",
        f"last change {_ago(info.updated_at, now)}",
        words.count(info.downloads, "download"),
        words.count(info.likes, "like"),
    ]
    inside = [_files(facts), _refs(facts), _gating(info.gating), f"licence {info.licence or words.UNKNOWN}"]
    return "   ".join(use), "   ".join(part for part in inside if part)


def _ago(at: datetime | None, now: datetime) -> str:
    text = words.ago(at, now)
    return text if text in {"now", words.UNKNOWN} else f"{text} ago"


def _files(facts: CardFacts | None) -> str:
    if facts is None:
        return f"files: {READING}"
    if facts.files is None:
        return "? files"
    return f"{words.count(facts.files, 'file')} ({facts.large or 0:,} large)"


def _refs(facts: CardFacts | None) -> str:
    if facts is None:
        return f"branches: {READING}"
    if facts.branches is None or facts.tags is None:
        return "branches ?   tags ?"
    return f"{_names('branch', 'branches', facts.branches)}   {_names('tag', 'tags', facts.tags)}"


def _names(one: str, many: str, names: tuple[str, ...]) -> str:
    if not names:
        return f"no {many}"
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = f" + {len(names) - _NAMES_SHOWN:,}" if len(names) > _NAMES_SHOWN else ""
    return f"{one if len(names) == 1 else many} {shown}{more}"


def _gating(gating: Gating) -> str:
    return {Gating.NONE: "not gated", Gating.UNKNOWN: "gated ?"}.get(gating, f"gated ({gating.value})")


def answers(row: Row, facts: CardFacts | None, now: datetime) -> tuple[Answer, ...]:
    """The five questions, always in the same order. What only ``facts`` tell is “reading …” while they are None."""
    return (
        Answer("Is it still worth something?", _worth(row, now)),
        _elsewhere(row, facts),
        _backed_up(row, now),
        _takes(row, facts),
        _frees(row),
    )


def _worth(row: Row, now: datetime) -> str:
    info, found = row.info, []
    if info.updated_at is None:
        found.append("when it last changed is not known")
    else:
        idle = (now - info.updated_at).days
        found.append(
            f"nothing has changed for {words.ago(info.updated_at, now)}"
            if idle >= 30
            else f"changed {_ago(info.updated_at, now)}"
        )
    if info.downloads is not None:
        found.append(
            "nobody downloaded it" if not info.downloads else words.count(info.downloads, "download")
        )
    if info.visibility is Visibility.PUBLIC:
        found.append("it is public, others may rely on it")
    return ", ".join(found)


def _elsewhere(row: Row, facts: CardFacts | None) -> Answer:
    question = "Does it exist elsewhere?"
    if facts is None:
        return Answer(question, READING, "dim")
    shared = facts.sharing
    if facts.files is None or shared is None:
        return Answer(question, "unknown: its files were not listed", "warn")
    if not shared.overlaps:
        if shared.twins:
            return Answer(
                question, f"other hashes, but the same shape as {shared.twins[0].other.name}", "warn"
            )
        return Answer(question, "no file of it is in another repo of this org that was looked into")
    return Answer(question, _overlap(shared.overlaps[0], facts, shared.large, shared.large_elsewhere))


def _overlap(first: Overlap, facts: CardFacts, large: int, elsewhere: int) -> str:
    name = first.other.name + (" (proven)" if first.other.key in facts.proven else "")
    if first.same:
        return f"yes: {name} holds exactly the same files"
    if first.covers:
        return f"yes: every file with data is also in {name}"
    if large and first.large == elsewhere:
        return f"in part: {first.large:,} of {large:,} large files are also in {name}"
    if large and elsewhere:
        return f"in part: {elsewhere:,} of {large:,} large files are in other repos, {first.large:,} of them in {name}"
    return f"in part: {words.count(first.files, 'file')} ({words.size(first.size)}) are also in {name}"


def _backed_up(row: Row, now: datetime) -> Answer:
    backup = row.backup
    hub = (backup.destination.hub if backup.destination else row.info.ref.hub.other).title
    tone = {
        BackupState.PROVEN: "ok",
        BackupState.DIFFERS: "bad",
        BackupState.PARTIAL: "warn",
        BackupState.STALE: "warn",
        BackupState.UNKNOWN: "warn",
    }.get(backup.state, "")
    text = f"{backup.glyph} {backup.words}"
    if backup.state is BackupState.NONE:
        return Answer("Is it backed up?", f"○ none on {hub}")
    if backup.state is BackupState.PROVEN:
        level = f", {backup.level}" if backup.level else ""
        excepted = f", {backup.excepted:,} excepted" if backup.excepted else ""
        files = f"{backup.proven:,} of {backup.total:,} files{excepted}"
        text = f"{backup.glyph} proven {_ago(backup.proven_at, now)}, {files}{level}"
    elif backup.state is BackupState.PARTIAL:
        text = f"◐ in part: {backup.words} files"
    elif backup.why and backup.why not in text:
        text = f"{text}: {backup.why}"
    return Answer(
        "Is it backed up?", f"{text}, on {hub}" if backup.state is not BackupState.UNKNOWN else text, tone
    )


def _takes(row: Row, facts: CardFacts | None) -> Answer:
    question = "What would a backup take?"
    if row.info.ref.kind is Kind.SPACE:
        return Answer(question, "spaces are listed but not migrated", "dim")
    if facts is None:
        return Answer(question, READING, "dim")
    move = facts.move
    if move is None:
        return Answer(question, "unknown: its files were not listed", "warn")
    if facts.instead is not None and row.backup.state is not BackupState.PROVEN:
        found = _instead(facts.instead)
        if facts.instead.whole:
            return Answer(question, found, "ok")
    else:
        found = ""
    there = f" ({words.size(move.present)} are there already)" if move.present else ""
    return Answer(
        question,
        f"{words.size(move.to_move)} to move{there}, about {words.duration(move.seconds)}, {words.money(move.dollars)}"
        f"{f'. {found}' if found else ''}",
    )


def _instead(found: Instead) -> str:
    """What needs no copy of its own, and what shows that; empty when some file is known to be in none."""
    if found.lacking:
        return ""
    where = ", ".join(ref.name for ref in found.repos[:_NAMES_SHOWN])
    if len(found.repos) > _NAMES_SHOWN:
        where += f" and {words.count(len(found.repos) - _NAMES_SHOWN, 'other')}"
    there = f"read back in the copy of {where}"
    if found.whole:
        return (
            f"none of its own: all {words.count(found.files, 'file')} were {there}; v at its gate proves that"
        )
    return (
        f"{found.held:,} of {words.count(found.files, 'file')} were {there}, small ones are not known: "
        "v at its gate finds out whether it needs none of its own"
    )


def _frees(row: Row) -> Answer:
    size, cost = row.info.size, monthly_cost(row.info.size, row.info.visibility)
    money = "nothing a month, as it is public" if cost == 0 and size else f"{words.money(cost)} a month"
    return Answer("What would deleting free?", f"{words.size(size)}, {money}")


def troubles(row: Row, facts: CardFacts | None) -> tuple[str, ...]:
    """What is wrong or not known of a repo, as sentences, the weightiest first."""
    found = []
    if row.unsettled:
        found.append(
            "Its deletion was sent and the outcome is unknown: it may be gone or not. Its gate looks again by "
            "reading; it is never sent twice."
        )
    if row.info.trouble:
        found.append(row.info.trouble)
    return (*found, *(facts.troubles if facts is not None else ()))


def advice_words(advice: Advice | None) -> str:
    """What is advised and how sure that is: ``delete: looks abandoned (likely)``."""
    if advice is None:
        return "none: nothing that is known speaks for one or the other"
    word = advice.suggestion.value
    if advice.then_delete and advice.suggestion is Decision.MIGRATE:
        word = "migrate, then delete"
    if advice.headline.casefold() == "migrate + delete":
        return f"{word} ({advice.confidence.value})"
    if advice.suggestion.value in advice.headline.casefold():
        return f"{advice.headline} ({advice.confidence.value})"
    return f"{word}: {advice.headline} ({advice.confidence.value})"
