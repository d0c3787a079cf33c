"""Exceptions are told wherever a proof is: status, reports, sheet, gate; and a proof with them is stored and read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hf2ms_tui.domain.inventory import BackupState
from hf2ms_tui.domain.proof import Level, Verdict
from hf2ms_tui.services import card, inventory, jobs, proving, report, sheet
from hf2ms_tui.services.program import Program
from support.excepted import EXCEPTED, excepted
from support.gate_world import GateWorld, gate_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    with gate_world(tmp_path, excepted) as here:
        yield here


@pytest.fixture
def program(world: GateWorld) -> Program:
    found = world.program(source="ms")
    inventory.refresh(found)
    return found


def test_every_place_that_tells_a_proof_tells_its_exceptions(world: GateWorld, program: Program) -> None:
    ref = world.ref("ms", EXCEPTED)
    proof = proving.prove(program, jobs.direction(program, ref), Level.READ_BACK)
    (file,) = proof.exceptions
    assert program.proofs.get(proof.id) == proof
    (summary,) = program.proofs.summaries(ref)
    assert (summary.holds, summary.proven, summary.total, summary.counts[Verdict.EXCEPTED]) == (True, 3, 4, 1)

    (row,) = inventory.rows_of(program, [ref])
    backup = row.backup
    assert (backup.state, backup.proven, backup.total, backup.excepted) == (BackupState.PROVEN, 3, 4, 1)
    assert (backup.glyph, backup.words) == ("≈", "proven, 1 excepted")
    assert report.row_dict(row)["backup"]["excepted"] == 1
    assert any("≈ proven, 1 excepted" in line for line in report.inventory_lines([row]))
    told = {answer.question: answer.text for answer in card.answers(row, None, program.now())}
    assert "3 of 4 files, 1 excepted" in told["Is it backed up?"]

    lines = report.proof_lines(proof)
    assert lines[0].startswith("PROVEN, 1 EXCEPTED") and "proven 3 · excepted 1" in lines[1]
    text = "\n".join(lines)
    assert file.source_sha256 and file.source_sha256 in text and file.destination_sha256 in text
    assert "is now apache-2.0" in text
    plain = report.proof_dict(proof)
    assert (plain["holds"], plain["proven"], plain["total"], plain["counts"]["excepted"]) == (True, 3, 4, 1)
    assert [each["path"] for each in plain["exceptions"]] == ["README.md"]

    laid_out = sheet.lay_out(proof)
    assert (laid_out.outcome, laid_out.proven, laid_out.files[0]) == ("proven, 1 excepted", 3, file)
    assert any("excepted 1" in str(entry.payload.get("summary")) for entry in program.journal.entries())
