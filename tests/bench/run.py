"""Every budget of the design, measured: ``python tests/bench/run.py [--quick] [--only NAME]``.

Prints one table: what, measured, budget, verdict, notes. Exits with 0 whatever the verdicts are, and with 1 when a bench
itself broke. The whole takes about six minutes on two cores, ``--quick`` about a minute and a half: one pair of runs each and
less data, so that fixed costs weigh more and miss the link's limit alone. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from table import Row, print_rows, told  # noqa: E402 - found only now

BENCHES: dict[str, tuple[str, str]] = {
    "start": ("screen", "start"),
    "keys": ("screen", "keys"),
    "quit": ("screen", "leave"),
    "widgets": ("screen", "widgets"),
    "inventory": ("counts", "inventory"),
    "link": ("wire", "link"),
    "processor": ("wire", "processor"),
    "again": ("counts", "again"),
    "plan": ("pure", "plan"),
    "manifests": ("pure", "manifests"),
    "engines": ("engines", "engines"),
}
"""name: module and function, which takes whether to be quick and returns rows"""


BUSY = 0.1
"""share of the machine that others may use before times are not to be relied on"""


class Others:
    """How much of the machine other processes use while a bench runs; those it started and waited for are its own."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._before = self._used()

    @staticmethod
    def _used() -> float:
        spent = psutil.cpu_times()
        whole = spent.user + spent.nice + spent.system
        own = os.times()
        return whole - (own.user + own.system + own.children_user + own.children_system)

    @property
    def share(self) -> float:
        """0 to 1, of all cores."""
        seconds = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(self._used() - self._before, 0.0) / seconds if seconds else 0.0


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Measure the budgets.")
    parser.add_argument("--quick", action="store_true", help="less data, no repetition")
    parser.add_argument("--only", action="append", choices=BENCHES, metavar="NAME", help=", ".join(BENCHES))
    given = parser.parse_args()
    broken, missed = 0, 0
    print_rows((), head=True)
    began = time.monotonic()
    for name in given.only or BENCHES:
        module, function = BENCHES[name]
        others = Others()
        try:
            bench: Callable[[bool], list[Row]] = getattr(importlib.import_module(module), function)
            rows = bench(given.quick)
        except Exception:  # noqa: BLE001 - whatever it is, the other benches still run
            broken += 1
            traceback.print_exc()
            rows = [Row(name, "BROKEN")]
        missed += sum(row.holds is False for row in rows)
        if others.share > BUSY:
            rows = [
                *rows,
                told("", "", f"▲ other processes used {others.share:.0%} of the machine meanwhile"),
            ]
        print_rows(rows)
    print(f"\n{missed} missed, {broken} broken, {time.monotonic() - began:.0f} s in all")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
