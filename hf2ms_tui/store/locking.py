"""Holding a lock file, for a job's life or for one deletion: it is free when its holder died, whatever killed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hf2ms_tui.domain.errors import Hf2msError, StoreFailed


@contextmanager
def locked(path: Path, wait: float, taken: Hf2msError) -> Iterator[None]:
    """Hold the lock file at ``path``.

    Raises ``taken`` when another process holds it for longer than ``wait`` seconds, StoreFailed when the disk takes no lock.
    """
    lock = FileLock(path, timeout=wait, mode=0o600, thread_local=False)
    try:
        lock.acquire(poll_interval=0.05)
    except Timeout:
        raise taken from None
    except OSError as error:
        raise StoreFailed(
            f"The lock {path} could not be taken",
            meaning=f"{error.strerror or error}.",
            way_out="Make room on that disk, or see to its permissions; then try again.",
        ) from None
    try:
        yield
    finally:
        lock.release()
