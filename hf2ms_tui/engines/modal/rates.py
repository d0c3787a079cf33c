"""What a second of a container costs in a person's account, and who says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.engines.modal.account import PATIENCE, Account, within
from hf2ms_tui.engines.modal.names import CPU, MEMORY

CPU_SECOND = 0.0000131
GIB_SECOND = 0.00000222
"""US dollars for a core and for a GiB of memory, per second: list prices as third parties quoted them in 2026-06"""
BUSY_CORES = 0.5
"""cores that a worker uses while it hashes and encrypts; the larger of use and request is billed"""


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars per second of one of our containers, and the source of the figures, as a sentence."""

    per_second: float
    source: str

    def cost(self, seconds: float) -> float:
        """US dollars for so many seconds of containers."""
        return self.per_second * seconds


def rate_of(cpu: float, memory: float, source: str) -> Rate:
    """The rate of our containers from those of a core and of a GiB (US dollars per second)."""
    return Rate(max(CPU, BUSY_CORES) * cpu + MEMORY / 1024 * memory, source)


LISTED = rate_of(CPU_SECOND, GIB_SECOND, "list prices of 2026-06, not read from your account")


def read_rate(account: Account | None) -> Rate:
    """The account's own rates; list prices where they cannot be read, and it says why. Never raises."""
    if account is None:
        return LISTED
    try:
        rates = within(PATIENCE, account.rates, "asking for the rates")
    except Hf2msError as error:
        return Rate(LISTED.per_second, f"{LISTED.source}: {error.what}")
    cpu, memory = _second(rates, "cpu|core"), _second(rates, "mem|gib")
    if cpu is None or memory is None:
        names = ", ".join(sorted(rates)[:6])
        return Rate(LISTED.per_second, f"{LISTED.source}: its rates are called {names}")
    return rate_of(cpu, memory, "rates of your Modal account")


def _second(rates: Mapping[str, float], words: str) -> float | None:
    """The price per second of what is called like ``words``. What the service calls its units is not documented."""
    for name, value in sorted(rates.items()):
        plain = name.casefold()
        if re.search(words, plain) and not re.search("gpu|preempt|multipl|region", plain):
            if re.search("hour|hr", plain):
                return value / 3600
            return value / 1024 if "mib" in plain else value
    return None
