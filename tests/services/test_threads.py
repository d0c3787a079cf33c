"""Many calls at once that never hold up the end of the program."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from hf2ms_tui.domain.errors import Unreachable
from hf2ms_tui.services.threads import each


def test_every_item_gives_a_result_and_errors_are_results() -> None:
    def call(number: int) -> int:
        if number == 3:
            raise Unreachable("no answer")
        return number * 2

    found = {result.item: result for result in each(call, range(10), at_once=3)}
    assert {item: result.value for item, result in found.items() if item != 3} == {
        n: n * 2 for n in range(10) if n != 3
    }
    assert isinstance(found[3].error, Unreachable)
    assert list(each(call, [], at_once=3)) == []


def test_only_so_many_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    assert len(list(each(call, range(30), at_once=4))) == 30
    assert most == 4


def test_another_exception_is_raised_where_one_iterates() -> None:
    with pytest.raises(ZeroDivisionError):
        list(each(lambda number: 1 // number, [1, 0, 2], at_once=2))


def test_cancelling_starts_nothing_new() -> None:
    started: list[int] = []
    stop = threading.Event()

    def call(number: int) -> None:
        started.append(number)
        stop.set()
        time.sleep(0.05)

    list(each(call, range(1000), at_once=2, cancelled=stop.is_set))
    time.sleep(0.2)
    assert len(started) < 10


HANGS = """
import threading, time
from hf2ms_tui.services.threads import each
began = threading.Event()
def call(_):
    began.set()
    time.sleep(600)
for _ in each(call, [1, 2], at_once=2, cancelled=began.is_set):
    pass
print("out")
"""


def test_a_call_that_hangs_does_not_hold_the_program() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "out\n" and time.monotonic() - began < 10
