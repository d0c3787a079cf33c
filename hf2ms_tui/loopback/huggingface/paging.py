"""Pages with an opaque cursor and an absolute Link header (a relative one breaks the client)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from ..wire import Call
from .errors import refuse

T = TypeVar("T")


def endpoint(call: Call) -> str:
    """The address under which the client knows this hub."""
    return f"http://{call.request.host}"


def page(call: Call, items: Sequence[T], size: int) -> tuple[Sequence[T], dict[str, str]]:
    """The page of `items` that the request's cursor names, and the headers that lead to the next one."""
    start = _position(call.query.get("cursor")) if "cursor" in call.query else _skip(call)
    stop = start + max(size, 1)
    headers: dict[str, str] = {}
    if stop < len(items):
        cursor = base64.urlsafe_b64encode(f'{{"$skip":{stop}}}'.encode()).decode()
        query = [(name, value) for name, value in parse_qsl(call.raw_query) if name not in {"cursor", "skip"}]
        headers["Link"] = (
            f'<{endpoint(call)}{call.raw_path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
        )
    return items[start:stop], headers


def _position(cursor: str | None) -> int:
    try:
        return int(
            base64.urlsafe_b64decode(cursor or "").decode().removeprefix('{"$skip":').removesuffix("}")
        )
    except (ValueError, binascii.Error):
        raise refuse(400, "Invalid cursor") from None


def _skip(call: Call) -> int:
    value = call.query.get("skip", "0")
    return int(value) if value.isdigit() else 0
