"""What is cleared away at the start: logs of jobs that ended long ago, and what is left of demos that are over.

Proofs, the journal, tombstones and the jobs themselves stay for ever.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import DEMO_PREFIX

LOGS = timedelta(days=90)
"""how long the log of an ended job is kept"""
DEMOS = timedelta(days=7)
"""how long the state of a demo is kept after anything last changed in it; its world ended long before"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many jobs lost their logs, and how many demos their state."""

    logs: int = 0
    demos: int = 0


def tidy(program: Program) -> Cleared:
    """Clear away what nobody needs any more. Blocks on the disk: call it from a thread. Raises StoreFailed."""
    ended = program.jobs.drop_logs(program.now() - LOGS)
    for job_id in ended:
        with suppress(OSError):
            program.places.job_stderr(job_id).unlink(missing_ok=True)
    return Cleared(len(ended), _demos(program))


def _demos(program: Program) -> int:
    own = program.places.state
    folder = own.parent if program.settings.demo else own / "demo"
    gone = 0
    for state in folder.glob(f"{DEMO_PREFIX}*") if folder.is_dir() else ():
        if state != own and not state.is_symlink() and state.is_dir() and _still(state):
            shutil.rmtree(state, ignore_errors=True)
            gone += not state.exists()
    return gone


def _still(state: Path) -> bool:
    """Whether nothing in a folder changed for ``DEMOS``; a running job or program writes all the time."""
    newest = 0.0
    for path in (state, *state.rglob("*")):
        try:
            newest = max(newest, path.lstat().st_mtime)
        except OSError:
            return False
    return time.time() - newest > DEMOS.total_seconds()
