"""Bringing over branches and tags: each gets one state of its own on the destination, and a proof of its own.

Where a hub has branches, a branch is carried over into one of the same name; a tag's state goes to a branch made for it
(``helper``), so that the default branch and its proof stay as they are. Where a hub has tags only, the state is committed
to the default branch, tagged there, and the default branch's own state follows last. Nothing that is there is ever moved
or removed: a tag of that name with other content is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hf2ms_tui.domain.errors import (
    BadInput,
    Cancelled,
    Conflict,
    Hf2msError,
    StoreFailed,
    VisibilityRefused,
)
from hf2ms_tui.domain.job import Phase, RefMove
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.domain.repo import GitRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.transfer.control import Aborted, Stopped
from hf2ms_tui.transfer.exceptions import acceptable
from hf2ms_tui.transfer.leg import carry, prove, why_not
from hf2ms_tui.transfer.plan import Start, extras_of, learnt, list_destination, list_source, sort_out
from hf2ms_tui.transfer.run import Run


def helper(tag: str) -> str:
    """The branch that carries a tag's state where the default branch must not."""
    return f"hf2ms/{tag}"


class Bringing:
    """The branches and tags of one job. ``wanted`` are their states, ``error`` is the first thing that went wrong."""

    def __init__(self, run: Run, begun: Start) -> None:
        self._run = run
        self._begun = begun
        self.error: Hf2msError | None = None
        self._states: list[tuple[RefMove, Manifest]] = []
        self._made: dict[str, str] = {}
        """the destination's revision of each of the source's that this job has brought over"""
        for move in run.spec.ref_moves:
            with self._noting(move):
                self._states.append((move, self._state(move)))

    @property
    def wanted(self) -> list[Manifest]:
        """The states of all of them."""
        return [state for _, state in self._states]

    @property
    def through_default(self) -> bool:
        """Whether their states go through the destination's default branch, for want of other branches."""
        return bool(self._states) and "branch" not in self._run.writer.ref_kinds

    def all(self) -> None:
        """Bring over every one; what fails with one does not keep the others from it. Raises what ends the whole job."""
        for move, state in self._states:
            with self._noting(move):
                self._bring(move, state)

    @contextmanager
    def _noting(self, move: RefMove) -> Iterator[None]:
        try:
            yield
        except (Cancelled, Stopped, Aborted, StoreFailed, VisibilityRefused):
            raise
        except Hf2msError as error:
            self._run.board.log(f"{move.words}: {error}")
            self.error = self.error or error

    def _state(self, move: RefMove) -> Manifest:
        run = self._run
        why = run.writer.why_not_ref(move.kind, move.name)
        if why:
            raise BadInput(
                f"{move.words} of {run.spec.source.id} cannot be brought over: {why}",
                way_out="Bring it over under another name by hand, or accept its loss at the gate.",
                repo=str(run.spec.source.id),
            )
        run.revision = move.source.revision
        run.board.log(f"{move.words} is pinned at {run.revision}")
        return acceptable(run, list_source(run))

    def _bring(self, move: RefMove, wanted: Manifest) -> None:
        run = self._run
        run.revision, run.branch = move.source.revision, ""
        run.board.log(f"bringing over {move.words} as {move.there}")
        known = run.from_destination().call(lambda: run.destination.refs(run.spec.destination))
        if move.kind == "branch":
            self._carry_branch(move.name, wanted, known, move)
            return
        there = next((item for item in known if (item.kind, item.name) == ("tag", move.name)), None)
        if there is not None:
            self._check_tag(move, wanted, there)
            return
        revision = self._made.get(move.source.revision) or self._same_already(wanted)
        if revision:
            self._tag(move, revision)
            self._prove(move, wanted, revision)
        elif "branch" in run.writer.ref_kinds:
            self._carry_branch(helper(move.name), wanted, known, move)
        else:
            head = run.from_destination().call(run.tip)
            work, state = carry(run, wanted, self._begun.visibility, head, self._others(wanted))
            self._tag(move, state.revision)
            self._finish(move, prove(run, work, state, move))

    def _others(self, wanted: Manifest) -> list[Manifest]:
        return [state for state in (self._begun.wanted, *self.wanted) if state is not wanted]

    def _carry_branch(self, name: str, wanted: Manifest, known: tuple[GitRef, ...], move: RefMove) -> None:
        """Bring a branch of the destination to the state, and tag it when a tag is what is wanted."""
        run, ref = self._run, self._run.spec.destination
        if not any((item.kind, item.name) == ("branch", name) for item in known):
            base = self._made.get(move.source.revision) or run.from_destination().call(run.tip)
            self._act(
                "repo.branch", GitRef(name, "branch", base), lambda: run.writer.make_branch(ref, name, base)
            )
        run.branch = name
        head = run.from_destination().call(run.tip)
        work, state = carry(run, wanted, self._begun.visibility, head, self._others(wanted))
        if move.kind == "tag":
            self._tag(move, state.revision)
        self._finish(move, prove(run, work, state, move))

    def _check_tag(self, move: RefMove, wanted: Manifest, there: GitRef) -> None:
        """A tag that is there already is proven as it is."""
        self._run.board.log(f"{move.there} is there already, at {there.revision}")
        proof = self._prove(move, wanted, there.revision, say=False)
        if proof is not None:
            raise Conflict(
                f"{move.there} of {self._run.spec.destination.id} is there already, with other content: {proof}",
                meaning="Nothing of it was changed: this program moves no tag.",
                way_out=f"If it may go, remove it on {self._run.spec.destination.hub.title} by hand, then retry.",
                repo=str(self._run.spec.destination.id),
            )

    def _same_already(self, wanted: Manifest) -> str:
        """The head of the default branch if it shows exactly this state, else empty."""
        run = self._run
        head = run.from_destination().call(run.tip)
        ours, theirs = learnt(run, wanted), learnt(run, list_destination(run, head))
        work = sort_out(run, ours, theirs, self._begun.visibility)
        return head if work.nothing and not extras_of(run, ours, theirs, self._others(wanted)) else ""

    def _tag(self, move: RefMove, revision: str) -> None:
        run, ref = self._run, self._run.spec.destination
        self._act(
            "repo.tag",
            GitRef(move.name, "tag", revision),
            lambda: run.writer.make_tag(ref, move.name, revision),
        )

    def _act(self, kind: str, made: GitRef, act: Callable[[], None]) -> None:
        run = self._run
        about = {"name": made.name, "revision": made.revision, "source_revision": run.revision}
        number = run.board.intent(kind, about)
        try:
            run.from_destination().call(act)
        except Hf2msError as error:
            run.board.outcome(number, "unknown" if error.transient else "failed", error.as_dict())
            raise
        run.board.outcome(number, "done", {"revision": made.revision})
        run.board.log(f"made {made.words} at {made.revision}")

    def _prove(
        self, move: RefMove, wanted: Manifest, revision: str, *, say: bool = True
    ) -> Hf2msError | None:
        """Prove a revision that is there; what keeps it from being proven is raised, or returned without ``say``."""
        run = self._run
        run.board.phase(Phase.PROVING)
        there = list_destination(run, revision)
        work = sort_out(run, learnt(run, wanted), learnt(run, there), self._begun.visibility)
        run.expect(0, wanted.size)
        proof = prove(run, work, there, move)
        error = why_not(run, proof)
        if error is not None and not say:
            return error
        self._finish(move, proof)
        return None

    def _finish(self, move: RefMove, proof: Proof) -> None:
        error = why_not(self._run, proof)
        if error is not None:
            raise error
        self._made[move.source.revision] = proof.destination_revision
        self._run.board.log(f"{clean(move.words)} is proven as {clean(move.there)}: {proof.summary}")
