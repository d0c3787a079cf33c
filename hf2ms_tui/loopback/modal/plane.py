"""The control plane on the running event loop: all parts, wired, and its servers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from grpclib.config import Configuration
from grpclib.protocol import H2Protocol
from grpclib.server import Server

from .account import AccountService
from .apps import AppService
from .blobs import BlobService, BlobStore
from .calls import CallService
from .containers import Launcher
from .dicts import DictService
from .files import FileService, FileStore
from .functions import FunctionService
from .lifeline import Lifeline
from .logs import LogService, LogStore
from .queues import QueueService
from .rpc import Caller, Desk, Door, StatusDetails
from .scheduler import Scheduler
from .secrets import SecretService, SecretStore
from .settings import Settings
from .state import State
from .tasks import TaskService

HOST = "127.0.0.1"
LONGEST_SOCKET = 60
"""Bytes of the path of the sockets' folder; a name adds 23, and systems allow about 100."""
WINDOW = 8 * 1024 * 1024


class ClientServer(Server):
    """The server for clients, which can drop all its connections; private use of grpclib's protocol factory for that."""

    def __init__(self, door: Door) -> None:
        config = Configuration(http2_connection_window_size=WINDOW, http2_stream_window_size=WINDOW)
        super().__init__([door], status_details_codec=StatusDetails(), config=config)
        self._protocols: set[H2Protocol] = set()

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols = {one for one in self._protocols if not one.handler.closing}  # type: ignore[attr-defined]
        self._protocols.add(protocol)
        return protocol

    def cut(self) -> None:
        """Drop every connection at once."""
        for protocol in self._protocols:
            # A connection that was closed has no transport any more.
            transport = getattr(getattr(protocol, "connection", None), "_transport", None)
            if transport is not None:
                transport.abort()
        self._protocols.clear()


class Plane:
    """Everything of one control plane. Make it, start it and stop it on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="hf2ms-modal-"))
        self._sockets = self._short_folder()
        self._lifeline = Lifeline(self.folder, self._sockets)
        self.state = State()
        self.lines = LogStore()
        self.secrets = SecretStore()
        self.blobs = BlobStore(self.folder, settings)
        files = FileStore(self.folder)
        self.scheduler = Scheduler(self.state, settings, self.lines, files)
        self.apps = AppService(self.state, settings, self.scheduler.app_published, self.scheduler.app_stopped)
        functions = FunctionService(self.state, self.apps, self.scheduler.wake)
        self.dicts = DictService(settings)
        self.queues = QueueService(settings)
        self.desk = Desk(
            settings,
            [
                AccountService(settings),
                self.apps,
                functions,
                CallService(self.state, settings, functions, self.scheduler.attempts),
                TaskService(self.state, settings, self.scheduler),
                LogService(self.state, settings, self.apps, self.lines),
                self.dicts,
                self.queues,
                SecretService(settings, self.secrets),
                FileService(settings, files, self.blobs),
                BlobService(settings, self.blobs),
            ],
        )
        launcher = Launcher(self.desk, self.folder, self._sockets, self._lifeline.holds)
        self.scheduler.connect(self.apps, self.secrets, launcher, self._lifeline.releases)
        self._server: ClientServer | None = None
        self.port = 0

    def _short_folder(self) -> Path:
        if len(str(self.folder)) <= LONGEST_SOCKET:
            made = self.folder / "s"
            made.mkdir()
            return made
        return Path(tempfile.mkdtemp(prefix="hf2ms-", dir="/tmp"))

    async def start(self, port: int = 0) -> None:
        """Listen at `port` of 127.0.0.1 (0: any). Raises OSError if it is taken."""
        await self.blobs.start()
        await self.listen(port)

    async def listen(self, port: int) -> None:
        """Let clients in."""
        server = ClientServer(Door(self.desk, Caller(None)))
        await server.start(HOST, port)
        sockets = server._server.sockets if isinstance(server._server, asyncio.Server) else ()
        self.port = sockets[0].getsockname()[1]
        self._server = server

    def shut(self) -> None:
        """Drop all clients and let none in; containers go on."""
        if self._server is not None:
            self._server.close()
            self._server.cut()
            self._server = None

    async def stop(self) -> None:
        """End everything and remove all files."""
        async with AsyncExitStack() as stack:
            # The last first; each is done whatever becomes of the others.
            stack.callback(shutil.rmtree, self._sockets, ignore_errors=True)
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            stack.push_async_callback(asyncio.to_thread, self._lifeline.close)
            stack.push_async_callback(self.blobs.stop)
            stack.push_async_callback(self.scheduler.close)
            stack.callback(self.shut)

    def environ(self) -> dict[str, str]:
        """What a client needs, as names and values of environment variables."""
        return {
            "MODAL_SERVER_URL": f"http://{HOST}:{self.port}",
            "MODAL_TOKEN_ID": self.settings.token_id,
            "MODAL_TOKEN_SECRET": self.settings.token_secret,
            "MODAL_CONFIG_PATH": "/dev/null",
        }
