"""One look at the gate: the facts, the checks judged from them, and what goes and what stays. Made in a thread, drawn as it is.

Judging goes through every file of the proof, which for large repos is too slow for an event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from hf2ms_tui.domain.gate.refs import RefVerdict, accepted, judge_refs
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import loss, outcome, tombstone
from hf2ms_tui.services.gate import gather
from hf2ms_tui.services.loss import Loss
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard


@dataclass(frozen=True, slots=True)
class GateLook:
    """What a person sees of a gate at ``facts.now`` (UTC).

    ``refs`` are the branches and tags besides the proven revision, one by one; ``commits`` counts the commits that lead to
    each revision, None where that is not known.
    """

    facts: GateFacts
    checks: tuple[Check, ...]
    loss: Loss
    history: int | None
    refs: tuple[RefVerdict, ...] = ()
    commits: Mapping[str, int | None] = field(default_factory=dict)

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
    on_step: Tell = unheard,
) -> GateLook:
    """Read every fact now and judge it; write the tombstone when all else holds. Blocks on the network and the disk.

    An earlier deletion whose answer was lost is looked into first: reading settles it, or the gate says that it is unknown.
    """
    outcome.settle(program, ref, lost=True)
    facts = tombstone.ensure(program, gather(program, ref, acknowledged, on_step), on_step)
    on_step("counting commits")
    return _judged(facts, loss.commits_of(program, facts))


def again(seen: GateLook, acknowledged: frozenset[str], now: datetime) -> GateLook:
    """Judge the same facts anew: a loss was accepted, or time passed. No request."""
    return _judged(replace(seen.facts, acknowledged=acknowledged, now=now), seen.commits)


def _judged(facts: GateFacts, commits: Mapping[str, int | None]) -> GateLook:
    history = loss.history_of(facts, commits)
    return GateLook(facts, checks(facts), loss.weigh(facts, history), history, judge_refs(facts), commits)
