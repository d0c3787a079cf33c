"""What a file holds, without holding it: content that is generated, kept in memory, or read from disk on demand.

Hashes are the ones hubs advertise: sha256 for LFS blobs, the git blob id for regular files, and the git blob id of
the LFS pointer text that stands for an LFS file in the tree (https://git-lfs.com spec, "The Pointer").
"""

from __future__ import annotations

import hashlib
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

BLOCK = 256 * 1024
"""Bytes of seeded content that share one place in the pool."""

HASH_STEP = 1024 * 1024
"""Bytes hashed per step: large enough that the interpreter lock is released for nearly all of the time."""

_POOL_SIZE = 8 * 1024 * 1024
_pool_lock = threading.Lock()
_pool: bytes | None = None


def _shared_pool() -> bytes:
    """The fixed pseudo-random bytes that all seeded content is cut from (made once, the same in every process)."""
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = random.Random("hf2ms-tui loopback pool").randbytes(_POOL_SIZE + BLOCK)
        return _pool


class Content(ABC):
    """Bytes of known length that can be read from anywhere. Hashes are computed at the first question, then kept."""

    blocking: bool = False
    """Whether `read` may wait for a disk, so that servers call it outside their event loop."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._sha256: str | None = None
        self._git_oid: str | None = None
        self._pointer: bytes | None = None

    @property
    @abstractmethod
    def identity(self) -> str:
        """A name that differs whenever the bytes differ, and costs nothing to compute (no hashing of large data)."""

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end, none beyond it. Safe from any thread."""

    def steps(self, start: int = 0, stop: int | None = None, step: int = HASH_STEP) -> Iterator[bytes]:
        """The bytes from `start` to `stop` (default: the end) in order, `step` at a time."""
        stop = self.size if stop is None else min(stop, self.size)
        for offset in range(start, stop, step):
            yield self.read(offset, min(step, stop - offset))

    @property
    def is_hashed(self) -> bool:
        """Whether `sha256` is known already and costs nothing."""
        return self._sha256 is not None

    @property
    def sha256(self) -> str:
        """sha256 of the bytes, 64 hex digits. Reads everything the first time: call it outside an event loop."""
        with self._lock:
            if self._sha256 is None:
                digest = hashlib.sha256()
                for piece in self.steps():
                    digest.update(piece)
                self._sha256 = digest.hexdigest()
            return self._sha256

    @property
    def git_oid(self) -> str:
        """Git blob id: sha1 of ``blob <size>\\0`` and the bytes, 40 hex digits."""
        with self._lock:
            if self._git_oid is None:
                digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
                for piece in self.steps():
                    digest.update(piece)
                self._git_oid = digest.hexdigest()
            return self._git_oid

    @property
    def pointer(self) -> bytes:
        """The LFS pointer text that stands for this content in a git tree."""
        if self._pointer is None:
            text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n"
            self._pointer = text.encode()
        return self._pointer

    @property
    def pointer_oid(self) -> str:
        """Git blob id of the pointer text, 40 hex digits."""
        pointer = self.pointer
        return hashlib.sha1(b"blob %d\0" % len(pointer) + pointer, usedforsecurity=False).hexdigest()

    @property
    def pointer_size(self) -> int:
        """Bytes of the pointer text."""
        return len(self.pointer)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.identity[:60]} size={self.size}>"


class SeededContent(Content):
    """Pseudo-random bytes that depend on `seed` alone, generated at the speed of memory while they are read.

    Every block of 256 KiB starts with 32 bytes that are its own (a hash of seed and block number) and goes on with a
    slice of a fixed pool, chosen by that hash. Two seeds agree in no block, a longer content starts like a shorter
    one of the same seed.
    """

    def __init__(self, seed: str, size: int, *, sha256: str | None = None) -> None:
        super().__init__(size)
        self.seed = seed
        self._sha256 = sha256

    @property
    def identity(self) -> str:
        """Seed and size."""
        return f"seed:{self.seed}:{self.size}"

    def read(self, offset: int, length: int) -> bytes:
        """See `Content.read`."""
        stop = min(offset + length, self.size)
        if offset >= stop:
            return b""
        pool = memoryview(_shared_pool())
        pieces: list[bytes | memoryview] = []
        for number in range(offset // BLOCK, (stop - 1) // BLOCK + 1):
            mark = hashlib.blake2b(f"{self.seed}\0{number}".encode(), digest_size=32).digest()
            place = int.from_bytes(mark[:8], "big") % _POOL_SIZE
            first = max(offset - number * BLOCK, 0)
            last = min(stop - number * BLOCK, BLOCK)
            if first < 32:
                pieces.append(mark[first : min(last, 32)])
            if last > 32:
                pieces.append(pool[place + max(first, 32) : place + last])
        return b"".join(pieces)


class BytesContent(Content):
    """Bytes kept in memory: small files, and what a client uploaded."""

    def __init__(self, data: bytes) -> None:
        super().__init__(len(data))
        self._data = data

    @property
    def identity(self) -> str:
        """sha1 of the bytes, and the size."""
        return f"bytes:{self.git_oid}:{self.size}"

    def read(self, offset: int, length: int) -> bytes:
        """See `Content.read`."""
        if offset == 0 and length >= self.size:
            return self._data
        return self._data[offset : offset + length]


class FileContent(Content):
    """A file on this machine, read while it is served. It must not change while the world lives."""

    blocking = True

    def __init__(self, path: Path, *, sha256: str | None = None) -> None:
        status = path.stat()
        super().__init__(status.st_size)
        self.path = path
        self._sha256 = sha256
        self._identity = f"file:{path}:{status.st_size}:{status.st_mtime_ns}"

    @property
    def identity(self) -> str:
        """Path, size and time of last change."""
        return self._identity

    def read(self, offset: int, length: int) -> bytes:
        """See `Content.read`. Raises OSError if the file is gone."""
        with self.path.open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(max(min(length, self.size - offset), 0))


class CorruptContent(Content):
    """Another content with one byte flipped, which still claims the hashes of the original: a hub that lies."""

    def __init__(self, base: Content, offset: int) -> None:
        if not 0 <= offset < base.size:
            raise ValueError(f"cannot flip byte {offset} of {base.size}")
        super().__init__(base.size)
        self.base = base
        self.offset = offset
        self.blocking = base.blocking

    @property
    def identity(self) -> str:
        """The original's identity and the flipped place."""
        return f"corrupt:{self.offset}:{self.base.identity}"

    @property
    def is_hashed(self) -> bool:
        """Whether the original is hashed."""
        return self.base.is_hashed

    @property
    def sha256(self) -> str:
        """The original's sha256, which these bytes do not have."""
        return self.base.sha256

    @property
    def git_oid(self) -> str:
        """The original's git blob id, which these bytes do not have."""
        return self.base.git_oid

    def read(self, offset: int, length: int) -> bytes:
        """See `Content.read`."""
        data = self.base.read(offset, length)
        place = self.offset - offset
        if 0 <= place < len(data):
            return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        return data
