"""The journal as audit: sentences for people, exports that stand alone, reports in which foreign text is inert."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.services import audit, decisions, journalcheck, journalexport, repostory, telling
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load

HF, MS = RepoRef.of("hf", "model", "acme/tiny"), RepoRef.of("ms", "model", "acme/tiny")
NASTY = "a|b`c``d<img src=x>[l](http://x)\x1b[31m\u202e*b*\n# h"
PROOF = Proof(
    HF,
    "a" * 40,
    MS,
    "b" * 40,
    Level.READ_BACK,
    datetime(2026, 3, 1, tzinfo=UTC),
    (
        FileVerdict("w.bin", Verdict.PROVEN, "1" * 64, "1" * 64, 5, 5, Level.READ_BACK),
        FileVerdict(NASTY, Verdict.MISMATCH, "2" * 64, "3" * 64, 5, 6, why=NASTY),
        FileVerdict("more", Verdict.EXTRA),
    ),
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    environ = {"HF2MS_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}
    made = Program(load({"org": "acme"}, environ, tmp_path))
    yield made
    made.close()


def fill(program: Program) -> None:
    journal = program.journal
    decisions.decide(program, [HF, RepoRef.of("hf", "model", "acme/other")], Decision.DELETE)
    begun = journal.intent(
        "migrate", HF, {"job": "abcdefgh", "revision": "a" * 40, "to": MS.key}, "hf:mira ms:ada"
    )
    commit = journal.intent("repo.commit", MS, {"changes": 3, "source": HF.key, "source_revision": "a" * 40})
    journal.outcome(commit, "done", {"revision": "b" * 40})
    journal.outcome(begun, "done", {"job": "abcdefgh", "phase": "done", "proof": PROOF.id, "error": {}})
    program.proofs.save(PROOF)
    begun = journal.intent(
        "delete",
        HF,
        {
            "proof": PROOF.id,
            "acknowledged": ["exp1"],
            "checks": [["backup exists", NASTY], ["no job running", "none"]],
        },
        "hf:mira ms:ada",
    )
    journal.outcome(begun, "done", {"state": "gone", "evidence": "Hugging Face answers 404 to mira"})
    journal.append("some.later.kind", HF, {"x": NASTY, "y": [1, 2]})


def test_every_entry_is_a_sentence(program: Program) -> None:
    fill(program)
    said = [audit.says(entry) for entry in program.journal.entries()]
    assert said[:7] == [
        "2 repos: 2 undecided → delete",
        "job abcdefgh at aaaaaaa to ModelScope acme/tiny",
        "3 files of revision aaaaaaa, job ?",
        "now at bbbbbbb",
        f"job abcdefgh done, proof {PROOF.id}",
        f"proof {PROOF.id}, 2 checks of the gate, loss accepted of exp1",
        "gone: Hugging Face answers 404 to mira",
    ]
    assert all(is_clean(text) for text in said) and "y (2)" in said[-1]
    assert telling.who("hf:mira ms:ada") == "mira on Hugging Face, ada on ModelScope"
    assert telling.who("mira") == "mira", "as older entries say it"


def test_the_outcome_names_the_proof_of_its_intent_and_the_accounts(program: Program) -> None:
    fill(program)
    over = next(
        entry for entry in program.journal.entries() if entry.kind == "delete" and entry.role == "outcome"
    )
    assert (over.payload["proof"], over.account) == (PROOF.id, "hf:mira ms:ada")
    labels = dict(audit.facts(over))
    assert labels["by"] == "mira on Hugging Face, ada on ModelScope"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"changes": 3},
        {"changes": [[1], "x"]},
        {"files": None, "to": 7},
        {"checks": 5, "acknowledged": 6},
        {"error": 1},
    ],
)
def test_an_edited_payload_is_told_without_a_crash(program: Program, payload: dict[str, object]) -> None:
    for kind in ("decide", "prove", "migrate", "delete", "repo.commit", "repo.prepare", "cancel"):
        begun = program.journal.intent(kind, HF, payload)
        program.journal.outcome(begun, "done", payload)
    assert all(isinstance(audit.entry_line(entry), str) for entry in program.journal.entries())
    assert repostory.story(program, [HF]).startswith("# `acme/tiny`")


def test_an_export_can_be_checked_without_this_program(program: Program) -> None:
    fill(program)
    previous = ""
    for line in journalexport.text(program).splitlines():
        row = json.loads(line)
        payload = json.dumps(row["payload"], sort_keys=True, separators=(",", ":"))
        fields = [row[name] for name in ("seq", "at", "kind", "role", "about", "state", "repo", "account")]
        covered = json.dumps([previous, *fields, payload], sort_keys=True, separators=(",", ":"))
        assert row["previous"] == previous
        assert hashlib.sha256(covered.encode("ascii")).hexdigest() == row["digest"]
        previous = row["digest"]
    head = program.journal.head()
    assert head is not None and head.digest == previous


def test_an_export_kept_elsewhere_finds_a_journal_that_was_rewritten(
    program: Program, tmp_path: Path
) -> None:
    fill(program)
    kept = tmp_path / "kept.jsonl"
    kept.write_text(journalexport.text(program))
    found = journalcheck.check(program, kept)
    assert found.broken is None and "agree, up to the newest" in found.summary and len(found.heads) == 2
    lines = kept.read_text().splitlines()
    row = json.loads(lines[3])
    lines[3] = json.dumps({**row, "digest": "0" * 64})
    kept.write_text("\n".join(lines))
    found = journalcheck.check(program, kept)
    assert found.broken is not None and found.broken.seq == 4 and "kept.jsonl" in found.summary
    assert journalcheck.checkup_dict(found)["first_bad"] == 4
    kept.write_text("no export")
    with pytest.raises(BadInput, match="not an export"):
        journalcheck.check(program, kept)


def test_the_story_of_a_repo_can_be_followed_and_nothing_foreign_acts_in_it(program: Program) -> None:
    fill(program)
    text = repostory.story(program, repostory.refs_named(program, "acme/tiny"))
    in_order = (
        "`acme/tiny`",
        "model on Hugging Face. It is deleted.",
        "## Decision: ",
        "`undecided → delete`",
        "## Migration: ",
        "mira on Hugging Face, ada on ModelScope",
        f"### Proof `{PROOF.id}`",
        "does **not** hold: 1 of 2 read back, at 2026-03-01 00:00:00 UTC",
        "Problems:",
        "2" * 64,
        "## Commit on the destination: ",
        "## Deletion: ",
        "| `no job running` | `none` |",
        "Accepted as lost, by typing the name: `exp1`.",
        "## The journal behind this report",
    )
    at = 0
    for part in in_order:
        assert part in text[at:], part
        at = text.index(part, at)
    assert all(is_clean(line) for line in text.split("\n"))
    for outside in _outside_code(text):
        for sign in ("<img", "](http", "*b*", "\x1b", "# h"):
            assert sign not in outside
    assert [ref.key for ref in repostory.refs_named(program, "ms:acme/tiny")] == [MS.key]
    with pytest.raises(BadInput, match="knows nothing"):
        repostory.refs_named(program, "acme/nowhere")


def _outside_code(text: str) -> Iterator[str]:
    """What Markdown would interpret: the text without its code spans, whose fences are runs of equal length."""
    for line in text.split("\n"):
        yield re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", line)


def test_a_code_span_holds_any_text() -> None:
    for text in ("`", "``", "a`", "`a", "a``b`c", "|", "", " "):
        span = repostory.code(text)
        assert next(_outside_code(span)).strip() in {"", "—"}, text
    assert repostory.cell("a|b") == "`a\\|b`"
