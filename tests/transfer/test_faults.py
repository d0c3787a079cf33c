"""Jobs while hubs misbehave: cut and corrupted bodies, lies, storms of 429, short listings, pushes in between."""

from __future__ import annotations

import threading
import time

import pytest

from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.proof import Level, Verdict
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.transfer.memory import MemoryBoard, MemoryLedger
from support.transfers import CARD, MIB, MODEL, Sides, add, model, proven, put, ref, sides

WAYS = [("hf", "ms"), ("ms", "hf")]
DOWN = {"hf": "blob", "ms": "blob-get"}
UP = {"hf": "put", "ms": "blob-put"}


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_cut_downloads_are_resumed_where_they_stopped(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.fault(f"{here}:GET:{DOWN[here]}:cut=1000000:count=3")
        proven(world.run(ref(here), ref(there)), world.proof)
        ranges = [entry.range for entry in world.running.log.entries(hub=here, origin="cdn") if entry.range]
        assert any(not text.startswith("bytes=0-") for text in ranges)
        # Nothing was sent to the destination twice because of it.
        assert len(world.puts(there)) == len({entry.path for entry in world.puts(there)})


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_an_upload_whose_answer_was_lost_is_not_sent_again(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.fault(f"{there}:PUT:{UP[there]}:status=503:late:count=2")
        proven(world.run(ref(here), ref(there)), world.proof)
        sent = [entry for entry in world.running.log.entries(hub=there, method="PUT") if entry.bytes_in]
        if there == "ms":  # Hugging Face may want its verify call before a blob counts as stored
            assert len(sent) == len({entry.path for entry in sent})


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_an_upload_that_is_cut_is_sent_again_and_counted_as_resent(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.fault(f"{there}:PUT:{UP[there]}:reset=600000:upload:count=2")
        view = world.run(ref(here), ref(there))
        proven(view, world.proof)
        assert view.resent > 0
        assert any(chunk.attempts > 1 for chunk in view.chunks)
        assert "Try 2 in" in world.log_text()


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_corrupted_byte_at_the_source_is_never_stored_and_never_proven(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.fault(f"{here}:GET:{DOWN[here]}:corrupt=300000")
        view = world.run(ref(here), ref(there))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "Corrupt"
        assert "SHA-256" in str(view.error["meaning"])
        assert str(view.error["path"]) in MODEL
        # What was started was never completed at the hub.
        stored = world.running.log.entries(hub=there, method="PUT")
        hashes = {path: sha256 for path, sha256 in world.files(here).items() if path.startswith("weights/")}
        assert not [e for e in stored if e.status == 200 and any(h in e.path for h in hashes.values())]
        # The rest was still brought over, and the proof names exactly what is missing.
        assert not world.proof.holds
        bad = {file.path for file in world.proof.problems}
        assert {path for path in bad if path.startswith("weights/")} == bad
        assert "config.json" in world.files(there)


def test_one_bad_file_does_not_keep_the_others_from_being_moved() -> None:
    files = {f"part-{n}.bin": SeededContent(f"p{n}", MIB) for n in range(6)}
    with sides(lambda world: add(world, "hf", "tiny", {"README.md": CARD, **files})) as world:
        world.fault("hf:GET:blob:corrupt=5:count=1")
        ledger = MemoryLedger()
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        assert view.error["error"] == "Corrupt"
        assert world.proof.counts[Verdict.MISSING] == 1
        assert world.proof.counts[Verdict.PROVEN] == 6
        # The retry brings the one file that was missing and nothing else.
        before = len(world.puts("ms"))
        proven(world.run(ref("hf"), ref("ms"), ledger=ledger), world.proof)
        assert len(world.puts("ms")) == before + 1


@pytest.mark.parametrize("route", ["blob-get", "download"])
def test_a_corrupted_byte_at_the_destination_is_a_mismatch_that_names_the_file(route: str) -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms"), level=Level.STORED), world.proof, Level.STORED)
        world.fault(f"ms:GET:{route}:corrupt=3")
        view = world.run(ref("hf"), ref("ms"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "NotProven"
        assert view.error["path"] in MODEL
        assert world.proof.counts[Verdict.MISMATCH] > 0
        assert view.moved == 0


@pytest.mark.parametrize("route", ["lfs-batch", "commit", "blob-put", "files"])
def test_a_destination_that_answers_200_and_failure_is_never_believed(route: str) -> None:
    with sides(model("hf")) as world:
        world.fault(f"ms:*:{route}:success_false")
        view = world.run(ref("hf"), ref("ms"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] != "Cancelled"
        assert not world.board.proofs or not world.proof.holds


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_storm_of_429_is_waited_out_together(here: str, there: str) -> None:
    with sides(model(here)) as world:
        for hub in (here, there):
            world.fault(f"{hub}:*:.*:status=429:header=Retry-After=0.2:p=0.12:seed=4")
        view = world.run(ref(here), ref(there))
        proven(view, world.proof)
        assert "asks to slow down" in world.log_text()


def test_a_commit_that_is_rate_limited_waits_and_is_made_once() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:POST:commit:status=429:header=Retry-After=1:count=2")
        began = time.monotonic()
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert time.monotonic() - began >= 2
        acts = [(act.kind, act.state) for act in world.board.acts]
        assert acts[-1] == ("repo.commit", "done")
        made = [entry for entry in world.running.log.entries(route="commit", hub="ms") if entry.status == 200]
        assert len(made) == 1


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_commit_whose_answer_was_lost_is_not_made_twice(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.fault(f"{there}:POST:commit:status=502:late:count=1")
        proven(world.run(ref(here), ref(there)), world.proof)
        made = [
            commit
            for commit in world.repo(there).commits.values()
            if "Copy of" in commit.title + commit.message
        ]
        assert len(made) == 1


@pytest.mark.parametrize("often", ["", ":count=1"])
def test_a_source_listing_that_may_be_cut_moves_nothing(often: str) -> None:
    files = {f"d/{n:04}.txt": b"%d" % n for n in range(1500)}
    with sides(lambda world: add(world, "hf", "many", files, kind="dataset")) as world:
        world.fault(f"hf:GET:tree:truncate=700{often}")
        view = world.run(ref("hf", "many", "dataset"), ref("ms", "many", "dataset"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "HubLied"
        assert "may not list every file" in str(view.error["what"])
        assert world.board.proofs == []
        assert world.board.acts == []  # not even the destination was created


def test_a_source_listing_that_was_cut_once_is_found_out_before_anything_is_called_proven() -> None:
    files = {f"d/{n:04}.txt": b"%d" % n for n in range(60)}
    with sides(lambda world: add(world, "ms", "flat", files)) as world:
        world.fault("ms:GET:files:truncate=20:count=1")
        view = world.run(ref("ms", "flat"), ref("hf", "flat"))
        assert view.phase is Phase.FAILED
        assert "listed 19 files of one revision before and 60 now" in str(view.error["what"])
        assert world.board.proofs == []


def test_a_destination_listing_that_is_cut_is_not_proven() -> None:
    files = {f"d/{n:04}.txt": b"%d" % n for n in range(60)}
    with sides(lambda world: add(world, "hf", "flat", files)) as world:
        world.fault("ms:GET:files:truncate=20")
        view = world.run(ref("hf", "flat"), ref("ms", "flat"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "NotProven"
        assert not world.proof.holds
        assert world.proof.counts[Verdict.MISSING] == 44


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_push_to_the_source_in_mid_job_changes_nothing(here: str, there: str) -> None:
    with sides(model(here)) as world:
        repo = world.repo(here)
        pinned = repo.head(world.world.hub(here).default_branch).id
        world.fault(f"{here}:GET:{DOWN[here]}:stall=0.5:count=2")
        timer = threading.Timer(
            0.4,
            lambda: put(
                world.world,
                repo,
                {"config.json": b"{}", "new.txt": b"new"},
                world.world.hub(here).default_branch,
            ),
        )
        timer.start()
        proven(world.run(ref(here), ref(there)), world.proof)
        timer.join()
        assert world.proof.source_revision == pinned
        assert world.files(there)["config.json"] != world.files(here)["config.json"]


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_somebody_elses_commit_to_the_destination_is_kept(here: str, there: str) -> None:
    with sides(model(here)) as world:
        world.run(ref(here), ref(there), level=Level.LISTED)
        repo, branch = world.repo(there), world.world.hub(there).default_branch
        put(world.world, repo, {"theirs.txt": b"mine", "config.json": b"changed"}, branch)
        world.fault(f"{there}:POST:commit:stall=0.6:count=1")
        timer = threading.Timer(0.9, lambda: put(world.world, repo, {"late.txt": b"late"}, branch))
        timer.start()
        view = world.run(ref(here), ref(there))
        timer.join()
        proven(view, world.proof)
        assert {"theirs.txt", "late.txt"} <= world.files(there).keys()
        assert {file.path for file in world.proof.files if file.verdict is Verdict.EXTRA} >= {"theirs.txt"}


def test_cancel_ends_a_job_in_a_stalled_transfer() -> None:
    with sides(model("hf")) as world:
        world.fault("hf:GET:blob:stall=forever")
        board = MemoryBoard(world.spec(ref("hf"), ref("ms")))
        threading.Timer(1.0, board.cancel).start()
        began = time.monotonic()
        view = world.run(ref("hf"), ref("ms"), board=board)
        assert view.phase is Phase.CANCELLED
        assert time.monotonic() - began < 6
        assert world.puts("ms") == []


def test_an_orderly_stop_leaves_a_job_that_carries_on() -> None:
    with sides(model("hf")) as world:
        ledger = MemoryLedger()
        world.running.shaper.set_text("ms:storage:up=2MB")
        board = MemoryBoard(world.spec(ref("hf"), ref("ms")))
        view = world.run(
            ref("hf"), ref("ms"), board=board, ledger=ledger, stopping=lambda: len(world.puts("ms")) >= 1
        )
        assert not view.phase.final
        assert not board.proofs
        world.running.shaper.clear()
        view = world.run(ref("hf"), ref("ms"), board=board, ledger=ledger)
        proven(view, world.proof)
        assert view.attempt == 2
        assert len(world.puts("ms")) == len({entry.path for entry in world.puts("ms")})


def test_a_hub_that_is_down_ends_the_job_when_patience_ends() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:PUT:blob-put:status=503")
        view = world.run(ref("hf"), ref("ms"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "Unreachable"
        assert view.error["way_out"]
        # Whoever else was moving ended too, and the error is the hub's, not that another worker failed.
        assert "Another worker" not in str(view.error)
        assert world.board.acts[-1].kind == "repo.prepare"


def test_what_the_destination_lists_but_lost_is_sent_again() -> None:
    with sides(model("hf")) as world:
        ledger = MemoryLedger()
        proven(world.run(ref("hf"), ref("ms"), ledger=ledger), world.proof)
        lost = world.files("ms")["weights/model-1.safetensors"]
        _forget(world, lost)
        before = len(world.puts("ms"))
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        proven(view, world.proof)
        again = world.puts("ms")[before:]
        assert [lost in entry.path for entry in again] == [True]


def _forget(world: Sides, sha256: str) -> None:
    """The hub's storage loses a blob; its git still points at it."""
    world.running.call(lambda state: state.ms.blobs.drop(sha256, 3 * MIB + 5))


def test_the_error_of_a_job_names_its_repo_even_where_the_request_did_not() -> None:
    with sides(model("ms")) as world:
        world.fault("hf:POST:validate-yaml:status=502")
        view = world.run(ref("ms"), ref("hf"))
        assert view.phase is Phase.FAILED
        assert view.error["repo"] == "acme/tiny"
        assert "acme/tiny" in world.log_text()
