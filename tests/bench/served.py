"""The benches' servers and clients as processes, seen from the one that measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Served:
    """Both hubs in a process of their own, steered by their control origin."""

    def __init__(self, env: dict[str, str], megabytes: float) -> None:
        self.env = env
        self.megabytes = megabytes

    def control(self, method: str, what: str, body: object = None) -> Any:
        """One request to the control origin."""
        request = urllib.request.Request(
            f"{self.env['LOOPBACK_CONTROL']}/_loopback/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.env['LOOPBACK_CONTROL_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def reset(self) -> None:
        """Forget what clients did."""
        self.control("POST", "world", {"op": "reset"})
        self.control("DELETE", "log")

    def shape(self, text: str) -> None:
        """Shape all links, or none with an empty text."""
        self.control("DELETE", "shape")
        if text:
            self.control("POST", "shape", {"text": text})

    def counters(self) -> list[dict[str, Any]]:
        """Requests and bytes by hub, origin and route."""
        rows: list[dict[str, Any]] = self.control("GET", "counters")
        return rows

    def check(self) -> None:
        """Raise when a handler of the servers failed."""
        errors = self.control("GET", "log?since=999999999")["errors"]
        if errors:
            raise RuntimeError(f"the servers failed: {errors[0]}")

    def client(self, kind: str, orders: dict[str, Any]) -> dict[str, Any]:
        """Run one client in an empty home of its own and return its figures."""
        with tempfile.TemporaryDirectory(prefix="hf2ms-bench-") as home:
            env = {
                **os.environ,
                **self.env,
                "HOME": home,
                "TMPDIR": home,
                "XDG_CACHE_HOME": f"{home}/cache",
                "HF_HOME": f"{home}/hf",
                "MODELSCOPE_CACHE": f"{home}/ms",
                "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "NO_PROXY": "127.0.0.1,127.0.0.2,127.0.0.3,localhost",
            }
            orders = {"state": f"{home}/state", "folder": home, **orders}
            done = subprocess.run(
                [sys.executable, str(HERE / "client.py"), kind],
                input=json.dumps(orders),
                capture_output=True,
                text=True,
                env=env,
                cwd=home,
                timeout=300,
                check=False,
            )
            lines = done.stdout.strip().splitlines()
            if done.returncode or not lines or not lines[-1].startswith("{"):
                raise RuntimeError(f"{kind} ended with {done.returncode}: {done.stderr[-2000:]}")
            figures: dict[str, Any] = json.loads(lines[-1])
            if figures.get("code"):
                raise RuntimeError(f"the job failed: {figures['error']}")
            if kind == "ours":
                figures["left"] = repo_bytes_below(Path(home), self.megabytes)
            return figures


def repo_bytes_below(folder: Path, megabytes: float) -> int:
    """Bytes of the benches' contents that lie in files below ``folder``: every 256 KiB begin with a mark of their own."""
    from server import shards

    from hf2ms_tui.loopback.content import BLOCK

    marks = [
        content.read(offset, 32)
        for hub in ("hf", "ms")
        for content in shards(hub, int(megabytes * 1e6))
        for offset in range(0, content.size - 32, BLOCK)
    ]
    found = 0
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found += sum(mark in data for mark in marks)
    return found * BLOCK


@contextmanager
def serving(megabytes: float, small: int, many: str = "") -> Iterator[Served]:
    """Serve the world of ``server``; its process ends with the block."""
    with _process([str(HERE / "server.py"), str(megabytes), str(small), many], "READY") as env:
        yield Served(env, megabytes)


@contextmanager
def serving_org(repos: int) -> Iterator[Served]:
    """Serve a generated org of so many repos; its process ends with the block."""
    with _process(["-m", "hf2ms_tui.loopback", "--size", str(repos)], "LOOPBACK_INSTANCE") as env:
        yield Served(env, 0)


@contextmanager
def _process(arguments: list[str], last: str) -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        env: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.rstrip("\n").partition("=")
            env[name] = value
            if name == last:
                break
        else:
            raise RuntimeError(f"the servers ended with {process.wait()}")
        yield env
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
