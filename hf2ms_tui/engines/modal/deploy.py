"""Deploying the app: once for each version of our code, from a process that has nothing to give away.

``python -m hf2ms_tui.engines.modal.deploy NAME`` deploys under that name. The name carries our version and a digest of the
code, so a job that runs never meets newer code, and deploying again what is there changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import hf2ms_tui
from hf2ms_tui import __version__
from hf2ms_tui.domain.errors import Hf2msError, NotFound, Unreachable
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines.modal.account import Account, within
from hf2ms_tui.engines.modal.credentials import Credentials
from hf2ms_tui.engines.modal.names import APP, COORDINATE

LOOK = 60.0
"""seconds that looking for the app may take"""
SILENCE = 600.0
"""seconds without a word after which a deployment is given up: building an image says what it does"""

_KEPT = frozenset(
    {
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    }
)


@cache
def app_name() -> str:
    """The name under which the code of this installation is deployed."""
    from hf2ms_tui.engines.modal.app import left_out

    root = Path(hf2ms_tui.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if not left_out(relative):
            digest.update(f"{relative.as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    version = re.sub(r"[^A-Za-z0-9]+", "-", __version__)
    return f"{APP}-{version}-{digest.hexdigest()[:10]}"


def is_deployed(account: Account, name: str) -> bool:
    """Whether an app of that name is there. Raises errors of ours."""
    import modal

    from hf2ms_tui.engines.modal.trouble import translated

    client = account.client
    try:
        with translated("looking for the deployed app"):
            found: modal.Function[..., object, object] = modal.Function.from_name(
                name,
                COORDINATE,
                client=client,
                environment_name=account.credentials.environment or None,
            )
            found.hydrate()
    except NotFound:
        return False
    return True


def ensure(account: Account, say: Callable[[str], None]) -> str:
    """Deploy unless it was done; return the app's name. ``say`` hears how it goes. Raises Hf2msError."""
    name = app_name()
    if not within(LOOK, lambda: is_deployed(account, name), "looking for the deployed app"):
        say(
            "deploying the workers' code to Modal; the first time builds an image, which takes a minute or two"
        )
        _deploy(account.credentials, name, say)
        say(f"deployed as {name}")
    return name


def environment(credentials: Credentials, here: Mapping[str, str]) -> dict[str, str]:
    """What the deploying process finds in its environment."""
    made = {name: value for name, value in here.items() if name in _KEPT}
    made |= {
        "PYTHONPATH": str(Path(hf2ms_tui.__file__).resolve().parents[1]),
        "PYTHONUNBUFFERED": "1",
        "MODAL_TOKEN_ID": credentials.token_id,
        "MODAL_TOKEN_SECRET": credentials.token_secret.reveal(),
        "MODAL_CONFIG_PATH": os.devnull,
        # deploy sends the commit, the author's address and the remote's URL, with the token in it, of the repository that it
        # finds around its working directory (modal/runner.py, _utils/git_utils.py). It finds none.
        "GIT_DIR": "/nonexistent",
    }
    if credentials.server:
        made["MODAL_SERVER_URL"] = credentials.server
    if credentials.environment:
        made["MODAL_ENVIRONMENT"] = credentials.environment
    return made


def _deploy(credentials: Credentials, name: str, say: Callable[[str], None]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hf2ms_tui.engines.modal.deploy", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=environment(credentials, os.environ),
        text=True,
        errors="replace",
    )
    last = ""
    try:
        for line in _lines(process):
            text = clean(_PLAIN.sub("", line).strip(), 400)
            if text:
                last = text
                say(f"modal: {text}")
    except queue.Empty:
        process.kill()
        process.wait()
        raise Unreachable(
            "The workers' code could not be deployed to Modal",
            meaning=f"Modal said nothing more for {SILENCE:.0f} s{f'; last: {last}' if last else ''}",
            way_out="Check the account with: hf2ms-tui doctor; then try again.",
        ) from None
    code = process.wait()
    if code != 0:
        raise Hf2msError(
            "The workers' code could not be deployed to Modal",
            meaning=last,
            way_out="Check the account with: hf2ms-tui doctor; then try again.",
        )


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """What a process prints, line by line. Raises queue.Empty after ``SILENCE`` without any."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said.put(line)
        said.put(None)

    threading.Thread(target=listen, daemon=True, name="modal-deploy").start()
    while (line := said.get(timeout=SILENCE)) is not None:
        yield line


_PLAIN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


def main(arguments: list[str]) -> int:
    """Deploy the app under the name given; the exit code. What goes wrong is said in one line, the last."""
    import modal

    from hf2ms_tui.engines.modal.app import app
    from hf2ms_tui.engines.modal.trouble import translated

    try:
        with translated("deploying"), modal.enable_output():
            app.deploy(name=arguments[0])
    except Hf2msError as error:
        print(" ".join(f"{error.what}. {error.meaning}".split()))  # noqa: T201 - read by whoever started this process
        return error.exit_code
    return 0


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    sys.stdout.flush()
    # The client's own threads may still be at work and complain about an interpreter that shuts down, after our last line.
    os._exit(ended)
