"""What went over the wire: one entry per request, and counters. Credentials are never recorded, only their presence."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000
"""Entries kept; counters go on beyond that."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `at` is seconds since the epoch when it began, `seconds` how long it took, `origin` the role of the
    server (api, storage, cdn…). `authorization` and `cookie` say whether such a header was present, `token` the label of
    the known token in them (None if unknown or absent), `leaked` whether a known token stood in the URL.
    """

    number: int
    at: float
    seconds: float
    hub: str
    origin: str
    method: str
    route: str
    path: str
    status: int
    bytes_in: int
    bytes_out: int
    authorization: bool
    cookie: bool
    token: str | None
    leaked: bool
    range: str | None
    fault: str | None
    user_agent: str


class RequestLog:
    """All entries and their counters; may be read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._in: Counter[tuple[str, str, str]] = Counter()
        self._out: Counter[tuple[str, str, str]] = Counter()
        self.active = 0
        self.errors: list[str] = []
        """Tracebacks of faults of the hubs themselves; a test may assert that there are none."""

    def add(self, **values: Any) -> Entry:
        """Record a request (all fields of `Entry` but its number)."""
        with self._lock:
            self._number += 1
            entry = Entry(number=self._number, **values)
            self._entries.append(entry)
            key = (entry.hub, entry.origin, entry.route)
            self._requests[key] += 1
            self._in[key] += entry.bytes_in
            self._out[key] += entry.bytes_out
            return entry

    def clear(self) -> None:
        """Forget all entries and counters; numbers go on."""
        with self._lock:
            self._entries.clear()
            for counter in (self._requests, self._in, self._out):
                counter.clear()
            self.errors.clear()

    def entries(
        self,
        *,
        hub: str | None = None,
        origin: str | None = None,
        method: str | None = None,
        route: str | None = None,
        since: int = 0,
    ) -> list[Entry]:
        """Entries with a number above `since` that fit all that is given, oldest first."""
        with self._lock:
            chosen = list(self._entries)
        return [
            entry
            for entry in chosen
            if entry.number > since
            and hub in {None, entry.hub}
            and origin in {None, entry.origin}
            and method in {None, entry.method}
            and route in {None, entry.route}
        ]

    def count(self, hub: str | None = None, origin: str | None = None, route: str | None = None) -> int:
        """Requests that fit all that is given."""
        return self._sum(self._requests, hub, origin, route)

    def bytes_in(self, hub: str | None = None, origin: str | None = None, route: str | None = None) -> int:
        """Bytes of request bodies that the hub read."""
        return self._sum(self._in, hub, origin, route)

    def bytes_out(self, hub: str | None = None, origin: str | None = None, route: str | None = None) -> int:
        """Bytes of response bodies that the hub sent."""
        return self._sum(self._out, hub, origin, route)

    def _sum(
        self, counter: Counter[tuple[str, str, str]], hub: str | None, origin: str | None, route: str | None
    ) -> int:
        with self._lock:
            return sum(
                amount
                for (of_hub, of_origin, of_route), amount in counter.items()
                if hub in {None, of_hub} and origin in {None, of_origin} and route in {None, of_route}
            )

    def counters(self) -> list[dict[str, Any]]:
        """One row per hub, origin and route that was asked, sorted by them."""
        with self._lock:
            return [
                {
                    "hub": key[0],
                    "origin": key[1],
                    "route": key[2],
                    "requests": self._requests[key],
                    "bytes_in": self._in[key],
                    "bytes_out": self._out[key],
                }
                for key in sorted(self._requests)
            ]

    def as_json(self, since: int = 0) -> list[dict[str, Any]]:
        """Entries after number `since` as JSON, oldest first."""
        return [asdict(entry) for entry in self.entries(since=since)]
