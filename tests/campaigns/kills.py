"""SIGKILL at moments of chance, and a full disk: ``python tests/campaigns/kills.py [--seed N] [--kills N] [--modal N]``.

Killed are the screen in a terminal, verbs, the process of a job, both, and programs that decide or delete; while jobs run in
Modal the program, the job's coordinator, and the workers of its chunks, one or all of them. After each the program is opened
again: the journal's chain is whole, what was acknowledged is kept, no job or proof claims what the hubs'
own bytes deny, and the job is carried on until it is proven, with nothing sent again that was stored. Then disks are filled
in the middle of jobs, and destinations run out of space. Exits 1 when a promise was broken.
"""

from __future__ import annotations

import multiprocessing
import queue
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from campaigns import kill_cloud, kill_full
from campaigns.kill_rounds import Rounds
from campaigns.kill_watch import Watch
from support.campaign import Findings, options
from support.desk import desk

COLUMNS = (
    "rounds",
    "kills",
    "went on by itself",
    "resumed",
    "started anew",
    "ended at once",
    "settled: gone",
    "settled: still there",
    "disk full",
    "no space there",
    "broken",
)


def campaign(
    findings: Findings,
    seed: int,
    *,
    kills: int,
    minutes: float,
    parallel: int,
    numbers: list[int] | None = None,
) -> None:
    """Play rounds until so many kills were made, ``parallel`` at once, each on a desk of its own."""
    until = time.monotonic() + minutes * 60
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in numbers or range(1, kills + 1):
        left.put(number)
    adding = threading.Lock()
    failed: list[BaseException] = []

    def work(place: int) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="hf2ms-kills-") as folder, desk(Path(folder)) as here:
                rounds = Rounds(here, seed)
                while time.monotonic() < until:
                    try:
                        number = left.get_nowait()
                    except queue.Empty:
                        return
                    with adding:
                        if findings.total("kills") >= kills:
                            return
                    add(findings, rounds.play(number), adding)
        except BaseException as error:  # noqa: BLE001 - raised where everybody waits
            failed.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def in_modal(findings: Findings, seed: int, numbers: list[int], *, minutes: float, accounts: int) -> None:
    """Play those rounds in so many accounts at once, each with a process and hubs of its own."""
    if not numbers:
        return
    until = time.time() + minutes * 60
    parts = [part for part in (numbers[place::accounts] for place in range(accounts)) if part]
    with ProcessPoolExecutor(len(parts), mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(kill_cloud.played_there, seed, part, until) for part in parts]:
            for found in future.result():
                count(findings, *found)


def add(findings: Findings, watch: Watch, lock: threading.Lock) -> None:
    """Count a round."""
    with lock:
        count(findings, watch.kind, watch.column, watch.kills, watch.broken)


def count(findings: Findings, kind: str, column: str, kills: int, broken: list[str]) -> None:
    """Count a round of that kind that ended so."""
    findings.cases += 1
    findings.count(kind, "rounds")
    findings.count(kind, "kills", kills)
    findings.count(kind, column)
    findings.count(kind, "broken", len(broken))
    findings.broken += broken


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0], minutes=25)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--modal", type=int, default=100, help="rounds of kills while jobs run in Modal")
    parser.add_argument("--full", type=int, default=6, help="rounds with a full disk or a full destination")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one round alone")
    parser.add_argument("--only-modal", type=int, metavar="NUMBER", help="one round in Modal alone")
    given = parser.parse_args(arguments)
    findings = Findings(COLUMNS)
    alone = given.only or given.only_modal
    if not given.only_modal:
        campaign(
            findings,
            given.seed,
            kills=given.kills,
            minutes=given.minutes,
            parallel=1 if alone else given.parallel,
            numbers=[given.only] if given.only else None,
        )
    if not given.only:
        numbers = [given.only_modal] if given.only_modal else list(range(1, given.modal + 1))
        in_modal(findings, given.seed, numbers, minutes=given.minutes, accounts=given.parallel)
    if not alone:
        for number in range(given.full):
            add(findings, kill_full.play(given.seed, number), threading.Lock())
    return findings.report("kills", given.seed, f"kills {findings.total('kills')}")


if __name__ == "__main__":
    sys.exit(main())
