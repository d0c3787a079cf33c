"""Shaped links: how long a request takes to get through and how many bytes a second do.

A link belongs to a hub (``hf``, ``ms``, ``*``) and a kind of origin (``api``, ``storage``, ``*``). Its total rates are
shared by all connections of that hub and kind; its per-connection rates hold for each of them. ``down`` is from server
to client.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict, dataclass
from weakref import WeakKeyDictionary

LARGEST_STEP = 256 * 1024
SMALLEST_STEP = 4 * 1024
_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def parse_amount(text: str) -> float:
    """A number with an optional k, M or G (powers of 1000) and B: ``20MB`` is 20e6. Raises ValueError."""
    found = re.fullmatch(r"\s*([0-9.eE+]+?)\s*([kKmMgG]?)[bB]?\s*", text)
    if not found:
        raise ValueError(f"not an amount: {text!r} (examples: 250000, 20MB, 1.5G)")
    return float(found[1]) * _SUFFIXES[found[2].lower()]


@dataclass(frozen=True, slots=True)
class Link:
    """Latency in seconds per request; rates in bytes per second, None for unlimited."""

    latency: float = 0.0
    down: float | None = None
    up: float | None = None
    down_conn: float | None = None
    up_conn: float | None = None


class Bucket:
    """Bytes at a steady rate, first come first served, with 20 ms of slack."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._free_at = 0.0

    def reserve(self, amount: int) -> float:
        """Book `amount` bytes; gives the seconds to wait until they are through."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now - 0.02) + amount / self.rate
        return self._free_at - now


class Pacer:
    """What bytes of one connection in one direction have to pass."""

    def __init__(self, buckets: list[Bucket]) -> None:
        self._buckets = buckets
        slowest = min(bucket.rate for bucket in buckets)
        self.step = int(min(max(slowest * 0.02, SMALLEST_STEP), LARGEST_STEP))

    async def take(self, amount: int) -> None:
        """Return when `amount` bytes are through."""
        wait = max(bucket.reserve(amount) for bucket in self._buckets)
        if wait > 0.001:
            await asyncio.sleep(wait)


class Shaper:
    """All links of a world. Change them at any time; requests that begin afterwards obey."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], Link] = {}
        self._totals: dict[tuple[str, str, str], Bucket] = {}
        self._own: WeakKeyDictionary[object, dict[str, Bucket]] = WeakKeyDictionary()

    def set(self, hub: str, kind: str, link: Link) -> None:
        """Shape what goes to `hub` (hf, ms or *) at origins of `kind` (api, storage or *). Raises ValueError."""
        if hub not in {"hf", "ms", "*"} or kind not in {"api", "storage", "*"}:
            raise ValueError(f"no such link: {hub}:{kind} (hubs: hf, ms, *; kinds: api, storage, *)")
        self._links[hub, kind] = link
        self._totals.clear()
        self._own.clear()

    def set_text(self, text: str) -> None:
        """Shape from text such as ``hf:storage:latency=0.05:down=20MB:up_conn=5MB``. Raises ValueError."""
        hub, kind, *settings = text.split(":")
        values: dict[str, float] = {}
        for setting in settings:
            name, _, amount = setting.partition("=")
            if name not in {"latency", "down", "up", "down_conn", "up_conn"}:
                raise ValueError(f"unknown link setting {name!r} in {text!r}")
            values[name] = parse_amount(amount)
        self.set(hub, kind, Link(**values))

    def clear(self) -> None:
        """Unshape everything."""
        self._links.clear()
        self._totals.clear()
        self._own.clear()

    def link(self, hub: str, kind: str) -> Link | None:
        """The link for requests to `hub` at origins of `kind`: the most specific one set. Control is never shaped."""
        if kind == "control":
            return None
        for key in ((hub, kind), (hub, "*"), ("*", kind), ("*", "*")):
            if key in self._links:
                return self._links[key]
        return None

    def describe(self) -> dict[str, dict[str, float | None]]:
        """All links, keyed ``hub:kind``."""
        return {f"{hub}:{kind}": asdict(link) for (hub, kind), link in self._links.items()}

    def pacer(self, hub: str, kind: str, direction: str, connection: object) -> Pacer | None:
        """What bytes of `connection` in `direction` (down or up) have to pass; None if nothing limits them."""
        link = self.link(hub, kind)
        if link is None:
            return None
        total = link.down if direction == "down" else link.up
        own = link.down_conn if direction == "down" else link.up_conn
        buckets = []
        if total:
            buckets.append(self._totals.setdefault((hub, kind, direction), Bucket(total)))
        if own:
            buckets.append(self._own.setdefault(connection, {}).setdefault(direction, Bucket(own)))
        return Pacer(buckets) if buckets else None
