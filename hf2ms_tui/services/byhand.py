"""Where tokens may not delete: the gate hands over the address of the settings page and watches for the repo to disappear."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hf2ms_tui.domain.errors import Conflict
from hf2ms_tui.domain.gate import GateFacts, checks, is_open, issue_by_hand
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import tombstone
from hf2ms_tui.services.closing import judged
from hf2ms_tui.services.outcome import Deletion, Gone, look, record
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.steps import Tell, unheard

EVERY = 4.0
"""seconds between two looks whether the repo is gone"""
_STEP = 0.1


@dataclass(frozen=True, slots=True)
class HandOver:
    """A deletion left to the person: the page to do it on, and the journal's number of the intent."""

    ref: RepoRef
    page: str
    intent: int


def hand_over(
    program: Program,
    ref: RepoRef,
    typed: str,
    acknowledged: frozenset[str] = frozenset(),
    on_step: Tell = unheard,
    seen: GateFacts | None = None,
) -> HandOver:
    """Read all facts again and hand over the page if nothing but the token's rights keeps the gate shut. Deletes nothing.

    Journals that the person was sent there; an outcome that nobody watched for is found out at the next start. Raises
    GateShut with the checks that do not hold, and Conflict when anything differs from what the person had ``seen``.
    """

    not_done = f"The settings page of {ref.id} was not opened"

    def judge(found: GateFacts) -> str:
        if is_open(checks(found)) and typed == str(ref.id):
            raise Conflict(
                f"{not_done}: this token may delete it by now",
                way_out="Look at the gate again: the repo can be deleted from here.",
                repo=str(ref.id),
            )
        return issue_by_hand(found, typed)

    facts, page = judged(program, ref, acknowledged, on_step, judge, seen, not_done)
    program.identity(ref.hub)
    program.acquaint()
    stone = tombstone.claim(program, facts)
    intent = program.journal.intent(
        "delete",
        ref,
        {
            "by hand": page,
            "proof": facts.proof.id if facts.proof else "",
            "tombstone": stone,
            "acknowledged": sorted(acknowledged),
            "checks": [check.row for check in checks(facts)],
        },
    )
    return HandOver(ref, page, intent)


def watch(
    program: Program,
    over: HandOver,
    on_look: Callable[[Deletion], object],
    cancelled: Callable[[], bool],
    every: float = EVERY,
) -> Deletion | None:
    """Look every few seconds until the repo is gone, and record that. ``on_look`` hears what each look found.

    Returns None when ``cancelled`` or the program's end came first: the journal's intent stays open then and is settled at
    the next start.
    """
    while not (cancelled() or program.closed):
        found = look(program, over.ref, looks=1)
        on_look(found)
        if found.state is Gone.GONE:
            record(program, over.intent, found)
            return found
        end = time.monotonic() + every
        while time.monotonic() < end and not (cancelled() or program.closed):
            time.sleep(_STEP)
    return None
