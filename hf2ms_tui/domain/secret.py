"""Secrets are a type: a token that cannot be printed, formatted, pickled or compared by accident."""

from __future__ import annotations

import base64
import hmac
from functools import lru_cache
from typing import NoReturn
from urllib.parse import quote


class Secret:
    """A token. Only ``reveal`` gives its value; everything that prints shows ``Secret(…)``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself, for an Authorization header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


SHORTEST = 8
"""characters of a token; what is shorter is none, and would take words out of every text"""
_known: set[Secret] = set()


def know(*secrets: Secret | None) -> None:
    """Note secrets that this process was given: ``redact`` takes them out of every text from now on.

    A hub may echo the other hub's token, which whoever talks to it does not know.
    """
    _known.update(secret for secret in secrets if secret and len(secret.reveal()) >= SHORTEST)


def redact(text: str, *secrets: Secret | None) -> str:
    """Return ``text`` with the value of every given and every known secret replaced; for texts that come from outside."""
    for secret in (*secrets, *_known):
        if secret:
            for shape in _shapes(secret.reveal()):
                text = text.replace(shape, "‹token›")
    return text


@lru_cache(maxsize=32)
def _shapes(value: str) -> tuple[str, ...]:
    """A token as it is and as headers, addresses and dumps disguise it; longest first, so that none is cut by another."""
    raw = value.encode()
    found = {value, quote(value, safe=""), raw.hex(), raw.hex().upper(), value[::-1]}
    found.add("".join(f"%{byte:02X}" for byte in raw))
    for before in range(3):
        # In base64 of a longer text (user:token) a token has one of three shapes, by where it begins.
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        found.add(text[(before * 8 + 5) // 6 : -1])
    return tuple(
        sorted((shape for shape in found if len(shape) >= SHORTEST or shape == value), key=len, reverse=True)
    )
