"""One look at the gate: the facts, the checks judged from them, and what goes and what stays. Made in a thread, drawn as it is.

Judging goes through every file of the proof, which for large repos is too slow for an event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hf2ms_tui.domain.gate import (
    Check,
    CheckState,
    GateFacts,
    RefCoverage,
    checks,
    is_open,
    lacks_only_tombstone,
    open_by_hand,
)
from hf2ms_tui.domain.gate.refs import accepted
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import deletion, loss, tombstone
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
    def lacks_tombstone(self) -> bool:
        """Whether only the tombstone is missing, and nobody failed to write it yet: looking again writes it."""
        return not self.facts.tombstone_trouble and lacks_only_tombstone(self.facts, self.checks)

    @property
    def shut(self) -> int:
        """How many checks do not hold; one that only waits for the others is not counted besides them."""
        failing = [check.state for check in self.checks if not check.ok]
        return sum(state is not CheckState.WAITS for state in failing) or len(failing)

    @property
    def losing(self) -> tuple[RefCoverage, ...]:
        """Branches and tags with files that exist nowhere else and whose loss was not accepted."""
        return tuple(item for item in self.facts.coverage if item.lost and not accepted(item.ref, self.facts))


def look(
    program: Program,
    ref: RepoRef,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Callable[[str], None] | None = None,
) -> GateLook:
    """Read every fact now and judge it; write the tombstone when all else holds. Blocks on the network and the disk.

    An earlier deletion whose answer was lost is looked into first: reading settles it, or the gate says that it is unknown.
    """
    deletion.settle(program, ref, lost=True)
    facts = tombstone.ensure(program, gather(program, ref, acknowledged, on_step), on_step)
    return _judged(facts, loss.history_of(program, facts))


def again(seen: GateLook, acknowledged: frozenset[str], now: datetime) -> GateLook:
    """Judge the same facts anew: a loss was accepted, or time passed. No request."""
    return _judged(replace(seen.facts, acknowledged=acknowledged, now=now), seen.history)


def _judged(facts: GateFacts, history: int | None) -> GateLook:
    return GateLook(facts, checks(facts), loss.weigh(facts, history), history)
