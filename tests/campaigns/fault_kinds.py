"""The kinds of faults that a campaign throws at every route, and what they mean for a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.log import Entry
from hf2ms_tui.loopback.sample.accounts import token

STALL = 1.6
"""seconds without an answer: longer than any read may wait in these campaigns, commits excepted"""
DONE_FIRST = frozenset({"cut", "corrupt", "truncate", "slow", "trim"})
"""kinds that spoil the hub's own answer, so that it did what was asked"""


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of one sort, as a clean run sent them: ``times`` so often, with bodies of ``sent`` bytes at most.

    Those to Modal's control plane have ``modal`` for a hub and who calls, ``client`` or ``container``, for a method; ``cold``
    are those that only an account asks that has not got the app yet.
    """

    hub: str
    method: str
    name: str
    times: int = 1
    sent: int = 0
    cold: bool = False

    @property
    def writes(self) -> bool:
        """Whether the method changes things."""
        return self.method not in {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault by name. ``fields`` are those of a loopback rule; ``fits`` says for which routes it makes sense."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    fits: Callable[[Route], bool] = lambda route: True

    def rule(self, route: Route, *, once: bool, after: int, elsewhere: str) -> Fault:
        """The loopback's rule: on that route, once after so many requests, or always."""
        made = dict(self.fields)
        made["headers"] = {
            name: value.replace("ELSEWHERE", elsewhere) for name, value in made.get("headers", {}).items()
        }
        limits = {"count": 1, "after": after} if once else {}
        return Fault(hub=route.hub, method=route.method, route=route.name, **made, **limits)


def _writes(route: Route) -> bool:
    return route.writes


def _has_body(route: Route) -> bool:
    return route.sent > 0


def _status(code: int, **more: Any) -> dict[str, Any]:
    return {"kind": "status", "value": code, **more}


def _kinds() -> dict[str, Kind]:
    made = [Kind(str(code), _status(code)) for code in (401, 403, 404, 409, 500, 502, 503)]
    made += [
        Kind("429 asks 0.1 s", _status(429, headers={"Retry-After": "0.1"})),
        Kind("429", _status(429)),
        Kind("507 no space", _status(507, body='{"error":"No space left on device"}'), _writes),
        Kind("502 after doing it", _status(502, late=True), _writes),
        Kind("reset after doing it", {"kind": "reset", "late": True}, _writes),
        Kind("cut body", {"kind": "cut", "value": 12}),
        Kind("corrupt byte", {"kind": "corrupt", "value": 13}),
        Kind("corrupt byte sent", {"kind": "corrupt", "value": 13, "upload": True}, _has_body),
        Kind("cut while sending", {"kind": "cut", "value": 10, "upload": True}, _has_body),
        Kind("reset", {"kind": "reset"}),
        Kind("reset in body", {"kind": "reset", "value": 12}),
        Kind("stall", {"kind": "stall", "value": STALL}),
        Kind("listing cut to 1", {"kind": "truncate", "value": 1}),
        Kind("listing cut to 0", {"kind": "truncate", "value": 0}),
        Kind("200 with failure", {"kind": "success_false"}),
        Kind("garbage JSON", _status(200, body="<html>oops {]</html>")),
        Kind("empty 200", _status(200, body="")),
        Kind("other JSON: []", _status(200, body="[]")),
        Kind("other JSON: {}", _status(200, body="{}")),
        Kind("other JSON: null", _status(200, body="null")),
        Kind("redirect elsewhere", _status(302, headers={"Location": "ELSEWHERE/taken"})),
        Kind("redirect nowhere", _status(302)),
        Kind("shorter than it is", {"kind": "trim", "value": 3}),
    ]
    return {kind.name: kind for kind in made}


KINDS = _kinds()


def was_done(entry: Entry, rule: Fault | None) -> bool:
    """Whether the hub did what this request asked, whatever answer left it."""
    if entry.fault is None or rule is None or rule.upload:
        return 200 <= entry.status < 300
    return rule.late or entry.fault in DONE_FIRST or (entry.fault == "reset" and rule.value > 0)


class Elsewhere:
    """A stranger's server on this machine, under an address that no hub may be trusted at. Keeps all it was told."""

    def __init__(self) -> None:
        told: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def _hear(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(length, 1 << 20))
                told.append(f"{self.requestline}\n{self.headers}".encode() + body)
                answer = b'{"sha": "elsewhere", "Success": true, "Data": {}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _hear

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.told = told
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Not an address by the rules of the standard library, so that nothing takes it for the loopback hubs' own.
        self.url = f"http://127.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True, name="elsewhere").start()

    def heard(self, since: int) -> bool:
        """Whether a token was among what it was told after the first ``since``."""
        tokens = (token("hf", "write"), token("ms", "write"), token("ms", "admin"))
        return any(one.encode() in told for told in self.told[since:] for one in tokens)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
