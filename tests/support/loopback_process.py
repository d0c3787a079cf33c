"""`python -m hf2ms_tui.loopback` as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hf2ms_tui.loopback", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def read_env(process: subprocess.Popen[str]) -> dict[str, str]:
    """The printed NAME=value lines, up to the last one."""
    assert process.stdout is not None
    names: dict[str, str] = {}
    for line in process.stdout:
        name, _, value = line.rstrip("\n").partition("=")
        names[name] = value
        if name == "LOOPBACK_INSTANCE":
            return names
    raise AssertionError(f"ended with {process.wait()} after {names}")


@contextmanager
def served(*arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A running world and what it printed; ended by SIGTERM, and it must have ended well."""
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, text=True, env=environment(**more)
    )
    try:
        yield process, read_env(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
