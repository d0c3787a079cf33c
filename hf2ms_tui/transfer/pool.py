"""Workers as threads of this process."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hf2ms_tui.domain.chunks import Chunk
from hf2ms_tui.transfer.control import Control

T = TypeVar("T")
R = TypeVar("R")

GRACE = 3.0
"""seconds that workers get to notice that work has ended; one that hangs in a call is left behind, it is a daemon"""


class ThreadPool:
    """``ports.Pool`` with daemon threads, named w1, w2, … after ``prefix``.

    ``control`` ends a run from outside within about a quarter second, even while every worker hangs in a call.
    """

    def __init__(self, workers: int, *, prefix: str = "w", control: Control | None = None) -> None:
        self._workers = max(1, workers)
        self._prefix = prefix
        self._control = control or Control()

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        return self._workers

    @property
    def requests(self) -> int:
        """None: the workers are threads of this process."""
        return 0

    def standing(self, kind: str, mark: str) -> tuple[Chunk, ...]:
        """None: threads do not outlive their process."""
        return ()

    def run(self, task: Callable[[T, str], R], items: Iterable[T]) -> Iterator[R]:
        """Run ``task(item, worker_name)`` for each item, taken in order, and yield results as they finish.

        The first exception stops the taking of items and is raised once the running tasks ended or ``GRACE`` is over; so
        does leaving the iteration early.
        """
        work = iter(items)
        taking = threading.Lock()
        over = threading.Event()
        # None marks a worker that has no more items.
        done: queue.SimpleQueue[tuple[R] | BaseException | None] = queue.SimpleQueue()

        def labour(name: str) -> None:
            while not over.is_set():
                try:
                    with taking:
                        item = next(work)
                except StopIteration:
                    break
                except Exception as error:  # noqa: BLE001 - raised where run was called
                    over.set()
                    done.put(error)
                    return
                try:
                    done.put((task(item, name),))
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where run was called
                    over.set()
                    done.put(error)
                    return
            done.put(None)

        threads = [
            threading.Thread(
                target=labour, args=(f"{self._prefix}{number}",), daemon=True, name=f"{self._prefix}{number}"
            )
            for number in range(1, self._workers + 1)
        ]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                try:
                    result = done.get(timeout=0.25)
                except queue.Empty:
                    self._control.check()
                    continue
                if result is None:
                    left -= 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    yield result[0]
        finally:
            over.set()
            end = time.monotonic() + GRACE
            for thread in threads:
                thread.join(max(end - time.monotonic(), 0.01))
