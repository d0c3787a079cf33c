"""SIGKILL at moments of chance, and a full disk: ``python tests/campaigns/kills.py [--seed N] [--kills N]``.

Killed are the screen in a terminal, verbs, the process of a job, both, and programs that decide or delete. After each the
program is opened again: the journal's chain is whole, what was acknowledged is kept, no job or proof claims what the hubs'
own bytes deny, and the job is carried on until it is proven, with nothing sent again that was stored. Then disks are filled
in the middle of jobs, and destinations run out of space. Exits 1 when a promise was broken.
"""

from __future__ import annotations

import queue
import sys
import tempfile
import threading
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from campaigns import kill_full
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


def add(findings: Findings, watch: Watch, lock: threading.Lock) -> None:
    """Count a round."""
    with lock:
        findings.cases += 1
        findings.count(watch.kind, "rounds")
        findings.count(watch.kind, "kills", watch.kills)
        findings.count(watch.kind, watch.column)
        findings.count(watch.kind, "broken", len(watch.broken))
        findings.broken += watch.broken


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0], minutes=25)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--full", type=int, default=6, help="rounds with a full disk or a full destination")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one round alone")
    given = parser.parse_args(arguments)
    findings = Findings(COLUMNS)
    campaign(
        findings,
        given.seed,
        kills=given.kills,
        minutes=given.minutes,
        parallel=1 if given.only else given.parallel,
        numbers=[given.only] if given.only else None,
    )
    if not given.only:
        for number in range(given.full):
            add(findings, kill_full.play(given.seed, number), threading.Lock())
    return findings.report("kills", given.seed, f"kills {findings.total('kills')}")


if __name__ == "__main__":
    sys.exit(main())
