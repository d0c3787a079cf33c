"""The process that moves a repo for the benches: ``python tests/bench/client.py ours|baseline``, its orders as JSON on stdin.

``ours`` is the job's own process as the local engine starts it; ``baseline`` is what people do without this program:
``snapshot_download`` of the one SDK into a folder, then ``upload_folder`` of the other. Prints figures of this process as
JSON: seconds and processor seconds from after the imports on, bytes written to files, peak memory. Only the orders' own
process is measured, never the servers.
"""

from __future__ import annotations

import functools
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
OWNER, NAME = "bench", "wire"


def status(name: str) -> int:
    """A figure of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def written() -> int:
    """Bytes this process handed to write() and its kin so far; sockets do not count, files and pipes do."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


class Meter:
    """Snapshots of this process by name."""

    def __init__(self) -> None:
        self.marks: dict[str, dict[str, float]] = {}

    def mark(self, name: str) -> None:
        """Take one; a later one of the same name replaces it."""
        self.marks[name] = {"at": time.perf_counter(), "cpu": time.process_time(), "written": written()}

    def report(self, **more: Any) -> None:
        """Print all relative to ``begin``."""
        begin = self.marks["begin"]
        figures = {
            name: {key: value - begin[key] for key, value in mark.items()}
            for name, mark in self.marks.items()
        }
        sys.stdout.write(json.dumps({**figures, **more}) + "\n")
        sys.stdout.flush()


def ours(orders: dict[str, Any]) -> None:
    """One job by the runner of the local engine, with its store, board and ledger."""
    # The SDKs are loaded before the clock starts, like those of the baseline.
    from huggingface_hub import HfApi  # noqa: F401
    from modelscope_hub import HubApi  # noqa: F401

    import hf2ms_tui.hubs.huggingface
    import hf2ms_tui.hubs.modelscope  # noqa: F401
    from hf2ms_tui.domain.job import JobSpec, Phase
    from hf2ms_tui.domain.proof import Level
    from hf2ms_tui.domain.repo import RepoRef
    from hf2ms_tui.engines.local import runner
    from hf2ms_tui.store.board import JobBoard
    from hf2ms_tui.store.database import Database
    from hf2ms_tui.store.jobs import Jobs
    from hf2ms_tui.store.paths import Places

    meter = Meter()
    opened: list[str] = []
    enter = JobBoard.phase

    def phase(board: JobBoard, entered: Phase, note: str = "") -> None:
        enter(board, entered, note)
        meter.mark(entered.value)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[2], int) or isinstance(arguments[0], int):
            return  # a descriptor was heard of when its path was opened
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            opened.append(str(arguments[0]))

    JobBoard.phase = phase  # type: ignore[method-assign]
    name = orders.get("name", NAME)
    places = Places(Path(orders["state"])).ready()
    database = Database(places.database)
    ends = {"hf": os.environ["HF_ENDPOINT"], "ms": os.environ["MODELSCOPE_ENDPOINT"]}
    source, destination = orders["way"]
    identity = f"bench{time.time_ns()}"
    Jobs(database).create(
        JobSpec(
            identity,
            RepoRef.of(source, "model", f"{OWNER}/{name}"),
            RepoRef.of(destination, "model", f"{OWNER}/{name}-copy"),
            level=Level(orders.get("level", "read-back")),
            workers=orders.get("workers", 1),
            streams=orders["streams"],
            source_endpoint=ends[source],
            destination_endpoint=ends[destination],
        )
    )
    tokens = {"hf": os.environ["HF_TOKEN"], "ms": os.environ["MODELSCOPE_TOKEN"]}
    sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(tokens).encode()))
    sys.addaudithook(watch)
    meter.mark("begin")
    code = runner.main([identity, "--state", orders["state"]])
    meter.mark("end")
    view = Jobs(database).view(identity)
    meter.report(
        peak=status("VmHWM"),
        code=code,
        opened=sorted(set(opened)),
        moved=view.moved,
        read_back=view.read_back,
        requests=view.requests,
        error=view.error,
    )


def baseline(orders: dict[str, Any]) -> None:
    """Download everything, then upload everything, by the SDKs, with as many threads as ours has streams."""
    import huggingface_hub
    from huggingface_hub import HfApi
    from modelscope_hub import HubApi

    huggingface_hub.utils.disable_progress_bars()
    meter = Meter()
    folder = Path(orders["folder"]) / "snapshot"
    streams = orders["streams"]
    hf = HfApi(endpoint=os.environ["HF_ENDPOINT"], token=os.environ["HF_TOKEN"])
    ms = HubApi(token=os.environ["MODELSCOPE_TOKEN"], endpoint=os.environ["MODELSCOPE_ENDPOINT"])
    source, copy = f"{OWNER}/{NAME}", f"{OWNER}/{NAME}-copy"
    meter.mark("begin")
    if orders["way"] == ["hf", "ms"]:
        hf.snapshot_download(source, local_dir=folder, max_workers=streams)
        meter.mark("downloaded")
        ms.create_repo(copy, "model", visibility="private")
        ms.upload_folder(copy, "model", folder, max_workers=streams, disable_tqdm=True)
    else:
        ms.download_repo(source, "model", local_dir=folder, max_workers=streams)
        meter.mark("downloaded")
        hf.create_repo(copy, private=True)
        # Its upload_folder has no number of threads to set, the commit that it makes has.
        hf.create_commit = functools.partial(hf.create_commit, num_threads=streams)  # type: ignore[method-assign]
        hf.upload_folder(repo_id=copy, folder_path=folder)
    meter.mark("end")
    meter.report(peak=status("VmHWM"))


if __name__ == "__main__":
    {"ours": ours, "baseline": baseline}[sys.argv[1]](json.loads(sys.stdin.readline()))
    os._exit(0)
