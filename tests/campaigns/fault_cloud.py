"""Migrations in a Modal account while a hub or Modal itself misbehaves: real client, real containers, nothing hurried.

Jobs have the patience that they have in life (only a deployment has less), so a fault that stays is lifted after ``LASTS``
seconds, and the job goes on or has failed by then. One that neither ends nor is given up is cancelled, as a person would,
and retried.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaigns.fault_case import OTHER, Case, Result, files_of, judge_job, over, wrong_words
from campaigns.fault_kinds import KINDS, Elsewhere, Route, was_done
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.engines.modal import deploy
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.modal import RpcFault
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.proofs import Proofs
from support import oracle
from support.campaign import drawn
from support.cloud import Cloud, cloud
from support.transfers import ORG, add, ref

LASTS = 5.0
"""seconds that a fault stays which is no single one"""
STALLED = 33.0
"""seconds without an answer: longer than a job in life waits for the next bytes"""
ENDS = 100.0
"""seconds after which a job is cancelled: longer than the client of Modal and a job try again one after the other"""
SILENT = 30.0
"""seconds without a word after which a deployment is given up here, where no image is built"""
KEPT = 120.0
"""seconds that containers without work stay for the next case: starting one costs more than most cases"""
WORKERS = 2

STATUSES = ("INTERNAL", "DEADLINE_EXCEEDED", "UNKNOWN", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND")
RPC_KINDS: dict[str, dict[str, Any]] = {
    "Modal UNAVAILABLE": {"kind": "status", "status": "UNAVAILABLE"},
    "Modal RESOURCE_EXHAUSTED": {"kind": "status", "status": "RESOURCE_EXHAUSTED"},
    "Modal asks to wait 0.1 s": {"kind": "status", "status": "RESOURCE_EXHAUSTED", "retry_after": 0.1},
    **{f"Modal {status}": {"kind": "status", "status": status} for status in STATUSES},
    "Modal UNAVAILABLE after doing it": {"kind": "status", "status": "UNAVAILABLE", "late": True},
    "Modal cut": {"kind": "cut"},
    "Modal cut after doing it": {"kind": "cut", "late": True},
    "Modal answers 3 s late": {"kind": "delay", "delay": 3.0},
    "Modal answers 70 s late": {"kind": "delay", "delay": 70.0},
}
"""what happens to a call of Modal's control plane"""
STAY = ("Modal UNAVAILABLE", "Modal RESOURCE_EXHAUSTED", "Modal cut")
"""those that also stay for ``LASTS`` seconds; the others hit once"""

COLD = (
    "UNAVAILABLE",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "PERMISSION_DENIED",
    "cut after doing it",
    "answers 70 s late",
)
"""those that are played with a first deployment, as each takes an account of its own"""


def kinds_of(route: Route) -> Iterator[tuple[str, bool]]:
    """The faults that are played on a route: the name of the kind, and whether it hits once."""
    if route.hub == "modal":
        yield from (
            (name, True) for name in RPC_KINDS if not route.cold or name.removeprefix("Modal ") in COLD
        )
        yield from ((name, False) for name in STAY if not route.cold)
    else:
        yield from itertools.product(
            (kind.name for kind in KINDS.values() if kind.fits(route)), (True, False)
        )


class CloudStage:
    """A Modal account and two hubs of our own, and repos made one per case."""

    def __init__(self, here: Cloud, elsewhere: Elsewhere) -> None:
        self.here = here
        self.elsewhere = elsewhere
        self._names = itertools.count(1)
        self._deployed: set[tuple[str, str]] = set()

    def repo(self, source: str) -> str:
        """A new private repo on the source hub; its name."""
        name = f"r{next(self._names)}"
        self.here.world.running.call(lambda world: add(world, source, name, files_of(name)))
        return name

    def routes(self, source: str) -> list[Route]:
        """The routes that clean runs use, from the logs of both hubs and of the control plane."""
        cold = self._calls(source) if not self._deployed else Counter()
        before = self._last()
        warm = self._calls(source)
        self._deployed |= {*cold, *warm}
        found: dict[tuple[str, str, str], list[int]] = {}
        for entry in self.here.world.running.log.entries(since=before):
            found.setdefault((entry.hub, entry.method, entry.route), []).append(entry.bytes_in)
        routes = [Route(*key, times=len(sent), sent=max(sent)) for key, sent in sorted(found.items())]
        routes += [Route("modal", *key, times=times) for key, times in sorted(warm.items())]
        once = [(key, times) for key, times in sorted(cold.items()) if key not in warm]
        return routes + [Route("modal", *key, times=times, cold=True) for key, times in once]

    def _calls(self, source: str) -> Counter[tuple[str, str]]:
        """What one clean migration asks of the control plane."""
        log = self.here.plane.log
        before = len(log.entries)
        name = self.repo(source)
        done = self._end(self._submit(source, name))
        assert done.phase is Phase.DONE, (done.error, done.note)
        self.settle()
        entries = itertools.islice(list(log.entries), before, None)
        return Counter(("container" if entry.task_id else "client", entry.rpc) for entry in entries)

    def _last(self) -> int:
        entries = self.here.world.running.log.entries()
        return entries[-1].number if entries else 0

    def _submit(self, source: str, name: str) -> str:
        return self.here.submit(ref(source, name), ref(OTHER[source], name), workers=WORKERS)

    def _end(self, job: str, seconds: float = ENDS) -> JobView:
        """The view of a job once it is over or lost, or after so long."""
        until = time.monotonic() + seconds
        while True:
            view = self.here.view(job)
            if view.phase.final or view.lost or time.monotonic() > until:
                return view
            time.sleep(0.1)

    def settle(self) -> None:
        """Lift all faults and let what is under way end, so that the next case meets only its own."""
        self.here.world.clear_faults()
        self.here.plane.faults.clear()
        until = time.monotonic() + 20
        while time.monotonic() < until and not (self.here.idle() and not self.here.world.running.log.active):
            time.sleep(0.05)

    def play(self, case: Case) -> Result:
        """Let one case happen and look at everything that was promised."""
        result = Result(case)
        began = time.monotonic()
        before, heard = self._last(), len(self.elsewhere.told)
        rule = self._rule(case)
        name = self.repo(case.source)
        try:
            self._case(case, result, rule, name)
        except Hf2msError as error:
            result.column = "stuck"
            result.breaks(f"it went on failing after the fault: {error}")
        except Exception as error:  # noqa: BLE001 - whatever comes out of the program is what a campaign looks for
            result.column = "crash"
            result.breaks(f"crash: {type(error).__name__}: {error}")
        self.settle()
        result.met = rule.hits > 0
        entries = self.here.world.running.log.entries(since=before)
        hurt = rule if isinstance(rule, Fault) else None
        if again := oracle.sent_again(entries, lambda entry: was_done(entry, hurt)):
            result.breaks(f"sent again although stored: {len(again)} blobs")
        if self.elsewhere.heard(heard):
            result.breaks("a token was sent elsewhere")
        if Journal(self.here.database).check():
            result.breaks("the journal's chain is broken")
        result.seconds = time.monotonic() - began
        return result

    def _rule(self, case: Case) -> Fault | RpcFault:
        # Of the first half of a clean run's: how often is asked how things are depends on how fast the machine is.
        after = drawn(case.seed, case.number).randrange((case.route.times + 1) // 2) if case.once else 0
        if case.route.hub == "modal":
            limits = {"count": 1, "after": after} if case.once else {}
            return RpcFault(case.route.name, who=case.route.method, **RPC_KINDS[case.kind], **limits)
        rule = KINDS[case.kind].rule(case.route, once=case.once, after=after, elsewhere=self.elsewhere.url)
        if rule.kind == "stall":
            rule.value = STALLED
        return rule

    def _strike(self, rule: Fault | RpcFault, once: bool) -> threading.Timer:
        """Let the fault begin; one that hits more than once ends when the timer does."""
        if isinstance(rule, RpcFault):
            self.here.plane.faults.add(rule)
        else:
            self.here.world.running.faults.add(rule)

        def lift() -> None:
            self.here.world.clear_faults()
            self.here.plane.faults.clear()

        timer = threading.Timer(LASTS, lift)
        if not once:
            timer.start()
        return timer

    def _case(self, case: Case, result: Result, rule: Fault | RpcFault, name: str) -> None:
        spec = self.here.spec(ref(case.source, name), ref(OTHER[case.source], name), workers=WORKERS)
        self.here.jobs.create(spec)
        timer = self._strike(rule, case.once)
        try:
            self.here.engine.submit(spec, self.here.tokens)
        except Hf2msError as error:
            for fault in wrong_words(error.as_dict(), f"{ORG}/{name}"):
                result.breaks(fault)
        view = self._end(spec.id)
        hung = not (view.phase.final or view.lost)
        timer.cancel()
        if hung:
            self.here.engine.cancel(spec.id)
            view = self._end(spec.id)
        self.here.world.clear_faults()
        self.here.plane.faults.clear()
        self._judge(result, name, view)
        if view.phase is Phase.DONE:
            result.column = "proven"
            return
        self.here.engine.retry(spec.id, self.here.tokens)
        view = self._end(spec.id)
        self._judge(result, name, view)
        if view.phase is Phase.DONE:
            result.column = "cancelled, retry proven" if hung else "failed, retry proven"
        else:
            result.column = "stuck"
            result.breaks(
                f"a retry after the fault does not finish: {view.phase.value} {view.note} {view.error}"
            )

    def _judge(self, result: Result, name: str, view: JobView) -> None:
        proof = Proofs(self.here.database).get(view.proof_id) if view.proof_id else None
        judge_job(result, self.here.world.world, name, view, [proof] if proof else [])
        if not (view.phase.final or view.lost):
            result.breaks(f"still {view.phase.value} after it was cancelled")


@contextmanager
def cloud_stage() -> Iterator[CloudStage]:
    """A stage of its own; hubs page and split early, so that tiny repos use every route."""

    def early(world: World) -> None:
        world.hf.settings.update(tree_page=4, multipart_threshold=30_000, part_size=16_000)

    elsewhere, folder = Elsewhere(), Path(tempfile.mkdtemp(prefix="hf2ms-cloud-"))
    try:
        with cloud(folder, early, idle_at_least=KEPT) as here:
            yield CloudStage(here, elsewhere)
    finally:
        elsewhere.close()
        shutil.rmtree(folder, ignore_errors=True)


def played_there(cases: list[Case], until: float) -> list[Result]:
    """Play cases one after the other in one account; begin none after ``until`` (seconds of the clock).

    An account that knows the app already cannot show what goes wrong with a first deployment: such cases get fresh ones.
    """
    deploy.SILENCE = SILENT
    results: list[Result] = []
    warm = [case for case in cases if not case.route.cold]
    for group in [warm, *([case] for case in cases if case.route.cold)]:
        if not group or over(until):
            continue
        with cloud_stage() as here:
            for case in group:
                if over(until):
                    break
                results.append(here.play(case))
    return results
