"""Ids in the shapes that the client checks, random ones and ones made of content."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string

_LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """A random id: the client tells an app's id from a name by two letters, a dash and 22 letters or digits."""
    return f"{prefix}-" + "".join(secrets.choice(_LETTERS) for _ in range(22))


def content_id(prefix: str, *parts: bytes | str) -> str:
    """The same id for the same parts, so that deploying the same thing again makes nothing new."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    number = int.from_bytes(digest.digest(), "big")
    made = ""
    for _ in range(22):
        number, index = divmod(number, len(_LETTERS))
        made += _LETTERS[index]
    return f"{prefix}-{made}"


def make_jwt(**fields: object) -> str:
    """An unsigned JWT; the client reads ``idx`` out of those of inputs (modal/parallel_map.py, handle_retry_response)."""

    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(fields)}."


def read_jwt(token: str) -> dict[str, object]:
    """The fields of a token that `make_jwt` made. Raises ValueError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not a token of this control plane")
    fields = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    if not isinstance(fields, dict):
        raise ValueError("not a token of this control plane")
    return fields
