"""What the journal tells a colleague of a real deletion, and what the tombstone tells of the journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import audit, deletion, gatelook, journalcheck, repostory
from hf2ms_tui.services.outcome import Gone
from support.gate_world import NAME, ORG, gate_world, prepare

FULL = f"{ORG}/{NAME}"


def test_a_deletion_can_be_followed_and_its_tombstone_vouches_for_the_journal(tmp_path: Path) -> None:
    with gate_world(tmp_path) as world:
        program = world.program()
        prepare(program, world.ref())
        seen = gatelook.look(program, world.ref())
        assert deletion.delete(program, world.ref(), FULL, seen=seen.facts).state is Gone.GONE
        entries = program.journal.entries()
        assert all(entry.account == "hf:mira ms:mira" for entry in entries)
        said = {(entry.kind, entry.role): audit.says(entry) for entry in entries}
        proof = program.proofs.standing(world.ref())
        (stone,) = program.tombstones.rows(world.ref())
        assert proof is not None
        assert said["prove", "outcome"] == f"proof {proof.id}: 4 of 4 read back on ModelScope {FULL}"
        assert said["delete", "intent"].startswith(f"proof {proof.id}, 11 checks of the gate")
        assert stone.id in said["delete", "intent"]
        assert said["delete", "outcome"].startswith("gone: Hugging Face answers 404 to mira")
        text = repostory.story(program, repostory.refs_named(program, FULL))
        for part in (
            "It is deleted.",
            "## Decision: ",
            "`undecided → delete`",
            "mira on Hugging Face, mira on ModelScope",
            f"### Proof `{proof.id}`",
            "It holds: 4 of 4 read back",
            f"tombstone {stone.id}",
            "| `destination unchanged` | `at ",
            "4 read again",
            "| `tombstone written` |",
            "- done at ",
            "`✓ ",
        ):
            assert part in text, part

        found = journalcheck.check(program)
        assert found.broken is None and f"tombstone {stone.id}" in {head.where for head in found.heads}
        raw = sqlite3.connect(program.places.database, isolation_level=None)
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("DELETE FROM steps")
        raw.execute("DELETE FROM journal WHERE seq > 1")
        raw.close()
        (program.places.state / "journal.head").unlink()
        found = journalcheck.check(program)
        assert found.broken is not None and found.broken.seq == 2
        assert f"tombstone {stone.id}" in found.broken.why


def test_acts_of_a_job_are_told(tmp_path: Path) -> None:
    with gate_world(tmp_path) as world:
        program = world.program()
        there = RepoRef.of("ms", "model", FULL)
        job = {"job": "abcdefgh"}
        begun = program.journal.intent(
            "restore", world.ref(), {**job, "tombstone": "0123456789abcdef"}, "hf:mira"
        )
        assert program.journal.job_account("abcdefgh") == "hf:mira"
        assert program.journal.job_account("abcdefg") == ""
        program.journal.intent(
            "repo.tag", there, {**job, "name": "v1\x1b", "revision": "a" * 40, "source_revision": "b" * 40}
        )
        program.journal.intent("repo.gate", there, {**job, "gating": "manual"})
        program.journal.outcome(begun, "done", {**job, "phase": "done", "proof": "fedcba9876543210"})
        assert [audit.says(entry) for entry in program.journal.entries()] == [
            "from tombstone 0123456789abcdef, job abcdefgh",
            "v1␛ at aaaaaaa, of revision bbbbbbb, job abcdefgh",
            "gated: manual, job abcdefgh",
            "job abcdefgh done, proof fedcba9876543210",
        ]
