"""What the gate's services do around the door: changes since one looked, what is lost, proofs laid out, paces of jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hf2ms_tui.domain.errors import Conflict
from hf2ms_tui.domain.gate import GateFacts, RefCoverage
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import Gating, GitRef, RepoInfo, RepoRef, Visibility
from hf2ms_tui.services import deletion, gatelook, loss, sheet
from hf2ms_tui.services.gate import changes
from hf2ms_tui.services.pace import Paces
from hf2ms_tui.services.program import Program
from support.gate_world import NAME, ORG, GateWorld

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HF, MS = RepoRef.of("hf", "model", "acme/tiny"), RepoRef.of("ms", "model", "acme/tiny")
MAIN, TAG = GitRef("main", "branch", "a" * 40), GitRef("v1", "tag", "b" * 40)
FACTS = GateFacts(
    HF,
    NOW,
    source=RepoInfo(HF, Visibility.PRIVATE, gating=Gating.MANUAL, downloads=3, likes=0),
    refs=(MAIN, TAG, GitRef("1", "pull", "c" * 40)),
    destination=RepoInfo(MS, Visibility.PRIVATE),
    destination_revision="d" * 40,
    proof=Proof(
        HF,
        "a" * 40,
        MS,
        "d" * 40,
        Level.READ_BACK,
        NOW,
        (FileVerdict("x", Verdict.PROVEN, "e" * 64, "e" * 64, 5_000_000, 5_000_000, Level.READ_BACK),),
    ),
)


def test_changes_are_named() -> None:
    assert changes(FACTS, FACTS) == ()
    assert changes(FACTS, replace(FACTS, now=NOW + timedelta(seconds=9))) == ()
    moved = replace(FACTS, refs=(MAIN, replace(TAG, revision="f" * 40), GitRef("dev", "branch", "a" * 40)))
    assert changes(FACTS, moved) == (
        "branch dev is new",
        "pull 1 is gone",
        "tag v1 moved from bbbbbbb to fffffff",
    )
    assert "destination went" in changes(FACTS, replace(FACTS, destination_revision="e" * 40))[0]
    wider = replace(FACTS, destination=RepoInfo(MS, Visibility.PUBLIC))
    assert changes(FACTS, wider) == ("the destination is public now",)
    assert changes(FACTS, replace(FACTS, proof=None)) == ("there is another proof",)


def test_a_branch_accepted_as_lost_does_not_cover_what_is_added_to_it(
    world: GateWorld, ready: Program
) -> None:
    world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    accepted = frozenset({"exp1"})
    seen = gatelook.look(ready, world.ref(), accepted)
    assert seen.open
    world.change({"more.bin": b"more\n"}, branch="exp1")
    with pytest.raises(Conflict, match="exp1 moved"):
        deletion.delete(ready, world.ref(), f"{ORG}/{NAME}", accepted, seen=seen.facts)
    assert world.exists() and world.deletions() == []


def test_what_goes_and_what_stays() -> None:
    losing = replace(FACTS, coverage=(RefCoverage(TAG, ("old.bin",), 1_200_000_000),))
    found = loss.weigh(losing, 14)
    said = "; ".join(found.gone)
    for part in (
        "tag v1 with 1 file (1.20 GB) that exists nowhere else",
        "14 commits of history",
        "1 pull request",
        "3 downloads",
    ):
        assert part in said
    assert "granted access" in said
    assert "1 file (5.00 MB) on ModelScope acme/tiny, private, read back" in found.kept[0]
    assert "of unknown length" in "; ".join(loss.weigh(FACTS, None).gone)
    assert loss.weigh(replace(FACTS, proof=None), 1).kept == ()


def test_a_proof_is_laid_out_with_its_problems_first() -> None:
    files = (
        FileVerdict("a", Verdict.PROVEN, level=Level.READ_BACK),
        FileVerdict("b", Verdict.EXTRA),
        FileVerdict("c", Verdict.PROVEN, level=Level.LISTED),
        FileVerdict("d", Verdict.UNKNOWN),
        FileVerdict("e", Verdict.MISSING),
        FileVerdict("f", Verdict.MISMATCH),
        FileVerdict("g", Verdict.PROVEN, level=Level.READ_BACK),
    )
    proof = Proof(HF, "a" * 40, MS, "b" * 40, Level.READ_BACK, NOW, files)
    found = sheet.lay_out(proof)
    assert [file.path for file in found.files] == ["f", "e", "d", "c", "a", "g", "b"]
    assert found.problems == {"c", "d", "e", "f"}
    assert (
        (found.proven, found.total, found.holds) == (proof.proven, proof.total, proof.holds) == (2, 6, False)
    )
    good = replace(proof, files=(files[0], files[1], files[6]))
    assert sheet.lay_out(good).holds and not sheet.lay_out(replace(good, doubt="cut short")).holds


def job(phase: Phase, moved: int = 0, read_back: int = 0, job_id: str = "j") -> JobView:
    return JobView(
        JobSpec(job_id, HF, MS), phase=phase, to_move=1000, moved=moved, to_read_back=500, read_back=read_back
    )


def test_paces_in_both_directions() -> None:
    paces = Paces(span=8.0)
    paces.look([job(Phase.MOVING, 0)], 0.0)
    assert paces.of(job(Phase.MOVING)).left is None
    view = job(Phase.MOVING, 400)
    paces.look([view], 4.0)
    pace = paces.of(view)
    assert (pace.up, pace.down, pace.left, pace.share) == (100.0, 100.0, 6.0, 0.4)
    proving = job(Phase.PROVING, 1000, 0)
    paces.look([proving], 10.0)
    assert paces.of(proving).up == 0.0 and paces.of(proving).share == 0.0
    proving = job(Phase.PROVING, 1000, 100)
    paces.look([proving], 12.0)
    pace = paces.of(proving)
    assert (pace.up, pace.down, pace.left) == (0.0, 50.0, 8.0)
    done = job(Phase.DONE, 1000, 500)
    paces.look([done], 13.0)
    assert (paces.up, paces.down) == (0.0, 0.0) and paces.of(done).left is None


def test_a_job_that_moves_nothing_is_stalled_and_says_so_only_after_a_while() -> None:
    paces = Paces(span=8.0)
    view = job(Phase.MOVING, 300)
    for at in range(10):
        paces.look([view], float(at))
        assert paces.of(view).stalled is (at >= 8)
    paces.look([job(Phase.MOVING, 301)], 10.0)
    assert not paces.of(view).stalled
