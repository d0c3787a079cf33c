"""Every kind of fault on every route, in both directions, on both engines: ``python tests/campaigns/faults.py [--seed N]``.

The routes are those that a clean run uses, taken from the logs of the hubs and of Modal's control plane. Each fault hits once
and always; what runs in Modal has its patience of real life, so there ``always`` is 5 seconds, and of the faults of Modal
itself only some stay (see ``fault_cloud``). Containers are dear: of the cases in Modal those are played that let every kind
meet every route in each direction, either once or always; all of them with ``--all``.

What is true is told by the bytes that the loopback hubs hold. Prints kinds × outcomes; exits 1 when a promise was broken: a
proof that is false, a failure that a retry cannot finish, a blob sent again although it was stored, a wider destination, a
token sent elsewhere, an error that names no repo or no way out, a restored repo that is not byte-equal.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from campaigns.fault_case import Case, Result, over
from campaigns.fault_cloud import RPC_KINDS, CloudStage, cloud_stage, kinds_of, played_there
from campaigns.fault_kinds import KINDS, Route
from campaigns.fault_stages import STAGES, stage
from support.campaign import Findings, drawn, options

COLUMNS = ("proven", "failed, retry proven", "cancelled, retry proven", "refused", "stuck", "crash")
ENGINES = ("local", "modal")
Drawn = tuple[str, str, Route, str, bool, str]
"""a case without its number: stage, source, route, kind, whether once, engine"""
BATCH = 40
"""cases that are played on the same hubs before they are made anew"""


def all_cases(seed: int, stages: Iterable[str] = STAGES, engines: Iterable[str] = ("local",)) -> list[Case]:
    """Every kind × route × direction × once and always, in an order drawn from the seed.

    In Modal run migrations only: all else is done by the program itself, wherever its jobs run.
    """
    stages, engines = tuple(stages), tuple(engines)
    cases: list[Drawn] = []
    if "local" in engines:
        with stage() as here:
            for name, source in itertools.product(stages, ("hf", "ms")):
                cases += [
                    (name, source, route, kind.name, once, "local")
                    for route in here.routes(name, source)
                    for kind in KINDS.values()
                    if kind.fits(route)
                    for once in (True, False)
                ]
    if "modal" in engines and "migrate" in stages:
        with cloud_stage() as there:
            cases += modal_cases(there)
    return numbered(seed, cases)


def modal_cases(there: CloudStage, *, cold: bool = True) -> list[Drawn]:
    """Those of an account that never had the app. Without ``cold`` what only a first deployment asks of Modal is left out."""
    return [
        ("migrate", source, route, kind, once, "modal")
        for source in ("hf", "ms")
        for route in there.routes(source)
        if cold or not route.cold
        for kind, once in kinds_of(route)
    ]


def numbered(seed: int, cases: list[Drawn]) -> list[Case]:
    """The cases in an order drawn from the seed, numbered from 1."""
    drawn(seed, "order").shuffle(cases)
    return [Case(number, seed, *case) for number, case in enumerate(cases, 1)]


def covering(cases: list[Case]) -> list[Case]:
    """The cases without those in Modal whose kind has met their route in the same direction before, once or always.

    In Modal those come first that let every kind meet every route, then those that do so in the other direction too.
    """
    met: set[tuple[str, ...]] = set()
    local, first, second = [], [], []
    for case in cases:
        if case.engine == "local":
            local.append(case)
            continue
        here = (case.route.hub, case.route.method, case.route.name, case.kind)
        if here not in met:
            first.append(case)
        elif (case.source, *here) not in met:
            second.append(case)
        met |= {here, (case.source, *here)}
    return local + first + second


def played(cases: list[Case], threads: int, until: float) -> list[Result]:
    """Play cases on so many threads, each with hubs of its own; begin none after ``until`` (seconds of the clock)."""
    left: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        left.put(case)
    results: list[Result] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not left.empty() and not over(until):
                with stage() as here:
                    for case in _some(left, BATCH):
                        if over(until):
                            return
                        results.append(here.play(case))
        except BaseException as error:  # noqa: BLE001 - raised where everybody waits
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    return results


def _some(left: queue.SimpleQueue[Case], count: int) -> Iterator[Case]:
    for _ in range(count):
        try:
            yield left.get_nowait()
        except queue.Empty:
            return


def campaign(
    cases: list[Case],
    findings: Findings,
    *,
    processes: int,
    threads: int,
    minutes: float,
    accounts: int = 1,
) -> list[Result]:
    """Play the cases, those of one engine after those of the other, and add up what they gave."""
    until = time.time() + minutes * 60
    results = _local([case for case in cases if case.engine == "local"], processes, threads, until)
    results += _modal([case for case in cases if case.engine == "modal"], accounts, until)
    order = {name: number for number, name in enumerate((*KINDS, *RPC_KINDS))}
    results.sort(key=lambda item: (order[item.case.kind], item.case.number))
    for result in results:
        findings.case(result.case.kind, result.column or "crash", result.broken)
    return results


def _local(cases: list[Case], processes: int, threads: int, until: float) -> list[Result]:
    if processes <= 1 or not cases:
        return played(cases, threads, until)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = pool.map(
            played,
            [cases[n::processes] for n in range(processes)],
            itertools.repeat(threads),
            itertools.repeat(until),
        )
        return list(itertools.chain.from_iterable(parts))


def _modal(cases: list[Case], accounts: int, until: float) -> list[Result]:
    """In so many accounts at the same time, each with a process of its own."""
    if not cases:
        return []
    batches = [cases[start : start + BATCH] for start in range(0, len(cases), BATCH)]
    results: list[Result] = []
    with ProcessPoolExecutor(accounts, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(played_there, batch, until) for batch in batches]):
            results += done.result()
            print(f"played  {len(results):,} of {len(cases):,} in Modal", file=sys.stderr, flush=True)
    return results


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0], minutes=90)
    parser.add_argument("--cases", type=int, default=0, help="only so many of all, as the seed draws them")
    parser.add_argument(
        "--skip", type=int, default=0, help="not the first so many: an earlier run played them"
    )
    parser.add_argument("--only", type=int, default=0, metavar="NUMBER", help="one case alone")
    parser.add_argument("--stage", choices=STAGES, action="append", help="only these stages")
    parser.add_argument(
        "--engine", choices=(*ENGINES, "both"), default="both", help="where migrations run; default both"
    )
    parser.add_argument("--kind", choices=[*KINDS, *RPC_KINDS], help="only this kind of fault")
    parser.add_argument("--route", help="only routes of this name")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=6, help="in each process, each with hubs of its own")
    parser.add_argument(
        "--accounts", type=int, default=4, help="of Modal at the same time, each with hubs of its own"
    )
    parser.add_argument("--all", action="store_true", help="also in Modal both once and always")
    given: argparse.Namespace = parser.parse_args(arguments)
    engines = ENGINES if given.engine == "both" else (given.engine,)
    cases = all_cases(given.seed, given.stage or STAGES, engines)
    total = len(cases)
    routes = len({(case.engine, case.stage, case.source, case.route) for case in cases})
    cases = [
        case for case in cases if given.kind in {None, case.kind} and given.route in {None, case.route.name}
    ]
    if not (given.all or given.only):
        cases = covering(cases)
    if given.only:
        cases = [case for case in cases if case.number == given.only]
    else:
        cases = cases[given.skip : given.skip + given.cases if given.cases else None]
    findings = Findings(COLUMNS)
    results = campaign(
        cases,
        findings,
        processes=given.processes,
        threads=given.threads,
        minutes=given.minutes,
        accounts=given.accounts,
    )
    return findings.report(
        "faults",
        given.seed,
        f"of {total:,} on {routes} routes",
        f"in Modal {sum(result.case.engine == 'modal' for result in results):,}",
        f"not begun {len(cases) - findings.cases}",
        f"fault not met {sum(not result.met for result in results)}",
    )


if __name__ == "__main__":
    sys.exit(main())
