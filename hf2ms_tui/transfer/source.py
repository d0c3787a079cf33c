"""Bytes of a file, pulled from a hub: resumed where the connection drops, hashed in flight, checked before their end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from hf2ms_tui.domain.errors import Corrupt, Hf2msError, HubLied, Unreachable
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.protocol import ByteSource, HubReader
from hf2ms_tui.transfer.retry import Retrier

SMALLEST_BLOCK = 1 << 16
FIRST_BLOCK = 1 << 18
BLOCK = 1 << 20
"""bytes pulled at once at most: large enough that hashing releases the interpreter, small enough for many streams"""
SHORT, LONG = 0.02, 0.08
"""seconds that one block should take: a stream sends a block only once it has all of it, so that a block which takes long
keeps the link to the destination waiting, at the start of every file most of all"""
OPENS = 40
STRIDE = 16 << 20
"""at most so many connections for so many bytes of one file"""

Progress = Callable[[int], None]


def ignore(count: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where bytes come from: a hub, one of its repos and a pinned revision, with the retrier of that hub."""

    reader: HubReader
    ref: RepoRef
    revision: str
    retrier: Retrier


class HashingSource:
    """The bytes of one file in order, resumed where the connection drops, with their digests checked before the end.

    ``read`` raises Corrupt before it returns any byte of the last block when the content does not have the size, the
    sha256 or (for a regular file) the git blob id that ``entry`` promises: whoever uploads from it never completes a wrong
    blob. With ``check=False`` the digests are only taken. ``progress`` hears of every block; cancelling is noticed at every
    block. Not an iterator on purpose: HTTP clients would send an iterator chunked, without its length.
    """

    def __init__(
        self, origin: Origin, entry: FileEntry, *, progress: Progress = ignore, check: bool = True
    ) -> None:
        self._origin = origin
        self._entry = entry
        self._progress = progress
        self._check = check
        self._block = FIRST_BLOCK
        self._opens = 0
        self._opened_at = 0
        self._stream: ByteSource | None = None
        self._buffer = memoryview(b"")
        self._sha256 = hashlib.sha256()
        self._git = None if entry.lfs else hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)
        self._checked = False
        self.pulled = 0
        """bytes read from the source so far"""
        self.failure: Hf2msError | None = None
        """what made the source give up, so that an upload's failure can be told from it"""
        if not entry.size:
            self._prove()

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self._entry.size

    @property
    def finished(self) -> bool:
        """Whether every byte was handed out."""
        return self.pulled == self.size and not self._buffer and self._checked

    @property
    def sha256(self) -> str:
        """The digest of what was pulled so far."""
        return self._sha256.hexdigest()

    @property
    def git_oid(self) -> str | None:
        """The git blob id of what was pulled so far; None for an LFS file, whose id is its pointer's."""
        return self._git.hexdigest() if self._git is not None else None

    def read(self, n: int = -1, /) -> bytes:
        """Return the next block, at most ``n`` bytes of it; everything that is left when ``n`` is negative; b"" at the end.

        Raises Corrupt, Cancelled, and what the source gave up with.
        """
        if n < 0:
            parts = [bytes(self._buffer)]
            self._buffer = memoryview(b"")
            while self.pulled < self.size:
                parts.append(self._pull(BLOCK))
            return b"".join(parts)
        if not self._buffer:
            if not n or self.pulled == self.size:
                return b""
            data = self._pull(self._block)
            if len(data) <= n:
                return data
            self._buffer = memoryview(data)
        part = self._buffer[:n]
        self._buffer = self._buffer[n:]
        return bytes(part)

    def close(self) -> None:
        """Give the connection back. Idempotent."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _pull(self, amount: int) -> bytes:
        """The next block of at most ``amount`` bytes, resumed where the connection dropped."""
        amount = min(amount, self.size - self.pulled)
        began = time.monotonic()
        try:
            data = self._origin.retrier.call(lambda: self._pull_once(amount), pausing=False)
            self._adapt(time.monotonic() - began)
            self._sha256.update(data)
            if self._git is not None:
                self._git.update(data)
            self.pulled += len(data)
            if self.pulled == self.size:
                self._prove()
        except Hf2msError as error:
            self.failure = error
            self.close()
            raise
        self._progress(len(data))
        return data

    def _adapt(self, seconds: float) -> None:
        """Choose the size of the next block by how long this one took to come."""
        if seconds < SHORT:
            self._block = min(2 * self._block, BLOCK)
        elif seconds > LONG:
            self._block = max(self._block // 2, SMALLEST_BLOCK)

    def _pull_once(self, amount: int) -> bytes:
        origin = self._origin
        if self._stream is None:
            self._bound()
            origin.retrier.pause()
            self._stream = origin.reader.open(
                origin.ref, origin.revision, self._entry, self.pulled, self.size
            )
        try:
            data = self._stream.read(amount)
        except BaseException:
            self.close()
            raise
        if data:
            return data
        self.close()
        raise Unreachable(
            f"{origin.ref.hub.title} ended a file {self.size - self.pulled:,} bytes early",
            way_out="Nothing is lost: the rest is asked for again.",
            repo=str(origin.ref.id),
            path=self._entry.shown,
        )

    def _bound(self) -> None:
        """Give up on a source that hands out a few bytes and drops the connection, again and again."""
        if self.pulled - self._opened_at >= STRIDE:
            self._opened_at, self._opens = self.pulled, 0
        self._opens += 1
        if self._opens > OPENS:
            raise HubLied(
                f"{self._origin.ref.hub.title} dropped the connection {OPENS} times within {STRIDE >> 20} MiB of one file",
                way_out="Check the network; the job can be retried and carries on from here.",
                repo=str(self._origin.ref.id),
                path=self._entry.shown,
            )

    def _prove(self) -> None:
        if self._checked:
            return
        entry = self._entry
        wrong = ""
        if self._check and entry.sha256 is not None and self.sha256 != entry.sha256:
            wrong = f"SHA-256 is {self.sha256}, listed is {entry.sha256}"
        elif self._check and entry.git_oid and self._git is not None and self.git_oid != entry.git_oid:
            wrong = f"git blob id is {self.git_oid}, listed is {entry.git_oid}"
        if wrong:
            self.failure = Corrupt(
                f"{self._origin.ref.hub.title} served bytes that are not the file it lists",
                meaning=f"The {wrong}. Nothing of it was stored.",
                way_out="Try again later; if it stays so, the file is damaged on the source and cannot be migrated.",
                repo=str(self._origin.ref.id),
                path=entry.shown,
            )
            raise self.failure
        self._checked = True


class BytesSource:
    """Bytes that are in memory already, as a source. Their digest was checked when they were read."""

    def __init__(self, data: bytes, progress: Progress = ignore) -> None:
        self._data = memoryview(data)
        self._progress = progress
        self.pulled = 0
        self.failure: Hf2msError | None = None

    @property
    def finished(self) -> bool:
        """Whether every byte was handed out."""
        return not self._data

    def read(self, n: int = -1, /) -> bytes:
        """Return up to ``n`` bytes."""
        part = self._data if n < 0 else self._data[:n]
        self._data = self._data[len(part) :]
        self.pulled += len(part)
        self._progress(len(part))
        return bytes(part)

    def close(self) -> None:
        """Nothing to give back."""
