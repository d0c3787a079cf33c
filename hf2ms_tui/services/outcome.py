"""What is known of a deletion after it was asked for: looking whether the repo is gone, and settling a lost answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hf2ms_tui.domain.errors import Hf2msError, Moved, NotFound
from hf2ms_tui.domain.repo import Hub, Identity, RepoRef
from hf2ms_tui.services.program import Program

_LOOKS = 4
_PAUSE = 0.7
"""seconds between looks: a hub may answer from a cache for a moment after a deletion"""


class Gone(Enum):
    """What is known of a repo after its deletion was asked for."""

    GONE = "gone"
    STILL_THERE = "still there"
    UNKNOWN = "outcome unknown"


@dataclass(frozen=True, slots=True)
class Deletion:
    """How a deletion ended, with the evidence. ``at`` is UTC."""

    ref: RepoRef
    state: Gone
    evidence: str
    at: datetime


def look(program: Program, ref: RepoRef, lost_answer: str = "", looks: int = _LOOKS) -> Deletion:
    """See whether a repo is gone, looking up to ``looks`` times.

    A 404 counts only with a token that the hub knows now, and on a hub that tells, only if its account still belongs to the
    owner: who was put out of an organisation sees none of its private repos.
    """
    reader = program.hub(ref.hub).read
    trouble = lost_answer
    for attempt in range(looks):
        if attempt:
            time.sleep(_PAUSE)
        try:
            info = reader.repo(ref)
        except NotFound:
            try:
                who = reader.whoami(again=True)
            except Hf2msError as error:
                trouble = f"the token could not be checked: {error}"
                continue
            if _belongs(who, ref):
                return Deletion(
                    ref, Gone.GONE, f"{ref.hub.title} answers 404 to {who.account}", program.now()
                )
            trouble = f"{ref.hub.title} answers 404 to {who.account}, who does not belong to {ref.owner} now"
            continue
        except Moved as error:
            return Deletion(ref, Gone.STILL_THERE, f"it answers as {error.now}", program.now())
        except Hf2msError as error:
            trouble = str(error)
            continue
        trouble = f"{ref.hub.title} still shows it at {(info.revision or '?')[:7]}"
        if lost_answer:
            trouble = f"{trouble}; {lost_answer}"
        if attempt == looks - 1:
            return Deletion(ref, Gone.STILL_THERE, trouble, program.now())
    return Deletion(ref, Gone.UNKNOWN, trouble or "no answer", program.now())


def _belongs(who: Identity, ref: RepoRef) -> bool:
    """Whether the account may be expected to see the owner's repos; True where the hub does not tell."""
    owner = ref.owner.casefold()
    return (
        ref.hub is not Hub.HF
        or who.account.casefold() == owner
        or owner in {name.casefold() for name, _ in who.orgs}
    )


def record(program: Program, intent: int, found: Deletion) -> None:
    """Journal how a deletion ended; an unknown outcome stays open and is looked at again at the next start."""
    state = {Gone.GONE: "done", Gone.STILL_THERE: "failed", Gone.UNKNOWN: "unknown"}[found.state]
    program.journal.outcome(intent, state, {"state": found.state.value, "evidence": found.evidence})
    if found.state is Gone.GONE:
        program.forget(found.ref)


def unsettled(program: Program) -> frozenset[RepoRef]:
    """The repos whose deletion was sent and whose outcome is not known. No request."""
    return frozenset(
        entry.ref
        for entry in program.journal.open_intents("delete")
        if entry.ref is not None and entry.state == "unknown"
    )


def settle(program: Program, ref: RepoRef | None = None, *, lost: bool = False) -> tuple[Deletion, ...]:
    """Look again at every deletion whose outcome is not known: after a kill, a crash or a lost answer. Repeats none.

    With ``lost`` only at those whose answer is known to be lost, as others may be under way; with ``ref`` at that repo's.
    """
    settled = []
    for entry in program.journal.open_intents("delete"):
        if entry.ref is None or (ref is not None and entry.ref != ref):
            continue
        if lost and entry.state != "unknown":
            continue
        found = look(program, entry.ref, looks=1 if lost else _LOOKS)
        if found.state is not Gone.UNKNOWN or entry.state != "unknown":
            record(program, entry.seq, found)
        settled.append(found)
    return tuple(settled)
