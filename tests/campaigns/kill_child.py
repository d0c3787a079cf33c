"""A program that does one thing through the services, to be killed while it does: ``kill_child.py decide|delete ARGUMENTS``.

``decide NAME…`` decides about repos one after the other, round and round, and says each decision once it is made. ``delete
HUB OWNER/NAME`` reads everything first, says ``ready``, waits for a line, deletes through the gate and says how it ended.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.services import decisions, deletion
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load

CHOICES = (Decision.MIGRATE, Decision.KEEP, Decision.LATER, Decision.DELETE)


def decide(program: Program, ids: list[str]) -> None:
    """Decide without end."""
    rounds = itertools.cycle(CHOICES)
    while True:
        for decision, repo in zip(rounds, ids, strict=False):
            decisions.decide(program, [RepoRef.of("hf", "model", repo)], decision)
            print(f"{repo} {decision.value}", flush=True)
        next(rounds)


def delete(program: Program, hub: str, repo: str) -> None:
    """Delete one repo when told to."""
    ref = RepoRef.of(hub, "model", repo)
    program.identity(Hub(hub))
    print("ready", flush=True)
    sys.stdin.readline()
    print(deletion.delete(program, ref, repo).state.value, flush=True)


if __name__ == "__main__":
    opened = Program(load({}, dict(os.environ), Path.cwd()))
    if sys.argv[1] == "decide":
        decide(opened, sys.argv[2:])
    else:
        delete(opened, *sys.argv[2:])
    os._exit(0)
