"""Many lines, many chunks, and newer code beside a running job."""

from __future__ import annotations

import importlib
import re
import time
from bisect import bisect_right
from datetime import timedelta
from pathlib import Path

import modal
import pytest

from hf2ms_tui.domain.job import ChunkState, JobView, Phase
from hf2ms_tui.engines.modal import deploy, names
from hf2ms_tui.engines.modal.mirror import Mirror
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.modal.logs import LineFilter
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.remote import RemoteJobs
from hf2ms_tui.transfer.plain import spec_plain
from support import chatter_app
from support.cloud import cloud, until
from support.transfers import MIB, add, model, ref


def hundred(world: World) -> None:
    """100 blobs of a bit more than 1 MiB."""
    files = {f"data/{number:03}.bin": SeededContent(f"part {number}", MIB + number) for number in range(100)}
    add(world, "hf", "hundred", {"README.md": b"# many\n", **files})


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_thousand_lines_a_second_arrive_complete_and_in_order(tmp_path: Path) -> None:
    seconds, workers, each = 5.0, 4, 1_300
    with cloud(tmp_path, model("hf")) as here:
        client = here.engine.account.client
        spec = here.spec(ref("hf"), ref("ms"))
        here.jobs.create(spec)
        RemoteJobs(here.database).note(spec.id, attempt=1, call="none")
        Record(names.record_name(spec.id), client).put("spec", spec_plain(spec))
        importlib.reload(chatter_app).app.deploy(client=client)
        talk, listen = (
            modal.Function.from_name(chatter_app.NAME, name, client=client) for name in ("talk", "listen")
        )
        keys = [f"move-{number}" for number in range(1, workers + 1)]
        heard = listen.spawn(spec.id, keys)
        calls = [talk.spawn(spec.id, key, chunk, each, seconds) for chunk, key in enumerate(keys, 1)]
        mirror = Mirror(here.database, spec.id, client)

        def all_there() -> bool:
            mirror.look()
            return here.jobs.log_size(spec.id) >= workers * each

        until(all_there, 200)
        assert heard.get(timeout=60) == workers * each
        speakers = [call.get(timeout=60) for call in calls]
        assert len(set(speakers)) >= 2, "in containers of their own"
        lines = here.jobs.log(spec.id, limit=100_000)
        assert [line.seq for line in lines] == list(range(1, workers * each + 1))
        for chunk, speaker in enumerate(speakers, 1):
            assert [(line.worker, line.text) for line in lines if line.chunk == chunk] == [
                (speaker, f"line {number}") for number in range(each)
            ]
        # They were written faster than a thousand in a second, whatever the machine was doing besides.
        moments = sorted(line.at for line in lines)
        most = max(
            bisect_right(moments, at + timedelta(seconds=1)) - place for place, at in enumerate(moments)
        )
        assert most >= 500, most
        # The service's own log has the very same lines, of each call in its order.
        for chunk, call in enumerate(calls, 1):
            said = "".join(line.data for line in here.plane.lines(LineFilter(call_id=call.object_id)))
            found = re.findall(rf"chunk {chunk}: line (\d+)\n", said)
            assert found == [str(number) for number in range(each)]


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
