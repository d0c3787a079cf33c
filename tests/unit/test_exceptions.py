"""Excepted files: which may be, on what evidence, and how they are counted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, ReadBack, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.verdict import EXCEPTABLE, Explained

SOURCE, DEST = RepoRef.of("ms", "model", "o/m"), RepoRef.of("hf", "model", "o/m")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PLAIN_ID = "dba658600f299cdb"
WHY = "Hugging Face refuses “Apache License 2.0”; license is now apache-2.0"


def blob(text: str) -> Blob:
    return Blob(hashlib.sha256(text.encode()).hexdigest(), len(text))


def side(ref: RepoRef, files: dict[str, str], *, known: bool = True) -> Manifest:
    entries = (
        FileEntry(path, len(text), blob(text).sha256 if known else None) for path, text in files.items()
    )
    return Manifest(ref, "1" * 40, tuple(sorted(entries, key=lambda entry: entry.path)))


OURS = {"README.md": "license: Apache", "w.bin": "weights"}
THEIRS = {"README.md": "license: apache-2.0", "w.bin": "weights"}
EXPLAINED = {"README.md": Explained(blob(OURS["README.md"]), blob(THEIRS["README.md"]), WHY)}


def prove(
    theirs: dict[str, str] = THEIRS,
    explained: dict[str, Explained] = EXPLAINED,
    ours: dict[str, str] = OURS,
    *,
    known: bool = True,
) -> Proof:
    return compare(
        side(SOURCE, ours),
        side(DEST, theirs, known=known),
        level=Level.READ_BACK,
        at=NOW,
        read_back={path: ReadBack(*_flat(text)) for path, text in theirs.items() if text == ours.get(path)},
        explained=explained,
    )


def _flat(text: str) -> tuple[str, int]:
    return blob(text).sha256, len(text)


@pytest.mark.parametrize("known", [True, False])
def test_an_explained_card_is_excepted_and_counted_apart(known: bool) -> None:
    proof = prove(known=known)
    (excepted,) = proof.exceptions
    assert (excepted.verdict, excepted.why, excepted.level) == (Verdict.EXCEPTED, WHY, Level.READ_BACK)
    assert (excepted.source_sha256, excepted.source_size) == _flat(OURS["README.md"])
    assert (excepted.destination_sha256, excepted.destination_size) == _flat(THEIRS["README.md"])
    assert (proof.holds, proof.proven, proof.total, proof.problems) == (True, 1, 2, ())
    assert proof.outcome == "1 of 2, 1 excepted"
    assert proof.summary.startswith("proven 1 · excepted 1 · mismatch 0")


def test_without_exceptions_nothing_speaks_of_them() -> None:
    proof = prove(OURS, {})
    assert (proof.exceptions, proof.outcome) == ((), "2 of 2")
    assert "excepted" not in proof.summary


def test_an_explanation_of_other_contents_excepts_nothing() -> None:
    for wrong in (
        Explained(blob("other card"), EXPLAINED["README.md"].destination, WHY),
        Explained(EXPLAINED["README.md"].source, blob("other"), WHY),
    ):
        proof = prove(explained={"README.md": wrong})
        assert not proof.holds and proof.problems[0].verdict is Verdict.MISMATCH and not proof.exceptions


def test_what_is_missing_unknown_or_alike_is_never_excepted() -> None:
    gone = prove({"w.bin": "weights"})
    assert gone.files[0].verdict is Verdict.MISSING and not gone.holds
    same = prove(OURS, {"README.md": Explained(blob("a"), blob("b"), WHY)})
    assert same.files[0].verdict is Verdict.PROVEN


@given(
    path=st.one_of(st.text(min_size=1, max_size=30), st.sampled_from(["a/README.md", "readme.md", "w.bin"]))
)
def test_no_other_file_is_ever_excepted(path: str) -> None:
    if path in EXCEPTABLE:
        return
    explained = {path: Explained(blob("ours"), blob("theirs"), WHY)}
    proof = prove({path: "theirs"}, explained, {path: "ours"})
    assert not proof.holds and not proof.exceptions and proof.counts[Verdict.EXCEPTED] == 0


def test_an_exception_that_cannot_be_one_is_a_problem() -> None:
    good = prove().exceptions[0]
    proof = prove()
    for bad in (
        replace(good, path="w.bin"),
        replace(good, source_sha256=None),
        replace(good, destination_sha256=None),
        replace(good, destination_sha256=good.source_sha256),
        replace(good, why=""),
        replace(good, level=Level.LISTED),
    ):
        forged = replace(proof, files=(bad,))
        assert not forged.holds and forged.problems == (bad,) and not forged.exceptions and not forged.proven


def test_the_id_tells_exceptions_and_their_reasons_apart_and_leaves_older_ids_alone() -> None:
    proof = prove()
    other = replace(proof, files=(replace(proof.files[0], why="another reason"), *proof.files[1:]))
    assert len({proof.id, other.id, prove(explained={}).id}) == 3
    plain = Proof(
        SOURCE, "1" * 40, DEST, "2" * 40, Level.LISTED, NOW, (FileVerdict("a", Verdict.PROVEN, "3" * 64, "3" * 64, 1, 1),)
    )  # fmt: skip
    assert plain.id == PLAIN_ID, "proofs stored by earlier versions must still load"
