"""A file's bytes as they come off the wire, with every promise of the answer checked."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping

import urllib3
from urllib3.exceptions import HTTPError

from hf2ms_tui.domain.errors import Corrupt
from hf2ms_tui.hubs.errors import Context, lied, lower, unreachable
from hf2ms_tui.hubs.protocol import ByteSource
from hf2ms_tui.hubs.traffic import Traffic

SKIP_BLOCK = 1 << 20
NETWORK_ERRORS = (HTTPError, http.client.HTTPException, OSError)
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)")


class Empty:
    """No bytes at all; an empty file costs no request."""

    def read(self, n: int = -1, /) -> bytes:
        """Always the end."""
        return b""

    def close(self) -> None:
        """Nothing to give back."""


class Slice:
    """The next ``size`` bytes of another source, as a source of its own; closing it leaves the other open."""

    def __init__(self, source: ByteSource, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, n: int = -1, /) -> bytes:
        """Up to ``n`` bytes of what is left of the slice."""
        want = self._left if n < 0 else min(n, self._left)
        if want <= 0:
            return b""
        data = self._source.read(want)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """The other source is its owner's to close."""


class Memory:
    """Bytes already in memory, as a source."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def read(self, n: int = -1, /) -> bytes:
        """Up to ``n`` bytes."""
        end = len(self._data) if n < 0 else min(len(self._data), self._at + n)
        data = bytes(self._data[self._at : end])
        self._at = end
        return data

    def close(self) -> None:
        """Nothing to give back."""


class Body:
    """The bytes ``start`` to ``end`` (exclusive) of a file, read from an open answer.

    Raises Unreachable when the connection drops or goes silent, HubLied when the answer promises or gives another length.
    ``hops`` are the status and lower-case headers of every answer on the way, redirects first.
    """

    def __init__(
        self,
        response: urllib3.BaseHTTPResponse,
        hops: tuple[tuple[int, Mapping[str, str]], ...],
        start: int,
        end: int,
        context: Context,
        traffic: Traffic,
    ) -> None:
        self.hops = hops
        self._response = response
        self._context = context
        self._traffic = traffic
        self._size = end - start
        self._left = self._size
        self._framed = "content-length" in lower(response.headers)
        self._surplus = False
        self._closed = False

    def skip(self, count: int) -> None:
        """Read past ``count`` bytes that the hub sent although they were not asked for."""
        while count:
            data = self._pull(min(count, SKIP_BLOCK))
            if not data:
                raise self._short()
            count -= len(data)

    def more_follows(self) -> None:
        """Say that the answer goes on after ``end``; the connection is then dropped instead of reused."""
        self._surplus = True

    def read(self, n: int = -1, /) -> bytes:
        """Up to ``n`` bytes, fewer only at the end of the range."""
        want = self._left if n < 0 else min(n, self._left)
        if want <= 0 or self._closed:
            return b""
        data = self._pull(want)
        while len(data) < want:
            more = self._pull(want - len(data))
            if not more:
                self._left -= len(data)
                raise self._short()
            data += more
        self._left -= want
        if not self._left:
            self._finish()
        return data

    def close(self) -> None:
        """Give the connection back, or drop it when bytes are still to come."""
        if self._closed:
            return
        self._closed = True
        if self._left or self._surplus:
            self._response.close()
        self._response.release_conn()

    def _pull(self, n: int) -> bytes:
        try:
            data = self._response.read(n, decode_content=False)
        except NETWORK_ERRORS as error:
            self._response.close()
            self._closed = True
            raise unreachable(self._context, error) from None
        self._traffic.add(received=len(data))
        return data

    def _finish(self) -> None:
        if not self._surplus and not self._framed and self._pull(1):
            self._response.close()
            self._closed = True
            raise lied(self._context, f"the body is longer than the {self._size:,} bytes it must have")
        self.close()

    def _short(self) -> Exception:
        self._response.close()
        self._closed = True
        got = self._size - self._left
        return lied(self._context, f"the body ended after {got:,} of {self._size:,} bytes")


class Feed:
    """What urllib3 reads a request's body from. Keeps the source's exception, which urllib3 might swallow or rename."""

    def __init__(self, source: ByteSource, size: int, context: Context) -> None:
        self._source = source
        self._size = size
        self._context = context
        self.given = 0
        self.failure: BaseException | None = None

    def read(self, n: int = -1) -> bytes:
        """The next block, never past ``size``."""
        want = self._size - self.given if n < 0 else min(n, self._size - self.given)
        if want <= 0:
            return b""
        try:
            data = self._source.read(want)
            if not data or len(data) > want:
                raise Corrupt(
                    f"The source gave {'fewer' if not data else 'more'} bytes than the {self._size:,} it must have",
                    meaning="The upload was given up before its last block.",
                    way_out="Run it again; if it stays so, the source hub lists a wrong size.",
                    repo=self._context.repo,
                    path=self._context.path,
                )
        except BaseException as error:
            self.failure = error
            raise
        self.given += len(data)
        return data


def plan_range(
    status: int, headers: Mapping[str, str], start: int, end: int, size: int | None, context: Context
) -> tuple[int, bool]:
    """Check an answer to a request for ``start`` to ``end`` (exclusive) of a file of ``size`` bytes, None if unknown.

    Returns how many bytes to skip first and whether more bytes follow after the range. Hubs answer a range with 206, with
    200 and a Content-Range, or ignore it and send the whole file. Raises HubLied for what contradicts itself.
    """
    named = lower(headers)
    if named.get("content-encoding", "identity") not in {"identity", ""}:
        raise lied(
            context, f"the body is encoded as {named['content-encoding']} although bytes were asked for"
        )
    length = named.get("content-length")
    promised = int(length) if length and length.isdigit() else None
    found = _RANGE.fullmatch(named.get("content-range", "").strip())
    if status == 206 and found is None:
        raise lied(context, "a partial answer does not say which part it is")
    if found is not None:
        first, last, total = int(found[1]), int(found[2]), found[3]
        if size is not None and total != "*" and int(total) != size:
            raise lied(context, f"the file has {int(total):,} bytes there, {size:,} were listed")
        if first != start or last != end - 1:
            raise lied(context, f"bytes {start}-{end - 1} were asked for, {first}-{last} came")
        if promised is not None and promised != end - start:
            raise lied(context, f"{end - start:,} bytes were asked for, {promised:,} are announced")
        return 0, False
    whole = size if size is not None else promised
    if promised is not None and size is not None and promised != size:
        raise lied(context, f"the file has {promised:,} bytes there, {size:,} were listed")
    if whole is not None and end > whole:
        raise lied(context, f"the file ends at {whole:,}, before byte {end:,}")
    return start, whole is None or end < whole
