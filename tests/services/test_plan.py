"""The plan: totals that add up, estimates that say what they rest on, problems before anything runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.services import decisions, inventory
from hf2ms_tui.services.estimate import ASSUMED_RATE, Rates
from hf2ms_tui.services.plan import plan
from hf2ms_tui.services.planned import Item, Plan
from hf2ms_tui.services.program import Program


def decided(program: Program, **chosen: Decision) -> tuple[Row, ...]:
    rows = inventory.refresh(program)
    names = {name.replace("__", ".").replace("_", "-"): decision for name, decision in chosen.items()}
    for row in rows:
        if row.info.ref.name in names:
            decisions.decide(program, [row.info.ref], names[row.info.ref.name])
    return inventory.join(program, [row.info for row in rows])


def item(found: Plan, name: str) -> Item:
    return next(each for each in found.items if each.ref.name == name)


def texts(of: Item) -> str:
    return "\n".join(problem.text for problem in of.problems)


def test_only_decided_repos_are_planned_and_totals_add_up(program: Program) -> None:
    rows = decided(
        program,
        poc_tokenizer_v0=Decision.MIGRATE,
        aurora_70k_subset=Decision.MIGRATE,
        poc_flow_matching=Decision.DELETE,
        aurora_trainer=Decision.KEEP,
    )
    found = plan(program, rows, look=True)
    assert {each.ref.name for each in found.items} == {
        "poc-tokenizer-v0",
        "aurora-70k-subset",
        "poc-flow-matching",
    }
    assert len(found.migrations) == 2 and len(found.deletions) == 1 and not found.blocked
    moves = [each.move for each in found.migrations]
    assert all(move is not None and move.sure for move in moves)
    assert found.to_move == sum(move.to_move for move in moves if move)
    assert found.seconds == pytest.approx(sum(move.seconds for move in moves if move))
    assert found.dollars == 0
    assert found.monthly > 0
    assert item(found, "poc-tokenizer-v0").files == 48
    assert "gate stays shut" in texts(item(found, "poc-flow-matching"))


def test_nothing_is_asked_without_looking(org: Running, program: Program) -> None:
    rows = decided(program, aurora_xl_1__0=Decision.MIGRATE)
    before = len(org.log.entries())
    found = plan(program, rows)
    assert len(org.log.entries()) == before
    only = item(found, "aurora-xl-1.0")
    assert only.move is not None and not only.move.sure
    assert only.move.to_move == only.size
    assert "at most" in only.words and "not checked yet" in texts(only)
    looked = item(plan(program, rows, look=True), "aurora-xl-1.0")
    assert looked.move is not None and looked.move.sure and looked.move.to_move < only.move.to_move


def test_what_earlier_jobs_stored_need_not_move(program: Program) -> None:
    rows = decided(program, aurora_video_clips=Decision.MIGRATE)
    whole = item(plan(program, rows, look=True), "aurora-video-clips").move
    assert whole is not None and whole.to_move > 900_000_000
    row = next(row for row in rows if row.decision is Decision.MIGRATE)
    manifest = program.manifests.get(row.info.ref, row.info.revision or "")
    assert manifest is not None
    ledger = program.ledger_of(program.destination_ref(row.info.ref))
    stored = [entry.blob for entry in manifest.files if entry.lfs and entry.blob][:10]
    for blob in stored:
        assert isinstance(blob, Blob)
        ledger.uploaded(blob)
    rest = item(plan(program, rows), "aurora-video-clips").move
    assert rest is not None
    assert rest.present == sum(blob.size for blob in stored if blob)
    assert rest.to_move == whole.to_move - rest.present
    assert rest.seconds < whole.seconds
    listed = item(plan(program, rows, level=Level.LISTED), "aurora-video-clips").move
    assert listed is not None and listed.to_read_back == 0 and listed.seconds < rest.seconds


def test_problems_are_found_before_anything_runs(program: Program) -> None:
    rows = decided(
        program,
        aurora_demo=Decision.MIGRATE,
        aurora_med_8b=Decision.MIGRATE,
        aurora_faces=Decision.MIGRATE,
        aurora_trainer=Decision.MIGRATE,
    )
    found = plan(program, rows, look=True)
    assert "spaces are listed, not migrated" in texts(item(found, "aurora-demo"))
    assert "gated" in texts(item(found, "aurora-med-8b")) and not item(found, "aurora-med-8b").blocked
    assert "public and the source is not" in texts(item(found, "aurora-faces"))
    assert {each.ref.name for each in found.blocked} == {"aurora-demo", "aurora-faces"}
    assert {each.ref.name for each in found.migrations} == {"aurora-med-8b", "aurora-trainer"}


def test_a_card_that_the_destination_refuses_is_corrected_and_the_plan_says_how(open_program: Any) -> None:
    program = open_program(source="ms")
    rows = decided(program, aurora_cn_asr=Decision.MIGRATE, aurora_zh_corpus=Decision.DELETE)
    found = plan(program, rows, look=True)
    card = item(found, "aurora-cn-asr")
    assert not card.blocked and "Hugging Face refuses its card: “Apache License 2.0” is no licence" in texts(
        card
    )
    assert "“Apache License 2.0” is now apache-2.0" in texts(card) and "excepts" in texts(card)
    assert "ModelScope refuses deletion" in texts(item(found, "aurora-zh-corpus"))


def test_without_rights_everything_is_blocked(open_program: Any) -> None:
    rows = decided(open_program(), aurora_trainer=Decision.MIGRATE, poc_flow_matching=Decision.DELETE)
    read_only = plan(open_program(read_only=True), rows, look=True)
    assert len(read_only.blocked) == 2 and read_only.to_move == 0 and read_only.monthly == 0
    tokenless = plan(open_program(MODELSCOPE_TOKEN="", MODELSCOPE_API_TOKEN=""), rows)
    assert "no token for ModelScope" in texts(item(tokenless, "aurora-trainer"))


def test_a_repo_that_cannot_be_read_blocks_only_itself(org: Running, program: Program) -> None:
    rows = decided(program, aurora_trainer=Decision.MIGRATE, aurora_captioner_v0=Decision.MIGRATE)
    org.faults.add("hf:GET:/aurora-trainer/tree:status=403")
    try:
        found = plan(program, rows, look=True)
    finally:
        org.faults.clear()
    assert "could not be read" in texts(item(found, "aurora-trainer"))
    assert [each.ref.name for each in found.migrations] == ["aurora-captioner-v0"]


def test_the_rate_is_measured_or_said_to_be_assumed(program: Program) -> None:
    assert Rates.measured(program).per_second == ASSUMED_RATE
    assert "assumed" in Rates.measured(program).source
    rows = inventory.refresh(program)
    ref = rows[0].info.ref
    for number in range(3):
        program.jobs.create(JobSpec(f"j{number}", ref, program.destination_ref(ref)))
        board = program.jobs.board(f"j{number}")
        board.phase(Phase.PLANNING)
        board.update(moved=10**9, read_back=10**9)
        board.phase(Phase.DONE if number else Phase.FAILED)
        board.close()
    measured = Rates.measured(program)
    assert measured.jobs == 2 and measured.per_second > ASSUMED_RATE
    assert "2 earlier jobs" in measured.source


def test_the_plan_can_be_exported(program: Program) -> None:
    rows = decided(
        program, aurora_trainer=Decision.MIGRATE, aurora_demo=Decision.MIGRATE, test_upload=Decision.DELETE
    )
    found = plan(program, rows, look=True)
    data = json.loads(json.dumps(found.as_dict()))
    assert data["totals"]["migrate"] == 1 and data["totals"]["delete"] == 1 and data["totals"]["blocked"] == 1
    assert data["totals"]["bytes_to_move"] == found.to_move
    assert [each["repo"] for each in data["items"]] == [each.ref.key for each in found.items]
    assert found.words.startswith("migrate 1 repo")


def test_deciding_says_what_was_done_and_undone(program: Program) -> None:
    rows = inventory.refresh(program)
    one, two, *_ = (row.info.ref for row in rows)
    assert decisions.decide(program, [one], Decision.DELETE) == f"{one.name}: undecided → delete"
    assert decisions.decide(program, [one], Decision.DELETE) == f"{one.name}: delete already"
    assert (
        decisions.decide(program, [one, two], Decision.KEEP) == "2 repos: 1 delete → keep, 1 undecided → keep"
    )
    undone = decisions.undo(program)
    assert undone.text == "undone: 2 repos: 1 keep → delete, 1 keep → undecided"
    assert undone.now == {one.key: Decision.DELETE, two.key: Decision.UNDECIDED}
    assert decisions.undo(program).text == f"undone: {one.name}: delete → undecided"
    assert decisions.undo(program) == decisions.Stepped("nothing to undo", {})
    assert decisions.redo(program).text == f"redone: {one.name}: undecided → delete"
    decisions.redo(program)
    assert decisions.redo(program) == decisions.Stepped("nothing to redo", {})
