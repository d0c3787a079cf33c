"""Jobs as processes of their own: detached, found again, known dead, cancelled, resumed; and no token anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.local import LocalEngine
from hf2ms_tui.engines.local.engine import GONE, environment
from hf2ms_tui.engines.local.turn import AT_ONCE
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.proofs import Proofs
from support.engine import Machine, machine, until
from support.transfers import MIB, add, model, ref


def big(world: World) -> None:
    """24 MiB in 12 blobs."""
    files = {f"data/{number:02}.bin": SeededContent(f"part {number}", 2 * MIB) for number in range(12)}
    add(world, "hf", "big", {"README.md": b"# big\n", **files})


def slow(here: Machine, rate: str = "3M") -> None:
    """Uploads to ModelScope's storage at that many bytes per second in all."""
    here.world.running.shaper.set_text(f"ms:storage:up={rate}")


def test_a_job_runs_detached_and_is_proven(tmp_path: Path) -> None:
    with machine(tmp_path, model("hf")) as here:
        job = here.submit(ref("hf"), ref("ms"))
        assert here.engine.alive(job) is True
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        assert view.requests > 20
        proof = Proofs(here.database).get(view.proof_id)
        assert proof is not None
        assert proof.holds
        acts = [entry.kind for entry in Journal(here.database).entries()]
        assert "repo.prepare" in acts
        assert "repo.commit" in acts
        assert not Journal(here.database).open_intents()


def test_a_job_outlives_the_engine_that_started_it_and_is_found_again(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here, "8M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        process = here.process(job)
        assert os.getsid(process.pid) == process.pid
        assert process.cwd() == "/"
        other = LocalEngine(Database(here.places.database), here.places)
        found = next(view for view in other.reconcile() if view.id == job)
        assert found.alive is True
        assert not found.lost
        process.send_signal(signal.SIGHUP)
        assert here.end(job).phase is Phase.DONE


def test_tokens_are_neither_in_argv_nor_in_the_environment_nor_on_disk(tmp_path: Path) -> None:
    os.environ["HF_TOKEN"] = token("hf", "write")
    try:
        with machine(tmp_path, big) as here:
            slow(here)
            job = here.submit(ref("hf", "big"), ref("ms", "big"))
            proc = Path(f"/proc/{here.process(job).pid}")
            secrets = [token(hub, "write").encode() for hub in ("hf", "ms")]
            seen = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
            assert job.encode() in seen
            assert not any(secret in seen for secret in secrets)
            here.engine.cancel(job)
            here.end(job)
            for path in tmp_path.rglob("*"):
                if path.is_file():
                    assert not any(secret in path.read_bytes() for secret in secrets), path
                    assert path.stat().st_mode & 0o077 == 0, path
    finally:
        del os.environ["HF_TOKEN"]


def test_a_killed_job_is_known_dead_and_a_retry_sends_no_stored_blob_twice(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here)
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: len(here.world.puts("ms")) >= 3)
        here.process(job).kill()
        view = here.end(job)
        assert not view.phase.final
        assert view.lost
        here.engine.reconcile()
        assert here.text(job).count(GONE) == 1
        here.world.running.shaper.clear()
        here.engine.retry(job, here.tokens)
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        assert view.attempt == 2
        assert view.present >= 3 * 2 * MIB
        paths = [entry.path for entry in here.world.puts("ms")]
        assert len(paths) == len(set(paths)) == 12


@pytest.mark.parametrize("phase", ["committing", pytest.param("proving", marks=pytest.mark.slow)])
def test_a_kill_in_a_later_phase_leaves_the_truth_and_can_be_resumed(tmp_path: Path, phase: str) -> None:
    route = {"committing": "commit", "proving": "blob-get"}[phase]
    with machine(tmp_path, model("hf")) as here:
        here.world.fault(f"ms:*:{route}:stall=forever:count=20")
        job = here.submit(ref("hf"), ref("ms"))
        until(lambda: here.jobs.view(job).phase is Phase(phase))
        time.sleep(0.3)
        here.process(job).kill()
        view = here.end(job)
        assert view.lost
        assert view.phase is Phase(phase)
        assert not view.proof_id
        here.world.clear_faults()
        here.engine.retry(job, here.tokens)
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        paths = [entry.path for entry in here.world.puts("ms")]
        assert len(paths) == len(set(paths))


def test_cancel_is_noticed_within_seconds_and_can_be_retried(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here)
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.jobs.view(job).moved > 0)
        began = time.monotonic()
        here.engine.cancel(job)
        view = here.end(job)
        assert time.monotonic() - began < 6
        assert view.phase is Phase.CANCELLED
        assert view.error["error"] == "Cancelled"
        here.world.running.shaper.clear()
        here.engine.retry(job, here.tokens)
        assert here.end(job).phase is Phase.DONE


def test_cancelling_a_lost_job_ends_it_at_once(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here)
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        here.process(job).kill()
        here.end(job)
        here.engine.cancel(job)
        assert here.jobs.view(job).phase is Phase.CANCELLED


def test_sigterm_stops_in_order_and_the_job_can_be_resumed(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here)
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.jobs.view(job).moved > 0)
        began = time.monotonic()
        here.process(job).terminate()
        view = here.end(job)
        assert time.monotonic() - began < 6
        assert view.lost
        assert "stopped" in view.note
        here.world.running.shaper.clear()
        here.engine.retry(job, here.tokens)
        assert here.end(job).phase is Phase.DONE


def test_no_job_runs_twice_at_the_same_time(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here)
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        before = here.jobs.view(job).attempt
        with pytest.raises(BadInput, match="running in another process"):
            here.engine.retry(job, here.tokens)
        with pytest.raises(BadInput, match="running in another process"):
            here.engine.submit(here.jobs.view(job).spec, here.tokens)
        assert here.engine.alive(job) is True
        assert here.jobs.view(job).attempt <= before + 1


def test_a_job_that_cannot_start_says_why(tmp_path: Path) -> None:
    with machine(tmp_path) as here, pytest.raises(Hf2msError, match="no job"):
        here.engine.submit(here.spec(ref("hf"), ref("ms")), here.tokens)


def test_a_job_with_a_bad_token_fails_with_the_reason(tmp_path: Path) -> None:
    with machine(tmp_path, model("hf")) as here:
        here.tokens = Tokens(Secret("hf_nonsense"), Secret("ms-nonsense"))
        view = here.end(here.submit(ref("hf"), ref("ms")))
        assert view.phase is Phase.FAILED
        assert view.error["error"] in {"NotAuthenticated", "NotFound"}
        assert "nonsense" not in here.text(view.id) + str(view.error)


def test_a_job_writes_nothing_of_a_repo_to_disk(tmp_path: Path) -> None:
    with machine(tmp_path, big) as here:
        slow(here, "12M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        process = here.process(job)
        written, peak = 0, 0
        while here.engine.alive(job):
            try:
                written = process.io_counters().write_chars
                peak = max(peak, process.memory_info().rss)
                writing = [file.path for file in process.open_files() if file.mode != "r"]
            except psutil.NoSuchProcess:
                break
            assert all(path.startswith(str(tmp_path)) for path in writing), writing
            time.sleep(0.05)
        assert here.end(job).phase is Phase.DONE
        size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        assert size < 3 * MIB
        assert peak < 150 * MIB, peak
        # Linux counts write(2), not what goes out of sockets: everything the process wrote is its log and board.
        assert 0 < written < 3 * MIB
        assert sum(entry.bytes_in for entry in here.world.puts("ms")) == 24 * MIB


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("ms:GET:blob-get:corrupt=1", 1)])
def test_w24_the_exit_code_comes_from_the_proof(tmp_path: Path, fault: str, code: int) -> None:
    with machine(tmp_path, model("hf")) as here:
        if fault:
            here.world.fault(fault)
        spec = here.spec(ref("hf"), ref("ms"))
        here.jobs.create(spec)
        done = subprocess.run(
            [sys.executable, "-m", "hf2ms_tui.engines.local", spec.id, "--state", str(tmp_path)],
            input=here.tokens.to_wire(),
            env=environment(dict(os.environ)),
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        assert here.jobs.view(spec.id).phase is (Phase.FAILED if code else Phase.DONE)


def test_the_wire_form_of_tokens_round_trips_and_never_repeats_nonsense() -> None:
    tokens = Tokens(Secret("hf_plain"), None)
    assert Tokens.from_wire(tokens.to_wire()) == tokens
    assert Tokens.from_wire(b"") == Tokens()
    assert "plain" not in repr(tokens)
    with pytest.raises(BadInput) as caught:
        Tokens.from_wire(b'["hf_verysecret"')
    assert "verysecret" not in str(caught.value)


def test_the_environment_of_a_job_holds_no_secrets() -> None:
    made = environment(
        {"HF_TOKEN": "x", "MODELSCOPE_TOKEN": "y", "PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "z"}
    )
    assert made["PATH"] == "/bin"
    assert not {"HF_TOKEN", "MODELSCOPE_TOKEN", "AWS_SECRET_ACCESS_KEY"} & made.keys()


@pytest.mark.slow
def test_more_jobs_than_turns_wait_and_all_are_proven(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(AT_ONCE + 2)]

    def several(world: World) -> None:
        for name in names:
            add(world, "hf", name, {"README.md": b"# m\n", "w.bin": SeededContent(name, MIB)})

    with machine(tmp_path, several) as here:
        slow(here, "200K")
        jobs = [here.submit(ref("hf", name), ref("ms", name)) for name in names]
        until(lambda: sum("waiting for its turn" in here.text(job) for job in jobs) == 2, 60)
        waiting = [view for view in here.engine.reconcile() if view.phase is Phase.QUEUED]
        assert len(waiting) == 2
        assert all(view.alive for view in waiting)
        # One that waits hears a cancellation, and asks no hub for anything before.
        here.engine.cancel(waiting[0].id)
        until(lambda: here.jobs.view(waiting[0].id).phase is Phase.CANCELLED)
        assert here.jobs.view(waiting[0].id).requests == 0
        # A turn that is held by a killed job is free again.
        running = next(
            view for view in here.engine.reconcile() if view.phase not in {Phase.QUEUED, Phase.CANCELLED}
        )
        here.process(running.id).kill()
        until(lambda: here.jobs.view(waiting[1].id).phase is not Phase.QUEUED)
        slow(here, "50M")
        for job in set(jobs) - {waiting[0].id, running.id}:
            assert here.end(job).phase is Phase.DONE, here.text(job)
