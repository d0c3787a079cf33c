"""One job from start to end: plan, move, commit, prove. Its outcome is the proof's, never that it came to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hf2ms_tui.domain.chunks import Chunk, Piece, plan_chunks
from hf2ms_tui.domain.errors import BadInput, Cancelled, Hf2msError, HubLied, NotProven
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.manifest import Blob, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.protocol import HubSession, Ticket
from hf2ms_tui.transfer.commit import Committer
from hf2ms_tui.transfer.control import Control, Stopped, never
from hf2ms_tui.transfer.exceptions import remember
from hf2ms_tui.transfer.move import blob_changes, move
from hf2ms_tui.transfer.plan import Work, learnt, list_destination, plan, same
from hf2ms_tui.transfer.ports import Board, Ledger, Pool
from hf2ms_tui.transfer.prove import Prover
from hf2ms_tui.transfer.retry import Patience
from hf2ms_tui.transfer.run import Run
from hf2ms_tui.transfer.source import Origin


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
) -> JobView:
    """Run a job to its end and return what its board then says; the phase is final unless ``stopping`` said to end.

    Safe to run again after any end and after a kill at any instant: what has arrived is not sent again. Errors become the
    job's error; only the store's own failures and faults of this program are raised.
    """
    control = Control(board.cancel_requested, stopping)
    try:
        board.phase(Phase.PLANNING)
        run = _start(spec, source, destination, board, ledger, pool, control, patience)
        error: Hf2msError | None = None
        try:
            proof = _carry_out(run)
            error = _why_not(run, proof)
        finally:
            run.report()
        if error is None:
            board.log(f"proven: {proof.summary}")
            board.phase(Phase.DONE)
        else:
            _fail(board, error)
    except Stopped as stopped:
        board.log(str(stopped))
        board.update(note="stopped; retry carries on from here")
    except Cancelled as cancelled:
        board.log(str(cancelled))
        board.update(error=cancelled.as_dict())
        board.phase(Phase.CANCELLED)
    except Hf2msError as failure:
        _fail(board, failure)
    return board.view()


def _fail(board: Board, error: Hf2msError) -> None:
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


def _carry_out(run: Run) -> Proof:
    work = plan(run)
    committer = Committer(run, work.destination.revision, work.visibility)
    there = work.destination
    if work.nothing:
        run.board.log("the destination shows every file already")
    else:
        run.board.phase(Phase.MOVING)
        moved = move(run, work.source, work.chunks, work.given)
        run.board.phase(Phase.COMMITTING)
        committer.commit_all(blob_changes(work, moved), work.inline, there)
    run.board.phase(Phase.PROVING)
    return _prove(run, work, committer)


def _prove(run: Run, work: Work, committer: Committer) -> Proof:
    source = run.from_source().call(lambda: run.source.manifest(run.spec.source, run.revision))
    if [entry.path for entry in source.files] != [entry.path for entry in work.source.files]:
        raise HubLied(
            f"{source.ref.hub.title} listed {len(work.source.files):,} files of one revision before and "
            f"{len(source.files):,} now",
            meaning="One of the listings was cut short, so nothing can be proven.",
            way_out="Retry the job.",
            repo=str(source.ref.id),
        )
    there = _fresh(run)
    if committer.commits:
        there = _settle(run, work, committer, there)
    prover = Prover(
        source=run.origin(),
        destination=Origin(run.destination, run.spec.destination, there.revision, run.from_destination()),
        level=run.spec.level,
        ledger=run.ledger,
        pool=run.pool,
        streams=run.spec.streams,
        control=run.control,
        target=run.target(),
        mend=lambda lacking: _mend(run, work, lacking),
        say=run.board.log,
        expect=lambda count: run.board.update(to_read_back=count),
        progress=run.read_back.add,
        job_id=run.spec.id,
    )
    proof = prover.prove(source, there)
    remember(run.ledger, proof)
    run.board.proof(proof)
    return proof


def _fresh(run: Run) -> Manifest:
    """The destination as it is now, whoever changed it last."""
    ref = run.spec.destination
    return list_destination(run, run.from_destination().call(lambda: run.destination.resolve(ref)))


def _settle(run: Run, work: Work, committer: Committer, there: Manifest) -> Manifest:
    """Put back what the hub rewrote while committing.

    Hugging Face adds patterns to ``.gitattributes`` with every commit of stored blobs; a commit without any leaves it alone.
    """
    theirs = learnt(run, there).by_path()
    wanted = learnt(run, work.source).by_path()
    bad = {error.path for error in run.errors}
    # Everything that was committed inline is known to the ledger, so a git blob id it does not know is other content.
    rewritten = [
        wanted[entry.path]
        for entry in work.inline
        if (other := theirs.get(entry.path)) is not None
        and entry.shown not in bad
        and (other.sha256 or other.git_oid or other.size != entry.size)
        and not same(wanted[entry.path], other)
    ]
    if not rewritten:
        return there
    run.board.log(
        f"the hub rewrote {', '.join(entry.shown for entry in rewritten[:5])}; putting the source's back"
    )
    run.board.phase(Phase.COMMITTING)
    committer.head = there.revision
    committer.commit_all((), rewritten, there)
    again = sum(entry.size for entry in rewritten)
    run.moved.add(-again)
    run.resent.add(again)
    run.board.phase(Phase.PROVING)
    return _fresh(run)


def _mend(run: Run, work: Work, lacking: Mapping[Blob, Ticket]) -> None:
    """Send again what the destination lists but does not hold."""
    paths = {entry.blob: entry.path for entry in work.source.files if entry.blob in lacking}
    pieces = [Piece(blob, path) for blob, path in paths.items() if blob is not None]
    taken = max((chunk.number for chunk in run.board.view().chunks), default=0)
    chunks = [
        Chunk(taken + chunk.number, chunk.pieces) for chunk in plan_chunks(pieces, workers=run.pool.workers)
    ]
    run.was_there(-sum(chunk.size for chunk in chunks))
    move(run, work.source, chunks, None)


def _why_not(run: Run, proof: Proof) -> Hf2msError | None:
    """What ends the job as failed; None when it is proven."""
    if proof.holds:
        return None
    if run.errors:
        return run.errors[0]
    if proof.doubt:
        return NotProven(
            f"Nothing is proven: {proof.doubt}",
            way_out="Retry the job later.",
            repo=str(run.spec.destination.id),
        )
    first = proof.problems[0]
    count = len(proof.problems)
    shown = clean(first.path, 200)
    return NotProven(
        f"{count:,} of {proof.total:,} files {'is' if count == 1 else 'are'} not proven; the first is {shown}: "
        f"{first.why or first.level.words}",
        meaning="The copy cannot be relied on as it is.",
        way_out="Retry the job; files that are right are not sent again.",
        repo=str(run.spec.destination.id),
        path=shown,
    )
