"""Listening at the hubs' doors during one deletion."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import oracle
from .acts import ACTS

if TYPE_CHECKING:
    from .play import Play

LOOKS = {
    "source refs": frozenset({"refs", "revisions", "commits"}),
    "source settings": frozenset({"info", "legacy-info"}),
    "copy refs": frozenset({"info", "revisions", "commits", "refs"}),
    "copy settings": frozenset({"info", "legacy-info"}),
    "copy bytes": frozenset({"resolve", "blob", "blob-get", "file", "lfs-batch"}),
    "token": frozenset({"auth-check", "me", "whoami"}),
}
"""By which requests a program that looks can see what an act changed."""


@dataclass
class Midway:
    """An act that happens before the n-th request, or after the n-th step, of a deletion."""

    name: str
    at: int
    done_at: int = -1


@dataclass
class Sent:
    """A deletion's request as it arrived: what would be lost by it, and who was meant."""

    dangers: list[oracle.Danger]
    serial: int
    request: int
    gap: float


class Ear:
    """Listens at the hubs' doors during one deletion: counts requests, lets the adversary act, judges the deletion."""

    def __init__(self, play: Play, wanted: oracle.Wanted, midway: Midway | None) -> None:
        self.play = play
        self.wanted = wanted
        self.midway = midway
        self.requests = 0
        self.sent: list[Sent] = []
        self.taken: set[int] = set()
        self._last: dict[str, int] = {}
        self._looked = time.monotonic()

    def heard(self, hub: str, method: str, route: str, path: str) -> None:
        """On the hubs' own thread, before the request is answered."""
        self.requests += 1
        midway, world = self.midway, self.play.arena.world
        if midway is not None and midway.done_at < 0 and self.requests >= midway.at:
            before = set(world.hub(self.wanted.hub).serials)
            if self.play._act(world, midway.name):
                midway.done_at = self.requests
                self.play.figures.acts[f"{midway.name}, inside a deletion"] += 1
            self.taken |= before - set(world.hub(self.wanted.hub).serials)
        if method == "DELETE" and route in {"repo-delete", "delete"} and hub == self.wanted.hub:
            repo = world.hub(hub).get(self.wanted.kind, self.wanted.id)
            found = oracle.dangers(world, self.wanted, self.play.arena.folder / "state")
            gap = time.monotonic() - self._looked
            self.sent.append(Sent(found, repo.serial if repo else -1, self.requests, gap))
            return
        side = "source" if hub == self.wanted.hub else "copy"
        for aspect, routes in LOOKS.items():
            if route in routes and (aspect == "token" or aspect.startswith(side)):
                self._last[aspect] = self.requests
        self._looked = time.monotonic()

    def unseen(self, midway: Midway) -> bool:
        """Whether no request after the act could have shown it before the deletion's own."""
        if midway.done_at < 0:
            return False
        end = self.sent[0].request if self.sent else 0
        if midway.done_at > end:
            return True
        last = self._last.get(ACTS[midway.name].aspect, 0)
        return last < midway.done_at or last > end

    def step(self, other: str) -> Callable[[str], None]:
        """What hears the deletion's steps; with ``other``, that program acts in the middle of one of them."""
        at, count = self.play.rng.randint(1, 8), 0

        def tell(text: str) -> None:
            nonlocal count
            count += 1
            if other and count == at:
                quiet = self.play.quiet
                self.play.note(f"inside “{text}”:")
                getattr(self.play, other)("b")
                self.play.quiet = quiet and other == "decide"

        return tell
