"""A control plane, a client of it, and the app of `support.modal_app` deployed there."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Read when modal is imported: no token and no profile of the person who tests.
os.environ["MODAL_CONFIG_PATH"] = "/dev/null"
for _name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_PROFILE", "MODAL_ENVIRONMENT"):
    os.environ.pop(_name, None)
os.environ["NO_PROXY"] = "127.0.0.1,127.0.0.2,localhost"

import modal  # noqa: E402
import pytest  # noqa: E402

from hf2ms_tui.loopback.modal import RunningModal, start_modal  # noqa: E402
from support import modal_app  # noqa: E402


def make_client(plane: RunningModal, secret: str | None = None) -> modal.Client:
    """A client of its own, without any token in the environment. Where nobody listens it tries for about a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODAL_SERVER_URL", plane.env["MODAL_SERVER_URL"])
        return modal.Client.from_credentials(
            plane.env["MODAL_TOKEN_ID"], secret or plane.env["MODAL_TOKEN_SECRET"]
        )


class ModalSession:
    """The app on a plane, as one client sees it."""

    def __init__(self, plane: RunningModal) -> None:
        self.plane = plane
        self.client = make_client(plane)

    def deploy(self, name: str | None = None) -> modal.App:
        """Deploy the app with objects that no other plane has seen."""
        app = importlib.reload(modal_app).app
        app.deploy(name=name, client=self.client)
        return app

    def function(self, name: str) -> Any:
        """A function of the deployed app."""
        return modal.Function.from_name(modal_app.NAME, name, client=self.client)

    def call(self, call_id: str) -> Any:
        """A call, known by nothing but its id."""
        return modal.FunctionCall.from_id(call_id, client=self.client)

    def dictionary(self, name: str) -> Any:
        """A dict, made if missing."""
        return modal.Dict.from_name(name, create_if_missing=True, client=self.client)

    def begun(self, key: str, times: int = 1) -> bool:
        """Whether a function has said that it began so often."""
        return bool(self.dictionary("counts").get(key, 0) >= times)

    def wait(self, holds: Callable[[], Any], timeout: float = 60.0) -> Any:
        """See `RunningModal.wait`."""
        return self.plane.wait(holds, timeout)

    def environment(self) -> dict[str, str]:
        """For another process that shall be a client."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
        tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
        return {
            **kept,
            **self.plane.env,
            "PYTHONPATH": tests,
            "GIT_DIR": "/nonexistent",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def python(self, code: str) -> str:
        """What a client in another process prints."""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=self.environment(), timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def cli(self, *arguments: str, fails: bool = False) -> str:
        """What Modal's own command line says."""
        done = subprocess.run(
            [sys.executable, "-m", "modal", *arguments],
            capture_output=True,
            text=True,
            env={**self.environment(), "COLUMNS": "200"},
            timeout=60,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr


def key() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex


@contextmanager
def modal_session(**settings: Any) -> Iterator[ModalSession]:
    """A plane with the app. By the end the control plane itself must not have failed, nor been asked the unknown."""
    with start_modal(**settings) as plane:
        session = ModalSession(plane)
        session.deploy()
        yield session
        session.client.close()
        assert plane.log.errors == []
        assert plane.log.unmodelled == set()


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process is gone, at the latest in so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False
