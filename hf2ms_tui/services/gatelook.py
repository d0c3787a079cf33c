"""One look at the gate: the facts, the checks judged from them, and what goes and what stays. Made in a thread, drawn as it is.

Judging goes through every file of the proof, which for large repos is too slow for an event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hf2ms_tui.domain.gate import Check, GateFacts, RefCoverage, checks, is_open, open_by_hand
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import loss
from hf2ms_tui.services.gate import gather
from hf2ms_tui.services.loss import Loss
from hf2ms_tui.services.program import Program


@dataclass(frozen=True, slots=True)
class GateLook:
    """What a person sees of a gate at ``facts.now`` (UTC)."""

    facts: GateFacts
    checks: tuple[Check, ...]
    loss: Loss
    history: int | None

    @property
    def open(self) -> bool:
        """Whether every check holds."""
        return is_open(self.checks)

    @property
    def by_hand(self) -> bool:
        """Whether nothing but the token's right is missing and there is a page to delete the repo on."""
        return open_by_hand(self.facts, self.checks)

    @property
    def shut(self) -> int:
        """How many checks do not hold."""
        return sum(not check.ok for check in self.checks)

    @property
    def losing(self) -> tuple[RefCoverage, ...]:
        """Branches and tags with files that exist nowhere else and whose loss was not accepted."""
        return tuple(
            item for item in self.facts.coverage if item.lost and item.ref.name not in self.facts.acknowledged
        )


def look(
    program: Program,
    ref: RepoRef,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Callable[[str], None] | None = None,
) -> GateLook:
    """Read every fact now and judge it. Blocks on the network."""
    facts = gather(program, ref, acknowledged, on_step)
    return _judged(facts, loss.history_of(program, facts))


def again(seen: GateLook, acknowledged: frozenset[str], now: datetime) -> GateLook:
    """Judge the same facts anew: a loss was accepted, or time passed. No request."""
    return _judged(replace(seen.facts, acknowledged=acknowledged, now=now), seen.history)


def _judged(facts: GateFacts, history: int | None) -> GateLook:
    return GateLook(facts, checks(facts), loss.weigh(facts, history), history)
