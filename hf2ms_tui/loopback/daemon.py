"""The demo's world as a process of its own: started once, found again, stopped.

It outlives the program and its terminal, so that jobs go on while nobody looks. In its state folder lie

- `world.lock`, locked by the world for as long as it lives: a world that was killed leaves the lock free;
- `world.json`, readable by the owner only: instance, process id, endpoints and tokens of the running world;
- `start.lock`, held while somebody looks for the world, starts or stops it;
- `world.log`, what the world printed; `spool/`, uploads it could not generate from a seed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

IDLE_EXIT = 30 * 60.0
"""Seconds without a request after which a demo world ends by itself."""

LATENCY_MS = 15.0
TOTAL_RATE = 70e6
"""Bytes per second in all, per hub and direction: chunks can be watched, and 1 GB takes a quarter of a minute."""

_STARTUP = 30.0
_STOPPING = 10.0
_children: list[subprocess.Popen[bytes]] = []


class DaemonError(Exception):
    """The demo world cannot be started, found or stopped. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """A running demo world. `env` maps names of environment variables to values; `instance` is a random id of this
    very world, so that a caller can tell that it is a new one, without the repos of the last; `started` says whether
    this call started it.
    """

    env: dict[str, str]
    instance: str
    started: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the links are: milliseconds per request, and bytes per second in all and per connection (None: free)."""

    latency_ms: float = LATENCY_MS
    total_rate: float | None = TOTAL_RATE
    rate: float | None = None


def ensure(
    state_dir: Path,
    *,
    size: int | None = None,
    seed: str | None = None,
    owner: str | None = None,
    data: Path | None = None,
    pace: Pace = Pace(),
    faults: Sequence[str] = (),
    idle_exit: float = IDLE_EXIT,
    modal: bool = False,
) -> DemoWorld:
    """The demo world of `state_dir`: the running one, or one that is started now. At most one runs per folder.

    `size`, `seed`, `owner` and `data` say what the world holds (see ``python -m hf2ms_tui.loopback --help``); `pace`,
    `faults` and `idle_exit` (seconds) count only for a world that is started now. Takes about a second to start one.
    With `modal` it has a Modal control plane too; a running world gets one now if it had none.
    Raises DaemonError if it does not start, or if the running one holds something else.
    """
    wanted = {"size": size, "seed": seed, "owner": owner, "data": str(data.resolve()) if data else None}
    with _alone(state_dir):
        info = _alive(state_dir)
        if info is not None:
            if info["holds"] != wanted:
                raise DaemonError(
                    f"a demo world that holds something else ({_words(info['holds'])}) is running in {state_dir}; "
                    "stop it first, or let it end after half an hour without requests"
                )
            if modal and "MODAL_SERVER_URL" not in info["env"]:
                info["env"] |= _start_modal(info["env"])
                _write(state_dir, info)
            os.utime(_info_path(state_dir))
            return DemoWorld(info["env"], info["instance"], started=False)
        arguments = ["--idle-exit", str(idle_exit), "--latency", str(pace.latency_ms)]
        for name, value in (*wanted.items(), ("total-rate", pace.total_rate), ("rate", pace.rate)):
            if value is not None:
                arguments += [f"--{name}", str(value)]
        for rule in faults:
            arguments += ["--fault", rule]
        if modal:
            arguments.append("--modal")
        info = _start(state_dir, arguments)
        return DemoWorld(info["env"], info["instance"], started=True)


def find(state_dir: Path) -> DemoWorld | None:
    """The running demo world of `state_dir`, or None. Raises DaemonError if it cannot be told."""
    if not state_dir.is_dir():
        return None
    with _alone(state_dir):
        info = _alive(state_dir)
        return DemoWorld(info["env"], info["instance"], started=False) if info else None


def stop(state_dir: Path) -> bool:
    """End the demo world of `state_dir` and all it remembers; False if none was running. Raises DaemonError."""
    if not state_dir.is_dir():
        return False
    with _alone(state_dir):
        info = _alive(state_dir)
        if info is None:
            return False
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(info["pid"], signal_number)
            if _ended(state_dir):
                _info_path(state_dir).unlink(missing_ok=True)
                for child in _children:
                    if child.pid == info["pid"]:
                        child.wait()
                return True
        raise DaemonError(f"the demo world (process {info['pid']}) does not end")


@contextmanager
def live_in(state_dir: Path) -> Iterator[None]:
    """Held by the world itself for life: the proof that it lives. Raises DaemonError if another world lives there."""
    lock = FileLock(state_dir / "world.lock")
    try:
        # Whoever looks for a world tries this lock for an instant.
        lock.acquire(timeout=5)
    except Timeout as error:
        raise DaemonError(f"another world is running in {state_dir}") from error
    try:
        yield
    finally:
        _info_path(state_dir).unlink(missing_ok=True)
        lock.release()


def announce(state_dir: Path, instance: str, env: dict[str, str], holds: Mapping[str, object]) -> Path:
    """Write down, readable by the owner only, where the world is. Gives the file; touching it counts as a request."""
    return _write(state_dir, {"instance": instance, "pid": os.getpid(), "env": env, "holds": dict(holds)})


def _write(state_dir: Path, info: Mapping[str, Any]) -> Path:
    target = _info_path(state_dir)
    draft = target.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(info, file)
    draft.replace(target)
    return target


def _start_modal(env: Mapping[str, str]) -> dict[str, str]:
    """Let a running world start its Modal control plane, and give what that adds to `env`. Raises DaemonError."""
    request = urllib.request.Request(
        f"{env['LOOPBACK_CONTROL']}/_loopback/modal",
        data=b'{"do": "start"}',
        headers={
            "Authorization": f"Bearer {env['LOOPBACK_CONTROL_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_STARTUP) as answer:
            names: dict[str, str] = json.load(answer)
    except (OSError, ValueError) as error:
        raise DaemonError(f"the demo world does not start its Modal control plane: {error}") from error
    return names


def _info_path(state_dir: Path) -> Path:
    return state_dir / "world.json"


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _children[:] = [child for child in _children if child.poll() is None]
    try:
        with FileLock(state_dir / "start.lock", timeout=_STARTUP + _STOPPING):
            yield
    except Timeout as error:
        raise DaemonError(
            f"somebody else has been starting the demo world in {state_dir} for too long"
        ) from error


def _is_locked(state_dir: Path) -> bool:
    lock = FileLock(state_dir / "world.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _alive(state_dir: Path) -> dict[str, Any] | None:
    """What the living world announced, or None if none lives. Waits for one that is just starting."""
    path = _info_path(state_dir)
    end = time.monotonic() + _STARTUP
    while _is_locked(state_dir):
        try:
            info: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            if time.monotonic() > end:
                raise DaemonError(
                    f"a demo world holds {state_dir / 'world.lock'} but does not say where it is"
                ) from None
            time.sleep(0.02)
            continue
        return info
    path.unlink(missing_ok=True)
    return None


def _ended(state_dir: Path) -> bool:
    end = time.monotonic() + _STOPPING
    while _is_locked(state_dir):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _start(state_dir: Path, arguments: list[str]) -> dict[str, Any]:
    spool = state_dir / "spool"
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(mode=0o700)
    log = state_dir / "world.log"
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "hf2ms_tui.loopback", "--state", str(state_dir.resolve()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=state_dir,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(spool.resolve())},
            start_new_session=True,
        )
    _children.append(child)
    end = time.monotonic() + _STARTUP
    while time.monotonic() < end:
        if child.poll() is not None:
            break
        if _info_path(state_dir).exists():
            info: dict[str, Any] = json.loads(_info_path(state_dir).read_text())
            return info
        time.sleep(0.02)
    else:
        child.kill()
        child.wait()
    said = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise DaemonError("the demo world did not start: " + ("".join(said) or f"no word in {_STARTUP:.0f} s"))


def _words(holds: dict[str, Any]) -> str:
    return (
        ", ".join(f"{name} {value}" for name, value in holds.items() if value is not None) or "the sample org"
    )
