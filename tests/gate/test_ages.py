"""The age of every check is that of its evidence: not of the judgement, and of the oldest part of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.gate import (
    Check,
    CheckName,
    CheckState,
    GateFacts,
    HeldFact,
    PlaceFact,
    ReadAt,
    RefCoverage,
    checks,
    refs_digest,
)
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import GitRef, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.tombstone import TombstoneFact
from hf2ms_tui.services import deletion, gatelook, repostory
from hf2ms_tui.services.program import Program
from support.eventually import eventually
from support.gate_world import NAME, ORG, GateWorld

REF, DEST = RepoRef.of("hf", "model", "a/b"), RepoRef.of("ms", "model", "a/b")
PARENT = RepoRef.of("ms", "model", "a/parent")
HEAD, SIDE, THERE = "a" * 40, "b" * 40, "c" * 40
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


READ = ReadAt(
    source=ago(seconds=11),
    refs=ago(seconds=12),
    destination=ago(seconds=13),
    jobs=ago(seconds=14),
    rights=ago(hours=3),
    tombstone=ago(seconds=15),
    settings=ago(seconds=16),
)
PROOF = Proof(
    REF,
    HEAD,
    DEST,
    THERE,
    Level.READ_BACK,
    ago(hours=2),
    (FileVerdict("w.bin", Verdict.PROVEN, "1" * 64, "1" * 64, 5, 5, Level.READ_BACK),),
    oldest=ago(hours=5),
)
REFS = (GitRef("main", "branch", HEAD), GitRef("dev", "branch", SIDE))
FACTS = GateFacts(
    ref=REF,
    now=NOW,
    source=RepoInfo(REF, Visibility.PRIVATE, revision=HEAD),
    refs=REFS,
    destination=RepoInfo(DEST, Visibility.PRIVATE, revision=THERE),
    destination_revision=THERE,
    proof=PROOF,
    coverage=(RefCoverage(REFS[1], files=1, held=(("main", 1),), at=ago(hours=5)),),
    held=HeldFact(PROOF.id, ago(seconds=40), asked=1),
    may_delete=True,
    tombstone=TombstoneFact("0" * 16, REF, refs_digest(REFS), PROOF.id, ago(hours=1)),
    read_at=READ,
)


def at(facts: GateFacts) -> dict[CheckName, datetime | None]:
    return {check.name: check.at for check in checks(facts)}


def test_each_check_is_as_old_as_the_oldest_of_its_evidence() -> None:
    assert all(check.ok for check in checks(FACTS))
    assert at(FACTS) == {
        CheckName.WRITABLE: READ.settings,
        CheckName.SAME_REPO: READ.source,
        CheckName.BACKUP_EXISTS: READ.destination,
        CheckName.FILES_PROVEN: PROOF.oldest,
        CheckName.SOURCE_UNCHANGED: READ.refs,
        CheckName.PROOF_FRESH: PROOF.oldest,
        CheckName.DESTINATION_UNCHANGED: ago(seconds=40),
        CheckName.OTHER_REFS: ago(hours=5),
        CheckName.NO_JOB: READ.jobs,
        CheckName.MAY_DELETE: READ.rights,
        CheckName.TOMBSTONE: READ.tombstone,
    }


def test_judging_again_later_makes_nothing_younger() -> None:
    later = replace(FACTS, now=NOW + timedelta(minutes=7))
    assert at(later) == at(FACTS)
    ages = {check.name: check.age(later.now) for check in checks(later)}
    assert ages[CheckName.SAME_REPO] == timedelta(minutes=7, seconds=11)


def test_what_rests_on_other_repos_is_as_old_as_the_look_at_them() -> None:
    place = Elsewhere(PARENT, THERE, "branch master", "p", ago(hours=6))
    proof = replace(PROOF, places=(place,))
    fact = PlaceFact(place, RepoInfo(PARENT, Visibility.PRIVATE), True, None, "", ago(minutes=9))
    facts = replace(FACTS, proof=proof, places=(fact,), held=replace(FACTS.held, proof_id=proof.id))  # type: ignore[type-var]
    found = at(facts)
    assert found[CheckName.BACKUP_EXISTS] == ago(minutes=9)
    assert found[CheckName.DESTINATION_UNCHANGED] == ago(minutes=9)
    assert found[CheckName.FILES_PROVEN] == ago(hours=6)


@pytest.mark.parametrize(
    ("facts", "name", "moment"),
    [
        (replace(FACTS, source=None, source_trouble="no answer"), CheckName.SAME_REPO, READ.source),
        (replace(FACTS, source=None, source_trouble="no answer"), CheckName.OTHER_REFS, READ.refs),
        (replace(FACTS, destination_trouble="no answer"), CheckName.BACKUP_EXISTS, READ.destination),
        (replace(FACTS, destination=None), CheckName.BACKUP_EXISTS, READ.destination),
        (replace(FACTS, running_jobs=("j",)), CheckName.NO_JOB, READ.jobs),
        (replace(FACTS, unsettled=True), CheckName.NO_JOB, READ.jobs),
        (replace(FACTS, may_delete=None), CheckName.MAY_DELETE, READ.rights),
        (replace(FACTS, coverage=()), CheckName.OTHER_REFS, READ.refs),
        (
            replace(FACTS, coverage=(RefCoverage(REFS[1], lost=("x",), at=ago(hours=5)),)),
            CheckName.OTHER_REFS,
            READ.refs,
        ),
        (
            replace(FACTS, tombstone=None, tombstone_trouble="the disk is full"),
            CheckName.TOMBSTONE,
            READ.tombstone,
        ),
    ],
)
def test_what_fails_has_the_age_of_what_was_read(facts: GateFacts, name: CheckName, moment: datetime) -> None:
    found = next(check for check in checks(facts) if check.name is name)
    assert not found.ok
    assert found.at == moment


def test_a_check_without_evidence_has_no_age() -> None:
    bare = replace(FACTS, proof=None, coverage=(), held=None, tombstone=None)
    found = {check.name: check for check in checks(bare)}
    for name in (
        CheckName.FILES_PROVEN,
        CheckName.SOURCE_UNCHANGED,
        CheckName.PROOF_FRESH,
        CheckName.DESTINATION_UNCHANGED,
    ):
        assert found[name].at is None, name
        assert found[name].age(NOW) is None
    assert found[CheckName.TOMBSTONE].state is CheckState.WAITS
    assert found[CheckName.TOMBSTONE].at is None


# -- read from hubs -------------------------------------------------------------------------------------------


def read(program: Program, ref: RepoRef) -> tuple[datetime, dict[CheckName, Check]]:
    """The gate's checks, and a moment before any of them was read."""
    began = program.now()
    eventually(lambda: program.now() > began)
    return began, {check.name: check for check in gatelook.look(program, ref).checks}


def test_what_is_remembered_keeps_the_age_of_its_reading(world: GateWorld, ready: Program) -> None:
    asked = ready.now()
    first, before = read(ready, world.ref())
    second, after = read(ready, world.ref())
    proof = ready.proofs.standing(world.ref())
    assert proof is not None
    remembered = {
        CheckName.FILES_PROVEN: proof.evidence_at,
        CheckName.PROOF_FRESH: proof.evidence_at,
        # Asked once for a whole run, as the hub limits that route strictly.
        CheckName.MAY_DELETE: before[CheckName.MAY_DELETE].at,
    }
    for name, check in after.items():
        assert check.ok and check.at is not None, name
        if name in remembered:
            assert check.at == remembered[name], name
            assert check.at < second, name
        else:
            assert second < check.at <= ready.now(), name
    assert proof.evidence_at < asked < first
    verified = after[CheckName.TOMBSTONE].at
    stone = ready.tombstones.rows(world.ref())[0]
    assert verified is not None and stone.at < second < verified


def test_a_repos_story_has_a_line_for_each_branch_and_tag(world: GateWorld, ready: Program) -> None:
    for number in range(5):
        world.branch(f"b{number}", {"copy.json": b'{"layers": 2}\n'})
    deletion.delete(ready, world.ref(), f"{ORG}/{NAME}")
    story = repostory.story(ready, [world.ref()])
    assert "and 2 others, each proven or accepted" in story, "the check sums up"
    for number in range(5):
        assert f"- `✓ branch b{number}: 5 files, all proven, same content as main`" in story


def test_the_journal_and_a_repos_story_say_when_each_check_was_read(world: GateWorld, ready: Program) -> None:
    began = ready.now()
    deletion.delete(ready, world.ref(), f"{ORG}/{NAME}")
    entry = next(item for item in ready.journal.entries() if item.kind == "delete" and item.role == "intent")
    rows = {row[0]: row[2] for row in entry.payload["checks"]}
    assert set(rows) == {name.value for name in CheckName}
    read_now = datetime.fromisoformat(rows[CheckName.SAME_REPO.value])
    assert read_now.utcoffset() == timedelta()
    assert began.replace(microsecond=0) <= read_now <= ready.now()
    story = repostory.story(ready, [world.ref()])
    assert "| check | evidence | read at (UTC) |" in story
    assert (
        f"| `same repo as listed` | `Hugging Face answers as {ORG}/{NAME}` | {read_now:%Y-%m-%d %H:%M:%S} |"
        in story
    )
