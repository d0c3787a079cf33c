"""Many lines, many chunks, and newer code beside a running job."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hf2ms_tui.domain.job import ChunkState, JobView, Phase
from hf2ms_tui.engines.modal import deploy, names
from hf2ms_tui.engines.modal.board import CloudBoard
from hf2ms_tui.engines.modal.mirror import Mirror
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.reporting import WorkerBoard
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.remote import RemoteJobs
from support.cloud import cloud, until
from support.transfers import MIB, add, model, ref


def hundred(world: World) -> None:
    """100 blobs of a bit more than 1 MiB."""
    files = {f"data/{number:03}.bin": SeededContent(f"part {number}", MIB + number) for number in range(100)}
    add(world, "hf", "hundred", {"README.md": b"# many\n", **files})


@pytest.mark.slow
def test_a_thousand_lines_a_second_arrive_complete_and_in_order(tmp_path: Path) -> None:
    seconds, workers, each = 5, 4, 1_300
    with cloud(tmp_path, model("hf")) as here:
        client = here.engine.account.client
        spec = here.spec(ref("hf"), ref("ms"))
        here.jobs.create(spec)
        RemoteJobs(here.database).note(spec.id, attempt=1, call="none")
        record, said, live = (
            Record(name(spec.id), client) for name in (names.record_name, names.said_name, names.live_name)
        )
        lead = {"attempt": 1, "call": "none", "life": "x"}
        record.put("lead", lead)
        board = CloudBoard(spec, said, record, here.tokens, lead)
        board.load()
        board.begin()
        boards = [
            WorkerBoard(spec, record, live, f"move-{number}", here.tokens) for number in range(1, workers + 1)
        ]
        for one in boards:
            one.begin()

        def write(one: WorkerBoard, chunk: int) -> None:
            began = time.monotonic()
            for number in range(each):
                one.log(f"line {number}", worker=one.name, chunk=chunk)
                time.sleep(max(0.0, began + (number + 1) * seconds / each - time.monotonic()))

        threads = [threading.Thread(target=write, args=(one, chunk)) for chunk, one in enumerate(boards, 1)]
        for thread in threads:
            thread.start()
        mirror = Mirror(here.database, spec.id, client)
        began = time.monotonic()
        closed = False
        while True:
            for key, state in live.everything().items():
                board.book.pull(key, state["try"], state["lines"])
            mirror.look()
            if not closed and not any(thread.is_alive() for thread in threads):
                for one in boards:
                    one.close("done")
                closed = True
                continue
            if closed and here.jobs.log_size(spec.id) >= workers * each:
                break
            assert time.monotonic() - began < 60
            time.sleep(0.2)
        took = time.monotonic() - began
        board.close()
        lines = here.jobs.log(spec.id, limit=100_000)
        assert [line.seq for line in lines] == list(range(1, workers * each + 1))
        for chunk in range(1, workers + 1):
            assert [line.text for line in lines if line.chunk == chunk] == [
                f"line {number}" for number in range(each)
            ]
        assert took < seconds + 15, f"{workers * each / took:.0f} lines a second"


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_job_of_a_hundred_chunks(tmp_path: Path) -> None:
    with cloud(tmp_path, hundred) as here:
        job = here.submit(ref("hf", "hundred"), ref("ms", "hundred"), workers=20)
        most, seen = 0, 0
        while not (view := here.view(job)).phase.final:
            most = max(most, len(here.plane.containers(function=names.WORK)))
            seen = max(seen, sum(chunk.state is ChunkState.RUNNING for chunk in view.chunks))
            time.sleep(0.2)
        assert view.phase is Phase.DONE, (view.error, here.text(job))
        assert most <= 20
        assert seen >= 2, "chunks were seen moving"
        chunks = here.jobs.view(job).chunks
        assert len(chunks) == 100
        assert [chunk.size for chunk in chunks] == sorted((chunk.size for chunk in chunks), reverse=True)
        paths = [entry.path for entry in here.world.puts("ms")]
        assert len(paths) == len(set(paths)) == 100


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_newer_code_does_not_touch_a_job_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cloud(tmp_path, hundred, model("hf")) as here:
        here.world.running.shaper.set_text("ms:storage:up=8M")
        job = here.submit(ref("hf", "hundred"), ref("ms", "hundred"), workers=3)
        until(lambda: here.view(job).moved > 0, 60)
        old = deploy.app_name()
        newer = "hf2ms-tui-9-9-9-0123456789"
        monkeypatch.setattr(deploy, "app_name", lambda: newer)
        other = here.submit(ref("hf"), ref("ms"), workers=2)
        here.world.running.shaper.clear()
        views: list[JobView] = [here.end(other, 100), here.end(job, 100)]
        assert [view.phase for view in views] == [Phase.DONE, Phase.DONE], here.text(job)
        used = {call.app for call in here.plane.calls()}
        assert used == {old, newer}
        jobs = {call.id: call.app for call in here.plane.calls(function=names.COORDINATE)}
        assert jobs[str(RemoteJobs(here.database).where(job)["call"])] == old
        assert jobs[str(RemoteJobs(here.database).where(other)["call"])] == newer
