"""What the gate reads: the facts, again and again, and the proof made from here. What its other keys do stands on it."""

from __future__ import annotations

import threading
from dataclasses import replace

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import gatelook
from hf2ms_tui.services.gatelook import GateLook
from hf2ms_tui.services.jobs import direction
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.proof_run import ProofRun
from hf2ms_tui.tui.screens.gate_view import GateView

AGES = 20.0
"""seconds after which the same facts are judged again: a proof grows too old while one looks at it"""
TICK = 1.0
"""seconds after which the ages on the screen are looked at again"""


class GateReading(GateView):
    """The gate of one repo, read when it opens, when a key asks for it, and when a job of this repo begins or ends."""

    def __init__(self, ref: RepoRef) -> None:
        super().__init__(ref)
        self._accepted: frozenset[str] = frozenset()
        self._run: ProofRun | None = None
        self._leaving = threading.Event()

    def on_mount(self) -> None:
        """Read the facts; the keys stay on the checks, never on the button."""
        self.body.focus()
        self.do_recheck()
        self.set_interval(AGES, self._judge)
        self.set_interval(TICK, self._grow_older)

    def on_unmount(self) -> None:
        """Nobody watches any more."""
        self._leaving.set()
        if self._run is not None:
            self._run.stop()

    def _grow_older(self) -> None:
        if self.here and self.look is not None and not self.over:
            self.checks.set_now(self.house.program.now())

    def why_not_recheck(self) -> str | None:
        """Not while something else is under way."""
        return f"wait: {self.busy}" if self.busy else None

    def do_recheck(self) -> None:
        """Read every fact again in the background."""
        program, ref, accepted = self.house.program, self.ref, self._accepted
        self.work_on("reading both hubs")

        self.house.background.run(
            lambda: gatelook.look(program, ref, accepted, self._step),
            self._looked,
            self._failed,
            only=f"gate {ref.key}",
        )

    def _step(self, text: str) -> None:
        self.house.background.tell(lambda: self.work_on(text))

    def _looked(self, found: GateLook) -> None:
        if not self.here:
            return
        self.look = found
        self.work_on("")
        self.draw()
        row = self.house.model.rows.get(self.ref.key)
        if row is not None and row.unsettled is not found.facts.unsettled:
            self.house.read_rows([self.ref])
        if found.facts.acknowledged != self._accepted:
            self._judge()

    def _judge(self) -> None:
        """Judge what was read again: a loss was accepted, or time passed."""
        seen, accepted, now = self.look, self._accepted, self.house.program.now()
        if seen is None or self.busy or self.over:
            return

        def judged(found: GateLook) -> None:
            # What was read since is newer than this.
            if self.here and self.look is seen and not self.busy:
                self.look = found
                self.draw()
                if found.lacks_tombstone:
                    self.do_recheck()

        self.house.background.run(
            lambda: gatelook.again(seen, accepted, now),
            judged,
            self.house.failed,
            only=f"judge {self.ref.key}",
        )

    def _failed(self, error: Exception) -> None:
        if self.here:
            self.work_on("")
            self.outcome(f"✗ {sentence(error)}", "bad")
            self.draw()
        self.house.failed(error)

    def jobs_changed(self) -> None:
        """A job of this repo that began or ended changes what holds."""
        ids = {
            view.id for view in self.house.model.jobs if self.ref in {view.spec.source, view.spec.destination}
        }
        running = tuple(
            view.id
            for view in self.house.model.jobs
            if view.id in ids and not view.phase.final and not view.lost
        )
        seen = self.look
        if seen is not None and running != seen.facts.running_jobs and not self.busy and not self.over:
            self.do_recheck()

    # -- proving ------------------------------------------------------------------------------------------------

    def why_not_prove(self) -> str | None:
        """Needs what was read, and nothing else under way; without a destination its files are looked for elsewhere there."""
        if self.over:
            return "the repo is gone"
        if self.busy:
            return f"wait: {self.busy}"
        return None if self.look is not None else "nothing was read yet"

    def do_prove(self) -> None:
        """Prove it again, at the level that the gate asks for."""
        program = self.house.program
        ends = direction(program, self.ref)
        if self.look is not None and self.look.facts.destination is not None:
            ends = replace(ends, destination=self.look.facts.destination.ref)
        self._run = ProofRun(program, self.house.background, ends, program.settings.level)
        self.work_on("proving")
        if not self._run.start(self._proving, lambda proof: self._proven(), self._not_proven):
            self.work_on("")
            self.house.say("a proof of this repo is being made already", "warn")

    def _proving(self) -> None:
        if self.here and self._run is not None:
            self.work_on("proving", self._run.parts(self.size.width))

    def _proven(self) -> None:
        self._run = None
        if self.here:
            self.do_recheck()

    def _not_proven(self, error: Exception) -> None:
        self._run = None
        self._failed(error)

    def why_not_stop(self) -> str | None:
        """Only a proof can be stopped."""
        return None if self._run is not None else "nothing is being proven"

    def do_stop(self) -> None:
        """Stop proving."""
        if self._run is not None:
            self._run.stop()
