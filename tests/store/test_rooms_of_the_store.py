"""Inventory, manifests, proofs, ledger and places."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hf2ms_tui.domain.compare import compare
from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.inventory import Backup, BackupState
from hf2ms_tui.domain.job import JobSpec
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.proof import Level, Proof, ReadBack, Verdict
from hf2ms_tui.domain.repo import Gating, Hub, RepoInfo, RepoRef, Visibility
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.inventory import InventoryCache
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.ledger import JobLedger
from hf2ms_tui.store.manifests import MAX_REVISIONS, ManifestCache
from hf2ms_tui.store.paths import Places
from hf2ms_tui.store.proofs import Proofs

NOW = datetime(2026, 8, 1, 12, 0, 0, 123456, tzinfo=UTC)
SOURCE = RepoRef.of("hf", "dataset", "acme/images")
DESTINATION = RepoRef.of("ms", "dataset", "acme/images")


def info(number: int) -> RepoInfo:
    return RepoInfo(
        RepoRef.of("hf", "model", f"acme/r{number}"),
        Visibility.PRIVATE,
        Gating.MANUAL,
        "f" * 40,
        NOW,
        NOW - timedelta(days=number),
        number * 10**9,
        True,
        number,
        0,
        "mit",
        ("a", "b"),
        "gradio",
        "odd",
    )


def files(count: int) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(
            f"train/{number:06d}.bin",
            number + 1,
            hashlib.sha256(b"%d" % number).hexdigest(),
            hashlib.sha1(b"%d" % number).hexdigest(),
            number % 2 == 0,
        )
        for number in range(count)
    )


def test_the_inventory_comes_back_with_everything_known_and_unknown(db: Database) -> None:
    cache = InventoryCache(db)
    bare = RepoInfo(SOURCE, Visibility.UNKNOWN)
    rows = (info(3), bare, info(1))
    cache.save(Hub.HF, "acme", rows, NOW)
    assert cache.load(Hub.HF, "acme") == (rows, NOW)
    assert cache.load(Hub.MS, "acme") is None
    cache.forget(SOURCE)
    assert cache.load(Hub.HF, "acme") == ((info(3), info(1)), NOW)


def test_ten_thousand_rows_and_backups_load_in_a_moment(db: Database) -> None:
    cache = InventoryCache(db)
    rows = [info(number) for number in range(10_000)]
    cache.save(Hub.HF, "acme", rows, NOW)
    cache.save_backups({row.ref.key: Backup(BackupState.NONE) for row in rows})
    best = 9.9
    for _ in range(3):
        began = time.thread_time()
        cache.load(Hub.HF, "acme")
        cache.backups()
        best = min(best, time.thread_time() - began)
    assert best < 10, "something became quadratic"


def test_backups_come_back(db: Database) -> None:
    cache = InventoryCache(db)
    backup = Backup(BackupState.PARTIAL, DESTINATION, 3, 5, "a" * 40, NOW, "stored", "beef", "why")
    cache.save_backup(SOURCE, backup)
    cache.save_backup(SOURCE, backup)
    assert cache.backups() == {SOURCE.key: backup}


def test_a_damaged_value_says_so(db: Database) -> None:
    cache = InventoryCache(db)
    cache.save(Hub.HF, "acme", [info(1)], NOW)
    with db.write() as connection:
        connection.execute("UPDATE inventories SET data = x'00112233'")
    with pytest.raises(StoreFailed, match="damaged"):
        cache.load(Hub.HF, "acme")


def test_manifests_are_kept_by_revision_and_only_whole_ones(db: Database) -> None:
    cache = ManifestCache(db)
    manifest = Manifest(SOURCE, "a" * 40, (*files(5), FileEntry("caf\udce9", 3)), listed_at=NOW)
    cache.put(manifest)
    cache.put(Manifest(SOURCE, "b" * 40, files(2), incomplete="cut at 3,000"))
    assert cache.get(SOURCE, "a" * 40) == manifest
    assert cache.get(SOURCE, "b" * 40) is None
    assert cache.get(DESTINATION, "a" * 40) is None
    cache.put(Manifest(SOURCE, "c" * 40, files(2)))
    assert [found.revision for found in cache.all_latest("acme")] == ["c" * 40]
    assert list(cache.all_latest("acme", Hub.MS)) == []
    assert cache.cached() == {(SOURCE.key, "a" * 40), (SOURCE.key, "c" * 40)}


def test_manifests_are_bounded(db: Database) -> None:
    few = ManifestCache(db)
    for number in range(MAX_REVISIONS + 3):
        few.put(Manifest(SOURCE, f"{number:040x}", files(1)))
    assert len(few.cached()) == MAX_REVISIONS
    assert few.get(SOURCE, f"{0:040x}") is None
    small = ManifestCache(db, max_bytes=2_000)
    for name in "abcdefghij":
        small.put(Manifest(RepoRef.of("hf", "model", f"acme/{name}"), "a" * 40, files(8)))
    kept = {key for key, _ in small.cached()}
    assert "hf:model:acme/j" in kept and "hf:model:acme/a" not in kept
    with db.read() as connection:
        assert connection.execute("SELECT SUM(bytes) FROM manifests").fetchone()[0] <= 2_000


def proof(count: int, revision: str = "a" * 40, at: datetime = NOW, spoil: bool = False) -> Proof:
    ours = files(count)
    theirs = (
        (FileEntry(ours[0].path, 99, "0" * 64), *ours[1:], FileEntry("extra", 1, "1" * 64)) if spoil else ours
    )
    return compare(
        Manifest(SOURCE, revision, ours),
        Manifest(DESTINATION, "d" * 40, theirs),
        level=Level.LISTED,
        at=at,
        job_id="j",
    )


def test_proofs_of_many_files_are_stored_and_read_back_equal(db: Database) -> None:
    proofs = Proofs(db)
    big = proof(100_000, spoil=True)
    began = time.thread_time()
    proof_id = proofs.save(big)
    assert proofs.get(proof_id) == big
    assert time.thread_time() - began < 12
    assert proofs.save(proof(3)) == proofs.save(proof(3)) == proof(3).id
    with db.read() as connection:
        assert (
            connection.execute("SELECT LENGTH(data) FROM proofs WHERE id = ?", (proof_id,)).fetchone()[0]
            < 100_000 * 60
        )


def test_the_latest_proof_counts_whether_it_holds_or_not(db: Database) -> None:
    proofs = Proofs(db)
    good, bad = proof(3), proof(3, at=NOW + timedelta(hours=1), spoil=True)
    older = proof(3, revision="c" * 40, at=NOW - timedelta(days=1))
    for each in (bad, good, older):
        proofs.save(each)
    assert proofs.latest(SOURCE) == bad
    assert proofs.latest(SOURCE, "c" * 40) == older
    assert proofs.latest(SOURCE, destination=SOURCE) is None
    assert proofs.latest(DESTINATION) is None
    first, *_ = proofs.summaries()
    assert (first.id, first.holds, first.proven, first.total) == (bad.id, False, 2, 3)
    assert first.counts == {Verdict.PROVEN: 2, Verdict.MISMATCH: 1, Verdict.EXTRA: 1}
    assert [each.holds for each in proofs.summaries(SOURCE)] == [False, True, True]
    assert proofs.summaries(DESTINATION) == []


def test_a_proof_that_was_changed_is_refused(db: Database) -> None:
    proofs = Proofs(db)
    bad, good = proof(2, spoil=True), proof(2)
    proofs.save(bad)
    proofs.save(good)
    with db.write() as connection:
        connection.execute(
            "UPDATE proofs SET data = (SELECT data FROM proofs WHERE id = ?) WHERE id = ?", (good.id, bad.id)
        )
    with pytest.raises(StoreFailed, match="not what was saved"):
        proofs.get(bad.id)


def test_a_proof_takes_back_that_there_is_no_copy(db: Database) -> None:
    cache = InventoryCache(db)
    cache.save_backup(SOURCE, Backup(BackupState.NONE))
    Proofs(db).save(proof(1))
    assert cache.backups() == {}


def test_the_ledger_remembers_across_jobs_to_the_same_place(db: Database) -> None:
    jobs = Jobs(db)
    jobs.create(JobSpec("one", SOURCE, DESTINATION, destination_endpoint="https://ms"))
    jobs.create(JobSpec("two", SOURCE, DESTINATION, destination_endpoint="https://ms"))
    jobs.create(JobSpec("far", SOURCE, DESTINATION, destination_endpoint="https://elsewhere"))
    one, two, far = (jobs.ledger(name) for name in ("one", "two", "far"))
    blob, other = Blob("a" * 64, 5), Blob("b" * 64, 6)
    one.uploaded(blob)
    assert two.was_uploaded(blob) and not two.was_uploaded(other) and not far.was_uploaded(blob)
    assert two.held([blob, other, Blob("a" * 64, 7)]) <= {blob}
    assert two.held([blob, other]) == {blob}
    one.learn_sha256({f"{number:040x}": f"{number:064x}" for number in range(2_000)})
    known = far.sha256_of([f"{number:040x}" for number in range(1_500, 2_500)])
    assert len(known) == 500
    result = ReadBack("c" * 64, 9)
    one.note_read_back("r1", "odd/caf\udce9 \u202e", result)
    one.note_read_back("r1", "failed", ReadBack(error="cut"))
    assert two.read_backs("r1") == {"odd/caf\udce9 \u202e": result}
    assert two.read_backs("r2") == {} and far.read_backs("r1") == {}


def test_places_are_private_and_named_by_the_environment(tmp_path: Path) -> None:
    places = Places.default({"HF2MS_STATE": str(tmp_path / "s")}).ready()
    assert places.state == tmp_path / "s"
    assert places.job_lock("ab-1").parent == places.jobs
    for folder in (places.state, places.jobs, places.crashes):
        assert folder.stat().st_mode & 0o777 == 0o700
    crash = places.crash_file(NOW)
    assert crash.stat().st_mode & 0o777 == 0o600 and crash.parent == places.crashes
    for bad in ("../x", "", "a/b", "a\0"):
        with pytest.raises(BadInput):
            places.job_lock(bad)
    assert "hf2ms-tui" in str(Places.default({}).state)


def test_files_read_back_long_ago_are_no_evidence_for_a_new_proof(db: Database) -> None:
    ledger = JobLedger(db, RepoRef.of("ms", "model", "acme/tiny"), "https://ms.example")
    ledger.note_read_back("r1", "a", ReadBack("aa", 1))
    assert ledger.read_backs("r1") == {"a": ReadBack("aa", 1)}
    with db.write() as connection:
        connection.execute("UPDATE read_backs SET at = '2020-01-01T00:00:00.000000+00:00'")
    assert ledger.read_backs("r1") == {}
    ledger.note_read_back("r1", "a", ReadBack("aa", 1))
    assert ledger.read_backs("r1") == {"a": ReadBack("aa", 1)}
