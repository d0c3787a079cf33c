"""A job's lock: its process on this machine holds it for life, who hands it over to another holds it meanwhile.

It is free when its holder died, whatever killed it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.store.locking import locked
from hf2ms_tui.store.paths import Places

WAIT = 5.0
"""seconds a runner waits for its lock: somebody may just be looking whether it is free"""


@contextmanager
def held(places: Places, job_id: str, wait: float = WAIT) -> Iterator[None]:
    """Hold a job's lock.

    Raises BadInput when another process holds it for longer than ``wait`` seconds, StoreFailed when the disk takes no lock.
    """
    taken = BadInput(
        f"Job {job_id} is running in another process", way_out=f"Follow it with: jobs follow {job_id}"
    )
    with locked(places.job_lock(job_id), wait, taken):
        yield


def is_held(places: Places, job_id: str) -> bool:
    """Whether a process holds the job's lock right now."""
    path = places.job_lock(job_id)
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def pid_file(places: Places, job_id: str) -> Path:
    """Where the process that holds the lock wrote its number; it means nothing while the lock is free."""
    return places.job_lock(job_id).with_suffix(".pid")


def terminate(places: Places, job_id: str) -> bool:
    """Ask the process that holds the job's lock to end. Whether there was one to ask."""
    if not is_held(places, job_id):
        return False
    try:
        pid = int(pid_file(places, job_id).read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return False
    return True
