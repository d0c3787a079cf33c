"""Every kind of fault on every route, in both directions: ``python tests/campaigns/faults.py [--seed N] [--cases N]``.

The routes are those that a clean run uses, taken from the hubs' own log. Each fault hits once and always. What is true is
told by the bytes that the loopback hubs hold. Prints kinds × outcomes; exits 1 when a promise was broken: a proof that is
false, a failure that a retry cannot finish, a blob sent again although it was stored, a wider destination, a token sent
elsewhere, an error that names no repo or no way out.
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
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from campaigns.fault_case import Case, Result
from campaigns.fault_kinds import KINDS, Route
from campaigns.fault_stages import STAGES, stage
from support.campaign import Findings, drawn, options

COLUMNS = ("proven", "failed, retry proven", "refused", "stuck", "crash")


def all_cases(seed: int, stages: Iterable[str] = STAGES) -> list[Case]:
    """Every kind × route × direction × once and always, in an order drawn from the seed."""
    found: list[tuple[str, str, Route]] = []
    with stage() as here:
        for name, source in itertools.product(stages, ("hf", "ms")):
            found += [(name, source, route) for route in here.routes(name, source)]
    cases = [
        (name, source, route, kind.name, once)
        for name, source, route in found
        for kind in KINDS.values()
        if kind.fits(route)
        for once in (True, False)
    ]
    drawn(seed, "order").shuffle(cases)
    return [Case(number, seed, *case) for number, case in enumerate(cases, 1)]


def played(cases: list[Case], threads: int, until: float) -> list[Result]:
    """Play cases on so many threads, each with hubs of its own; begin none after ``until`` (seconds of the clock)."""
    left: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        left.put(case)
    results: list[Result] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not left.empty() and time.time() < until:
                with stage() as here:
                    for case in _some(left, 40):
                        if time.time() > until:
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


def campaign(cases: list[Case], findings: Findings, *, processes: int, threads: int, minutes: float) -> None:
    """Play the cases and add up what they gave."""
    until = time.time() + minutes * 60
    if processes <= 1:
        parts = [played(cases, threads, until)]
    else:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
            parts = list(
                pool.map(
                    played,
                    [cases[n::processes] for n in range(processes)],
                    itertools.repeat(threads),
                    itertools.repeat(until),
                )
            )
    order = {name: number for number, name in enumerate(KINDS)}
    for result in sorted(itertools.chain(*parts), key=lambda item: (order[item.case.kind], item.case.number)):
        findings.case(result.case.kind, result.column or "crash", result.broken)


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0], minutes=30)
    parser.add_argument("--cases", type=int, default=0, help="only so many of all, as the seed draws them")
    parser.add_argument("--only", type=int, default=0, metavar="NUMBER", help="one case alone")
    parser.add_argument("--stage", choices=STAGES, action="append", help="only these stages")
    parser.add_argument("--kind", choices=list(KINDS), help="only this kind of fault")
    parser.add_argument("--route", help="only routes of this name")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=6, help="in each process, each with hubs of its own")
    given: argparse.Namespace = parser.parse_args(arguments)
    cases = all_cases(given.seed, given.stage or STAGES)
    total, routes = len(cases), len({(case.stage, case.source, case.route) for case in cases})
    cases = [
        case for case in cases if given.kind in {None, case.kind} and given.route in {None, case.route.name}
    ]
    if given.only:
        cases = [case for case in cases if case.number == given.only]
    elif given.cases:
        cases = cases[: given.cases]
    findings = Findings(COLUMNS)
    campaign(cases, findings, processes=given.processes, threads=given.threads, minutes=given.minutes)
    return findings.report(
        "faults",
        given.seed,
        f"{total:,} in all on {routes} routes",
        f"not begun {len(cases) - findings.cases}",
    )


if __name__ == "__main__":
    sys.exit(main())
