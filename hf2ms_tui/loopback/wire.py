"""What the hubs' handlers see of a request (`Call`) and give back (`Reply`), and how routes are written."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from multidict import MultiDict

from .faults import FOREVER, Fault
from .reply import Reply, Unsatisfiable, content_reply, json_reply, parse_range, text_reply

if TYPE_CHECKING:
    from .serving import Runtime
    from .world import Hub, Token

__all__ = [
    "Call",
    "ConnectionEnded",
    "Handler",
    "Origin",
    "Refused",
    "Reply",
    "Route",
    "Site",
    "Unsatisfiable",
    "content_reply",
    "json_reply",
    "parse_range",
    "text_reply",
]

P = ParamSpec("P")
T = TypeVar("T")


class Refused(Exception):
    """Raised by a handler to answer with `reply` at once."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class ConnectionEnded(Exception):
    """The connection is gone (the client left, or a fault cut it): there is nobody to answer."""


class Call:
    """One request, as a handler sees it. `params` are the decoded parts of the path that the route names."""

    def __init__(self, runtime: Runtime, site: Site, origin: Origin, request: web.BaseRequest) -> None:
        self.runtime = runtime
        self.site = site
        self.origin = origin
        self.request = request
        self.method = request.method
        self.raw_path, _, self.raw_query = request.raw_path.partition("?")
        self.params: dict[str, str] = {}
        self.fault: Fault | None = None
        self.bytes_in = 0
        self._query: MultiDict[str] | None = None
        self._body: bytes | None = None

    @property
    def hub(self) -> Hub:
        """The state of the hub that was asked."""
        return self.runtime.world.hub(self.site.hub)

    @property
    def headers(self) -> Mapping[str, str]:
        """Request headers; names in any case."""
        return self.request.headers

    @property
    def query(self) -> MultiDict[str]:
        """Decoded query parameters, repeated ones kept."""
        if self._query is None:
            self._query = MultiDict(parse_qsl(self.raw_query, keep_blank_values=True))
        return self._query

    @property
    def credential(self) -> str | None:
        """The secret of the Authorization header (Bearer, or the password of Basic), or None."""
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(rest).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return rest
        return rest or None

    @property
    def session(self) -> str | None:
        """The value of the ``m_session_id`` cookie, or None."""
        return self.request.cookies.get("m_session_id")

    @property
    def token(self) -> Token | None:
        """The known token of this request (header first, then cookie), expired or not."""
        hub = self.hub
        return hub.token_for(self.credential) or hub.token_for(self.session)

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` (hashing, disk) on a thread, so that other requests go on."""
        return await asyncio.to_thread(work, *args, **kwargs)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The request's body as it comes in, at the link's rate. Raises ConnectionEnded if it stops coming."""
        pacer = self.runtime.shaper.pacer(self.site.hub, self.origin.kind, "up", self.request.transport)
        fault = self.fault if self.fault is not None and self.fault.upload else None
        stream = self.request.content
        while True:
            try:
                piece = await (stream.read(pacer.step) if pacer else stream.readany())
            except (OSError, web.RequestPayloadError) as error:
                raise ConnectionEnded from error
            if not piece:
                return
            if fault is not None:
                piece = await self._spoil(fault, piece)
            self.bytes_in += len(piece)
            if pacer is not None:
                await pacer.take(len(piece))
            yield piece

    async def _spoil(self, fault: Fault, piece: bytes) -> bytes:
        reached = self.bytes_in + len(piece)
        if fault.kind in {"cut", "reset"} and reached > fault.value:
            self.runtime.hang_up(self.request, reset=fault.kind == "reset")
            raise ConnectionEnded
        if fault.kind == "stall" and self.bytes_in <= fault.at < reached:
            await self.runtime.stall(self.request, fault.value)
        place = int(fault.value) - self.bytes_in if fault.kind == "corrupt" and fault.value < FOREVER else -1
        if 0 <= place < len(piece):
            return piece[:place] + bytes([piece[place] ^ 0xFF]) + piece[place + 1 :]
        return piece

    async def body(self) -> bytes:
        """The whole request body."""
        if self._body is None:
            self._body = b"".join([piece async for piece in self.chunks()])
        return self._body

    async def json(self) -> Any:
        """The body as JSON; an empty body is an empty object. Answers 400 to nonsense."""
        body = await self.body()
        try:
            return json.loads(body) if body else {}
        except ValueError:
            raise Refused(self.site.failure(self, 400, "Invalid JSON in the request body")) from None

    async def form(self) -> MultiDict[str]:
        """A urlencoded body. Answers 400 to nonsense."""
        try:
            return MultiDict(parse_qsl((await self.body()).decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise Refused(self.site.failure(self, 400, "Invalid form data")) from None


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """Requests that go to one handler.

    `pattern` is matched with the whole undecoded path: ``{x}`` is one segment, ``{x+}`` one or more, ``{x:regex}`` what
    the expression says; matched parts are percent-decoded. `methods` are separated by commas.
    """

    methods: str
    pattern: str
    name: str
    handler: Handler

    def compiled(self) -> re.Pattern[str]:
        """The pattern as a regular expression over undecoded paths."""
        made = ""
        for part in re.split(r"(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})", self.pattern):
            if not part.startswith("{"):
                made += re.escape(part)
                continue
            name, colon, expression = part[1:-1].partition(":")
            if not colon:
                expression = ".+" if name.endswith("+") else "[^/]+"
            made += f"(?P<{name.rstrip('+')}>{expression})"
        return re.compile(made)


class Origin:
    """One address of a hub: its role (api, storage, cdn, lfs…), its kind of link (api or storage), and its routes.

    `url` is known once it is bound: scheme, host and port, no slash at the end.
    """

    def __init__(self, role: str, kind: str, routes: Sequence[Route], host: str = "127.0.0.1") -> None:
        self.role = role
        self.kind = kind
        self.host = host
        self.url = ""
        self._routes = [(frozenset(route.methods.split(",")), route.compiled(), route) for route in routes]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The first route for this request with its decoded parameters, or None."""
        for methods, expression, route in self._routes:
            if method in methods and (found := expression.fullmatch(path)):
                return route, {name: unquote(value or "") for name, value in found.groupdict().items()}
        return None


class Site(ABC):
    """A hub as servers: its origins and its manners."""

    hub: str
    origins: Sequence[Origin]

    def origin(self, role: str) -> Origin:
        """The origin of that role. Raises StopIteration if there is none."""
        return next(origin for origin in self.origins if origin.role == role)

    @abstractmethod
    def environ(self) -> dict[str, str]:
        """What a client needs, as names and values of environment variables. Call it once the origins are bound."""

    @abstractmethod
    def failure(self, call: Call, status: int, message: str) -> Reply:
        """An error the way this hub words it; status 200 means a success whose body says failure."""

    def common_headers(self, call: Call) -> dict[str, str]:
        """Headers that every answer of this hub has."""
        return {}

    def admit(self, call: Call) -> Reply | None:
        """An answer that keeps the request from its handler (a rate limit, say), or None."""
        return None

    def unknown_route(self, call: Call) -> Reply:
        """The answer where no route fits."""
        return self.failure(call, 404, "404 page not found")
