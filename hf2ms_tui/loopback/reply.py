"""What a handler gives back: a status, headers, and a body from memory or from a content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .content import Content

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(slots=True)
class Reply:
    """An answer: either `body`, or the bytes of `content` from `start` to `stop`.

    `bare` leaves out Content-Length (the body goes out chunked).
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content: Content | None = None
    start: int = 0
    stop: int = 0
    bare: bool = False

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.stop - self.start if self.content is not None else len(self.body)


def json_reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """`data` as JSON."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, {"Content-Type": JSON_TYPE, **(headers or {})}, body)


def text_reply(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Plain text."""
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}, text.encode())


class Unsatisfiable(Exception):
    """A range that begins beyond the end."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of a single-range header; None for no or an unintelligible header.

    Raises Unsatisfiable. RFC 9110 section 14.
    """
    found = re.fullmatch(r"\s*bytes=(\d*)-(\d*)\s*", header or "")
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, stop = max(size - int(found[2]), 0), size
    else:
        start, stop = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    if start >= size or stop <= start:
        raise Unsatisfiable
    return start, stop


def content_reply(
    content: Content, *, range_header: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """All of `content`, or 206 for a range, or 416."""
    known = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **(headers or {})}
    try:
        wanted = parse_range(range_header, content.size)
    except Unsatisfiable:
        return Reply(416, {**known, "Content-Range": f"bytes */{content.size}"})
    if wanted is None:
        return Reply(200, known, content=content, stop=content.size)
    start, stop = wanted
    known["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return Reply(206, known, content=content, start=start, stop=stop)
