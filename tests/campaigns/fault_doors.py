"""The gate and the deletion while a hub misbehaves: never open where something would be lost, never in doubt for long."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.fault_case import FOREIGN, OTHER, Case, Result, files_of, wrong_words
from hf2ms_tui.domain.errors import Hf2msError, Moved
from hf2ms_tui.domain.gate import Check, GateShut
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import byhand, deletion, gatelook, jobs, outcome, proving
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import Settings, load
from support import oracle
from support.transfers import ORG, Sides, add, put, ref

DANGERS = (
    "source pushed",
    "branch added",
    "copy changed",
    "copy deleted",
    "copy made public",
    "source moved",
)

WATCHED = 4.0
"""seconds that the program watches for a repo that a person deletes on the hub's page"""


class Opened(Program):
    """The program with sessions that wait no longer than the campaign does."""

    def __init__(self, settings: Settings, session: Callable[[Hub], HubSession]) -> None:
        super().__init__(settings)
        self._session = session

    def hub(self, hub: Hub) -> HubSession:
        """The campaign's session."""
        return self._session(hub)


class Doors:
    """Programs on a state folder of their own. Close it to remove the folder."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        self.folder = Path(tempfile.mkdtemp(prefix="hf2ms-doors-"))

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def program(self, made: type[Opened] = Opened) -> Iterator[Program]:
        """The program, as one start of it."""
        environ = {**self.sides.running.env, "HF2MS_STATE": str(self.folder / "s"), "HOME": str(self.folder)}
        settings = load({"org": ORG, "workers": 2, "streams": 2}, environ, self.folder)
        opened = made(settings, lambda hub: self.sides.hf if hub is Hub.HF else self.sides.ms)
        try:
            yield opened
        finally:
            opened.close()

    def ready(self, source: str, name: str) -> RepoRef:
        """A repo on both hubs, proven and read back by this program."""

        def make(world: World) -> None:
            for hub in (source, OTHER[source]):
                add(world, hub, name, files_of(name))

        self.sides.running.call(make)
        with self.program() as program:
            there = ref(source, name)
            assert proving.prove(program, jobs.direction(program, there), Level.READ_BACK).holds
        return there

    def endanger(self, source: str, name: str, danger: str) -> None:
        """Change the world so that deleting the source would lose something, or would delete another repo."""
        own = {"w/own.bin": SeededContent(f"{name} own", 5_000)}

        def work(world: World) -> None:
            ours = oracle.repo_of(world, source, f"{ORG}/{name}")
            theirs = oracle.repo_of(world, OTHER[source], f"{ORG}/{name}")
            assert ours is not None
            assert theirs is not None
            if danger == "source pushed":
                put(world, ours, own, world.hub(source).default_branch)
            elif danger == "branch added":
                ours.create_branch("exp", world.hub(source).default_branch)
                put(world, ours, own, "exp")
            elif danger == "copy changed":
                branch = world.hub(OTHER[source]).default_branch
                theirs.commit(deletes=["w/one.bin"], message="gone", author="mira", branch=branch)
            elif danger == "copy deleted":
                world.hub(OTHER[source]).delete(theirs)
            elif danger == "copy made public":
                theirs.visibility = "public"
            else:
                world.hub(source).move(ours, f"{ORG}/{name}-moved")

        self.sides.running.call(work)

    def there(self, source: str, name: str) -> bool:
        """Whether the hub still has the repo, under its old or its new name."""
        world = self.sides.world
        return any(oracle.repo_of(world, source, f"{ORG}/{name}{end}") for end in ("", "-moved"))

    def gate_case(self, case: Case, result: Result, rule: Fault, name: str, chance: random.Random) -> None:
        """Look at the gate under a fault, then without."""
        repo = self.ready(case.source, name)
        danger = chance.choice(DANGERS) if chance.random() < 0.5 else ""
        if danger:
            self.endanger(case.source, name, danger)
        self.sides.running.faults.add(rule)
        with self.program() as program:
            first = gatelook.look(program, repo)
        self.sides.clear_faults()
        with self.program() as program:
            second = gatelook.look(program, repo)
        for look, when in ((first, "under the fault"), (second, "after the fault")):
            if (look.open or look.by_hand) and danger:
                result.breaks(f"the gate is open {when} although: {danger}")
            for check in look.checks:
                for fault in _wrong_check(check):
                    result.breaks(f"{when}: {fault}")
        if not (danger or second.open or second.by_hand):
            shut = [f"{check.name.value}: {check.evidence}" for check in second.checks if not check.ok]
            result.breaks(f"the gate stays shut after the fault: {'; '.join(shut)}")
        result.column = (
            "refused" if danger else "proven" if first.open or first.by_hand else "failed, retry proven"
        )

    def delete_case(self, case: Case, result: Result, rule: Fault, name: str, chance: random.Random) -> None:
        """Delete under a fault; then settle, and delete again where it is still there."""
        repo = self.ready(case.source, name)
        danger = chance.choice(DANGERS) if chance.random() < 0.3 else ""
        if danger:
            self.endanger(case.source, name, danger)
        self.sides.running.faults.add(rule)
        said = self._delete(repo, result)
        gone = not self.there(case.source, name)
        if gone and danger:
            result.breaks(f"deleted although: {danger}")
        if (said is Gone.GONE) is not gone and said is not Gone.UNKNOWN:
            result.breaks(f"said {said.value if said else 'failed'}, but it is {'gone' if gone else 'there'}")
        self.sides.clear_faults()
        with self.program() as program:
            outcome.settle(program)
            if [entry for entry in program.journal.open_intents() if entry.kind == "delete"]:
                result.breaks("a deletion stays open after the fault")
            self._journal_is_true(program, repo, gone, result)
        result.column = "refused" if danger else "proven" if gone else "failed, retry proven"
        if not (danger or gone) and self._delete(repo, result) is not Gone.GONE:
            result.column = "stuck"
            result.breaks("it cannot be deleted after the fault")

    def _delete(self, repo: RepoRef, result: Result) -> Gone | None:
        with self.program() as program:
            try:
                return self.deleted(program, repo)
            except GateShut as shut:
                for check in shut.failing:
                    for fault in _wrong_check(check):
                        result.breaks(fault)
            except Moved:
                return None
            except Hf2msError as error:
                for fault in wrong_words(error.as_dict(), str(repo.id)):
                    result.breaks(fault)
        return None

    def deleted(self, program: Program, repo: RepoRef) -> Gone:
        """Delete through the door; on ModelScope be handed the page, delete there, and let the program watch for that."""
        if repo.hub is Hub.HF:
            return deletion.delete(program, repo, str(repo.id)).state
        over = byhand.hand_over(program, repo, str(repo.id))

        def work(world: World) -> None:
            found = oracle.repo_of(world, "ms", str(repo.id))
            if found is not None:
                world.ms.delete(found)

        self.sides.running.call(work)
        until = time.monotonic() + WATCHED
        seen = byhand.watch(program, over, lambda look: None, lambda: time.monotonic() > until, every=0.1)
        return seen.state if seen else Gone.UNKNOWN

    def _journal_is_true(self, program: Program, repo: RepoRef, gone: bool, result: Result) -> None:
        entries = [
            entry for entry in program.journal.entries() if entry.kind == "delete" and entry.ref == repo
        ]
        done = any(entry.state == "done" for entry in entries)
        if done is not gone:
            result.breaks(f"the journal says {'deleted' if done else 'not deleted'}")
        if program.journal.check():
            result.breaks("the journal's chain is broken")


def _wrong_check(check: Check) -> Iterator[str]:
    """What is wrong with the words of a check that does not hold."""
    if check.ok or check.state.value == "waits":
        return
    if not check.evidence or not check.way_out:
        yield f"check “{check.name.value}” has no {'way out' if check.evidence else 'evidence'}"
    if found := FOREIGN.search(f"{check.evidence} {check.way_out}"):
        yield f"check “{check.name.value}” says {found[0]!r}: {check.evidence}"
