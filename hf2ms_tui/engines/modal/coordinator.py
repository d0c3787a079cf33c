"""What a coordinator's container does: one job, from its spec in the record to a proof."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable
from typing import Any

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.board import CloudBoard
from hf2ms_tui.engines.modal.children import Children
from hf2ms_tui.engines.modal.ledger import RecordLedger
from hf2ms_tui.engines.modal.names import LEASE, ROLL, hands, live_name, record_name, said_name
from hf2ms_tui.engines.modal.pool import CloudPool
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.roll import Roll
from hf2ms_tui.engines.modal.surroundings import own_call, say, settle_in
from hf2ms_tui.engines.modal.trouble import patiently
from hf2ms_tui.engines.sessions import open_sessions
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.job import run_job
from hf2ms_tui.transfer.plain import spec_of
from hf2ms_tui.transfer.run import MOST_STREAMS

SpawnWork = Callable[[str, str, int, str, int], str]
"""Hands out a chunk: job, key, bytes, name of the secret, cap; returns the call's id."""
SpawnNext = Callable[[str, int, int, str, int], str]
"""Hands the job over to a fresh coordinator: job, attempt, generation, name of the secret, cap; returns the call's id."""


def coordinate(
    job_id: str, attempt: int, generation: int, spawn_work: SpawnWork, spawn_next: SpawnNext
) -> dict[str, str]:
    """Run a job to its end, or as far as this coordinator's lease goes. Safe to run again after a kill at any instant."""
    began = time.monotonic()
    tokens = settle_in()
    record, said, live = (Record(name(job_id)) for name in (record_name, said_name, live_name))
    call = own_call()
    # The person's machine may have handed the job over twice, when the first answer was lost.
    holder = patiently(
        "claiming the job", lambda: record.claim(f"lead:{attempt}:{generation}", call), time.sleep
    )
    about = patiently("reading the job", lambda: record.get("about"), time.sleep)
    if holder != call or about is None or about["attempt"] != attempt:
        return {"state": "not wanted"}
    spec = spec_of(record.get("spec"))
    lead = {"attempt": attempt, "call": call, "life": secrets.token_hex(4)}
    patiently("leading the job", lambda: record.put("lead", lead), time.sleep)
    board = CloudBoard(spec, said, record, tokens, lead)
    board.load()
    if board.view().phase.final:
        return {"state": board.view().phase.value}
    board.begin()
    try:
        phase = _run(job_id, spec, about, board, (record, live), tokens, spawn_work, began)
    except BaseException as error:
        say("job", 0, redact("".join(traceback.format_exception(error)), tokens.hf, tokens.ms))
        if isinstance(error, Exception):
            _give_up(board, error)
            return {"state": "failed"}
        raise  # preempted or cancelled: the service starts the call again, and what is out goes on
    finally:
        board.close()
    if phase.final or board.superseded.is_set():
        return {"state": phase.value}
    following = spawn_next(job_id, attempt, generation + 1, about["secret"], max(1, spec.workers))
    return {"state": "handed over", "to": following}


def _run(
    job_id: str,
    spec: JobSpec,
    about: dict[str, Any],
    board: CloudBoard,
    records: tuple[Record, Record],
    tokens: Tokens,
    spawn_work: SpawnWork,
    began: float,
) -> Phase:
    record, live = records
    cap = hands(max(1, spec.workers))

    def stopping() -> bool:
        return board.superseded.is_set() or time.monotonic() - began > LEASE

    control = Control(board.cancel_requested, stopping)
    everything = patiently("reading the record", record.everything, time.sleep)
    ledger = RecordLedger(record)
    ledger.load(everything)
    children = Children(
        record,
        live,
        lambda key, size: spawn_work(job_id, key, size, about["secret"], max(1, spec.workers)),
        control.sleep,
    )
    children.find(everything)
    roll = Roll(Record(ROLL), job_id, cap)
    pool = CloudPool(children, live, board, roll, ledger, control, cap)
    if everything.get("cancel"):
        board.cancel()

    def before_end() -> None:
        pool.recall()
        board.update(container_seconds=pool.spent)
        patiently("handing over what was learnt", lambda: board.keep_ledger(ledger.pages()), time.sleep)

    board.before_end = before_end
    source, destination = open_sessions(spec, tokens, MOST_STREAMS + 2)
    view = run_job(spec, source, destination, board, ledger, pool, stopping=stopping)
    patiently("keeping what was learnt", ledger.keep, time.sleep)
    return view.phase


def _give_up(board: CloudBoard, error: Exception) -> None:
    """A fault of this program must not leave a job that seems to run."""
    if isinstance(error, Hf2msError):
        ours = error
    else:
        ours = Hf2msError(
            f"A fault of this program ended the job ({type(error).__name__})",
            meaning="What has arrived at the destination stays there.",
            way_out="Retry the job; if it happens again, report it with the app's log in Modal.",
        )
    board.log(str(ours))
    board.update(error=ours.as_dict())
    board.phase(Phase.FAILED)
