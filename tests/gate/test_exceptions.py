"""Excepted files at the gate: shown by name with both hashes, and their original bytes in the tombstone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hf2ms_tui.domain.gate import CheckName, CheckState, GateFacts, checks
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.services import gate, tombstone
from support.excepted import EXCEPTED, REFUSED_CARD, excepted
from support.gate_world import gate_world, prepare


def _files_proven(facts: GateFacts) -> tuple[CheckState, str]:
    check = next(each for each in checks(facts) if each.name is CheckName.FILES_PROVEN)
    return check.state, check.evidence


def test_the_gate_names_the_exceptions_with_both_hashes(tmp_path: Path) -> None:
    with gate_world(tmp_path, excepted) as world:
        program = world.program(source="ms")
        ref = world.ref("ms", EXCEPTED)
        prepare(program, ref, level=Level.READ_BACK)
        facts = gate.gather(program, ref)
        assert facts.proof is not None
        (file,) = facts.proof.exceptions
        assert file.source_sha256 and file.destination_sha256
        state, evidence = _files_proven(facts)
        assert state is CheckState.OK
        assert evidence.startswith("3 of 4 read back, 1 excepted: README.md")
        assert file.source_sha256[:12] in evidence and file.destination_sha256[:12] in evidence

        forged = replace(
            facts.proof, files=tuple(replace(each, path=f"x/{each.path}") for each in facts.proof.files)
        )
        state, evidence = _files_proven(replace(facts, proof=forged))
        assert state is CheckState.FAILS and "excepted: x/README.md" in evidence


def _check(facts: GateFacts, name: CheckName) -> tuple[CheckState, str]:
    check = next(each for each in checks(facts) if each.name is name)
    return check.state, check.evidence


def test_the_tombstone_must_hold_the_original_bytes(tmp_path: Path) -> None:
    with gate_world(tmp_path, excepted) as world:
        program = world.program(source="ms")
        ref = world.ref("ms", EXCEPTED)
        prepare(program, ref, level=Level.READ_BACK)
        facts = tombstone.ensure(program, gate.gather(program, ref))
        assert facts.proof is not None and facts.tombstone is not None, facts.tombstone_trouble
        (file,) = facts.proof.exceptions
        assert facts.tombstone.originals == {file.source_sha256}
        assert _check(facts, CheckName.TOMBSTONE)[0] is CheckState.OK
        _, parts = program.tombstones.load(program.tombstones.named(facts.tombstone.id))
        assert parts.read(str(file.source_sha256)) == REFUSED_CARD

        again = tombstone.ensure(program, replace(facts, tombstone=None))
        assert again.tombstone == facts.tombstone, "the same tombstone is found again"
        without = replace(facts, tombstone=replace(facts.tombstone, originals=frozenset()))
        state, evidence = _check(without, CheckName.TOMBSTONE)
        assert state is CheckState.FAILS and "lacks the original bytes of README.md" in evidence
