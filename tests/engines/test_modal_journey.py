"""Jobs in a Modal account: the real client, the real container entrypoint, a control plane on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import modal
import pytest

from hf2ms_tui.domain.errors import BadInput, Hf2msError, NotAuthenticated
from hf2ms_tui.domain.job import ChunkState, Phase, RefMove
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.modal import deploy
from hf2ms_tui.engines.modal.credentials import Credentials
from hf2ms_tui.engines.modal.engine import ModalEngine
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.proofs import Proofs
from support.cloud import Cloud, cloud, until
from support.transfers import MIB, add, model, put, ref

PATIENT = pytest.mark.timeout(300)
"""machines that are busy with other things start containers slowly"""


def big(world: World) -> None:
    """24 MiB in 12 blobs."""
    files = {f"data/{number:02}.bin": SeededContent(f"part {number}", 2 * MIB) for number in range(12)}
    add(world, "hf", "big", {"README.md": b"# big\n", **files})


def slow(here: Cloud, rate: str = "4M") -> None:
    """Uploads to ModelScope's storage at that many bytes per second in all."""
    here.world.running.shaper.set_text(f"ms:storage:up={rate}")


def sent_once(here: Cloud, count: int) -> None:
    """All blobs were stored, and none was sent again after it was."""
    assert len({entry.path for entry in here.world.puts("ms")}) == count
    assert here.stored_twice() == []


def everything_kept(here: Cloud) -> dict[str, object]:
    """What the Dicts of the account hold, by Dict and key."""
    client = here.engine.account.client
    names = [str(one.name) for one in modal.Dict.objects.list(client=client)]
    assert len(names) >= 4
    return {name: Record(name, client).everything() for name in names}


@PATIENT
def test_a_job_runs_in_containers_is_proven_and_leaves_no_secret_behind(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        job = here.submit(ref("hf"), ref("ms"))
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job), here.said())
        proof = Proofs(here.database).get(view.proof_id)
        assert proof is not None
        assert proof.holds
        assert view.moved == view.to_move
        assert view.read_back == view.to_read_back
        assert view.container_seconds > 0
        assert view.dollars is not None
        assert 0 < view.dollars < 0.01
        chunks = here.jobs.view(job).chunks
        assert chunks
        assert all(chunk.state is ChunkState.DONE and chunk.worker.startswith("c-") for chunk in chunks)
        kinds = {entry.kind for entry in Journal(here.database).entries()}
        assert {"repo.prepare", "repo.commit"} <= kinds
        assert not Journal(here.database).open_intents()
        # Every worker's lines are in the log, in the order in which it wrote them.
        lines = here.jobs.log(job)
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert {line.chunk for line in lines} >= {chunk.number for chunk in chunks}
        # Tokens: in no argument, log, Dict or file of the state.
        secrets = [token(hub, "write") for hub in ("hf", "ms")]
        assert not any(secret in here.said() + here.text(job) for secret in secrets)
        assert not any(secret in repr(everything_kept(here)) for secret in secrets)
        arguments = here.plane.call(
            lambda plane: b"".join(one.payload.args for one in plane.state.inputs.values())
        )
        assert job.encode() in arguments
        assert not any(secret.encode() in arguments for secret in secrets)
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert not any(secret.encode() in path.read_bytes() for secret in secrets), path
                assert path.stat().st_mode & 0o077 == 0, path
        # Once more: nothing moves.
        puts = len(here.world.puts("ms"))
        again = here.end(here.submit(ref("hf"), ref("ms")))
        assert again.phase is Phase.DONE, (again.error, here.text(again.id))
        assert len(here.world.puts("ms")) == puts
        assert again.to_move == 0
        assert here.jobs.log(again.id)[0].text.startswith("handed over"), "deploying again changes nothing"


@PATIENT
def test_branches_and_tags_come_along_with_their_proofs(tmp_path: Path) -> None:
    def build(world: World) -> None:
        repo = add(world, "hf", "tiny", {"old.bin": SeededContent("old", MIB)})
        repo.create_tag("v1")
        put(world, repo, {"new.bin": SeededContent("new", MIB)}, "main")

    with cloud(tmp_path, build) as here:
        tag = GitRef("v1", "tag", here.world.repo("hf").tags["v1"])
        job = here.submit(ref("hf"), ref("ms"), refs=(RefMove(tag, "tag", "v1").text,))
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job), here.said())
        (proof,) = Proofs(here.database).of_refs(ref("hf"), ref("ms"))
        assert (proof.ref, proof.holds, proof.source_revision) == ("tag v1", True, tag.revision)
        assert proof.destination_revision == here.world.repo("ms").tags["v1"]
        head = Proofs(here.database).standing(ref("hf"))
        assert head is not None
        assert head.id == view.proof_id


@pytest.mark.slow
@PATIENT
def test_what_leaves_the_machine_is_the_workers_code_and_nothing_else(tmp_path: Path) -> None:
    repository = tmp_path / "someones"
    repository.mkdir()
    for command in (
        ("init", "-q"),
        ("-c", "user.email=me@home", "-c", "user.name=me", "commit", "-q", "--allow-empty", "-m", "x"),
        ("remote", "add", "origin", "https://oauth2:ghp_CANARY@example.org/x.git"),
    ):
        subprocess.run(["git", *command], cwd=repository, check=True)
    before = Path.cwd()
    os.chdir(repository)
    os.environ["CANARY"] = "canary-of-the-environment"
    try:
        with cloud(tmp_path / "state", model("hf")) as here:
            name = deploy.ensure(here.engine.account, lambda text: None)
            assert re.fullmatch(r"hf2ms-tui-0-1-0-[0-9a-f]{10}", name)
            mounts = here.plane.call(lambda plane: dict(plane.scheduler._files.mounts))
            files = {str(path) for mount in mounts.values() for path, _ in mount}
            assert "/root/hf2ms_tui/engines/modal/app.py" in files
            assert not [file for file in files if not file.endswith(".py")]
            assert not [
                file
                for file in files
                if any(room in file for room in ("/tui/", "/store/", "/services/", "/local/", "/cli.py"))
            ]
            apps = here.plane.call(lambda plane: list(plane.state.apps.values()))
            assert [app.name for app in apps] == [name]
            assert [version.commit.ListFields() for version in apps[0].versions] == [[]]
            environment = deploy.environment(here.credentials, os.environ)
            assert "CANARY" not in environment
            assert environment["GIT_DIR"] == "/nonexistent"
    finally:
        os.chdir(before)
        del os.environ["CANARY"]


@pytest.mark.slow
@PATIENT
def test_a_job_is_found_again_by_another_program_without_a_gap_in_its_log(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "3M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.view(job).moved > 0, 60)
        before = here.jobs.log(job)
        here.engine.close()
        here.database.close()
        here.world.running.shaper.clear()
        here.database, here.engine = here.machine()
        from hf2ms_tui.store.jobs import Jobs

        here.jobs = Jobs(here.database)
        found = here.view(job)
        assert found.alive is True or found.phase.final
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        lines = here.jobs.log(job)
        assert lines[: len(before)] == before
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert sum("proven:" in line.text for line in lines) == 1
        sent_once(here, 12)


@pytest.mark.slow
@PATIENT
def test_cancel_ends_every_container_and_a_retry_sends_nothing_twice(tmp_path: Path) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "2M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.view(job).moved > 2 * MIB and len(here.world.puts("ms")) >= 1, 60)
        here.engine.cancel(job)
        view = here.end(job)
        assert view.phase is Phase.CANCELLED, here.text(job)
        assert view.error["error"] == "Cancelled"
        until(here.idle, 15)
        assert all(call.done for call in here.plane.calls())
        assert "its worker ended" in here.text(job)
        here.world.running.shaper.clear()
        # What had left the workers' hands when they were ended arrives now, and may not be asked about before.
        time.sleep(2)
        here.engine.retry(job, here.tokens)
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        sent_once(here, 12)


@pytest.mark.slow
@PATIENT
def test_a_job_that_modal_has_forgotten_can_be_retried_and_old_state_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(tmp_path, big) as here:
        slow(here, "2M")
        job = here.submit(ref("hf", "big"), ref("ms", "big"))
        until(lambda: here.view(job).moved > 0, 60)
        here.engine.cancel(job)
        assert here.end(job).phase is Phase.CANCELLED
        until(here.idle, 20)
        here.world.running.shaper.clear()
        monkeypatch.setattr("hf2ms_tui.engines.modal.engine.KEPT", timedelta(0))
        client = here.engine.account.client
        here.engine._tidy(here.engine.account)
        assert not [one for one in modal.Dict.objects.list(client=client) if job in str(one.name)]
        before = here.jobs.log_size(job)
        here.engine.retry(job, here.tokens)
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        lines = here.jobs.log(job)
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert any("is pinned at" in line.text for line in lines[before:])
        assert "proven:" in lines[-1].text
        sent_once(here, 12)


def test_a_wrong_token_and_no_credentials_say_what_to_do(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        spec = here.spec(ref("hf"), ref("ms"))
        here.jobs.create(spec)
        none = ModalEngine(here.database, here.places, None)
        with pytest.raises(BadInput, match="no credentials for Modal"):
            none.submit(spec, here.tokens)
        wrong = Credentials("ak-wrong", Secret("as-wrong"), here.credentials.server)
        with pytest.raises(NotAuthenticated, match="does not accept the token") as caught:
            ModalEngine(here.database, here.places, wrong).submit(spec, here.tokens)
        assert "as-wrong" not in str(caught.value)
        assert "modal token new" in caught.value.way_out


def test_a_secret_that_is_gone_fails_before_anything_runs(tmp_path: Path) -> None:
    from hf2ms_tui.engines.modal import handover

    with cloud(tmp_path, model("hf")) as here:
        account = here.engine.account
        name = deploy.ensure(account, lambda text: None)
        with pytest.raises(Hf2msError, match="starting the coordinator"):
            handover.spawn(account, name, "nojob", 1, "hf2ms-tui-nothing", 4)
        assert not here.plane.calls()


def test_containers_import_neither_screens_nor_store() -> None:
    code = (
        "import hf2ms_tui.engines.modal.app, hf2ms_tui.engines.modal.worker, sys; "
        "import hf2ms_tui.engines.modal.coordinator; "
        "print([m for m in sys.modules if m.partition('.')[0] in ('textual', 'sqlite3', 'humanize', 'platformdirs',"
        " 'dotenv', 'filelock') or m.startswith(('hf2ms_tui.store', 'hf2ms_tui.services', 'hf2ms_tui.tui'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
