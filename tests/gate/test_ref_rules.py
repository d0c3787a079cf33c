"""What becomes of branches and tags by the facts alone: nothing that is not proven passes silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.gate import CheckName, CheckState, GateFacts, RefCoverage, checks
from hf2ms_tui.domain.gate.coverage import cover, evidence_of
from hf2ms_tui.domain.gate.refs import loss_name
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import GitRef, RepoRef

SOURCE, DEST = RepoRef.of("hf", "model", "a/b"), RepoRef.of("ms", "model", "a/b")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD, SIDE, THERE = "a" * 40, "b" * 40, "c" * 40
contents = st.dictionaries(
    st.sampled_from(["a", "b", "c/d", "e.bin"]), st.tuples(st.sampled_from("0123"), st.booleans()), min_size=1
)


def manifest(revision: str, files: Mapping[str, tuple[str, bool]]) -> Manifest:
    """LFS files have a SHA-256; regular ones are known by their git blob id alone."""
    return Manifest(
        SOURCE,
        revision,
        tuple(
            FileEntry(path, 5, digit * 64 if lfs else None, None if lfs else digit * 40, lfs)
            for path, (digit, lfs) in sorted(files.items())
        ),
    )


def proof_of(files: Mapping[str, tuple[str, bool]], at: datetime = NOW) -> Proof:
    verdicts = tuple(
        FileVerdict(path, Verdict.PROVEN, digit * 64, digit * 64, 5, 5, Level.READ_BACK)
        for path, (digit, _) in sorted(files.items())
    )
    return Proof(SOURCE, HEAD, DEST, THERE, Level.READ_BACK, at, verdicts)


@given(contents, contents, st.sets(st.sampled_from(["dev", "other"])))
def test_a_ref_with_content_that_is_not_proven_never_passes_silently(
    head: dict[str, tuple[str, bool]], side: dict[str, tuple[str, bool]], accepted: set[str]
) -> None:
    base = manifest(HEAD, head)
    ref = GitRef("dev", "branch", SIDE)
    evidence = [evidence_of(proof_of(head), "main", Level.READ_BACK, base)]
    found = cover(ref, manifest(SIDE, side), evidence, "tag dev", "")
    facts = GateFacts(
        ref=SOURCE,
        now=NOW,
        refs=(ref, GitRef("main", "branch", HEAD)),
        proof=proof_of(head),
        coverage=(found,),
        acknowledged=frozenset(accepted),
    )
    verdict = next(item for item in checks(facts) if item.name is CheckName.OTHER_REFS)
    # A regular file of another revision is known by its git blob id alone, a large one by its SHA-256.
    digits = {digit for digit, _ in head.values()}
    lost = {
        path
        for path, (digit, lfs) in side.items()
        if not (digit in digits if lfs else (digit, False) in head.values())
    }
    assert set(found.lost) == lost
    assert verdict.ok == (not lost or "dev" in accepted)
    assert sum(count for _, count in found.held) + len(lost) == len(side)
    if lost and not verdict.ok:
        assert "dev" in verdict.evidence
        assert verdict.way_out


@given(st.sampled_from([Verdict.MISMATCH, Verdict.MISSING, Verdict.UNKNOWN]), st.sampled_from(list(Level)))
def test_only_what_was_proven_at_the_level_is_evidence(verdict: Verdict, level: Level) -> None:
    files = {"a": ("1", True)}
    proof = proof_of(files)
    weak = replace(proof, files=(replace(proof.files[0], verdict=verdict),))
    low = replace(proof, files=(replace(proof.files[0], level=level),))
    assert not evidence_of(weak, "x", Level.LISTED).blobs
    assert bool(evidence_of(low, "x", Level.READ_BACK).blobs) == (level is Level.READ_BACK)


def test_old_evidence_of_a_ref_closes_the_gate_and_unknown_is_not_ok() -> None:
    ref = GitRef("dev", "branch", SIDE)
    old = RefCoverage(ref, files=1, held=(("tag dev of a/b", 1),), at=NOW - timedelta(hours=25))
    facts = GateFacts(ref=SOURCE, now=NOW, refs=(ref,), proof=proof_of({"a": ("1", True)}), coverage=(old,))
    ways = {
        old: "v: prove it again, or b: bring it over",
        replace(old, cannot="its name"): "v: prove it again",
        replace(old, carried="tag dev"): "b: prove it again",
    }
    for coverage, way in ways.items():
        found = next(
            item for item in checks(replace(facts, coverage=(coverage,))) if item.name is CheckName.OTHER_REFS
        )
        assert (found.state, found.way_out) == (CheckState.FAILS, way)
    for coverage in ((), (RefCoverage(ref, unknown="timeout"),)):
        found = next(
            item for item in checks(replace(facts, coverage=coverage)) if item.name is CheckName.OTHER_REFS
        )
        assert found.state is CheckState.UNKNOWN


def test_the_name_that_accepts_a_loss() -> None:
    branch, other = GitRef("x", "branch", HEAD), GitRef("x", "tag", SIDE)
    assert loss_name(branch, (branch,)) == "x"
    assert loss_name(branch, (branch, other)) == "branch x"
    assert loss_name(branch, (branch, GitRef("x", "pull", SIDE))) == "x"
