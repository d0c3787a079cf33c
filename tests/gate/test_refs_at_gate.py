"""Branches and tags at the gate: proven and said where, brought over, or accepted by name."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from hf2ms_tui.domain.gate import Check, CheckName, CheckState
from hf2ms_tui.domain.gate.refs import RefFate
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import bringing, deletion, gatelook, jobs, loss
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.ref_rows import ref_rows
from support.gate_world import NAME, GateWorld, check, tag
from support.transfers import MIB, ORG, SeededContent

FULL = f"{ORG}/{NAME}"


def refs_check(world: GateWorld, program: Program, *accepted: str) -> Check:
    return check(program, world.ref(), CheckName.OTHER_REFS, frozenset(accepted))


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


def test_every_check_of_a_full_look_has_an_age(world: GateWorld, ready: Program) -> None:
    look = gatelook.look(ready, world.ref())
    assert look.open
    for item in look.checks:
        age = item.age(look.facts.now)
        assert age is not None, item.name
        assert age < timedelta(minutes=5)
