"""The SDK's shared HTTP client, guarded: interlock, timeouts, our errors, no sleeping, no silent redirects.

Why each measure, by what huggingface_hub 2.4.0 does without it: timeouts default to None and paginated calls, ``model_info``
and others set None explicitly, so a silent server hangs them for ever; one ``ConnectError`` in any thread closes the client
under all others; 429 and 5xx are slept through with ``time.sleep``, for minutes and uncancellable; ``create_repo`` repeats
a 409 in a busy loop; a moved repo's id redirects and the SDK answers with the other repo; its exceptions are ``OSError``.
Therefore statuses and connection errors are turned into our errors here, before the SDK sees them.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from hf2ms_tui.domain.errors import Moved
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.data import Timeouts, origin
from hf2ms_tui.hubs.errors import Context, from_answer, lied, unreachable
from hf2ms_tui.hubs.interlock import check
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.traffic import Traffic

_MAX_HOPS = 3
_ACT = frozenset(
    {"tree", "refs", "commits", "revision", "auth-check", "resolve", "commit", "preupload", "settings"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """What an adapter's SDK call is for: error context, timeouts and the counter."""

    context: Context
    timeouts: Timeouts
    traffic: Traffic


current: ContextVar[Call | None] = ContextVar("current", default=None)
_installed = threading.Lock()
_done = False


def install() -> None:
    """Make every client that huggingface_hub builds from now on a guarded one. Idempotent."""
    global _done
    with _installed:
        if _done:
            return
        from huggingface_hub import set_async_client_factory, set_client_factory

        set_client_factory(lambda: GuardedClient(event_hooks={"request": [_guard]}, follow_redirects=True))
        set_async_client_factory(
            lambda: httpx2.AsyncClient(event_hooks={"request": [_guard_async]}, follow_redirects=True)
        )
        _done = True


class GuardedClient(httpx2.Client):
    """A client whose every request passes the interlock and has timeouts; within a ``Call`` it speaks our errors."""

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send one request, redirects included."""
        call = current.get()
        if call is None:
            return super().send(request, **options)
        if request.method in {"GET", "HEAD"}:
            return patiently(lambda: self._send_for(call, request, options))
        return self._send_for(call, request, options)

    def _send_for(self, call: Call, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        options = {**options, "follow_redirects": False}
        for _ in range(_MAX_HOPS + 1):
            call.traffic.add(requests=1)
            try:
                response = super().send(request, **options)
                if response.status_code >= 400:
                    response.read()
            except httpx2.HTTPError as error:
                raise unreachable(call.context, error) from None
            if response.status_code >= 400:
                raise from_answer(call.context, response.status_code, response.headers, response.content)
            if response.next_request is None:
                return response
            following = response.next_request
            refuse_move(call.context, str(request.url), str(following.url))
            if request.method not in {"GET", "HEAD"}:
                raise lied(call.context, "it redirects a request that changes something")
            request = following
        raise lied(call.context, "it redirects in circles")


def repo_in(url: str) -> str:
    """The ``owner/name`` that an API or file address names, lower case, empty when it names none."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts[:1] == ["api"]:
        parts = parts[1:]
    elif parts[:1] not in (["models"], ["datasets"], ["spaces"]):
        parts = ["models", *parts]
    if len(parts) < 2 or parts[0] not in {"models", "datasets", "spaces"}:
        return ""
    one_segment = len(parts) > 2 and parts[2] in _ACT
    return "/".join(parts[1:2] if one_segment else parts[1:3]).lower()


def refuse_move(context: Context, url: str, target: str) -> None:
    """Raise Moved when a redirect leads from one repo's address to another's."""
    was, now = repo_in(url), repo_in(target)
    if origin(url) == origin(target) and was and now and was != now:
        raise moved(context, context.repo or was, "/".join(_ids(target)))


def moved(context: Context, was: str, now: str) -> Moved:
    """The error for an id that answers for another repo."""
    return Moved(
        f"{clean(was, 200)} is now {clean(now, 200)} on {context.hub.title}",
        now=clean(now, 200),
        meaning="The repo was moved or renamed; the old id only redirects, so nothing was done with it.",
        way_out="Refresh the inventory and go on with the new id.",
        repo=context.repo,
    )


def _ids(url: str) -> list[str]:
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts[:1] == ["api"]:
        parts = parts[1:]
    if parts[:1] in (["models"], ["datasets"], ["spaces"]):
        parts = parts[1:]
    return parts[:1] if len(parts) > 1 and parts[1] in _ACT else parts[:2]


def _guard(request: httpx2.Request) -> None:
    # httpx2 runs this for every request it is about to write, each hop of a redirect included
    call = current.get()
    asked = request.extensions.get("timeout") or {}
    if call is not None or any(asked.get(name) is None for name in ("connect", "read", "write", "pool")):
        limits = call.timeouts if call else Timeouts()
        request.extensions = {**request.extensions, "timeout": _timeout(limits).as_dict()}
    check(request.method, str(request.url), _body(request))


async def _guard_async(request: httpx2.Request) -> None:
    _guard(request)


def _timeout(limits: Timeouts) -> httpx2.Timeout:
    return httpx2.Timeout(connect=limits.connect, read=limits.read, write=limits.send, pool=limits.send)


def _body(request: httpx2.Request) -> bytes | None:
    try:
        return request.content
    except httpx2.RequestNotRead:
        return None
