"""What is looked at after a kill: the journal's chain, the jobs against their processes, the bytes at the hubs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.engines import lock
from hf2ms_tui.loopback.log import Entry
from hf2ms_tui.services import jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support import oracle
from support.desk import Desk
from support.transfers import ORG, ref

PATIENCE = 90.0
"""seconds that a job may take to its end on a busy machine"""


@dataclass(slots=True)
class Watch:
    """One round: what was found broken, and how it ended. ``column`` is what the table counts it under."""

    here: Desk
    source: str
    name: str
    words: str
    kind: str
    broken: list[str] = field(default_factory=list)
    column: str = "ended at once"
    acknowledged_jobs: set[bytes] = field(default_factory=set)
    said_done: bool = False
    shown: int = 0
    kills: int = 0
    since: int = 0
    may_have_failed: bool = False
    patience: float = PATIENCE
    pause: float = 0.25
    """seconds between two starts of the program while its job goes on"""

    def __post_init__(self) -> None:
        entries = self.here.running.log.entries()
        self.since = entries[-1].number if entries else 0

    @property
    def ref(self) -> RepoRef:
        """The source."""
        return ref(self.source, self.name)

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Hub and id of source and destination."""
        other = "ms" if self.source == "hf" else "hf"
        return (self.source, f"{ORG}/{self.name}"), (other, f"{ORG}/{self.name}")

    def breaks(self, what: str) -> None:
        """Note a broken promise."""
        self.broken.append(f"{self.words}: {what}")

    def killed(self) -> None:
        """Something was killed."""
        self.kills += 1

    @contextmanager
    def program(self) -> Iterator[Program]:
        """The program as it starts again."""
        opened = Program(load({}, self.here.env, self.here.folder))
        try:
            yield opened
        finally:
            opened.close()

    def exists(self) -> bool:
        """Whether the source hub still has the repo."""
        return oracle.repo_of(self.here.running.world, *self.ends[0]) is not None

    def entries(self) -> list[Entry]:
        """What went over the wire since the round began."""
        return self.here.running.log.entries(since=self.since)

    def chain(self, program: Program) -> None:
        """The journal must be whole."""
        if broken := program.journal.check():
            self.breaks(f"{broken}")

    def kill_job(self) -> None:
        """Kill the job's process, if there is one."""
        with self.program() as program:
            found = self._jobs(program)
            for view in found:
                if lock.is_held(program.places, view.id):
                    with suppress(psutil.Error, OSError, ValueError):
                        process = self.here.process(view.id)
                        process.kill()
                        process.wait(10)
                        self.kills += 1

    def runs(self, program: Program, view: JobView) -> bool:
        """Whether the job has a process."""
        return lock.is_held(program.places, view.id)

    def _jobs(self, program: Program) -> list[JobView]:
        return [view for view in jobs.listing(program) if view.spec.source == self.ref]

    def look(self) -> None:
        """Compare what the restarted program says with what is true."""
        with self.program() as program:
            self.chain(program)
            views = self._jobs(program)
            for known in self.acknowledged_jobs - {view.id.encode() for view in views}:
                self.breaks(f"job {known.decode()} was acknowledged and is not known")
            for view in views:
                self._true(view)
                runs = self.runs(program, view)
                if view.alive is True and not (runs or jobs.view(program, view.id).phase.final):
                    self.breaks("a job is said to run, and does not")
            proof = program.proofs.standing(self.ref)
            if proof is not None and proof.holds:
                self._faithful("a proof holds", {file.path for file in proof.exceptions})
        if self.said_done:
            self._faithful("the verb said done and proven")

    def _true(self, view: JobView) -> None:
        if view.phase is Phase.DONE:
            self._faithful(f"job {view.id} is done")

    def _faithful(self, claim: str, except_for: set[str] | frozenset[str] = frozenset()) -> None:
        if false := oracle.lacking(self.here.running.world, *self.ends, except_for=except_for):
            self.breaks(f"{claim}, but {'; '.join(false)}")

    def finish(self) -> None:
        """Carry on as a person would until the job is proven; nothing stored may be sent again."""
        until = time.monotonic() + self.patience
        resumed = started = False
        while True:
            with self.program() as program:
                views = self._jobs(program)
                latest = views[0] if views else None
                if latest is None:
                    jobs.start(program, jobs.direction(program, self.ref))
                    started = True
                elif latest.lost or latest.phase in {Phase.FAILED, Phase.CANCELLED}:
                    if latest.phase is Phase.FAILED and not self.may_have_failed:
                        self.breaks(f"a job failed: {latest.error.get('what')}")
                    jobs.retry(program, latest.id)
                    resumed = True
                elif latest.phase is Phase.DONE:
                    self._true(latest)
                    self.chain(program)
                    if [
                        e for e in program.journal.open_intents() if e.kind == "migrate" and e.ref == self.ref
                    ]:
                        self.breaks("a migration stays open in the journal")
                    break
            if time.monotonic() > until:
                self.breaks(f"not proven after {self.patience:.0f} s: {latest}")
                break
            time.sleep(self.pause)
        if again := oracle.sent_again(self.entries(), lambda entry: entry.status == 200):
            self.breaks(f"{len(again)} blobs were sent again although stored")
        if oracle.wider(self.here.running.world, *self.ends):
            self.breaks("the destination is wider than the source")
        self.column = "resumed" if resumed else "started anew" if started else "went on by itself"

    def deletion_is_true(self, program: Program, gone: bool) -> None:
        """The journal must say what became of the repo, and a deletion must have a tombstone."""
        entries = [
            entry for entry in program.journal.entries() if entry.kind == "delete" and entry.ref == self.ref
        ]
        done = [entry for entry in entries if entry.role == "intent" and entry.state == "done"]
        if bool(done) is not gone:
            self.breaks(f"the journal says {'deleted' if done else 'not deleted'}")
        if gone and not any(entry.payload.get("tombstone") for entry in done):
            self.breaks("deleted without a tombstone")
        if [
            entry
            for entry in program.journal.open_intents()
            if entry.kind == "delete" and entry.ref == self.ref
        ]:
            self.breaks("the deletion stays open in the journal")
        if self.column == "ended at once":
            self.column = "settled: gone" if gone else "settled: still there"
