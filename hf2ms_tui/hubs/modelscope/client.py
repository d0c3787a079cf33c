"""The SDK and its sessions, made safe: nothing on disk or screen, no sleeping, no redirect that leaks, no silent failure.

Why each measure, by what ``modelscope_hub`` 0.5.1 does without it: it reads and writes ``~/.modelscope`` and unpickles
cookies from there; it logs to stderr, over the screen; it retries a 429 inside ``requests`` or sleeps ``Retry-After``
without bound; it takes HTTP 200 with ``Success: false`` for a success; cookies set for a request follow a redirect to any
host; and ``requests`` prefers a ``.netrc`` entry to the token.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from hf2ms_tui.domain.repo import Hub, Kind, RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs import interlock
from hf2ms_tui.hubs.data import DataClient, Timeouts, origin
from hf2ms_tui.hubs.errors import Context, lied, unreachable
from hf2ms_tui.hubs.modelscope.errors import error_for, refusal_in, refusal_of
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.traffic import Traffic, traffic_of

T = TypeVar("T")

SEGMENTS = {Kind.MODEL: "models", Kind.DATASET: "datasets", Kind.SPACE: "studios"}
"""Path segment of each type; ModelScope calls spaces studios."""
SDK_TYPES = {Kind.MODEL: "model", Kind.DATASET: "dataset", Kind.SPACE: "studio"}


class Client:
    """One account on one ModelScope. Safe to share between threads; the SDK is imported with the first request."""

    def __init__(
        self,
        endpoint: str,
        token: Secret | None,
        *,
        streams: int = 8,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.token = token
        self.timeouts = timeouts or Timeouts()
        self.traffic: Traffic = traffic_of(self.endpoint)
        self._streams = streams
        self._api: Any = None
        self._bytes: dict[tuple[str, str, int], DataClient] = {}
        self._lock = threading.Lock()
        self._now = threading.local()

    @property
    def api(self) -> Any:
        """The SDK's ``HubApi`` with every session guarded."""
        with self._lock:
            if self._api is None:
                self._api = self._build()
            return self._api

    def _build(self) -> Any:
        _keep_quiet()
        from modelscope_hub import HubApi, HubConfig

        _keep_quiet()
        nowhere = Path(
            "/dev/null/nowhere"
        )  # below a file nothing can be made, so the SDK falls back to memory
        config = HubConfig(
            endpoint=self.endpoint,
            token=self.token.reveal() if self.token else "",
            config_dir=nowhere,
            cache_dir=nowhere,
        )
        api: Any = HubApi(config)
        for part in (api.legacy, api.openapi):
            part._timeout = (self.timeouts.connect, self.timeouts.read)
        api.openapi._max_retries = 1  # its own loop sleeps Retry-After, whatever that is
        api.legacy._ensure_session_auth()  # now, not by two threads at once
        for part in (api.legacy, api.openapi):
            for session in (part._session, part._read_session):
                self._guard(session)
        return api

    def _guard(self, session: Any) -> None:
        adapter = interlock.requests_adapter(max_retries=0, pool_connections=4, pool_maxsize=32)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.auth = _as_it_is  # otherwise a .netrc entry for the host replaces the token
        session.hooks["response"].append(self._inspect)

    def _inspect(self, response: Any, **options: Any) -> None:
        """Runs on every answer that any session gets, before a redirect is followed or the SDK looks at it."""
        self.traffic.add(requests=1)
        if 300 <= response.status_code < 400 and "location" in response.headers:
            target = urljoin(response.url, response.headers.get("location", ""))
            if not trusted(self.endpoint, target):
                response.close()
                raise lied(
                    self._context_now(),
                    f"it redirects to {urlsplit(target).hostname}, which is not ModelScope",
                )
        if options.get("stream"):
            return
        self.traffic.add(received=len(response.content))
        if response.status_code < 300 and response.status_code != 204:
            body = _json(response, self._context_now())
            if failed(body):
                raise error_for(refusal_in(body, response.status_code), self._context_now())

    def bytes_at(self, url: str, context: Context) -> DataClient:
        """The client for bytes that may send the token to ``url``. Raises HubLied when that is not ModelScope's own."""
        if not trusted(self.endpoint, url):
            raise lied(
                context, f"it names {urlsplit(url).hostname}, which is not ModelScope; the token was not sent"
            )
        with self._lock:
            found = self._bytes.get(origin(url))
            if found is None:
                found = DataClient(url, streams=self._streams, timeouts=self.timeouts, traffic=self.traffic)
                self._bytes[origin(url)] = found
            return found

    def context(self, doing: str, ref: RepoRef | None = None, path: str = "") -> Context:
        """What an error says of a request: ``doing`` is an infinitive without “to”."""
        return Context(Hub.MS, doing, str(ref.id) if ref else "", path, (self.token,))

    def sdk(self, context: Context, call: Callable[[Any], T], *, again: bool = True) -> T:
        """Let the SDK make one call, given its ``HubApi``; what it raises comes out as ours.

        ``again`` is for calls that may be repeated: what may pass by itself is then tried up to three times (``patience``).
        """

        def once() -> T:
            return self._once(context, call)

        return patiently(once) if again else once()

    def _once(self, context: Context, call: Callable[[Any], T]) -> T:
        from modelscope_hub import HubError
        from requests import RequestException

        self._now.context = context
        try:
            return call(self.api)
        except HubError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise unreachable(context, error) from None
            raise error_for(refusal, context) from None
        except RequestException as error:
            raise unreachable(context, error) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise lied(context, "its answer has another form than it should have") from error

    def _context_now(self) -> Context:
        found = getattr(self._now, "context", None)
        return found if isinstance(found, Context) else self.context("answer a request")

    def legacy(
        self,
        context: Context,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: object = None,
        again: bool = True,
        read_timeout: float | None = None,
    ) -> dict[str, Any]:
        """One request to ``/api/v1``, for routes the SDK does not wrap or whose answers it trims; the strictly checked body.

        Sent by the SDK's own session, so that credentials, identity and the interlock are those of every other call.
        """
        timeout = (self.timeouts.connect, read_timeout or self.timeouts.read)

        def send(api: Any) -> dict[str, Any]:
            answer = api.legacy._request(method, path, params=params, json_body=body, timeout=timeout)
            return _json(answer, context)

        found = self.sdk(context, send, again=again)
        if found.get("Code") not in (200, "200"):
            raise lied(context, "the answer does not say that it succeeded")
        return found

    def openapi(self, context: Context, path: str, params: Mapping[str, object] | None = None) -> Any:
        """One GET to ``/openapi/v1`` and the ``data`` inside.

        Not by the SDK's methods for studios, which repeat a refused request without the token: private ones would be missing
        from the answer and nobody would know. The one route without an envelope, the list of studios, gives its whole body.
        """

        def send(api: Any) -> Any:
            answer = api.openapi.request(
                "GET", path, params=dict(params or {}), require_token=False, unwrap=False
            )
            return _json(answer, context)

        found = self.sdk(context, send)
        if "success" in found and "data" not in found:
            raise lied(context, "the answer has no data")
        return found["data"] if "success" in found else found

    def auth_headers(self) -> dict[str, str]:
        """Both forms of the token, as routes outside the SDK's sessions want them; empty without a token."""
        if not self.token:
            return {}
        value = self.token.reveal()
        return {"Authorization": f"Bearer {value}", "Cookie": f"m_session_id={value}"}


def failed(body: dict[str, Any]) -> bool:
    """Whether a body of either envelope reports a failure, whatever the status was."""
    code = body.get("Code", 200)
    return body.get("Success") is False or body.get("success") is False or code not in (200, "200", None)


def trusted(endpoint: str, url: str) -> bool:
    """Whether ``url`` is ModelScope's own, so that the token may go there.

    That is the endpoint's host, the same with or without ``www.``, and its siblings ``lfs.`` and ``pre-lfs.``, never by a
    weaker scheme. An endpoint on this machine's loopback addresses may name any other of them.
    """
    home, there = urlsplit(endpoint), urlsplit(url)
    host, target = (home.hostname or "").lower(), (there.hostname or "").lower()
    if there.scheme not in {"http", "https"} or (home.scheme == "https" and there.scheme != "https"):
        return False
    if _loopback(host):
        return _loopback(target)
    if target == host:
        return there.port == home.port
    labels = host.split(".")
    base = ".".join(labels[1:]) if len(labels) > 2 else host
    siblings = {f"lfs.{base}", f"pre-lfs.{base}", host.removeprefix("www."), f"www.{host}"}
    return there.port in (None, 443) and target in siblings


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _as_it_is(request: T) -> T:
    return request


def _json(answer: Any, context: Context) -> dict[str, Any]:
    """The body of an answer; every one of both APIs is a JSON object."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise lied(context, f"it answered {answer.status_code} with a body that is no JSON object")
    return body


def _keep_quiet() -> None:
    """Take the SDK's handler away: it writes to stderr, over the screen. Its level variable is not used: one of the two
    packages reads a number in it, the other a name, and each chokes on or ignores the other's.
    """
    logger = logging.getLogger("modelscope_hub")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL)
