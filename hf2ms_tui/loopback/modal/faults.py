"""Faults between a client, or a container, and the control plane.

As text: ``RPC:kind[=value][:option…]``, for example ``FunctionMap:status=UNAVAILABLE:count=2`` or
``.*:hang:who=client``. RPC is a regular expression that must match the whole name.

Kinds: ``status=NAME`` the call fails with that gRPC status · ``delay=SECONDS`` it takes longer · ``hang`` it is never
answered · ``cut`` the connection breaks, with every call on it. Options: ``count=N`` only so often · ``after=N`` let N
pass first · ``p=0..1`` with that probability (``seed=N``) · ``late`` the call is done, then the fault hits the answer ·
``who=client`` or ``who=container`` · ``retry_after=SECONDS`` the server's own word on when to try again, which clients
obey without end · ``message=text``.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from grpclib import Status

KINDS = ("status", "delay", "hang", "cut")


@dataclass(slots=True, eq=False)
class RpcFault:
    """One rule; `id` is set when it is added, `hits` counts. `status` is a name such as UNAVAILABLE, `delay` seconds."""

    rpc: str
    kind: str
    status: str = "UNAVAILABLE"
    delay: float = 0.0
    message: str = "injected fault"
    retry_after: float | None = None
    count: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    late: bool = False
    who: str = "*"
    id: int = 0
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; one of {', '.join(KINDS)}")
        if self.who not in {"*", "client", "container"}:
            raise ValueError(f"who is client or container, not {self.who!r}")
        if self.status not in Status.__members__:
            raise ValueError(f"{self.status!r} is no gRPC status")
        re.compile(self.rpc)
        self._random = random.Random(self.seed)

    @classmethod
    def parse(cls, text: str) -> RpcFault:
        """A rule from its text form. Raises ValueError."""
        rpc, *options = text.split(":")
        made: dict[str, Any] = {}
        for option in options:
            name, _, value = option.partition("=")
            if name in KINDS:
                made["kind"] = name
                if name == "status":
                    made["status"] = value.upper()
                elif name == "delay":
                    made["delay"] = float(value)
            elif name in {"count", "after", "seed"}:
                made[name] = int(value)
            elif name == "p":
                made["probability"] = float(value)
            elif name == "retry_after":
                made[name] = float(value)
            elif name == "late":
                made[name] = True
            elif name in {"who", "message"}:
                made[name] = value
            else:
                raise ValueError(f"unknown option {name!r} in fault {text!r}")
        if not rpc or "kind" not in made:
            raise ValueError(f"a fault is RPC:kind[=value][:option…], not {text!r}")
        return cls(rpc=rpc, **made)

    def wants(self, rpc: str, who: str) -> bool:
        """Whether this call is meant and the rule still has hits left; counts and rolls the dice."""
        if self.who not in {"*", who} or not re.fullmatch(self.rpc, rpc):
            return False
        if self.count is not None and self.hits >= self.count:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True


class RpcFaults:
    """All rules. At most one hits a call: the first added that wants it."""

    def __init__(self) -> None:
        self._rules: list[RpcFault] = []
        self._last = 0

    def add(self, rule: RpcFault | str) -> RpcFault:
        """Add a rule (or its text form) and give it its id. Raises ValueError."""
        made = RpcFault.parse(rule) if isinstance(rule, str) else rule
        self._last += 1
        made.id = self._last
        self._rules.append(made)
        return made

    def remove(self, rule: RpcFault) -> None:
        """Remove a rule that was added; one that is not there any more is no error."""
        self._rules = [kept for kept in self._rules if kept is not rule]

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def all(self) -> list[RpcFault]:
        """All rules in the order they were added."""
        return list(self._rules)

    def pick(self, rpc: str, who: str) -> RpcFault | None:
        """The rule that hits this call, if any."""
        return next((rule for rule in list(self._rules) if rule.wants(rpc, who)), None)
