"""Our own HTTP client, on urllib3: bytes of repos, and requests for which an SDK lies, hangs or cannot stream.

Large blocks in both directions, a bounded pool of connections, timeouts on every request, no hidden retries, redirects
followed by hand. Credentials go to the hub's own origin and to nobody else. Every request passes the interlock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import LocationValueError

from hf2ms_tui import __version__
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.hubs.body import NETWORK_ERRORS, Body, Empty, Feed, plan_range
from hf2ms_tui.hubs.errors import Context, from_answer, lied, lower, unreachable
from hf2ms_tui.hubs.interlock import check
from hf2ms_tui.hubs.pools import Pools
from hf2ms_tui.hubs.protocol import ByteSource
from hf2ms_tui.hubs.timeouts import Timeouts as Timeouts
from hf2ms_tui.hubs.traffic import Traffic

BLOCK = 1 << 20
"""bytes handed to the socket at once"""
USER_AGENT = f"hf2ms-tui/{__version__}"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_HOPS = 5
_FOR_ANYONE = frozenset(
    {"accept", "accept-encoding", "range", "user-agent", "content-type", "content-length"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers with lower-case names, body, and the address that gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self, context: Context) -> Any:
        """The body as JSON. Raises HubLied when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise lied(context, f"it answered {self.status} with a body that is not JSON") from None


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80)


class DataClient:
    """A pool of at most ``streams`` connections to each host. Safe to share between threads.

    ``home`` is the hub's endpoint; ``siblings`` are further addresses whose origins may see its credentials.
    """

    def __init__(
        self,
        home: str,
        *,
        streams: int = 8,
        timeouts: Timeouts | None = None,
        traffic: Traffic | None = None,
        siblings: tuple[str, ...] = (),
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self.traffic = traffic or Traffic()
        self._trusted = frozenset(origin(url) for url in (home, *siblings))
        self._pools = Pools(max(2, streams), self.timeouts.send, BLOCK)

    def request(
        self,
        method: str,
        url: str,
        context: Context,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        read_timeout: float | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status. Follows no redirect.

        Raises Unreachable, InterlockRefused; never for a status.
        """
        response = self._send(method, url, headers or {}, body, context, read_timeout)
        return self._whole(response, url, context)

    def json(self, method: str, url: str, context: Context, **options: Any) -> tuple[Any, Answer]:
        """Like ``request``, but a status other than 2xx is raised as the error it means and the body is read as JSON."""
        answer = self.request(method, url, context, **options)
        if not 200 <= answer.status < 300:
            raise from_answer(context, answer.status, answer.headers, answer.body)
        return answer.json(context), answer

    def open_range(
        self,
        url: str,
        context: Context,
        *,
        headers: Mapping[str, str] | None = None,
        start: int,
        end: int,
        size: int | None = None,
    ) -> Body | Empty:
        """Open bytes ``start`` to ``end`` (exclusive) of the file at ``url``; ``size`` is its listed size.

        Follows up to 5 redirects; another origin gets none of the credentials. Raises NotFound, NotPermitted, RateLimited,
        Unreachable, HubLied and what else ``errors.from_answer`` knows.
        """
        if end <= start:
            return Empty()
        asked = {
            **(headers or {}),
            "Accept-Encoding": "identity",  # a compressed body has no length to check and ignores ranges
            "Range": f"bytes={start}-{end - 1}",
        }
        hops: list[tuple[int, Mapping[str, str]]] = []
        while True:
            response = self._send("GET", url, asked, None, context, None)
            named = lower(response.headers)
            hops.append((response.status, named))
            if response.status not in _REDIRECTS:
                break
            self._whole(response, url, context)
            url = self._next(url, named.get("location", ""), len(hops), context)
        if response.status not in {200, 206}:
            answer = self._whole(response, url, context)
            if answer.status == 416:
                raise lied(context, f"it has no bytes {start}-{end - 1} although they were listed")
            raise from_answer(context, answer.status, answer.headers, answer.body)
        try:
            skip, more = plan_range(response.status, response.headers, start, end, size, context)
        except Hf2msError:
            response.close()
            raise
        opened = Body(response, tuple(hops), start, end, context, self.traffic)
        if more:
            opened.more_follows()
        if skip:
            opened.skip(skip)
        return opened

    def put(
        self,
        url: str,
        source: ByteSource,
        size: int,
        context: Context,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "PUT",
    ) -> Answer:
        """Stream exactly ``size`` bytes of ``source`` to ``url``; return the 2xx answer or raise what the status means.

        The source's own exceptions come through unchanged, and the server then never sees a whole body.
        """
        feed = Feed(source, size, context)
        sent = {**(headers or {}), "Content-Length": str(size)}
        sent.setdefault("Content-Type", "application/octet-stream")
        try:
            response = self._send(method, url, sent, feed if size else b"", context, None)
        except BaseException:
            if feed.failure is not None:
                raise feed.failure from None
            raise
        finally:
            self.traffic.add(sent=feed.given)
        answer = self._whole(response, url, context)
        if feed.failure is not None:
            raise feed.failure
        if not 200 <= answer.status < 300:
            raise from_answer(context, answer.status, answer.headers, answer.body)
        if feed.given != size:
            raise lied(context, f"it confirmed an upload after {feed.given:,} of {size:,} bytes")
        return answer

    def close(self) -> None:
        """Close all pooled connections."""
        self._pools.close()

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        context: Context,
        read_timeout: float | None,
    ) -> urllib3.BaseHTTPResponse:
        check(method, url, body if isinstance(body, bytes) else None)
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **headers}
        if origin(url) not in self._trusted:
            sent = {name: value for name, value in sent.items() if name.lower() in _FOR_ANYONE}
        self.traffic.add(requests=1)
        timeout = urllib3.Timeout(connect=self.timeouts.connect, read=read_timeout or self.timeouts.read)
        try:
            return self._pools.manager(url).urlopen(
                method,
                url,
                body=body,
                headers=sent,
                redirect=False,
                retries=False,
                timeout=timeout,
                preload_content=False,
                pool_timeout=self.timeouts.send,
            )
        except LocationValueError:
            raise lied(context, "it named an address that is none") from None
        except NETWORK_ERRORS as error:
            raise unreachable(context, error) from None

    def _whole(self, response: urllib3.BaseHTTPResponse, url: str, context: Context) -> Answer:
        try:
            body = response.read(decode_content=True)
        except NETWORK_ERRORS as error:
            response.close()
            raise unreachable(context, error) from None
        finally:
            response.release_conn()
        return Answer(response.status, lower(response.headers), body, url)

    def _next(self, url: str, location: str, hops: int, context: Context) -> str:
        target = urljoin(url, location)
        if not location or hops > _MAX_HOPS or urlsplit(target).scheme not in {"http", "https"}:
            raise lied(context, "it redirects nowhere or in circles")
        if origin(url)[0] == "https" and origin(target)[0] != "https":
            raise lied(context, "it redirects from https to plain http")
        return target
