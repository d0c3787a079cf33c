from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Level, Proof, ReadBack, Verdict
from hf2ms_tui.domain.repo import RepoRef

SOURCE = RepoRef.of("hf", "dataset", "o/d")
DEST = RepoRef.of("ms", "dataset", "o/d")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(path: str, content: str = "x", lfs: bool = True, known: bool = True) -> FileEntry:
    return FileEntry(path, len(content), sha(content) if known else None, "0" * 40, lfs)


def side(ref: RepoRef, *files: FileEntry, incomplete: str = "") -> Manifest:
    return Manifest(ref, "1" * 40, tuple(files), incomplete)


def prove(source: Manifest, destination: Manifest, level: Level = Level.LISTED, **more: object) -> Proof:
    return compare(source, destination, level=level, at=NOW, **more)  # type: ignore[arg-type]


def only(proof: Proof) -> Verdict:
    return proof.files[0].verdict


def test_w03_nothing_is_proven_without_hashes_on_both_sides() -> None:
    assert only(prove(side(SOURCE, entry("a", known=False)), side(DEST, entry("a")))) is Verdict.UNKNOWN
    assert only(prove(side(SOURCE, entry("a")), side(DEST, entry("a", known=False)))) is Verdict.UNKNOWN
    both = prove(side(SOURCE, entry("a", known=False)), side(DEST, entry("a", known=False)))
    assert only(both) is Verdict.UNKNOWN
    assert not both.holds


def test_w04_w06_every_file_counts_whatever_its_name() -> None:
    names = [".gitattributes", ".gitignore", "README.md", "config.json", ".github/a.yml"]
    proof = prove(
        side(SOURCE, *[entry(name, lfs=False) for name in names]), side(DEST, entry("junk1"), entry("junk2"))
    )
    assert {file.path for file in proof.problems} == set(names)
    assert proof.counts[Verdict.EXTRA] == 2
    assert not proof.holds


def test_w05_sizes_are_compared() -> None:
    shorter = replace(entry("a", "xy"), size=1)
    assert only(prove(side(SOURCE, entry("a", "xy")), side(DEST, shorter))) is Verdict.MISMATCH


def test_w07_w21_a_listing_that_may_be_cut_short_proves_nothing() -> None:
    for source_cut, destination_cut in (("3,000 entries", ""), ("", "page 2 failed")):
        proof = prove(
            side(SOURCE, entry("a"), incomplete=source_cut),
            side(DEST, entry("a"), incomplete=destination_cut),
        )
        assert proof.counts[Verdict.PROVEN] == 1
        assert not proof.holds
        assert "cut short" in proof.doubt


def test_stored_needs_the_destination_to_confirm_each_blob() -> None:
    source, dest = side(SOURCE, entry("a"), entry("b", "y")), side(DEST, entry("a"), entry("b", "y"))
    blob_a = Blob(sha("x"), 1)
    proof = prove(source, dest, Level.STORED, stored={blob_a})
    assert [file.verdict for file in proof.files] == [Verdict.PROVEN, Verdict.MISSING]
    assert prove(source, dest, Level.STORED, stored={blob_a, Blob(sha("y"), 1)}).holds


def test_read_back_overrules_what_is_listed() -> None:
    source, dest = side(SOURCE, entry("a")), side(DEST, entry("a"))
    good = {"a": ReadBack(sha("x"), 1)}
    assert prove(source, dest, Level.READ_BACK, read_back=good).holds
    wrong = {"a": ReadBack(sha("z"), 1)}
    assert only(prove(source, dest, Level.READ_BACK, read_back=wrong)) is Verdict.MISMATCH
    lying = side(DEST, entry("a", "z"))
    assert only(prove(source, lying, Level.READ_BACK, read_back=good)) is Verdict.MISMATCH


def test_a_file_that_could_not_be_read_back_keeps_the_proof_from_holding() -> None:
    proof = prove(
        side(SOURCE, entry("a")),
        side(DEST, entry("a")),
        Level.READ_BACK,
        stored={Blob(sha("x"), 1)},
        read_back={"a": ReadBack(error="no answer")},
    )
    assert only(proof) is Verdict.PROVEN
    assert proof.files[0].level is Level.STORED
    assert not proof.holds
    assert proof.proven == 0
    assert "no answer" in proof.problems[0].why


def test_a_weaker_level_than_asked_does_not_hold() -> None:
    source, dest = side(SOURCE, entry("a")), side(DEST, entry("a"))
    assert prove(source, dest, Level.LISTED).holds
    assert not prove(source, dest, Level.STORED).holds
    assert not prove(source, dest, Level.READ_BACK, stored={Blob(sha("x"), 1)}).holds


def test_the_id_depends_on_all_that_was_found() -> None:
    source, dest = side(SOURCE, entry("a")), side(DEST, entry("a"))
    proof = prove(source, dest)
    assert proof.id == prove(source, dest).id
    assert proof.id != prove(source, side(DEST, entry("a", "z"))).id
    assert proof.id != replace(proof, at=datetime(2026, 11, 22, tzinfo=UTC)).id


contents = st.sampled_from(["a", "b", "cc", ""])
files = st.dictionaries(
    st.sampled_from("pqrstu"), st.tuples(contents, st.booleans(), st.booleans()), max_size=6
)


@given(
    files, files, st.sampled_from(Level), st.dictionaries(st.sampled_from("pqrstu"), contents), st.booleans()
)
def test_a_proof_that_holds_is_true(
    ours: dict[str, tuple[str, bool, bool]],
    theirs: dict[str, tuple[str, bool, bool]],
    level: Level,
    served: dict[str, str],
    all_stored: bool,
) -> None:
    """Whatever the listings say: when a proof holds, each source file is listed there with the same known content."""
    source = side(SOURCE, *[entry(p, c, lfs, known) for p, (c, lfs, known) in sorted(ours.items())])
    dest = side(DEST, *[entry(p, c, lfs, known) for p, (c, lfs, known) in sorted(theirs.items())])
    stored = {Blob(sha(c), len(c)) for c, _, _ in theirs.values()} if all_stored else None
    proof = prove(
        source,
        dest,
        level,
        stored=stored,
        read_back={path: ReadBack(sha(content), len(content)) for path, content in served.items()},
    )
    assert proof.total == len(ours)
    if not proof.holds:
        return
    for path, (content, _, known) in ours.items():
        assert known
        assert theirs[path][0] == content
        if level is Level.READ_BACK:
            assert served[path] == content
        if path in served:
            assert served[path] == content


def test_a_hundred_thousand_files_are_compared_in_one_pass() -> None:
    """A guard against anything quadratic; the figure itself is in the benches."""
    many = [entry(f"d{index % 100}/{index:06}.bin", str(index)) for index in range(100_000)]
    begun = time.perf_counter()
    assert prove(side(SOURCE, *many), side(DEST, *many)).holds
    assert time.perf_counter() - begun < 20
