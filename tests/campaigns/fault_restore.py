"""Restoring a deleted repo while a hub misbehaves: byte-equal in the end, never wider, nothing stored is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from campaigns.fault_case import HASTY, OTHER, STUCK, Case, Result, files_of, wrong_words
from campaigns.fault_doors import Doors, Opened
from campaigns.fault_kinds import was_done
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.proof import Level, Verdict
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.fleet import Fleet
from hf2ms_tui.engines.local.runner import what_to_do
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import jobs, proving, restore
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import Settings
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.job import run_job
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.restore import GENERATED
from support import oracle
from support.transfers import ORG, add, put, ref

Refs = dict[tuple[str, str], dict[str, str]]
FIRST = ("README.md", "config.json", "w/one.bin")
"""files of an earlier state, which a tag points to; a branch points to the state between that and the last"""


class InHouse:
    """``base.Engine`` that runs jobs on the campaign's own threads and with its patience; all else is the local engine's."""

    def __init__(self, program: Program, run: Callable[[JobSpec], None]) -> None:
        self._jobs = program.jobs
        self._run = run

    @property
    def name(self) -> str:
        """``local``."""
        return "local"

    def submit(self, spec: JobSpec, tokens: Tokens) -> None:
        """Run the job to its end."""
        self._run(spec)

    def retry(self, job_id: str, tokens: Tokens) -> None:
        """Run it once more to its end."""
        self._jobs.reset_for_retry(job_id)
        self._run(self._jobs.view(job_id).spec)

    def alive(self, job_id: str) -> bool | None:
        """Nothing runs between two calls."""
        return False

    def cancel(self, job_id: str) -> None:
        """Ask the job to end."""
        self._jobs.request_cancel(job_id)

    def looked_at(self, view: JobView) -> JobView:
        """One that did not end runs no more."""
        return view if view.phase.final else replace(view, alive=False)

    def reconcile(self) -> list[JobView]:
        """All jobs, newest first."""
        return [self.looked_at(view) for view in self._jobs.views()]

    def close(self) -> None:
        """Nothing to end."""


class Restorer(Opened):
    """The program, whose jobs run in this process."""

    def __init__(self, settings: Settings, session: Callable[[Hub], HubSession]) -> None:
        super().__init__(settings, session)
        self._engine = Fleet(self.jobs, [InHouse(self, self._run)])

    def _run(self, spec: JobSpec) -> None:
        end = time.monotonic() + STUCK
        board = self.jobs.board(spec.id)

        def stopping() -> bool:
            return time.monotonic() > end

        try:
            source, work = what_to_do(spec, self.tombstones, self.hub(spec.source.hub))
            run_job(
                spec,
                source,
                self.hub(spec.destination.hub),
                board,
                self.jobs.ledger(spec.id),
                ThreadPool(spec.workers, control=Control(board.cancel_requested, stopping)),
                stopping=stopping,
                patience=HASTY,
                work=work,
            )
        finally:
            board.close()


class Restores:
    """Repos with a branch and a tag, deleted through the gate, to be restored."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.sides = doors.sides

    def deleted(self, source: str, name: str) -> tuple[RepoRef, Refs]:
        """A repo that was proven and deleted, and what its branches and tags were."""
        files = files_of(name)
        how = {"visibility": "public", "gated": "manual"} if source == "hf" else {"visibility": "private"}

        def make(world: World) -> None:
            add(world, OTHER[source], name, files)
            branch = world.hub(source).default_branch
            repo = add(world, source, name, {path: files[path] for path in FIRST})
            repo.visibility, repo.gated = how["visibility"], how.get("gated")
            repo.create_tag("v1", repo.head(branch).id)
            repo.create_branch("dev", branch)
            put(world, repo, {"notes/a b.txt": files["notes/a b.txt"]}, "dev")
            put(world, repo, {path: files[path] for path in files if path not in FIRST}, branch)

        self.sides.running.call(make)
        before = self._refs(source, name)
        there = ref(source, name)
        with self.doors.program() as program:
            assert proving.prove(program, jobs.direction(program, there), Level.READ_BACK).holds
            assert self.doors.deleted(program, there) is Gone.GONE
        assert not self._refs(source, name)
        return there, before

    def restore(self, there: RepoRef) -> JobView:
        """Restore it, or carry on with that, and return how the job ended. Raises what keeps it from being begun."""
        with self.doors.program(Restorer) as program:
            begun = restore.start(program, restore.find(program, str(there.id), there.hub))
            return next(view for view in jobs.listing(program) if view.id == begun.id)

    def case(self, case: Case, result: Result, rule: Fault, name: str) -> None:
        """Restore under a fault, then again without where that was not the end."""
        there, was = self.deleted(case.source, name)
        entries = self.sides.running.log.entries()
        before = entries[-1].number
        copy = self._refs(OTHER[case.source], name)
        self.sides.running.faults.add(rule)
        view = None
        try:
            view = self.restore(there)
        except Hf2msError as error:
            for fault in wrong_words(error.as_dict(), str(there.id)):
                result.breaks(fault)
        self.sides.clear_faults()
        self._judge(result, there, view, was)
        if view is not None and view.phase is Phase.DONE:
            result.column = "proven"
        else:
            view = self.restore(there)
            self._judge(result, there, view, was)
            if view.phase is Phase.DONE:
                result.column = "failed, retry proven"
            else:
                result.column = "stuck"
                result.breaks(f"a retry after the fault does not restore it: {view.error}")
        if self._refs(OTHER[case.source], name) != copy:
            result.breaks("the copy was changed")
        entries = self.sides.running.log.entries(since=before)
        if again := oracle.sent_again(entries, lambda entry: was_done(entry, rule)):
            result.breaks(f"sent again although stored: {len(again)} blobs")
        with self.doors.program() as program:
            jobs.listing(program)
            if any(entry.ref == there for entry in program.journal.open_intents("restore")):
                result.breaks("the journal leaves it open")
            if program.journal.check():
                result.breaks("the journal's chain is broken")

    def _judge(self, result: Result, there: RepoRef, view: JobView | None, was: Refs) -> None:
        source, name = result.case.source, there.name
        now = self._refs(source, name)
        if source == "ms":
            # No program can make a branch there.
            was = {("tag" if ref == "dev" else kind, ref): files for (kind, ref), files in was.items()}
        self._judge_width(result, there, now)
        if view is None:
            return
        if view.phase is Phase.DONE and now != was:
            wrong = [" ".join(key) for key in sorted({*was, *now}) if was.get(key) != now.get(key)]
            result.breaks(f"said to be restored, but it differs in {', '.join(wrong)}")
        with self.doors.program() as program:
            proof = program.proofs.get(view.proof_id) if view.proof_id else None
        if view.phase is Phase.DONE and not (proof and proof.holds):
            result.breaks("done without a proof that holds")
        if proof is not None and proof.holds:
            default = ("branch", self.sides.world.hub(source).default_branch)
            extra = {file.path for file in proof.files if file.verdict is Verdict.EXTRA}
            there_now = self._at(source, name, proof.destination_revision)
            if {path: held for path, held in there_now.items() if path not in extra} != was[default]:
                result.breaks("its proof holds, but the restored files differ")
        if not view.phase.final:
            result.breaks(f"still {view.phase.value} after {STUCK:.0f} s")
        if view.phase is Phase.FAILED:
            for fault in wrong_words(view.error, str(there.id)):
                result.breaks(fault)

    def _judge_width(self, result: Result, there: RepoRef, now: Refs) -> None:
        """A private repo stays private; one that was public and gated holds nothing while it is public and not gated."""

        def work(world: World) -> tuple[str, str | None]:
            repo = oracle.repo_of(world, result.case.source, str(there.id))
            return (repo.visibility, repo.gated) if repo else ("private", None)

        visibility, gated = self.sides.running.call(work)
        held = {path for files in now.values() for path in files} - GENERATED[there.hub]
        if visibility != "private" and (there.hub is Hub.MS or (gated != "manual" and held)):
            result.breaks(f"the restored repo is {visibility}, gated {gated}, with {len(held)} files")

    def _refs(self, hub: str, name: str) -> Refs:
        """The true SHA-256 by path of every branch and tag; nothing when there is no such repo."""

        def work(world: World) -> Refs:
            repo = oracle.repo_of(world, hub, f"{ORG}/{name}")
            tables = (("branch", repo.branches), ("tag", repo.tags)) if repo else ()
            return {
                (kind, ref): oracle.bytes_at(repo.commits[commit])
                for kind, table in tables
                for ref, commit in table.items()
                if repo
            }

        return self.sides.running.call(work)

    def _at(self, hub: str, name: str, revision: str) -> dict[str, str]:
        def work(world: World) -> dict[str, str]:
            repo = oracle.repo_of(world, hub, f"{ORG}/{name}")
            return oracle.bytes_at(repo.resolve(revision)) if repo else {}

        return self.sides.running.call(work)
