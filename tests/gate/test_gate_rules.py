from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.gate import (
    PASS_LIFE,
    CheckName,
    CheckState,
    GateFacts,
    GateShut,
    RefCoverage,
    checks,
    is_open,
    issue,
    lacks_only_tombstone,
    open_by_hand,
    refs_digest,
)
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.tombstone import TombstoneFact

REF = RepoRef.of("hf", "model", "aurora/poc")
DEST = RepoRef.of("ms", "model", "aurora/poc")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD, OTHER, THERE = "a" * 40, "b" * 40, "c" * 40
PROOF = Proof(
    REF,
    HEAD,
    DEST,
    THERE,
    Level.READ_BACK,
    NOW - timedelta(minutes=3),
    (FileVerdict("w.bin", Verdict.PROVEN, "1" * 64, "1" * 64, 5, 5, Level.READ_BACK),),
)


def stoned(facts: GateFacts) -> GateFacts:
    """With the tombstone that belongs to these facts."""
    proof = facts.proof.id if facts.proof else ""
    return replace(facts, tombstone=TombstoneFact("0" * 16, REF, refs_digest(facts.refs), proof, NOW))


GOOD = stoned(
    GateFacts(
        ref=REF,
        now=NOW,
        source=RepoInfo(REF, Visibility.PRIVATE, revision=HEAD),
        refs=(GitRef("main", "branch", HEAD),),
        destination=RepoInfo(DEST, Visibility.PRIVATE, revision=THERE),
        destination_revision=THERE,
        proof=PROOF,
        may_delete=True,
    )
)
STONE = GOOD.tombstone
assert STONE is not None
EXP = GitRef("exp1", "branch", OTHER)


def failing(facts: GateFacts) -> set[CheckName]:
    return {check.name for check in checks(facts) if not check.ok}


def test_when_everything_holds_the_exact_name_gives_a_pass_for_a_minute() -> None:
    pass_ = issue(GOOD, "aurora/poc")
    assert pass_.valid_for(REF, NOW + PASS_LIFE)
    assert not pass_.valid_for(REF, NOW + PASS_LIFE + timedelta(seconds=1))
    assert not pass_.valid_for(REF, NOW - timedelta(seconds=1))
    assert not pass_.valid_for(RepoRef.of("hf", "dataset", "aurora/poc"), NOW)


@pytest.mark.parametrize(
    "typed", ["", "aurora/POC", " aurora/poc", "aurora/poc ", "poc", "aurora/poc\n", "aurora/po"]
)
def test_any_other_text_gives_none(typed: str) -> None:
    with pytest.raises(GateShut) as caught:
        issue(GOOD, typed)
    assert not caught.value.name_matches
    assert caught.value.failing == ()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"read_only": True}, CheckName.WRITABLE),
        ({"source": None, "source_trouble": "no answer"}, CheckName.SAME_REPO),
        (
            {"source": RepoInfo(RepoRef.of("hf", "model", "aurora/new"), Visibility.PRIVATE)},
            CheckName.SAME_REPO,
        ),
        ({"destination": None}, CheckName.BACKUP_EXISTS),
        ({"destination_trouble": "no answer"}, CheckName.BACKUP_EXISTS),
        ({"destination": RepoInfo(DEST, Visibility.PUBLIC)}, CheckName.BACKUP_EXISTS),
        ({"destination": RepoInfo(DEST, Visibility.UNKNOWN)}, CheckName.BACKUP_EXISTS),
        ({"proof": None}, CheckName.FILES_PROVEN),
        ({"proof": replace(PROOF, doubt="cut short")}, CheckName.FILES_PROVEN),
        ({"proof": replace(PROOF, level=Level.STORED)}, CheckName.FILES_PROVEN),
        ({"proof": replace(PROOF, source=DEST)}, CheckName.FILES_PROVEN),
        (
            {"proof": replace(PROOF, files=(FileVerdict("w.bin", Verdict.UNKNOWN),))},
            CheckName.FILES_PROVEN,
        ),
        ({"refs": (GitRef("main", "branch", OTHER),)}, CheckName.SOURCE_UNCHANGED),
        ({"refs": ()}, CheckName.SOURCE_UNCHANGED),
        ({"proof": replace(PROOF, at=NOW - timedelta(days=2))}, CheckName.PROOF_FRESH),
        ({"proof": replace(PROOF, at=NOW + timedelta(days=2))}, CheckName.PROOF_FRESH),
        ({"destination_revision": OTHER}, CheckName.DESTINATION_UNCHANGED),
        ({"destination_revision": ""}, CheckName.DESTINATION_UNCHANGED),
        ({"refs": (*GOOD.refs, EXP)}, CheckName.OTHER_REFS),
        (
            {"refs": (*GOOD.refs, EXP), "coverage": (RefCoverage(EXP, unknown="timeout"),)},
            CheckName.OTHER_REFS,
        ),
        ({"refs": (*GOOD.refs, EXP), "coverage": (RefCoverage(EXP, lost=("x",)),)}, CheckName.OTHER_REFS),
        ({"running_jobs": ("j1",)}, CheckName.NO_JOB),
        ({"may_delete": None}, CheckName.MAY_DELETE),
        ({"may_delete": False}, CheckName.MAY_DELETE),
        ({"tombstone": None}, CheckName.TOMBSTONE),
        ({"tombstone": None, "tombstone_trouble": "the disk is full"}, CheckName.TOMBSTONE),
        ({"tombstone": replace(STONE, ref=DEST)}, CheckName.TOMBSTONE),
        ({"tombstone": replace(STONE, refs_digest="0" * 64)}, CheckName.TOMBSTONE),
        ({"tombstone": replace(STONE, proof_id="0" * 16)}, CheckName.TOMBSTONE),
        ({"refs": (*GOOD.refs, GitRef("v1", "tag", HEAD))}, CheckName.TOMBSTONE),
        ({"proof": replace(PROOF, at=NOW - timedelta(minutes=2))}, CheckName.TOMBSTONE),
    ],
)
def test_each_fact_alone_keeps_the_gate_shut(change: dict[str, Any], name: CheckName) -> None:
    facts = replace(GOOD, **change)
    assert name in failing(facts)
    with pytest.raises(GateShut) as caught:
        issue(facts, "aurora/poc")
    assert name in {check.name for check in caught.value.failing}
    assert all(check.evidence for check in checks(facts))
    assert all(
        check.way_out for check in checks(facts) if check.state not in {CheckState.OK, CheckState.WAITS}
    )


def test_a_proof_in_doubt_that_lacks_files_names_migrating_as_a_way_out() -> None:
    missing = replace(PROOF, files=(FileVerdict("w.bin", Verdict.MISSING, "1" * 64, None, 5),))
    ways = {}
    for proof in (PROOF, missing):
        (check,) = (
            check
            for check in checks(stoned(replace(GOOD, proof=replace(proof, doubt="it lists no file at all"))))
            if check.name is CheckName.FILES_PROVEN
        )
        assert check.state is CheckState.UNKNOWN
        ways[proof] = check.way_out
    assert "migrating" in ways[missing]
    assert "migrating" not in ways[PROOF]


def test_a_covered_branch_and_an_accepted_loss_open_the_gate() -> None:
    facts = stoned(replace(GOOD, refs=(*GOOD.refs, EXP), coverage=(RefCoverage(EXP),)))
    assert is_open(checks(facts))
    lost = replace(facts, coverage=(RefCoverage(EXP, lost=("only.bin",), lost_bytes=9),))
    assert not is_open(checks(lost))
    assert not is_open(checks(replace(lost, acknowledged=frozenset({"main", "EXP1"}))))
    accepted = checks(replace(lost, acknowledged=frozenset({"exp1"})))
    assert is_open(accepted)
    assert any("exp1" in check.evidence for check in accepted)


def test_a_branch_at_the_proven_revision_needs_nothing() -> None:
    assert is_open(checks(stoned(replace(GOOD, refs=(*GOOD.refs, GitRef("v1", "tag", HEAD))))))


def test_a_public_source_may_have_a_public_copy() -> None:
    facts = replace(
        GOOD,
        source=RepoInfo(REF, Visibility.PUBLIC, revision=HEAD),
        destination=RepoInfo(DEST, Visibility.PUBLIC, revision=THERE),
    )
    assert is_open(checks(facts))


def test_the_tombstone_is_written_when_all_else_holds_and_only_then() -> None:
    bare = replace(GOOD, tombstone=None)
    assert lacks_only_tombstone(bare, checks(bare))
    assert not lacks_only_tombstone(GOOD, checks(GOOD))
    for change in ({"read_only": True}, {"running_jobs": ("j",)}, {"proof": None}, {"may_delete": False}):
        facts = replace(bare, **change)  # type: ignore[arg-type]
        assert not lacks_only_tombstone(facts, checks(facts))


def test_deleting_by_hand_needs_a_tombstone_as_well() -> None:
    facts = replace(GOOD, may_delete=False, delete_page="https://hub/settings")
    assert open_by_hand(facts, checks(facts))
    bare = replace(facts, tombstone=None)
    assert not open_by_hand(bare, checks(bare)) and lacks_only_tombstone(bare, checks(bare))


def test_no_checks_is_not_an_open_gate() -> None:
    assert not is_open(())


revisions = st.sampled_from([HEAD, OTHER, THERE, ""])
visibilities = st.sampled_from(Visibility)


@given(
    head=revisions,
    there=revisions,
    age=st.integers(-100_000, 200_000),
    source_visibility=visibilities,
    destination_visibility=visibilities,
    verdict=st.sampled_from(Verdict),
    level=st.sampled_from(Level),
    job=st.booleans(),
    may=st.sampled_from([True, False, None]),
    typed=st.sampled_from(["aurora/poc", "aurora/pox"]),
)
def test_a_pass_is_only_given_when_deleting_is_safe(
    head: str,
    there: str,
    age: int,
    source_visibility: Visibility,
    destination_visibility: Visibility,
    verdict: Verdict,
    level: Level,
    job: bool,
    may: bool | None,
    typed: str,
) -> None:
    facts = stoned(
        replace(
            GOOD,
            refs=(GitRef("main", "branch", head),),
            destination_revision=there,
            source=RepoInfo(REF, source_visibility),
            destination=RepoInfo(DEST, destination_visibility),
            proof=replace(
                PROOF,
                at=NOW - timedelta(seconds=age),
                files=(replace(PROOF.files[0], verdict=verdict, level=level),),
            ),
            running_jobs=("j",) if job else (),
            may_delete=may,
        )
    )
    try:
        issue(facts, typed)
    except GateShut:
        return
    assert head == HEAD
    assert there == THERE
    assert -60 <= age <= 86_400
    assert source_visibility is Visibility.PUBLIC or not destination_visibility.wider_than(source_visibility)
    assert verdict in {Verdict.PROVEN, Verdict.EXTRA}
    assert verdict is Verdict.EXTRA or level is Level.READ_BACK
    assert not job
    assert may is True
    assert typed == "aurora/poc"
    assert all(check.state is CheckState.OK for check in checks(facts))
