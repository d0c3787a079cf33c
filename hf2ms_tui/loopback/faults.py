"""Faults that happen where they happen in life: on the wire, between a hub and its client.

A rule says which requests it means (hub, method, route) and what happens to them. As text, fields are separated by
colons, for example ``hf:GET:resolve:status=503:count=2`` or ``ms:*:lfs-batch:success_false:p=0.1:seed=7``.

Kinds and their values:
``status=CODE`` (with ``header=Name=value`` and ``body=text``) · ``cut=BYTES`` body ends there, connection closed ·
``corrupt=OFFSET`` one byte of the body flipped · ``stall=SECONDS`` (or ``stall=forever``) nothing is answered ·
``reset=BYTES`` connection reset after so many bytes · ``truncate=N`` a listing silently ends after N entries ·
``success_false[=message]`` 200 whose body says failure · ``slow=BYTES_PER_SECOND`` body at that rate · ``trim=BYTES``
the body lacks its last bytes and its length says so, as if the answer were whole.

Options: ``count=N`` only so often · ``p=0..1`` with that probability (``seed=N``) · ``after=N`` let N requests pass
first · ``late`` the hub does what was asked, then the fault hits the answer · ``upload`` cut, reset and stall hit the
request's body instead (``at=BYTES`` says where a stall hits).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .shape import parse_amount

KINDS = ("status", "cut", "corrupt", "stall", "reset", "truncate", "success_false", "slow", "trim")
FOREVER = float("inf")


@dataclass(slots=True, eq=False)
class Fault:
    """One rule. `value` is what its kind takes: a status, bytes, seconds, entries or a rate.

    `route` is a regular expression: one that begins with ``/`` is searched in the path, any other must match the whole
    name of the route. `id` is set when the rule is added.
    """

    kind: str
    value: float = 0
    hub: str = "*"
    method: str = "*"
    route: str = ".*"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    after: int = 0
    at: int = 0
    late: bool = False
    upload: bool = False
    id: int = 0
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; one of {', '.join(KINDS)}")
        re.compile(self.route)
        self._random = random.Random(self.seed)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """A rule from its text form. Raises ValueError."""
        fields = text.split(":")
        if len(fields) < 4:
            raise ValueError(f"a fault is hub:method:route:kind[=value][:option…], not {text!r}")
        made: dict[str, Any] = {
            "hub": fields[0],
            "method": fields[1].upper(),
            "route": fields[2],
            "headers": {},
        }
        for option in fields[3:]:
            name, _, value = option.partition("=")
            if name in KINDS:
                made["kind"] = name
                if name == "success_false":
                    made["body"] = value or None
                elif value:
                    made["value"] = FOREVER if value == "forever" else parse_amount(value)
            elif name == "header":
                key, _, content = value.partition("=")
                made["headers"][key] = content
            elif name in {"late", "upload"}:
                made[name] = True
            elif name in {"p", "body"}:
                made["probability" if name == "p" else name] = float(value) if name == "p" else value
            elif name in {"count", "seed", "after", "at"}:
                made[name] = int(parse_amount(value))
            else:
                raise ValueError(f"unknown option {name!r} in fault {text!r}")
        if "kind" not in made:
            raise ValueError(f"no kind in fault {text!r}; one of {', '.join(KINDS)}")
        return cls(**made)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """A rule from the same names as the fields (``p`` for probability allowed). Raises ValueError, TypeError."""
        made = dict(data)
        if "p" in made:
            made["probability"] = made.pop("p")
        if made.get("value") == "forever":
            made["value"] = FOREVER
        return cls(**made)

    def describe(self) -> dict[str, Any]:
        """The rule as JSON."""
        names = (
            "id",
            "kind",
            "value",
            "hub",
            "method",
            "route",
            "headers",
            "body",
            "count",
            "probability",
            "seed",
        )
        data = {name: getattr(self, name) for name in (*names, "after", "at", "late", "upload", "hits")}
        if data["value"] == FOREVER:
            data["value"] = "forever"
        return data

    def wants(self, hub: str, method: str, route: str, path: str) -> bool:
        """Whether this request is meant and the rule still has hits left; counts ``after`` and rolls the dice."""
        if self.hub not in {"*", hub} or self.method not in {"*", method}:
            return False
        if self.route.startswith("/"):
            if not re.search(self.route, path):
                return False
        elif not re.fullmatch(self.route, route):
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


class Faults:
    """All rules of a world. At most one hits a request: the first added that wants it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._last = 0

    def add(self, rule: Fault | str) -> Fault:
        """Add a rule (or its text form) and give it its id. Raises ValueError."""
        made = Fault.parse(rule) if isinstance(rule, str) else rule
        self._last += 1
        made.id = self._last
        self._rules.append(made)
        return made

    def remove(self, rule_id: int) -> bool:
        """Remove a rule; False if there is none of that id."""
        before = len(self._rules)
        self._rules = [rule for rule in self._rules if rule.id != rule_id]
        return len(self._rules) < before

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def all(self) -> list[Fault]:
        """All rules in the order they were added."""
        return list(self._rules)

    def pick(self, hub: str, method: str, route: str, path: str) -> Fault | None:
        """The rule that hits this request, if any."""
        return next((rule for rule in list(self._rules) if rule.wants(hub, method, route, path)), None)


def truncate_listing(body: bytes, entries: int) -> bytes:
    """The JSON `body` with its first list cut to `entries`, found breadth first; unchanged if there is none."""
    try:
        data = json.loads(body)
    except ValueError:
        return body
    if isinstance(data, list):
        return json.dumps(data[:entries]).encode()
    level: list[dict[str, Any]] = [data] if isinstance(data, dict) else []
    while level:
        for holder in level:
            for key, value in holder.items():
                if isinstance(value, list):
                    holder[key] = value[:entries]
                    return json.dumps(data).encode()
        level = [value for holder in level for value in _dicts(holder.values())]
    return body


def _dicts(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]
