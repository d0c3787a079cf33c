"""Branches and tags at the gate: proven and said where, brought over, or accepted by name. And content proven elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.errors import NotFound
from hf2ms_tui.domain.gate import Check, CheckName, CheckState, GateFacts, RefCoverage, checks
from hf2ms_tui.domain.gate.coverage import cover, evidence_of
from hf2ms_tui.domain.gate.refs import RefFate, loss_name
from hf2ms_tui.domain.inventory import BackupState
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import GitRef, RepoRef
from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import bringing, card, deletion, gatelook, inventory, jobs, loss, proving, survey
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.survey import CardFacts
from hf2ms_tui.tui.ref_rows import ref_rows
from support.gate_world import FILES, NAME, GateWorld, gate_world
from support.transfers import MIB, ORG, SeededContent, add

FULL = f"{ORG}/{NAME}"
CHILD: dict[str, bytes | Content] = {path: FILES[path] for path in ("README.md", "weights/one.safetensors")}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    with gate_world(tmp_path, lambda state: add(state, "hf", "child", CHILD)) as served:
        yield served


def check(program: Program, ref: RepoRef, name: CheckName, accepted: frozenset[str] = frozenset()) -> Check:
    found = gatelook.look(program, ref, accepted)
    return next(item for item in found.checks if item.name is name)


def refs_check(world: GateWorld, program: Program, *accepted: str) -> Check:
    return check(program, world.ref(), CheckName.OTHER_REFS, frozenset(accepted))


def tag(world: GateWorld, name: str, at: str, hub: str = "hf") -> None:
    def work(state: World) -> None:
        repo = state.hub(hub).get("model", FULL)
        assert repo is not None
        repo.create_tag(name, at)

    world.running.call(work)


def drop(world: GateWorld, name: str, hub: str = "ms") -> None:
    """Somebody removes a branch or tag of the destination."""

    def work(state: World) -> None:
        repo = state.hub(hub).get("model", FULL)
        assert repo is not None
        (repo.delete_tag if name in repo.tags else repo.delete_branch)(name)

    world.running.call(work)


def bring(program: Program, ref: RepoRef) -> None:
    job = bringing.bring_over(program, gatelook.look(program, ref).facts)
    view = jobs.follow(program, job.id, lambda lines: None, lambda current: None)
    assert view.phase is Phase.DONE, view.error


def bring_only(program: Program, ref: RepoRef, name: str) -> None:
    """Migrate again with this one branch or tag."""
    ends = jobs.direction(program, ref)
    taken = bringing.take(program, ends.source, ends.destination, (name,))
    view = jobs.follow(
        program, jobs.start(program, ends, refs=taken.moves).id, lambda lines: None, lambda current: None
    )
    assert view.phase is Phase.DONE, view.error


def test_a_ref_whose_files_are_all_proven_passes_and_says_where(world: GateWorld, ready: Program) -> None:
    world.branch("less", {"copy.safetensors": SeededContent("one", MIB)})
    found = refs_check(world, ready)
    assert found.state is CheckState.OK
    assert "branch less: " in found.evidence
    assert "all proven, same content as main" in found.evidence
    assert found.at is not None
    assert found.lines == (f"✓ {found.evidence}",)


def test_a_ref_with_a_file_of_its_own_is_brought_over_and_then_says_so(
    world: GateWorld, ready: Program
) -> None:
    world.branch("dev", {"own.bin": SeededContent("own", MIB), "note.txt": b"own text\n"})
    before = refs_check(world, ready)
    assert before.state is CheckState.FAILS
    assert before.way_out.startswith("b: bring it over as tag dev, or a: accept")
    bring(ready, world.ref())
    found = refs_check(world, ready)
    assert found.state is CheckState.OK, found.evidence
    assert "tag dev of acme/tiny" in found.evidence
    assert gatelook.look(ready, world.ref()).open
    assert deletion.delete(ready, world.ref(), FULL).state is Gone.GONE
    assert not world.exists()


def test_what_was_brought_over_counts_only_while_it_is_there(world: GateWorld, ready: Program) -> None:
    world.branch("dev", {"own.bin": SeededContent("own", MIB)})
    bring(ready, world.ref())
    drop(world, "dev")
    found = refs_check(world, ready)
    assert found.state is CheckState.FAILS
    assert "own.bin" in found.evidence


def test_a_ref_that_moves_after_it_was_brought_over_is_lost_again(world: GateWorld, ready: Program) -> None:
    world.branch("dev", {"own.bin": SeededContent("own", MIB)})
    bring(ready, world.ref())
    world.change({"own.bin": SeededContent("changed", MIB)}, branch="dev")
    assert refs_check(world, ready).state is CheckState.FAILS
    bring(ready, world.ref())
    found = refs_check(world, ready)
    assert found.state is CheckState.OK, found.evidence
    assert "tag dev-" in found.evidence


def test_a_name_shared_by_branch_and_tag_is_accepted_one_by_one(world: GateWorld, ready: Program) -> None:
    world.branch("x", {"branch.bin": SeededContent("b", MIB)})
    world.branch("y", {"tag.bin": SeededContent("t", MIB)})
    tag(world, "x", "y")
    drop(world, "y", "hf")
    assert refs_check(world, ready, "x").state is CheckState.FAILS
    assert refs_check(world, ready, "branch x").state is CheckState.FAILS
    assert refs_check(world, ready, "branch x", "tag x").state is CheckState.OK


def test_a_name_that_cannot_be_held_there_says_so(world: GateWorld, ready: Program) -> None:
    world.branch("master", {"own.bin": SeededContent("own", MIB)})
    found = refs_check(world, ready)
    assert found.state is CheckState.FAILS
    assert "cannot be brought over: ModelScope takes no tag called master" in found.way_out
    assert bringing.failing(gatelook.look(ready, world.ref()).facts) == ()


def test_each_ref_has_its_own_fate_and_figures(world: GateWorld, ready: Program) -> None:
    world.branch("less", {"copy.safetensors": SeededContent("one", MIB)})
    world.branch("dev", {"own.bin": SeededContent("own", MIB), "again.bin": SeededContent("own", MIB)})
    world.branch("keep", {"kept.bin": SeededContent("kept", MIB)})
    tag(world, "v1", "main")
    bring_only(ready, world.ref(), "keep")
    look = gatelook.look(ready, world.ref())
    fates = {verdict.ref.words: verdict.fate for verdict in look.refs}
    assert fates == {
        "branch less": RefFate.COVERED,
        "branch dev": RefFate.LOST,
        "branch keep": RefFate.CARRIED,
    }
    rows = {row.name: row for row in ref_rows(look)}
    assert set(rows) == {"branch main", "tag v1", *fates}
    assert rows["branch dev"][:2] == ("✗", "bad")
    # Two files of one content: files are counted, bytes once.
    assert rows["branch dev"][3:7] == ("lost", "6", "2 files, 1.05 MB", "2 commits")
    assert rows["branch dev"].words == "e.g. again.bin"
    assert rows["branch less"][3:7] == ("covered", "5", "nothing", "2 commits")
    assert rows["branch keep"][3:] == ("carried", "5", "nothing", "2 commits", "tag keep of acme/tiny")
    assert rows["tag v1"][3:7] == ("see above", "4", "─", "1 commit")
    given_up = gatelook.again(look, frozenset({"dev"}), ready.now())
    row = next(row for row in ref_rows(given_up) if row.name == "branch dev")
    assert row[:6] == ("✓", "warn", "branch dev", "given up", "6", "2 files, 1.05 MB")


def test_a_repo_of_one_branch_needs_no_lines_of_refs(world: GateWorld, ready: Program) -> None:
    assert ref_rows(gatelook.look(ready, world.ref())) == []


def asked_for_commits(world: GateWorld) -> int:
    """Requests for the commits that lead to a pinned revision; those of a branch find out where it is."""
    return sum(bool(re.search(r"/commits/[0-9a-f]{40}", entry.path)) for entry in world.running.log.entries())


def test_commits_are_counted_once_and_not_without_end(
    world: GateWorld, ready: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.branch("exp1", {"only-here.bin": b"nowhere else\n"})
    first = gatelook.look(ready, world.ref())
    asked = asked_for_commits(world)
    assert asked >= 2
    assert sorted(filter(None, first.commits.values())) == [1, 2]
    assert gatelook.look(ready, world.ref()).commits == first.commits
    assert asked_for_commits(world) == asked
    for number in range(6):
        world.change({f"{number}.txt": b"%d" % number}, branch="exp1")
        tag(world, f"v{number}", "exp1")
    monkeypatch.setattr(loss, "MAX_COMMITS", 9)
    monkeypatch.setattr(loss, "_AT_ONCE", 1)
    rows = ref_rows(gatelook.look(ready, world.ref()))
    counted = [row.history for row in rows if row.history != "? commits"]
    assert 3 <= len(counted) < len(rows), "the others are unknown until the next look"
    gatelook.look(ready, world.ref())
    assert "? commits" not in {row.history for row in ref_rows(gatelook.look(ready, world.ref()))}


def test_commits_that_cannot_be_counted_are_unknown(world: GateWorld, ready: Program) -> None:
    world.branch("less", {"copy.safetensors": SeededContent("one", MIB)})
    world.running.faults.add("hf:GET:commits:status=403")
    rows = ref_rows(gatelook.look(ready, world.ref()))
    assert {row.history for row in rows} == {"? commits"}


# -- content proven elsewhere --------------------------------------------------------------------------------


def child(world: GateWorld) -> RepoRef:
    return world.ref(name="child")


def test_a_subset_of_a_proven_parent_needs_no_second_copy(world: GateWorld, ready: Program) -> None:
    proof = proving.prove(ready, jobs.direction(ready, child(world)))
    assert proof.holds
    assert proof.destination_revision == ""
    assert [place.repo for place in proof.places] == [world.ref("ms")]
    assert all(file.where.startswith("ms:model:acme/tiny@") for file in proof.files)
    parent = ready.proofs.standing(world.ref())
    assert parent is not None
    assert proof.evidence_at == parent.evidence_at
    look = gatelook.look(ready, child(world))
    assert look.open, [(item.name.value, item.evidence) for item in look.checks if not item.ok]
    backup = next(item for item in look.checks if item.name is CheckName.BACKUP_EXISTS)
    assert "acme/tiny" in backup.evidence
    (row,) = inventory.rows_of(ready, [child(world)])
    assert (row.backup.state, row.backup.words) == (BackupState.PROVEN, "proven elsewhere")
    assert deletion.delete(ready, child(world), f"{ORG}/child").state is Gone.GONE


def card_of(program: Program, ref: RepoRef) -> tuple[CardFacts, str, str]:
    """A repo's card once its org was looked into: the facts, what a backup takes, and the advice with its reasons."""
    inventory.refresh(program)
    survey.survey(program, lambda rows: None)
    (row,) = [row for row in inventory.known(program) if row.info.ref == ref]
    facts = survey.card_facts(program, row)
    takes = next(
        item.text for item in card.answers(facts.row, facts, program.now()) if "take" in item.question
    )
    assert facts.row.advice is not None
    return facts, takes, " ".join(facts.row.advice.reasons)


def test_card_and_advice_say_that_a_subset_needs_no_copy(world: GateWorld, ready: Program) -> None:
    facts, takes, advice = card_of(ready, child(world))
    assert facts.instead is not None and facts.instead.whole
    assert (
        "none of its own: all 2 files were read back in the copy of tiny; v at its gate proves that" in takes
    )
    assert "needs no copy of its own: v at its gate" in advice
    assert proving.prove(ready, jobs.direction(ready, child(world))).holds, "as it said"


def test_the_card_does_not_promise_what_only_proving_finds_out(world: GateWorld, ready: Program) -> None:
    """A card of its own: a small file whose SHA-256 the hub does not tell, and no repo has it."""

    def work(state: World) -> None:
        add(state, "hf", "own", {**CHILD, "README.md": b"# Its own card\n"})

    world.running.call(work)
    own = world.ref(name="own")
    facts, takes, _ = card_of(ready, own)
    assert facts.instead is not None and not facts.instead.whole
    assert (facts.instead.held, facts.instead.unread, facts.instead.lacking) == (1, 1, 0)
    assert "1 of 2 files were read back in the copy of tiny, small ones are not known: v at its gate" in takes
    with pytest.raises(NotFound, match="1 of 2 files"):
        proving.prove(ready, jobs.direction(ready, own))


def test_the_card_says_nothing_of_other_copies_where_a_file_is_in_none(
    world: GateWorld, ready: Program
) -> None:
    def work(state: World) -> None:
        add(state, "hf", "more", {**CHILD, "only-here.bin": SeededContent("only", MIB)})

    world.running.call(work)
    inventory.refresh(ready)
    survey.survey(ready, lambda rows: None)
    (row,) = [row for row in inventory.known(ready) if row.info.ref == world.ref(name="more")]
    facts = survey.card_facts(ready, row)
    assert facts.instead is not None and facts.instead.lacking == 1
    takes = next(item.text for item in card.answers(row, facts, ready.now()) if "take" in item.question)
    assert "to move" in takes and "read back" not in takes


def test_card_and_advice_promise_nothing_while_the_parent_is_not_proven(world: GateWorld) -> None:
    facts, takes, advice = card_of(world.program(), child(world))
    assert facts.instead is None
    assert "read back" not in takes
    assert "needs no copy of its own once tiny is read back" in advice


def test_one_file_that_is_nowhere_gives_no_proof(world: GateWorld, ready: Program) -> None:
    def work(state: World) -> None:
        add(state, "hf", "other", {**CHILD, "own.txt": b"own\n"})

    world.running.call(work)
    other = world.ref(name="other")
    with pytest.raises(NotFound, match="1 of 3 files"):
        proving.prove(ready, jobs.direction(ready, other))
    assert ready.proofs.standing(other) is None
    with pytest.raises(NotFound, match="no other repo"):
        proving.prove(
            world.program(HF2MS_STATE=str(world.folder / "other")), jobs.direction(ready, child(world))
        )


def test_what_an_own_copy_lacks_may_be_elsewhere(world: GateWorld, ready: Program) -> None:
    def work(state: World) -> None:
        add(state, "ms", "child", {"README.md": CHILD["README.md"]})

    world.running.call(work)
    proof = proving.prove(ready, jobs.direction(ready, child(world)))
    assert proof.holds
    assert proof.destination_revision
    assert [bool(file.where) for file in proof.files if file.verdict is Verdict.PROVEN] == [False, True]
    assert gatelook.look(ready, child(world)).open


CHANGES = {
    "moves on": lambda world: world.change({"more.txt": b"x"}, hub="ms"),
    "is gone": lambda world: world.remove("ms"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_there_closes_the_gate(world: GateWorld, ready: Program, what: str) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))
    seen = gatelook.look(ready, child(world))
    assert seen.open
    CHANGES[what](world)
    look = gatelook.look(ready, child(world))
    assert not look.open
    failing = {item.name for item in look.checks if not item.ok}
    assert failing & {CheckName.BACKUP_EXISTS, CheckName.DESTINATION_UNCHANGED}


def test_a_copy_that_more_people_see_counts_nowhere(world: GateWorld, ready: Program) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))

    def widen(state: World) -> None:
        repo = state.ms.get("model", FULL)
        assert repo is not None
        repo.visibility = "public"

    world.running.call(widen)
    found = check(ready, child(world), CheckName.BACKUP_EXISTS)
    assert found.state is CheckState.FAILS
    assert "public" in found.evidence
    with pytest.raises(NotFound):
        proving.prove(ready, jobs.direction(ready, child(world)))


def test_a_kept_tag_is_as_good_as_the_head(world: GateWorld, ready: Program) -> None:
    proving.prove(ready, jobs.direction(ready, child(world)))
    tag(world, "keep", "master", "ms")
    world.change({"more.txt": b"x"}, hub="ms")
    assert gatelook.look(ready, child(world)).open


# -- pure -----------------------------------------------------------------------------------------------------

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


def test_every_check_of_a_full_look_has_an_age(world: GateWorld, ready: Program) -> None:
    look = gatelook.look(ready, world.ref())
    assert look.open
    for item in look.checks:
        age = item.age(look.facts.now)
        assert age is not None, item.name
        assert age < timedelta(minutes=5)


def test_the_name_that_accepts_a_loss() -> None:
    branch, other = GitRef("x", "branch", HEAD), GitRef("x", "tag", SIDE)
    assert loss_name(branch, (branch,)) == "x"
    assert loss_name(branch, (branch, other)) == "branch x"
    assert loss_name(branch, (branch, GitRef("x", "pull", SIDE))) == "x"
