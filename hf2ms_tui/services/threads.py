"""Many calls at once in daemon threads, which never hold up the end of the program when a call hangs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hf2ms_tui.domain.errors import Hf2msError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Result(Generic[T, R]):
    """What a call on ``item`` gave: a value, or one of our errors."""

    item: T
    value: R | None = None
    error: Hf2msError | None = None


def each(
    call: Callable[[T], R],
    items: Iterable[T],
    *,
    at_once: int,
    cancelled: Callable[[], bool] | None = None,
    name: str = "each",
) -> Iterator[Result[T, R]]:
    """Call for every item, ``at_once`` at a time, and yield results as they come, in any order.

    Our errors are results; any other exception ends the iteration and is raised. When ``cancelled`` says so, or the caller
    stops iterating, no new call starts and those under way are left to end by themselves.
    """
    waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
    count = 0
    for item in items:
        waiting.put(item)
        count += 1
    done: queue.SimpleQueue[Result[T, R] | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put(Result(item, call(item)))
                except Hf2msError as error:
                    done.put(Result(item, error=error))
        except BaseException as error:  # noqa: BLE001  raised again by the thread that iterates
            done.put(error)
        finally:
            done.put(None)

    workers = min(at_once, count)
    for number in range(workers):
        threading.Thread(target=work, name=f"{name}-{number}", daemon=True).start()
    try:
        while workers:
            if cancelled and cancelled():
                return
            try:
                came = done.get(timeout=0.1)
            except queue.Empty:
                continue
            if came is None:
                workers -= 1
            elif isinstance(came, BaseException):
                raise came
            else:
                yield came
    finally:
        stop.set()
