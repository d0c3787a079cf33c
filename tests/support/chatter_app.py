"""What runs in containers for tests of single parts: talkers and a listener on the boards of jobs, and all ways to end."""

from __future__ import annotations

import sys
import time

import modal

from hf2ms_tui.engines.modal.app import left_out

NAME = "chatter"
IMAGE = (
    modal.Image.debian_slim(python_version="3.12")
    .add_local_python_source("hf2ms_tui", ignore=left_out)
    .add_local_file(__file__, "/root/support/chatter_app.py")
)
app = modal.App(NAME, image=IMAGE, include_source=False)


@app.function(timeout=300)
def talk(job_id: str, key: str, chunk: int, count: int, seconds: float) -> str:
    """Write ``count`` lines in so many seconds, as a worker does; return the worker's name."""
    from hf2ms_tui.engines.modal.names import live_name, record_name
    from hf2ms_tui.engines.modal.record import Record
    from hf2ms_tui.engines.modal.reporting import WorkerBoard
    from hf2ms_tui.engines.modal.surroundings import settle_in
    from hf2ms_tui.transfer.plain import spec_of

    tokens = settle_in()
    record, live = Record(record_name(job_id)), Record(live_name(job_id))
    board = WorkerBoard(spec_of(record.get("spec")), record, live, key, tokens)
    board.begin()
    began = time.monotonic()
    for number in range(count):
        board.log(f"line {number}", worker=board.name, chunk=chunk)
        time.sleep(max(0.0, began + (number + 1) * seconds / count - time.monotonic()))
    board.close("done")
    return board.name


@app.function(timeout=300)
def listen(job_id: str, keys: list[str]) -> int:
    """Take in what the workers of ``keys`` write, as a coordinator does, until all are done; how many lines there are."""
    from hf2ms_tui.engines.modal.board import CloudBoard
    from hf2ms_tui.engines.modal.names import live_name, record_name, said_name
    from hf2ms_tui.engines.modal.record import Record
    from hf2ms_tui.engines.modal.surroundings import settle_in
    from hf2ms_tui.transfer.plain import spec_of

    tokens = settle_in()
    record, said, live = (Record(name(job_id)) for name in (record_name, said_name, live_name))
    lead = {"attempt": 1, "call": "none", "life": "x"}
    record.put("lead", lead)
    board = CloudBoard(spec_of(record.get("spec")), said, record, tokens, lead)
    board.load()
    board.begin()
    ended: set[str] = set()
    while len(ended) < len(keys):
        for key, state in live.everything().items():
            board.book.pull(key, state["try"], state["lines"])
            if state["end"] and key not in ended:
                ended.add(key)
                board.book.forget(key, state["try"])
        time.sleep(0.2)
    board.close()
    return board.book.count


@app.function(timeout=300)
def end(how: str) -> str:
    """End in good order, by leaving the process, by a failure, or not at all."""
    if how == "leave":
        sys.exit(3)
    if how == "fail":
        raise ValueError("the word")
    if how == "wait":
        time.sleep(200)
    return how
