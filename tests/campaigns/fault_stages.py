"""What a person does with one repo while a hub misbehaves, from migrating it to restoring it, told apart from what is true."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

from campaigns.fault_case import HASTY, OTHER, STUCK, Case, Result, files_of, judge_job, wrong_words
from campaigns.fault_doors import Doors
from campaigns.fault_kinds import KINDS, Elsewhere, Route, was_done
from campaigns.fault_restore import Restores
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import gatelook
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.transfer.memory import MemoryBoard, MemoryLedger
from hf2ms_tui.transfer.verify import verify
from support import oracle
from support.campaign import drawn
from support.transfers import ORG, Sides, add, put, ref, sides

SHORT = Timeouts(connect=1.0, read=0.8, send=2.0)
STAGES = ("migrate", "prove", "gate", "delete", "restore")


class Stage:
    """Two hubs of our own, a stranger, and repos made one per case."""

    def __init__(self, world: Sides, elsewhere: Elsewhere) -> None:
        self.sides = world
        self.elsewhere = elsewhere
        self._names = itertools.count(1)
        self.fresh()

        self.doors = Doors(world)
        self.restores = Restores(self.doors)

    def fresh(self) -> None:
        """Sessions that remember nothing."""
        self.sides.hf = self.sides.session("hf", timeouts=SHORT)
        # The only tier of tokens that may delete there.
        self.sides.ms = self.sides.session("ms", "admin", timeouts=SHORT)

    def name(self) -> str:
        """A name that no repo has."""
        return f"r{next(self._names)}"

    def repo(self, source: str, *, both: bool) -> str:
        """A new private repo on the source hub, with ``both`` also on the other; its name."""
        name = self.name()
        files = files_of(name)

        def make(world: World) -> None:
            add(world, source, name, files)
            if both:
                add(world, OTHER[source], name, files)

        self.sides.running.call(make)
        return name

    def settle(self) -> None:
        """Lift all faults and let what hangs end, so that the next case meets only its own."""
        self.sides.clear_faults()
        until = time.monotonic() + 4
        while self.sides.running.log.active and time.monotonic() < until:
            time.sleep(0.02)

    def routes(self, stage: str, source: str) -> list[Route]:
        """The routes that a clean run of a stage uses, from the hubs' own log."""
        self.fresh()
        before = self._last()
        if stage == "migrate":
            done = self.migrate(source, self.repo(source, both=False), MemoryLedger())
            assert done.phase is Phase.DONE, done.error
        elif stage == "prove":
            assert self.prove(source, self.repo(source, both=True)).holds
        elif stage == "restore":
            there, _ = self.restores.deleted(source, self.name())
            self.fresh()
            before = self._last()
            back = self.restores.restore(there)
            assert back.phase is Phase.DONE, back.error
        else:
            there = self.doors.ready(source, self.name())
            self.fresh()  # reading whose tokens these are is a part of it
            before = self._last()
            with self.doors.program() as program:
                if stage == "gate":
                    look = gatelook.look(program, there)
                    assert look.open or look.by_hand, [check for check in look.checks if not check.ok]
                else:
                    assert self.doors.deleted(program, there) is Gone.GONE
        found: dict[tuple[str, str, str], list[int]] = {}
        for entry in self.sides.running.log.entries(since=before):
            found.setdefault((entry.hub, entry.method, entry.route), []).append(entry.bytes_in)
        return [Route(*key, times=len(sent), sent=max(sent)) for key, sent in sorted(found.items())]

    def _last(self) -> int:
        entries = self.sides.running.log.entries()
        return entries[-1].number if entries else 0

    def play(self, case: Case) -> Result:
        """Let one case happen and look at everything that was promised."""
        result = Result(case)
        began = time.monotonic()
        chance = drawn(case.seed, case.number)
        self.fresh()
        before, heard = self._last(), len(self.elsewhere.told)
        rule = KINDS[case.kind].rule(
            case.route,
            once=case.once,
            after=chance.randrange(case.route.times) if case.once else 0,
            elsewhere=self.elsewhere.url,
        )
        try:
            if case.stage == "migrate":
                self._migrate_case(case, result, rule, before)
            elif case.stage == "gate":
                self.doors.gate_case(case, result, rule, self.name(), chance)
            elif case.stage == "delete":
                self.doors.delete_case(case, result, rule, self.name(), chance)
            elif case.stage == "restore":
                self.restores.case(case, result, rule, self.name())
            else:
                self._prove_case(case, result, rule, chance.random() < 0.5)
        except Hf2msError as error:
            result.column = "stuck"
            result.breaks(f"it went on failing after the fault: {error}")
        except Exception as error:  # noqa: BLE001 - whatever comes out of the program is what a campaign looks for
            result.column = "crash"
            result.breaks(f"crash: {type(error).__name__}: {error}")
        self.settle()
        result.met = rule.hits > 0
        if self.elsewhere.heard(heard):
            result.breaks("a token was sent elsewhere")
        result.seconds = time.monotonic() - began
        return result

    def migrate(
        self, source: str, name: str, ledger: MemoryLedger, board: MemoryBoard | None = None
    ) -> JobView:
        """Run one job to its end."""
        until = time.monotonic() + STUCK
        return self.sides.run(
            ref(source, name),
            ref(OTHER[source], name),
            ledger=ledger,
            board=board,
            patience=HASTY,
            stopping=lambda: time.monotonic() > until,
        )

    def prove(self, source: str, name: str) -> Proof:
        """Compare both sides, reading back every byte."""
        until = time.monotonic() + STUCK
        here, there = self._sessions(source)
        return verify(
            here.read,
            ref(source, name),
            there,
            ref(OTHER[source], name),
            level=Level.READ_BACK,
            patience=HASTY,
            cancelled=lambda: time.monotonic() > until,
        )

    def _sessions(self, source: str) -> tuple[HubSession, HubSession]:
        both = (self.sides.hf, self.sides.ms)
        return both if source == "hf" else both[::-1]

    def _migrate_case(self, case: Case, result: Result, rule: Fault, before: int) -> None:
        name = self.repo(case.source, both=False)
        ledger = MemoryLedger()
        self.sides.running.faults.add(rule)
        view = self.migrate(case.source, name, ledger)
        board = self.sides.board
        self.sides.clear_faults()
        self._judge_job(result, name, view, board.proofs)
        if view.phase is Phase.DONE:
            result.column = "proven"
        else:
            self.settle()
            view = self.migrate(case.source, name, ledger, board)
            self._judge_job(result, name, view, board.proofs)
            if view.phase is Phase.DONE:
                result.column = "failed, retry proven"
            else:
                result.column = "stuck"
                result.breaks(f"a retry after the fault does not finish: {view.error}")
        entries = self.sides.running.log.entries(since=before)
        if again := oracle.sent_again(entries, lambda entry: was_done(entry, rule)):
            result.breaks(f"sent again although stored: {len(again)} blobs")

    def _judge_job(self, result: Result, name: str, view: JobView, proofs: list[Proof]) -> None:
        judge_job(result, self.sides.world, name, view, proofs)
        if not view.phase.final:
            result.breaks(f"still {view.phase.value} after {STUCK:.0f} s")

    def _prove_case(self, case: Case, result: Result, rule: Fault, sound: bool) -> None:
        name = self.repo(case.source, both=True)
        if not sound:
            self._spoil(case, name)
        self.sides.running.faults.add(rule)
        try:
            proof = self.prove(case.source, name)
            claimed = proof.holds
        except Hf2msError as error:
            claimed = False
            for fault in wrong_words(error.as_dict(), f"{ORG}/{name}"):
                result.breaks(fault)
        if claimed and not sound:
            result.breaks("a proof holds although the destination differs")
        self.settle()
        holds = self.prove(case.source, name).holds
        if holds is not sound:
            result.breaks(f"after the fault the proof {'holds' if holds else 'does not hold'}")
        result.column = "refused" if not sound else "proven" if claimed else "failed, retry proven"

    def _spoil(self, case: Case, name: str) -> None:
        """Make the destination differ from the source in one way."""
        way = drawn(case.seed, case.number, "spoil").randrange(3)

        def work(world: World) -> None:
            repo = oracle.repo_of(world, OTHER[case.source], f"{ORG}/{name}")
            assert repo is not None
            branch = world.hub(OTHER[case.source]).default_branch
            if way == 0:
                repo.commit(deletes=["w/one.bin"], message="gone", author="mira", branch=branch)
            elif way == 1:
                put(world, repo, {"config.json": b'{"name": "changed"}\n'}, branch)
            else:
                put(world, repo, {"w/parts.bin": SeededContent(f"{name} other", 40_000)}, branch)

        self.sides.running.call(work)


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage of its own; hubs page and split early, so that tiny repos use every route."""

    def early(world: World) -> None:
        world.hf.settings.update(tree_page=4, multipart_threshold=30_000, part_size=16_000)

    elsewhere = Elsewhere()
    try:
        with sides(early) as world:
            made = Stage(world, elsewhere)
            try:
                yield made
            finally:
                made.doors.close()
    finally:
        elsewhere.close()
