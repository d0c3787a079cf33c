"""The person's Modal account, from their machine: the client, what may be asked of it, and its rates."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hf2ms_tui.domain.errors import Unreachable
from hf2ms_tui.engines.modal.credentials import Credentials

if TYPE_CHECKING:
    import modal

R = TypeVar("R")

PATIENCE = 8.0
"""seconds that a question to the account may take while a person waits; the client itself would try for a minute"""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose account it is."""

    workspace: str
    server: str


class Account:
    """One account. The modal package is imported, and the connection made, when it is first asked for.

    Every call blocks and may be made from any thread that runs no event loop.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._client: modal.Client | None = None
        self._lock = threading.Lock()

    @property
    def client(self) -> modal.Client:
        """The client. Raises errors of ours."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self.credentials)
            return self._client

    def hello_server(self) -> None:
        """Make sure that the account takes our token. Raises NotAuthenticated, Unreachable."""
        from hf2ms_tui.engines.modal.trouble import translated

        client = self.client
        with translated("connecting to Modal"):
            client.hello()

    def who(self) -> Who:
        """Whose account it is. Raises NotAuthenticated, Unreachable."""
        import modal

        from hf2ms_tui.engines.modal.trouble import translated

        client = self.client
        with translated("asking who you are"):
            client.hello()
            workspace = modal.Workspace.from_context(client=client)
            workspace.hydrate()
            return Who(str(workspace.name), self.credentials.server or "api.modal.com")

    def rates(self) -> dict[str, float]:
        """US dollars by what the account calls its units. Raises errors of ours."""
        import modal

        from hf2ms_tui.engines.modal.trouble import translated

        client = self.client
        with translated("asking for the rates"):
            rates = modal.Workspace.from_context(client=client).billing.rates()
            return {str(name): float(rates[name]) for name in rates}

    def hello(self, app_name: str, hosts: Iterable[str]) -> dict[str, Any]:
        """Run the app's hello in a container and return what it says."""
        import modal

        from hf2ms_tui.engines.modal.names import HELLO
        from hf2ms_tui.engines.modal.trouble import translated

        client = self.client
        with translated("saying hello to a container"):
            function: modal.Function[Any, Any, Any] = modal.Function.from_name(
                app_name, HELLO, client=client, environment_name=self.credentials.environment or None
            )
            said: dict[str, Any] = function.spawn(list(hosts)).get(timeout=180)
            return said


def _connect(credentials: Credentials) -> modal.Client:
    # Everything the package reads from the environment is read at each use, but for its file, which is not needed: the
    # client gets its credentials by hand.
    if credentials.server:
        os.environ["MODAL_SERVER_URL"] = credentials.server
    os.environ["MODAL_PAYLOAD_FORMAT"] = (
        "cbor"  # see surroundings: no foreign exception objects in this process
    )
    if credentials.environment:
        os.environ["MODAL_ENVIRONMENT"] = credentials.environment
    import modal

    from hf2ms_tui.engines.modal.trouble import translated

    # Its loggers hold the stderr of the moment when it was imported, and would write over a full-screen program.
    for name in ("modal-client", "modal-utils"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    with translated("connecting to Modal"):
        return modal.Client.from_credentials(credentials.token_id, credentials.token_secret.reveal())


def within(seconds: float, act: Callable[[], R], what: str) -> R:
    """The result of ``act``, run in a thread of its own. Raises Unreachable when it takes longer; it is left behind then."""
    done = threading.Event()
    result: list[R] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            result.append(act())
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name=f"modal {what}").start()
    if not done.wait(seconds):
        raise Unreachable(
            f"{what}: Modal did not answer within {seconds:.0f} s",
            meaning="Jobs that run in the cloud go on without this program.",
            way_out="Check the network and try again.",
        )
    if failed:
        raise failed[0]
    return result[0]
