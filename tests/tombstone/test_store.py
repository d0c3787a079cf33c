"""A tombstone on the disk: whole or not there, and read back only when every byte is what was written."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hf2ms_tui.domain.chronicle import Chronicle, Comment, CommitLine, Discussion
from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import Gating, GitRef, RepoId, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.domain.tombstone import Copy, Kept, KeptFile, Place, Tombstone
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.paths import Places
from hf2ms_tui.store.tombstones import TombstoneRow, Tombstones
from support.limits import largest_file

AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
HF, MS = RepoRef.of("hf", "model", "acme/tiny"), RepoRef.of("ms", "model", "acme/tiny")
CANARY = "hf_CanaryInATombstone0123"
CARD, ODD = b"# Tiny\n", b"\x00\xff odd"
NASTY = "../../etc/\u202e \x1b[31m" + "x" * 300


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stone(ref: RepoRef = HF, at: datetime = AT) -> Tombstone:
    head, tag = "a" * 40, "b" * 40
    weights = FileEntry("w/one.bin", 5_000_000_000, "e" * 64, None, True)
    proof = Proof(
        ref,
        head,
        MS,
        "d" * 40,
        Level.READ_BACK,
        AT,
        (FileVerdict("w/one.bin", Verdict.PROVEN, "e" * 64, "e" * 64, 5, 5, Level.READ_BACK),),
        job_id="j",
    )
    return Tombstone(
        ref=ref,
        at=at,
        account="ada",
        branch="main",
        info=RepoInfo(
            ref, Visibility.PUBLIC, Gating.MANUAL, head, AT, None, 5, likes=3, licence="mit", tags=("a",)
        ),
        refs=(GitRef("main", "branch", head), GitRef(NASTY, "tag", tag), GitRef("1", "pull", "c" * 40)),
        refs_digest="f" * 64,
        states={
            head: (
                KeptFile(FileEntry("README.md", len(CARD), sha(CARD), "0" * 40), Place.HERE),
                KeptFile(weights, Place.THERE, 0, "w/one.bin"),
            ),
            tag: (
                KeptFile(FileEntry(NASTY, len(ODD), sha(ODD), "1" * 40), Place.HERE),
                KeptFile(replace(weights, path="lost\ud800.bin"), Place.LOST),
                KeptFile(replace(weights, path="other.bin"), Place.THERE, 0, "w/one.bin"),
            ),
        },
        copies=(Copy(MS, "d" * 40),),
        proof=proof,
        chronicle=Chronicle(
            f"a description with {CANARY} in it",
            (CommitLine(head, "first", AT, ("ada",)), CommitLine(tag, "no date")),
            (Discussion(1, "why", "open", "bob", AT, False, (Comment("bob", AT, "because"),)),),
            ("Something could not be read.",),
        ),
        journal=(7, "9" * 64),
        kept=Kept(2, len(CARD) + len(ODD), 1, 99),
    )


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "state").ready()


@pytest.fixture
def stones(places: Places) -> Iterator[Tombstones]:
    db = Database(places.database, secrets=(Secret(CANARY),))
    yield Tombstones(db, places)
    db.close()


def write(stones: Tombstones, what: Tombstone) -> TombstoneRow:
    with stones.draft(what.ref, what.at) as draft:
        draft.add(sha(CARD), [CARD[:3], CARD[3:]])
        draft.add(sha(ODD), [ODD])
        draft.add(sha(ODD), iter(()))
        return stones.finish(draft, what)


def test_what_is_written_is_read(stones: Tombstones) -> None:
    what = stone()
    row = write(stones, what)
    back, parts = stones.load(row)
    assert replace(back, chronicle=what.chronicle) == what
    assert back.chronicle.description == "a description with ‹token› in it"
    assert back.chronicle.discussions == what.chronicle.discussions
    assert back.chronicle.commits == what.chronicle.commits
    assert parts.read(sha(CARD)) == CARD and parts.read(sha(ODD), 1, 3) == ODD[1:3]
    assert (row.contents, row.size) == (2, len(CARD) + len(ODD))
    assert stones.find(HF, "f" * 64, what.proof.id) == row == stones.named(row.id[:6])
    assert stones.find(HF, "0" * 64, what.proof.id) is None
    with pytest.raises(StoreFailed, match="does not hold"):
        parts.read("0" * 64)


def test_nobody_else_may_read_it_and_no_name_of_the_repo_names_a_file(
    stones: Tombstones, places: Places, tmp_path: Path
) -> None:
    row = write(stones, stone())
    for path in [*places.tombstones.rglob("*"), places.tombstones]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert {path.name for path in row.folder.iterdir()} == {
        *("head.json", "about.json", "states.z", "proof.z", "parts.json", "parts")
    }
    assert row.folder.relative_to(places.tombstones).as_posix() == "hf/model/acme/tiny/20260301T123015250000Z"
    evil = RepoRef(HF.hub, HF.kind, RepoId("..", "../../escape\n"))
    where = write(stones, stone(evil)).folder
    assert where.is_relative_to(places.tombstones) and ".." not in where.parts
    assert {path.name for path in tmp_path.iterdir()} == {"state"}


def test_it_holds_no_secret(stones: Tombstones, places: Places) -> None:
    write(stones, stone())
    for path in places.state.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("name", ["head.json", "about.json", "states.z", "proof.z", "parts.json", "parts"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_change_of_any_byte_is_found(stones: Tombstones, name: str, how: str) -> None:
    row = write(stones, stone())
    path = row.folder / name
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[:-1])
    else:
        path.write_bytes(
            data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
        )
    with pytest.raises(StoreFailed) as caught:
        stones.load(row)
    assert "cannot be used" in str(caught.value) and name in str(caught.value)


def test_a_head_that_was_made_to_fit_is_found_by_the_index(stones: Tombstones) -> None:
    row = write(stones, stone())
    about = row.folder / "about.json"
    about.write_bytes(about.read_bytes().replace(b"ada", b"eve"))
    head = json.loads((row.folder / "head.json").read_bytes())
    head["files"]["about.json"] = [about.stat().st_size, sha(about.read_bytes())]
    (row.folder / "head.json").write_text(json.dumps(head))
    with pytest.raises(StoreFailed, match=r"head\.json was changed"):
        stones.load(row)
    with pytest.raises(StoreFailed, match=r"head\.json was changed"):
        stones.load(stones.named(str(row.folder)))


def test_a_copy_of_the_folder_is_one_too(stones: Tombstones, tmp_path: Path) -> None:
    row = write(stones, stone())
    elsewhere = tmp_path / "copy"
    row.folder.rename(elsewhere)
    found = stones.named(str(elsewhere))
    assert found.ref == HF and not found.indexed
    assert stones.load(found)[0].proof == stone().proof
    with pytest.raises(BadInput, match="No tombstone"):
        stones.named("nothing")


@pytest.mark.parametrize("size", [0, 3, 10, 100, 700])
def test_a_full_disk_leaves_nothing(stones: Tombstones, places: Places, size: int) -> None:
    with largest_file(size), pytest.raises(StoreFailed, match="could not be written") as caught:
        write(stones, stone())
    assert "the gate stays shut" in caught.value.meaning
    assert stones.rows() == []
    assert [path for path in places.tombstones.rglob("*") if path.is_file()] == []
    assert write(stones, stone()).contents == 2


def test_wrong_bytes_are_not_kept(stones: Tombstones, places: Places) -> None:
    with pytest.raises(StoreFailed, match="changed while it was read"), stones.draft(HF, AT) as draft:
        draft.add(sha(CARD), [b"# Tidy\n"])
    assert not [path for path in places.tombstones.rglob("*") if path.is_file()]


def test_only_what_no_deletion_rests_on_is_replaced(stones: Tombstones) -> None:
    first, second, third = (write(stones, stone(at=AT + timedelta(seconds=n))) for n in range(3))
    stones.use(first)
    stones.drop_older(third)
    assert [row.id for row in stones.rows(HF)] == [third.id, first.id]
    assert first.folder.exists() and not second.folder.exists()
    with pytest.raises(StoreFailed, match="replaced by another program"):
        stones.use(second)


def test_what_a_killed_program_began_is_removed_after_a_day(stones: Tombstones) -> None:
    draft = stones.draft(HF, AT)
    draft.add(sha(CARD), [CARD])
    begun = next(path for path in draft.folder.parent.iterdir() if path.name.startswith("."))
    write(stones, stone(at=AT + timedelta(seconds=1)))
    assert begun.exists()
    os.utime(begun, (0, 0))
    write(stones, stone(at=AT + timedelta(seconds=2)))
    assert not begun.exists() and len(stones.rows()) == 2
