"""Blobs a hub stores: an index that finds them by hash, and the way in for those that clients upload.

A blob is checked against the announced sha256 and size while it arrives. If the world can generate it from a seed,
the arriving bytes are compared with the generated ones and dropped; only unknown bytes are kept, in a spool file.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from .content import BytesContent, Content, FileContent

MEMORY_LIMIT = 1024 * 1024
"""Uploads up to this many bytes are kept in memory, larger ones in a spool file."""


class BlobRefused(Exception):
    """An upload that is not what it claimed to be. The text says why."""


class ContentIndex:
    """Contents by (sha256, size). Those whose hash is not known yet are hashed when their size is asked for."""

    def __init__(self, contents: Iterable[Content] = ()) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], Content] = {}
        self._pending: dict[int, list[Content]] = {}
        for content in contents:
            self.add(content)

    def add(self, content: Content) -> None:
        """Take in `content`. One already there under the same hash stays."""
        with self._lock:
            if content.is_hashed:
                self._known.setdefault((content.sha256, content.size), content)
            else:
                self._pending.setdefault(content.size, []).append(content)

    def must_hash(self, size: int) -> bool:
        """Whether `find` for this size would have to hash something first (then call it outside the event loop)."""
        return size in self._pending

    def find(self, sha256: str, size: int) -> Content | None:
        """The content with this hash and size, or None. May hash contents of that size (never under the lock)."""
        with self._lock:
            found = self._known.get((sha256, size))
            waiting = list(self._pending.get(size, ()))
        if found is not None or not waiting:
            return found
        for content in waiting:
            _ = content.sha256
        with self._lock:
            for content in waiting:
                self._known.setdefault((content.sha256, size), content)
            late = [content for content in self._pending.get(size, ()) if content not in waiting]
            if late:
                self._pending[size] = late
            else:
                self._pending.pop(size, None)
            return self._known.get((sha256, size))

    def replace(self, content: Content) -> None:
        """Put `content` in place of whatever has its sha256 and size."""
        self.find(content.sha256, content.size)
        with self._lock:
            self._known[(content.sha256, content.size)] = content

    def drop(self, sha256: str, size: int) -> bool:
        """Forget the blob; False if it was not there."""
        self.find(sha256, size)
        with self._lock:
            return self._known.pop((sha256, size), None) is not None

    def all(self) -> list[Content]:
        """Every content, hashing those that are not hashed yet; in no particular order."""
        for size in list(self._pending):
            self.find("", size)
        with self._lock:
            return list(self._known.values())


class Intake:
    """One blob on its way in, as one stream or as parts in any order. Methods are for one thread at a time.

    `finish` gives the content or raises BlobRefused; `abandon` throws everything away.
    """

    def __init__(self, sha256: str, size: int, *, recipe: Content | None, spool: Path) -> None:
        self.sha256 = sha256
        self.size = size
        self._recipe = recipe
        self._parts: dict[int, int] = {}
        self._bad: set[int] = set()
        self._memory = bytearray(size) if recipe is None and size <= MEMORY_LIMIT else None
        self._path: Path | None = None
        self._file = -1
        self._digest = hashlib.sha256()
        self._hashed = 0
        if recipe is None and self._memory is None:
            self._file, name = tempfile.mkstemp(prefix=f"{sha256[:12]}-", dir=spool)
            self._path = Path(name)

    def part(self, offset: int = 0) -> PartWriter:
        """A writer for the bytes from `offset` on. Opening the same offset again replaces what came before."""
        self._parts.pop(offset, None)
        self._bad.discard(offset)
        return PartWriter(self, offset)

    def _take(self, part: int, offset: int, piece: bytes) -> None:
        if offset + len(piece) > self.size:
            raise BlobRefused(f"more than the announced {self.size} bytes arrived")
        if self._recipe is not None:
            if part not in self._bad and self._recipe.read(offset, len(piece)) != piece:
                self._bad.add(part)
            return
        if self._memory is not None:
            self._memory[offset : offset + len(piece)] = piece
            return
        os.pwrite(self._file, piece, offset)
        if offset == self._hashed:
            self._digest.update(piece)
            self._hashed += len(piece)
        elif offset < self._hashed:
            self._hashed = self.size + 1

    def _close(self, offset: int, length: int) -> None:
        self._parts[offset] = length

    def finish(self) -> Content:
        """The complete, checked content. May read a spool file again: call it outside the event loop.

        Raises BlobRefused if bytes are missing or the sha256 is not the announced one; nothing is kept then.
        """
        reached = 0
        for offset in sorted(self._parts):
            if offset != reached:
                break
            reached += self._parts[offset]
        if reached != self.size:
            self.abandon()
            raise BlobRefused(f"{reached} of the announced {self.size} bytes arrived")
        content, actual = self._settle()
        if actual != self.sha256:
            self.abandon()
            raise BlobRefused(f"sha256 of the received bytes is {actual}, announced was {self.sha256}")
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        return content

    def _settle(self) -> tuple[Content, str]:
        if self._recipe is not None:
            return self._recipe, "a different one" if self._bad else self.sha256
        if self._memory is not None:
            content: Content = BytesContent(bytes(self._memory))
            return content, content.sha256
        assert self._path is not None
        if self._hashed == self.size:
            return FileContent(self._path, sha256=self.sha256), self._digest.hexdigest()
        actual = FileContent(self._path).sha256
        return FileContent(self._path, sha256=actual), actual

    def abandon(self) -> None:
        """Forget everything that arrived."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self._memory = None


class PartWriter:
    """A contiguous run of bytes of an `Intake`."""

    def __init__(self, intake: Intake, offset: int) -> None:
        self._intake = intake
        self.offset = offset
        self.written = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises BlobRefused if they go beyond the announced size."""
        self._intake._take(self.offset, self.offset + self.written, piece)
        self.written += len(piece)

    def close(self) -> None:
        """Say that the part is complete; one that is never closed does not count."""
        self._intake._close(self.offset, self.written)
