"""The app: its image and its functions. Imported on the person's machine to deploy it, and in every container.

The functions' lists of secrets must be the same in both places, so nothing here depends on where it is imported. Secrets
come with each call instead (``with_options``). The modal package is pinned, as ``with_options`` is young.
"""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import modal

from hf2ms_tui import __version__
from hf2ms_tui.engines.modal import names

PYTHON = "3.12"
"""in the list of every builder version that a workspace may have (modal/_image.py)"""
PACKAGES = (
    "huggingface_hub>=2.4.0,<2.5",
    "modelscope-hub>=0.5.1,<0.6",
    "urllib3>=2.2,<3",
    "tenacity>=9.0,<10",
    "pyyaml>=6.0,<7",
    "certifi",
)
"""what domain, hubs and transfer import; neither Textual nor what the person's machine needs"""
ROOMS = frozenset({"domain", "hubs", "transfer"})
ENGINES = frozenset({"__init__.py", "base.py", "sessions.py"})


def left_out(path: Path) -> bool:
    """Whether a file of our package stays on the person's machine. ``path`` is relative to the package, or whole."""
    parts = path.parts
    if "hf2ms_tui" in parts:
        parts = parts[len(parts) - 1 - parts[::-1].index("hf2ms_tui") + 1 :]
    if path.suffix != ".py":
        return True
    if len(parts) == 1:
        return parts[0] != "__init__.py"
    if parts[0] == "engines":
        return not (parts[1] == "modal" if len(parts) > 2 else parts[1] in ENGINES)
    return parts[0] not in ROOMS


# add_local_python_source finds the package where it is imported from, an installed wheel included. include_source=False on
# the functions: it would mount the whole package, screens and all.
image = (
    modal.Image.debian_slim(python_version=PYTHON)
    .apt_install("git", "git-lfs")
    .uv_pip_install(*PACKAGES)
    .add_local_python_source("hf2ms_tui", ignore=left_out)
)
app = modal.App(names.APP, include_source=False)

_RETRIES = modal.Retries(max_retries=3, backoff_coefficient=2.0, initial_delay=1.0, max_delay=30.0)


@app.function(
    image=image,
    cpu=names.CPU,
    memory=names.MEMORY,
    timeout=names.COORDINATOR_TIMEOUT,
    scaledown_window=2,
    max_containers=names.LEADERS,
    retries=_RETRIES,
    include_source=False,
    name=names.COORDINATE,
)
def coordinate(job_id: str, attempt: int, generation: int) -> dict[str, str]:
    """Run a job."""
    from hf2ms_tui.engines.modal import coordinator

    return coordinator.coordinate(job_id, attempt, generation, _spawn_work, _spawn_next)


@app.function(
    image=image,
    cpu=names.CPU,
    memory=names.MEMORY,
    timeout=names.CHUNK_TIMEOUTS[0],
    scaledown_window=names.SCALEDOWN,
    retries=_RETRIES,
    include_source=False,
    name=names.WORK,
)
def work(job_id: str, key: str) -> dict[str, str]:
    """Do a chunk."""
    from hf2ms_tui.engines.modal import worker

    return worker.work(job_id, key)


def _spawn_work(job_id: str, key: str, size: int, secret: str, cap: int) -> str:
    # spawn, not map: the retries of a map are driven by whoever called it and die with it, and its results are not kept.
    # Arguments stay far below the 8 KiB from which on they go through a blob store.
    ready = work.with_options(
        secrets=[modal.Secret.from_name(secret)],
        max_containers=names.hands(cap),
        timeout=names.chunk_timeout(size),
    )
    return str(ready.spawn(job_id, key).object_id)


def _spawn_next(job_id: str, attempt: int, generation: int, secret: str, cap: int) -> str:
    ready = coordinate.with_options(
        secrets=[modal.Secret.from_name(secret)], max_containers=names.leaders(cap)
    )
    return str(ready.spawn(job_id, attempt, generation).object_id)


@app.function(
    image=image,
    cpu=0.125,
    memory=128,
    timeout=120,
    scaledown_window=2,
    include_source=False,
    name=names.HELLO,
)
def hello(hosts: list[str]) -> dict[str, Any]:
    """What a container is: versions, and which address families lead to the hubs."""
    import importlib.metadata as metadata

    def version(package: str) -> str:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return "missing"

    def said(*command: str) -> str:
        if shutil.which(command[0]) is None:
            return "missing"
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return (done.stdout or done.stderr).strip().partition("\n")[0]

    return {
        "hf2ms-tui": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "git": said("git", "--version"),
        "git-lfs": said("git-lfs", "--version"),
        "packages": {
            name: version(name) for name in ("huggingface_hub", "modelscope-hub", "urllib3", "modal")
        },
        "network": {host: _families(host) for host in hosts},
    }


def _families(host: str) -> str:
    """Which address families a connection to ``host:port`` can be made over."""
    name, _, port = host.rpartition(":")
    found: list[str] = []
    for family, word in ((socket.AF_INET, "IPv4"), (socket.AF_INET6, "IPv6")):
        try:
            for info in socket.getaddrinfo(name, int(port), family, socket.SOCK_STREAM)[:2]:
                with socket.socket(family, socket.SOCK_STREAM) as sock:
                    sock.settimeout(5)
                    sock.connect(info[4])
                found.append(word)
                break
        except OSError:
            continue
    return " and ".join(found) or "no connection"
