"""One state of the source carried over: what a branch of the destination lacks is moved and committed, and then proven.

A job carries the default branch, and besides it the branches and tags that it was asked to bring over (``refs``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hf2ms_tui.domain.chunks import Chunk, Piece, plan_chunks
from hf2ms_tui.domain.errors import Hf2msError, HubLied, NotProven
from hf2ms_tui.domain.job import Phase, RefMove
from hf2ms_tui.domain.manifest import Blob, Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import Visibility
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.protocol import Ticket
from hf2ms_tui.transfer.commit import Committer
from hf2ms_tui.transfer.exceptions import remember
from hf2ms_tui.transfer.move import blob_changes, move
from hf2ms_tui.transfer.plan import Work, learnt, list_destination, plan, same
from hf2ms_tui.transfer.prove import Prover
from hf2ms_tui.transfer.run import Run
from hf2ms_tui.transfer.source import Origin


def carry(
    run: Run, wanted: Manifest, visibility: Visibility, head: str, others: Sequence[Manifest] = ()
) -> tuple[Work, Manifest]:
    """Bring the run's branch of the destination, which is at ``head``, to what is ``wanted``.

    Returns what was done and the destination's files as they are afterwards. ``others`` are the other states of the source
    that this job carries, see ``plan.extras_of``.
    """
    work = plan(run, wanted, visibility, head, others)
    committer = Committer(run, work.destination.revision, work.visibility)
    if work.nothing:
        run.board.log("the destination shows every file already")
    else:
        run.board.phase(Phase.MOVING)
        moved = move(run, work.source, work.chunks, work.given)
        run.board.phase(Phase.COMMITTING)
        committer.commit_all(blob_changes(work, moved), work.inline, work.destination, work.extras)
    run.board.phase(Phase.PROVING)
    there = _fresh(run)
    return work, _settle(run, work, committer, there) if committer.commits else there


def prove(run: Run, work: Work, there: Manifest, about: RefMove | None = None) -> Proof:
    """Prove ``there`` against the source at the run's revision, listed again, and record it; ``about`` says of which ref."""
    source = run.from_source().call(lambda: run.source.manifest(run.spec.source, run.revision))
    if [entry.path for entry in source.files] != [entry.path for entry in work.source.files]:
        raise HubLied(
            f"{source.ref.hub.title} listed {len(work.source.files):,} files of one revision before and "
            f"{len(source.files):,} now",
            meaning="One of the listings was cut short, so nothing can be proven.",
            way_out="Retry the job.",
            repo=str(source.ref.id),
        )
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
        expect=run.expect_back,
        progress=run.read_back.add,
        job_id=run.spec.id,
    )
    proof = prover.prove(source, there)
    if about is not None:
        proof = replace(proof, ref=about.words, destination_ref=about.there)
    remember(run.ledger, proof)
    run.board.proof(proof)
    return proof


def _fresh(run: Run) -> Manifest:
    """The destination as it is now, whoever changed it last."""
    return list_destination(run, run.from_destination().call(run.tip))


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


def why_not(run: Run, proof: Proof) -> Hf2msError | None:
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
