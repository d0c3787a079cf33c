"""What a worker's container does: one chunk, from the job's record to an answer in it."""

from __future__ import annotations

import threading
import time
import traceback
from typing import Any

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.names import live_name, record_name
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.reporting import WorkerBoard
from hf2ms_tui.engines.modal.surroundings import own_call, say, settle_in
from hf2ms_tui.engines.modal.trouble import patiently
from hf2ms_tui.engines.sessions import open_sessions
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.orders import Bench, carry_out
from hf2ms_tui.transfer.plain import read_back_of, spec_of


def work(job_id: str, key: str) -> dict[str, str]:
    """Do the order ``key`` of a job and put the answer into its record. Returns in which state that left the order.

    Safe to run again, after it ended or was killed at any instant: what the destination holds is not sent again, what was
    read back is not read again. What is wrong with the job is an answer; only what a fresh container may not suffer from
    is raised, so that the service tries again.
    """
    began = time.monotonic()
    tokens = settle_in()
    record, live = Record(record_name(job_id)), Record(live_name(job_id))
    call = own_call()
    # A coordinator that was killed between handing out and noting it may have handed out twice.
    holder = patiently("claiming a chunk", lambda: record.claim(f"claim:{key}", call), time.sleep)
    order = patiently("reading an order", lambda: record.get(f"order:{key}"), time.sleep)
    if holder != call or order is None:
        return {"state": "not wanted"}
    if record.get(f"answer:{key}") is not None:
        return {"state": "done before"}
    spec = spec_of(record.get("spec"))
    board = WorkerBoard(spec, record, live, key, tokens)
    earlier = record.get(f"notes:{key}") or {}
    board.known({path: read_back_of(result) for path, result in earlier.items()})
    if record.get("cancel"):
        return {"state": "cancelled"}
    patiently("reporting", board.begin, time.sleep)
    known = {path: read_back_of(result) for path, result in earlier.items()}
    answer, end = _answer(order, spec, board, tokens, known)
    answer["seconds"] = time.monotonic() - began
    answer["requests"] = board.view().requests
    patiently("answering", lambda: record.put(f"answer:{key}", answer), time.sleep)
    patiently("reporting", lambda: board.close(end), time.sleep)
    return {"state": end}


def _answer(
    order: dict[str, Any], spec: Any, board: WorkerBoard, tokens: Tokens, known: dict[str, ReadBack]
) -> tuple[dict[str, Any], str]:
    stopped = threading.Event()
    control = Control(board.cancel_requested, stopped.is_set)
    source, destination = open_sessions(spec, tokens, spec.streams + 2)
    bench = Bench(spec, source, destination, board, control, board.name, note=board.note, known=known)
    try:
        return carry_out(order, bench), "done"
    except Hf2msError as error:
        board.log(str(error), worker=board.name, chunk=order["chunk"]["number"])
        return {"error": error.as_dict()}, "failed"
    except BaseException as error:
        # A cancelled input is an InputCancellation in this thread only, a preemption a KeyboardInterrupt: the streams are
        # threads, and would go on moving bytes in a container that stays.
        say(board.name, 0, redact("".join(traceback.format_exception(error)), tokens.hf, tokens.ms))
        board.abandon()
        raise
    finally:
        stopped.set()
