"""Starts a world as servers and stops them again."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

from .cloud import Cloud
from .control import ControlSite
from .faults import Fault, Faults
from .log import RequestLog
from .serving import OriginServer, Runtime, start_all
from .shape import Shaper
from .sites import all_sites
from .wire import Site
from .world import World

T = TypeVar("T")


class Servers:
    """All servers of a world on the running event loop. Set `stopping` is when a client asked for the end."""

    def __init__(self, world: World, *, control_token: str | None = None) -> None:
        self.runtime = Runtime(world)
        self.stopping = asyncio.Event()
        self.sites: list[Site] = all_sites(world)
        self.cloud = Cloud()
        self.control = ControlSite(
            control_token or secrets.token_hex(16), self.sites, self.cloud, self.stopping.set
        )
        self._servers = [
            OriginServer(self.runtime, site, origin) for site in self.sites for origin in site.origins
        ] + [
            OriginServer(self.runtime, self.control, origin, recorded=False)
            for origin in self.control.origins
        ]

    async def start(self, port: int = 0) -> dict[str, str]:
        """Listen, at consecutive ports from `port` on or at any; gives `environ`. Raises OSError if a port is taken."""
        try:
            await start_all(self._servers, port)
        except OSError:
            await self.stop()
            raise
        return self.environ()

    def environ(self) -> dict[str, str]:
        """Endpoints and tokens as names and values of environment variables."""
        names: dict[str, str] = {}
        for site in (*self.sites, self.control):
            names |= site.environ()
        return names | self.cloud.environ()

    async def start_modal(self, port: int = 0) -> dict[str, str]:
        """Start the Modal control plane too, at the port after all others if these are at `port`; gives `environ`.

        Raises OSError if the port is taken.
        """
        await asyncio.to_thread(self.cloud.start, port + len(self._servers) if port else 0)
        return self.environ()

    async def stop(self) -> None:
        """Close everything, whatever is under way."""
        await asyncio.gather(asyncio.to_thread(self.cloud.stop), *(server.stop() for server in self._servers))


class Running:
    """A world that is being served from a thread of its own.

    `env` maps names such as ``HF_ENDPOINT`` to values; `world`, `log`, `faults` and `shaper` may be used from any
    thread for reading, and for what takes effect at once; use `call` for changes that must not meet a request halfway.
    """

    def __init__(self, world: World, port: int, faults: Iterable[str | Fault], shape: Iterable[str]) -> None:
        self.world = world
        self._ready: Future[Servers] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(port,), name="loopback", daemon=True)
        self._thread.start()
        self._servers = self._ready.result(timeout=60)
        self.env = self._servers.environ()
        self.runtime = self._servers.runtime
        for rule in faults:
            self.faults.add(rule)
        for text in shape:
            self.shaper.set_text(text)

    @property
    def cloud(self) -> Cloud:
        """The Modal control plane; start it if it is wanted."""
        return self._servers.cloud

    @property
    def log(self) -> RequestLog:
        """What went over the wire."""
        return self.runtime.log

    @property
    def faults(self) -> Faults:
        """The rules of what goes wrong."""
        return self.runtime.faults

    @property
    def shaper(self) -> Shaper:
        """How fast the links are."""
        return self.runtime.shaper

    def site(self, hub: str) -> Site:
        """The hub ``hf`` or ``ms`` as servers. Raises StopIteration for another name."""
        return next(site for site in self._servers.sites if site.hub == hub)

    def _run(self, port: int) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(port))
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits for the start
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self, port: int) -> None:
        servers = Servers(self.world)
        await servers.start(port)
        self._ready.set_result(servers)
        await servers.stopping.wait()
        await servers.stop()

    def call(self, work: Callable[[World], T]) -> T:
        """Run `work` on the servers' own thread, between two requests' steps, and give its result."""
        done: Future[T] = Future()

        def step() -> None:
            try:
                done.set_result(work(self.world))
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                done.set_exception(error)

        self._loop.call_soon_threadsafe(step)
        return done.result(timeout=60)

    def stop(self) -> None:
        """Stop serving and remove the world's spool folder. Safe to call twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._servers.stopping.set)
            self._thread.join(timeout=10)
        self.world.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    world: World, port: int = 0, *, faults: Iterable[str | Fault] = (), shape: Iterable[str] = ()
) -> Running:
    """Serve `world` from a background thread: ports from `port` on, or any free ones. Raises OSError."""
    return Running(world, port, faults, shape)
