"""Inventory, survey and cards against the sample org on both loopback hubs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import BadInput, Hf2msError, NotAuthenticated, NotFound
from hf2ms_tui.domain.inventory import BackupState, Row
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import Kind, Visibility
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.services import backups, decisions, inventory, survey
from hf2ms_tui.services.program import Program


def by_name(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.info.ref.name: row for row in rows if row.info.ref.name != "aurora-bench"}


def counts(org: Running) -> dict[str, int]:
    found = {"hf": 0, "ms": 0}
    for entry in org.log.entries():
        found[entry.hub] = found.get(entry.hub, 0) + 1
    return found


def spent(org: Running, before: dict[str, int]) -> dict[str, int]:
    return {hub: number - before.get(hub, 0) for hub, number in counts(org).items()}


def proof_of(program: Program, row: Row, verdict: Verdict = Verdict.PROVEN, revision: str = "") -> Proof:
    proof = Proof(
        row.info.ref,
        revision or row.info.revision or "",
        program.destination_ref(row.info.ref),
        "d" * 40,
        Level.READ_BACK,
        program.now() - timedelta(minutes=1),
        (
            FileVerdict("a", Verdict.PROVEN, "1" * 64, "1" * 64, 1, 1, Level.READ_BACK),
            FileVerdict("b", verdict, "2" * 64, "2" * 64, 1, 1, Level.READ_BACK),
        ),
    )
    program.proofs.save(proof)
    return proof


def test_the_inventory_costs_few_requests_and_streams(org: Running, program: Program) -> None:
    before = counts(org)
    batches: list[Sequence[Row]] = []
    rows = inventory.refresh(program, batches.append)
    # Three listings and the organisation's storage: see the budget of requests.
    assert spent(org, before)["hf"] <= 4
    assert len(rows) == len(org.world.hf.repos) == len({row.key for row in rows})
    assert len(batches) >= 3
    assert sum(len(batch) for batch in batches[:3]) >= len(rows)
    assert {row.info.ref.kind for row in rows} == set(Kind)


def test_backups_are_what_the_other_hub_shows(program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    for name in ("aurora-2.6m-train", "aurora-tokenizer", "eval-logs", "finetune-q3", "aurora-faces"):
        assert rows[name].backup.state is BackupState.EXISTS, name
    for name in ("aurora-xl-1.0", "poc-flow-matching", "aurora-demo"):
        assert rows[name].backup.state is BackupState.NONE, name
    assert "public there" in rows["aurora-faces"].backup.words
    assert not [row for row in rows.values() if row.backup.state is BackupState.PROVEN]


def test_what_was_seen_is_there_at_the_next_start_without_a_request(org: Running, open_program: Any) -> None:
    first = open_program()
    assert inventory.cached(first) == ()
    rows = inventory.refresh(first)
    decisions.decide(first, [rows[0].info.ref], Decision.DELETE)
    first.close()
    before = counts(org)
    again = inventory.cached(open_program())
    assert sum(spent(org, before).values()) == 0
    assert [row.info for row in again] == [row.info for row in rows]
    assert [row.backup for row in again] == [row.backup for row in rows]
    assert again[0].decision is Decision.DELETE


def test_a_listing_that_lacks_a_repo_is_no_proof_of_absence(org: Running, program: Program) -> None:
    hidden = org.world.ms.get("model", "aurora-labs/finetune-q3")
    assert hidden is not None
    hidden.unlisted = True
    org.faults.add("ms:PUT:/api/v1/models:status=404")  # the older list would show it
    try:
        listing = backups.listed(program, "aurora-labs")
        rows = by_name(inventory.refresh(program))
    finally:
        hidden.unlisted = False
        org.faults.clear()
    # Only while the listing lacks it does this test say anything.
    assert "ms:model:aurora-labs/finetune-q3" not in listing.found
    assert rows["finetune-q3"].backup.state is BackupState.EXISTS


def test_a_destination_without_a_token_is_unknown_and_not_none(open_program: Any) -> None:
    program = open_program(MODELSCOPE_TOKEN="", MODELSCOPE_API_TOKEN="")
    rows = by_name(inventory.refresh(program))
    assert rows["poc-flow-matching"].backup.state is BackupState.UNKNOWN
    assert "token" in rows["poc-flow-matching"].backup.words
    assert rows["aurora-tokenizer"].backup.state is BackupState.EXISTS


def test_a_destination_that_fails_leaves_reasons_and_rows(org: Running, program: Program) -> None:
    org.faults.add("ms:*:.*:status=500")
    try:
        rows = inventory.refresh(program)
    finally:
        org.faults.clear()
    assert len(rows) == len(org.world.hf.repos)
    assert {row.backup.state for row in rows} == {BackupState.UNKNOWN}
    assert all(row.backup.why for row in rows)


def test_a_source_that_fails_raises_and_the_cache_stays(org: Running, program: Program) -> None:
    rows = inventory.refresh(program)
    org.faults.add("hf:GET:/api/datasets:status=403")
    try:
        with pytest.raises(Hf2msError):
            inventory.refresh(program)
    finally:
        org.faults.clear()
    assert [row.key for row in inventory.cached(program)] == [row.key for row in rows]


def test_bad_tokens_and_unknown_owners_say_so(open_program: Any) -> None:
    with pytest.raises(NotAuthenticated):
        inventory.refresh(open_program(HF_TOKEN="hf_wrong"))
    with pytest.raises(NotFound):
        inventory.refresh(open_program(org="nobody-at-all"))
    with pytest.raises(BadInput, match="organisation"):
        inventory.refresh(open_program(org=None))


def test_the_other_way_round(open_program: Any) -> None:
    program = open_program(source="ms")
    rows = by_name(inventory.refresh(program))
    # ModelScope's listings tell no revision; a proof still counts, once the revision was asked for.
    row = rows["aurora-cn-asr"]
    assert row.info.revision is None
    here = program.source.read.resolve(row.info.ref)
    proof_of(
        program,
        rows["aurora-2.6m-train"],
        revision=program.source.read.resolve(rows["aurora-2.6m-train"].info.ref),
    )
    (proven,) = inventory.rows_of(program, [rows["aurora-2.6m-train"].info.ref])
    assert proven.backup.state is BackupState.PROVEN
    surveyed = by_name(survey.survey(program, lambda rows: None))
    assert surveyed["aurora-cn-asr"].info.revision == here
    assert rows["aurora-cn-asr"].backup.state is BackupState.NONE
    assert rows["aurora-2.6m-train"].backup.state is BackupState.EXISTS
    assert rows["aurora-zh-corpus"].info.visibility is Visibility.PRIVATE


def test_a_proof_of_this_revision_counts_and_an_older_one_is_stale(program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    parent, subset, depth, broken = (
        rows[name]
        for name in ("aurora-2.6m-train", "aurora-70k-subset", "aurora-depth-small", "broken-upload")
    )
    proof = proof_of(program, parent)
    proof_of(program, depth, revision="0" * 40)
    proof_of(program, broken, Verdict.MISMATCH)
    found = by_name(inventory.rows_of(program, [parent.info.ref, depth.info.ref, broken.info.ref]))
    backup = found["aurora-2.6m-train"].backup
    assert (backup.state, backup.proof_id, backup.proven, backup.total) == (
        BackupState.PROVEN,
        proof.id,
        2,
        2,
    )
    assert found["aurora-depth-small"].backup.state is BackupState.STALE
    assert found["broken-upload"].backup.state is BackupState.DIFFERS
    assert found["broken-upload"].backup.words == "1 file differs"
    # A copy that is gone beats every proof of it.
    proof_of(program, subset)
    (gone,) = inventory.rows_of(program, [subset.info.ref])
    assert gone.backup.state is BackupState.NONE


def test_unknown_verdicts_and_doubt_are_never_proven(program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    row = rows["aurora-tokenizer"]
    proof_of(program, row, Verdict.UNKNOWN)
    assert inventory.rows_of(program, [row.info.ref])[0].backup.state is BackupState.UNKNOWN
    proof = proof_of(program, row)
    program.proofs.save(replace(proof, doubt="the listing may be cut", at=proof.at + timedelta(seconds=5)))
    assert inventory.rows_of(program, [row.info.ref])[0].backup.state is BackupState.UNKNOWN


def test_the_survey_knows_copies_subsets_and_repacked_data(org: Running, program: Program) -> None:
    inventory.refresh(program)
    told: list[Row] = []
    rows = by_name(survey.survey(program, told.extend))
    advice = {name: row.advice for name, row in rows.items()}

    def said(name: str) -> tuple[str, str, str]:
        found = advice[name]
        assert found is not None
        return found.suggestion.value, found.confidence.value, " ".join(found.reasons)

    assert said("aurora-xl-1.0-copy")[:2] == ("delete", "certain")
    assert said("aurora-70k-subset")[:2] == ("delete", "likely")
    assert "aurora-2.6m-train" in said("aurora-70k-subset")[2]
    assert said("shards-repacked")[:2] == ("delete", "possible")
    assert said("aurora-2.6m-train")[:2] == ("migrate", "likely")
    assert said("aurora-xl-1.0")[:2] == ("keep", "likely")
    assert "10 are also in aurora-tokenizer; 2 exist nowhere else" in said("poc-tokenizer-v0")[2]
    assert said("half_done-captions")[:2] == said("test-upload")[:2] == ("delete", "likely")
    assert said("aurora-next")[0] == "delete"
    assert {row.info.ref.name for row in told} >= {"aurora-70k-subset", "shards-repacked"}

    assert rows["shards-repacked"].backup.words == "15 of 29"
    assert rows["broken-upload"].backup.words == "1 file differs"
    assert rows["aurora-2.6m-train"].backup.words == "listed alike, not proven"
    assert "no file" in rows["finetune-q3"].backup.words
    assert not [row for row in rows.values() if row.backup.state is BackupState.PROVEN]

    before = counts(org)
    assert by_name(survey.survey(program, told.extend)) == rows
    # Everything is cached by revision; only the copies' own revisions are asked for.
    assert spent(org, before)["hf"] == 0


def test_advice_outlives_the_program(open_program: Any) -> None:
    first = open_program()
    inventory.refresh(first)
    rows = by_name(survey.survey(first, lambda rows: None))
    first.close()
    again = by_name(inventory.cached(open_program()))
    assert {name: row.advice for name, row in again.items()} == {
        name: row.advice for name, row in rows.items()
    }


def test_a_proven_parent_makes_its_subset_certain(program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    proof_of(program, rows["aurora-2.6m-train"])
    found = by_name(survey.survey(program, lambda rows: None))["aurora-70k-subset"].advice
    assert (
        found is not None and found.confidence.value == "certain" and found.headline == "in a proven parent"
    )


def test_surveys_and_refreshes_stop_when_asked(program: Program) -> None:
    rows = inventory.refresh(program)
    began = time.monotonic()
    assert len(survey.survey(program, lambda rows: None, lambda: True)) == len(rows)
    assert inventory.refresh(program, cancelled=lambda: True) == ()
    assert time.monotonic() - began < 2


def test_a_card_answers_its_questions(program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    survey.survey(program, lambda rows: None)
    facts = survey.card_facts(program, rows["poc-tokenizer-v0"])
    assert facts.troubles == ()
    assert (facts.files, facts.large) == (48, 12)
    assert facts.branches == ("exp1", "main") and facts.tags == ()
    assert facts.sharing is not None and facts.sharing.large_elsewhere == 10
    assert facts.move is not None and facts.move.sure
    # What aurora-tokenizer's copy lists is there already.
    assert facts.move.present == sum(size for _, size in vocabularies(program))
    assert facts.move.to_move + facts.move.present == facts.move.total
    assert facts.monthly is not None and facts.monthly > 0
    space = survey.card_facts(program, rows["aurora-demo"])
    assert space.move is None and space.files == 5


def vocabularies(program: Program) -> list[tuple[str, int]]:
    held = program.knowledge.holdings()
    poc, tokenizer = (
        held[f"hf:model:aurora-labs/{name}"] for name in ("poc-tokenizer-v0", "aurora-tokenizer")
    )
    return [(key, size) for key, size in poc.contents.items() if key in tokenizer.contents]


def test_a_card_of_a_hub_that_fails_says_what_is_missing(org: Running, program: Program) -> None:
    rows = by_name(inventory.refresh(program))
    org.faults.add("hf:GET:/tree/:status=403")
    org.faults.add("hf:GET:/refs:status=403")
    try:
        facts = survey.card_facts(program, rows["aurora-xl-1.0"])
    finally:
        org.faults.clear()
    assert len(facts.troubles) == 2
    assert facts.files is None and facts.branches is None and facts.move is None


def test_closing_takes_a_moment_while_a_call_hangs(org: Running, program: Program) -> None:
    org.faults.add("hf:GET:/api/models:stall=30")
    hanging = threading.Thread(target=lambda: _ignore(program), daemon=True)
    hanging.start()
    time.sleep(0.3)
    began = time.monotonic()
    program.close()
    assert time.monotonic() - began < 1.0
    org.faults.clear()


def _ignore(program: Program) -> None:
    try:
        inventory.refresh(program)
    except Hf2msError:
        return


def test_identity_is_asked_once_and_destinations_are_mapped(org: Running, open_program: Any) -> None:
    program = open_program(destination_owner="elsewhere")
    ref = next(iter(org.world.hf.repos.values()))
    before = counts(org)
    assert program.identity(program.settings.source) is program.identity(program.settings.source)
    assert spent(org, before)["hf"] == 1
    row = inventory.refresh(program)[0]
    there = program.destination_ref(row.info.ref)
    assert str(there) == f"ms:{row.info.ref.kind.value}:elsewhere/{row.info.ref.name}"
    assert program.destination_ref(there) == row.info.ref
    assert ref.owner == row.info.ref.owner


def test_what_is_deleted_is_forgotten(program: Program) -> None:
    row = inventory.refresh(program)[0]
    decisions.decide(program, [row.info.ref], Decision.DELETE)
    program.forget(row.info.ref)
    assert row.key not in {each.key for each in inventory.cached(program)}
    assert program.decisions.current() == {}
    assert inventory.rows_of(program, [row.info.ref]) == ()


def test_a_listing_cut_short_is_filled_in_one_by_one(org: Running, program: Program) -> None:
    org.faults.add("ms:PUT:/api/v1/models:status=404")
    org.faults.add("ms:GET:/openapi/v1/models\\?:truncate=1")
    org.faults.add("ms:GET:/openapi/v1/models$:truncate=1")
    try:
        listing = backups.listed(program, "aurora-labs")
        rows = by_name(inventory.refresh(program))
    finally:
        org.faults.clear()
    assert "lists only" in listing.trouble and listing.reachable
    for name in ("aurora-tokenizer", "finetune-q3", "broken-upload", "aurora-depth-small"):
        assert rows[name].backup.state is BackupState.EXISTS, name
