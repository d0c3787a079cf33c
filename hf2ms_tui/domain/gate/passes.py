"""The pass that an open gate hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hf2ms_tui.domain.gate.checks import checks
from hf2ms_tui.domain.gate.facts import Check, GateFacts, refs_digest
from hf2ms_tui.domain.gate.opening import is_open, open_by_hand
from hf2ms_tui.domain.repo import RepoRef

PASS_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Pass:
    """What an open gate hands out: one repo, one set of refs, one proof, a minute of life. Only ``issue`` makes one."""

    ref: RepoRef
    refs: str
    """``refs_digest`` of the source's refs when the gate opened"""
    proof_id: str
    issued_at: datetime
    expires_at: datetime

    def valid_for(self, ref: RepoRef, now: datetime) -> bool:
        """Whether it opens the door for ``ref`` at ``now`` (UTC)."""
        return ref == self.ref and self.issued_at <= now <= self.expires_at


class GateShut(Exception):
    """The gate does not open; ``failing`` are the checks that do not hold, and ``name_matches`` whether the typed name did."""

    def __init__(self, failing: tuple[Check, ...], name_matches: bool) -> None:
        super().__init__(
            "; ".join(f"{check.name.value}: {check.evidence}" for check in failing)
            or "the typed name differs"
        )
        self.failing = failing
        self.name_matches = name_matches


def issue_by_hand(facts: GateFacts, typed: str) -> str:
    """Hand out the address of the page where the person can delete the repo, when nothing but the token's rights is missing
    and ``typed`` is exactly ``owner/name``. Raises GateShut.
    """
    found = checks(facts)
    matches = typed == str(facts.ref.id)
    if not open_by_hand(facts, found) or not matches:
        raise GateShut(tuple(check for check in found if not check.ok), matches)
    return facts.delete_page


def issue(facts: GateFacts, typed: str) -> Pass:
    """Hand out a pass when every check holds for ``facts`` and ``typed`` is exactly ``owner/name``. Raises GateShut."""
    found = checks(facts)
    matches = typed == str(facts.ref.id)
    if not is_open(found) or not matches or facts.proof is None:
        raise GateShut(tuple(check for check in found if not check.ok), matches)
    return Pass(facts.ref, refs_digest(facts.refs), facts.proof.id, facts.now, facts.now + PASS_LIFE)
