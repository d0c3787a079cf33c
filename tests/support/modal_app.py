"""What the containers of the tests run. Imported by the tests, which deploy it, and by the containers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import modal

NAME = "loopback-tests"
IMAGE = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .env({"IGNORED": "images are not built"})
    .add_local_file(__file__, "/root/support/modal_app.py")
    .add_local_file(__file__, "/etc/other.py")
)
app = modal.App(NAME, image=IMAGE, include_source=False)
QUICK = modal.Retries(max_retries=2, initial_delay=0.05, backoff_coefficient=1.0)


@app.function()
def add(a: int, b: int = 1) -> int:
    return a + b


@app.function(max_containers=4)
def square(number: int, seconds: float = 0.0) -> int:
    print(f"square {number}")
    time.sleep(seconds)
    return number * number


@app.function(max_containers=100)
def nap(number: int, seconds: float) -> tuple[int, str]:
    time.sleep(seconds)
    return number, os.environ["MODAL_TASK_ID"]


@app.function()
def coordinate(numbers: list[int], seconds: float = 0.0) -> int:
    print("coordinator begins")
    total = sum(square.starmap([(number, seconds) for number in numbers]))
    print(f"coordinator ends with {total}")
    return total


@app.function()
def spawn_all(numbers: list[int], seconds: float) -> list[str]:
    return [square.spawn(number, seconds).object_id for number in numbers]


def _count(key: str) -> int:
    counts = modal.Dict.from_name("counts", create_if_missing=True)
    seen: int = counts.get(key, 0) + 1
    counts.put(key, seen)
    return seen


def _fail_until(key: str, good: int) -> int:
    seen = _count(key)
    print(f"attempt {seen}")
    if seen < good:
        raise ValueError(f"attempt {seen} fails")
    return seen


@app.function(retries=QUICK)
def flaky(key: str, good: int) -> int:
    return _fail_until(key, good)


@app.function(retries=QUICK, timeout=3)
def sleepy(key: str, good: int) -> int:
    if (seen := _count(key)) < good:
        time.sleep(60)
    return seen


@app.function()
def fail(kind: str) -> None:
    if kind == "private":
        # An error of a module that only the container has.
        module = types.ModuleType("only_there")
        exec("class Private(Exception): pass", module.__dict__)
        sys.modules["only_there"] = module
        raise module.Private("mine")
    if kind == "exit":
        sys.exit(3)
    if kind == "gone":
        os._exit(7)
    raise ValueError("plain")


@app.function()
def wait(key: str, seconds: float = 60.0) -> str:
    """Say so when it begins, when it is cancelled and when it ends."""
    events = modal.Dict.from_name("events", create_if_missing=True)
    _count(key)
    try:
        time.sleep(seconds)
    except BaseException as error:
        events.put(key, type(error).__name__)
        raise
    return "slept"


@app.function()
async def wait_async(key: str) -> None:
    events = modal.Dict.from_name("events", create_if_missing=True)
    _count(key)
    try:
        await asyncio.sleep(60)
    except BaseException as error:
        await events.put.aio(key, type(error).__name__)
        raise


@app.function()
def stubborn(key: str) -> None:
    _count(key)
    while True:
        try:
            time.sleep(60)
        except BaseException as error:  # noqa: BLE001 - that is what it is for
            print(f"not for {type(error).__name__}")


@app.function()
def echo(data: bytes) -> bytes:
    return data[::-1]


@app.function()
def describe() -> dict[str, Any]:
    def importable(name: str) -> bool:
        try:
            __import__(name)
        except ModuleNotFoundError:
            return False
        return True

    return {
        "file": __file__,
        "cwd": str(Path.cwd()),
        "path": sys.path,
        "environ": dict(os.environ),
        "pid": os.getpid(),
        "call": modal.current_function_call_id(),
        "input": modal.current_input_id(),
        "local": modal.is_local(),
        "importable": {name: importable(name) for name in ("hf2ms_tui", "textual", "aiohttp", "modal")},
        "tokens": sorted(name for name in os.environ if "TOKEN" in name),
    }


@app.function()
def talk(lines: int, pause: float = 0.0, name: str = "line") -> None:
    for number in range(lines):
        print(f"{name} {number}", file=sys.stderr if number % 10 == 9 else sys.stdout)
        if pause:
            time.sleep(pause)


@app.function()
def mutter() -> None:
    """Output that is no simple lines: a beginning without an end, a child's, bytes that are no text, a late one."""
    print("begun", end="")
    time.sleep(0.6)
    print(" and ended")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    os.write(1, b"\xff bad byte\n")
    print("tabs\tand \u00fcml\u00e4uts")
    print("no newline at the end", end="")


@app.function()
def leave_a_child() -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    threading.Thread(target=child.wait, daemon=True).start()
    return child.pid


@app.function()
def count_up(last: int):  # type: ignore[no-untyped-def]
    yield from range(last)


@app.function()
@modal.concurrent(max_inputs=5)
async def together(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]
