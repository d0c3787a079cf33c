from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.store.proofs import ProofSummary, standing

SOURCE = RepoRef.of("hf", "model", "o/m")
DEST = RepoRef.of("ms", "model", "o/m")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def summary(name: str, level: Level, *, holds: bool = True, there: str = "b" * 40) -> ProofSummary:
    return ProofSummary(
        name, SOURCE, "a" * 40, DEST, there, level, NOW - timedelta(hours=1), holds, 1, 1, {}, "", ""
    )


def speaks(*newest_first: ProofSummary) -> str:
    return standing(newest_first)[SOURCE.key].id


def test_a_closer_look_of_the_same_revisions_still_counts() -> None:
    assert speaks(summary("quick", Level.LISTED), summary("deep", Level.READ_BACK)) == "deep"


def test_a_look_that_found_something_wrong_ends_it() -> None:
    deep, bad = summary("deep", Level.READ_BACK), summary("bad", Level.STORED, holds=False)
    assert speaks(bad, deep) == "bad"
    assert speaks(summary("quick", Level.LISTED), bad, deep) == "quick"


def test_another_revision_is_another_matter() -> None:
    older = summary("deep", Level.READ_BACK, there="c" * 40)
    assert speaks(summary("quick", Level.LISTED), older) == "quick"


def test_never_proven() -> None:
    assert standing(()) == {}
