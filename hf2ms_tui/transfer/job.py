"""One job from start to end: plan, move, commit, prove. Its outcome is the proof's, never that it came to its end."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.errors import BadInput, Cancelled, Hf2msError
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.transfer.control import Control, Stopped, never
from hf2ms_tui.transfer.leg import carry, prove, why_not
from hf2ms_tui.transfer.plan import start
from hf2ms_tui.transfer.ports import Board, Ledger, Pool
from hf2ms_tui.transfer.refs import Bringing
from hf2ms_tui.transfer.retry import Patience
from hf2ms_tui.transfer.run import Run

Work = Callable[[Run], tuple[Proof, Hf2msError | None]]


def run_job(
    spec: JobSpec,
    source: HubSession,
    destination: HubSession,
    board: Board,
    ledger: Ledger,
    pool: Pool,
    *,
    stopping: Callable[[], bool] = never,
    patience: Patience | None = None,
    work: Work | None = None,
) -> JobView:
    """Run a job to its end and return what its board then says; the phase is final unless ``stopping`` said to end.

    ``work`` is what it is to do, a migration when nothing is given; it returns a proof and what keeps it from being done.

    Safe to run again after any end and after a kill at any instant: what has arrived is not sent again. Errors become the
    job's error; only the store's own failures and faults of this program are raised.
    """
    control = Control(board.cancel_requested, stopping)
    try:
        board.phase(Phase.PLANNING)
        run = _start(spec, source, destination, board, ledger, pool, control, patience)
        error: Hf2msError | None = None
        try:
            proof, error = (work or _carry_out)(run)
        finally:
            run.report()
        if error is None:
            board.log(f"proven: {proof.summary}")
            board.phase(Phase.DONE)
        else:
            _fail(board, spec, error)
    except Stopped as stopped:
        board.log(str(stopped))
        board.update(note="stopped; retry carries on from here")
    except Cancelled as cancelled:
        board.log(str(cancelled))
        board.update(error=cancelled.as_dict())
        board.phase(Phase.CANCELLED)
    except Hf2msError as failure:
        _fail(board, spec, failure)
    return board.view()


def _fail(board: Board, spec: JobSpec, error: Hf2msError) -> None:
    # Some requests concern no repo of the hub's (a card that is checked, say), but this job does.
    error.repo = error.repo or str(spec.source.id)
    board.log(str(error))
    board.update(error=error.as_dict())
    board.phase(Phase.FAILED)


def _start(
    spec: JobSpec,
    source: HubSession,
    destination: HubSession,
    board: Board,
    ledger: Ledger,
    pool: Pool,
    control: Control,
    patience: Patience | None,
) -> Run:
    if destination.write is None:
        raise BadInput(
            f"this program was started without the right to write to {destination.hub.title}",
            way_out="Start it without --read-only.",
        )
    run = Run(
        spec=spec,
        source=source.read,
        destination=destination.read,
        writer=destination.write,
        board=board,
        ledger=ledger,
        pool=pool,
        control=control,
        patience=patience or Patience(),
        requests=_counter(pool, source, destination),
    )
    if run.source.endpoint == run.destination.endpoint:
        run.destination_throttle = run.source_throttle
    return run


def _counter(pool: Pool, *sessions: HubSession) -> Callable[[], int]:
    """How many requests are sent from now on, wherever; sessions with the same endpoint share one count."""
    traffics = {id(session.traffic): session.traffic for session in sessions}.values()

    def count() -> int:
        return sum(traffic.requests for traffic in traffics) + pool.requests

    before = count()
    return lambda: count() - before


def _carry_out(run: Run) -> tuple[Proof, Hf2msError | None]:
    """The proof of the default branch, and what keeps the job from being done; None when all of it is proven."""
    begun = start(run)
    pinned = run.revision
    bringing = Bringing(run, begun)
    if bringing.through_default:
        # Their states are committed to the default branch one after the other; its own comes last, and stays.
        bringing.all()
    run.revision, run.branch = pinned, ""
    head = run.from_destination().call(run.tip) if bringing.through_default else begun.head
    work, there = carry(run, begun.wanted, begun.visibility, head, bringing.wanted)
    proof = prove(run, work, there)
    error = why_not(run, proof)
    if not bringing.through_default:
        bringing.all()
    return proof, error or bringing.error
