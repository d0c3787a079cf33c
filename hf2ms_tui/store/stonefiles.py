"""The files of one tombstone: written to a place of their own, synced, renamed; and verified whenever they are read.

``head.json`` names every other file with its size and SHA-256; contents of the repo lie one after the other in ``parts``,
found by their SHA-256 in ``parts.json``. A folder whose name begins with a dot was never finished and counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.errors import StoreFailed
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.tombstone import Tombstone
from hf2ms_tui.store.codec import encode, pack, unpack
from hf2ms_tui.store.paths import private_folder
from hf2ms_tui.store.tombcodec import FORMAT, about_of, head_of, states_of, tombstone_from
from hf2ms_tui.transfer.plain import proof_plain

HEAD, ABOUT, STATES, PROOF, INDEX, PARTS = (
    "head.json",
    "about.json",
    "states.z",
    "proof.z",
    "parts.json",
    "parts",
)
BLOCK = 1 << 20
LEVELS = 5
"""folders above a tombstone's own: name, owner, type, hub, and the one of all tombstones"""
Conceal = Callable[[str], str]


def damaged(folder: Path, why: str, repo: str = "") -> StoreFailed:
    """The error for a tombstone that is not what was written."""
    return StoreFailed(
        f"the tombstone in {folder} cannot be used: {why}",
        meaning="It is not what was written when it was made; nothing may rest on it.",
        way_out="Use another tombstone of the repo (hf2ms-tui tombstones), or a copy of this folder from a backup.",
        repo=repo,
    )


def failed(ref: RepoRef, error: OSError) -> StoreFailed:
    """The error for a tombstone that could not be written."""
    return StoreFailed(
        f"the tombstone of {ref.id} could not be written: {error.strerror or error}",
        meaning="Nothing half-written counts: the gate stays shut and nothing was deleted.",
        way_out="Free some space in the state folder, or set HF2MS_STATE to another one; then look at the gate again.",
        repo=str(ref.id),
    )


class _File:
    """One new file, hashed while it is written."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._sha256.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def close(self) -> list[object]:
        """Sync and close it; its size and digest. The descriptor is closed whatever happens."""
        fd, self._fd = self._fd, -1
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        return [self.size, self._sha256.hexdigest()]

    def drop(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Draft:
    """A tombstone that is being written to ``folder``. Use as a context manager: what is not finished is removed.

    Raises StoreFailed when something cannot be written.
    """

    def __init__(self, folder: Path, ref: RepoRef) -> None:
        self.folder = folder
        self._ref = ref
        self._own = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        self._index: dict[str, tuple[int, int]] = {}
        self._files: dict[str, list[object]] = {}
        private_folder(folder.parent)
        try:
            self._own.mkdir(mode=0o700)
            self._parts = _File(self._own / PARTS)
        except OSError as error:
            self._remove()
            raise failed(ref, error) from error

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *unused: object) -> None:
        self._parts.drop()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    def holds(self, sha256: str) -> bool:
        """Whether that content is in it already."""
        return sha256 in self._index

    @property
    def contents(self) -> int:
        """How many contents it holds."""
        return len(self._index)

    @property
    def size(self) -> int:
        """Bytes of them all."""
        return self._parts.size

    def add(self, sha256: str, blocks: Iterable[bytes]) -> None:
        """Keep a content, given block by block; one that is in it already is not read. Raises StoreFailed for wrong bytes."""
        if sha256 in self._index:
            return
        start, digest = self._parts.size, hashlib.sha256()
        try:
            for block in blocks:
                digest.update(block)
                self._parts.write(block)
        except OSError as error:
            raise failed(self._ref, error) from error
        if digest.hexdigest() != sha256:
            raise StoreFailed(
                f"the tombstone of {self._ref.id} was not written: a file changed while it was read",
                way_out="Look at the gate again.",
                repo=str(self._ref.id),
            )
        self._index[sha256] = (start, self._parts.size - start)

    def finish(self, stone: Tombstone, conceal: Conceal) -> str:
        """Write the rest, sync everything and give the folder its name; returns the SHA-256 of ``head.json``.

        ``conceal`` takes secrets out of texts.
        """
        try:
            self._files[PARTS] = self._parts.close()
            self._write(INDEX, encode({sha: list(place) for sha, place in self._index.items()}).encode())
            self._write(STATES, pack(states_of(stone)))
            self._write(PROOF, pack(proof_plain(stone.proof)))
            self._write(ABOUT, conceal(encode(about_of(stone))).encode())
            head = conceal(encode({**head_of(stone), "files": self._files})).encode()
            self._write(HEAD, head)
            _sync(self._own)
            self._own.rename(self.folder)
            # The folders above it may be new as well, and a name is on the disk only with the folder that holds it.
            for parent in list(self.folder.parents)[:LEVELS]:
                _sync(parent)
        except OSError as error:
            raise failed(self._ref, error) from error
        return hashlib.sha256(head).hexdigest()

    def _write(self, name: str, data: bytes) -> None:
        file = _File(self._own / name)
        try:
            file.write(data)
            self._files[name] = file.close()
        finally:
            file.drop()


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Parts:
    """The contents that a tombstone holds. Safe to share between threads."""

    def __init__(self, folder: Path, index: Mapping[str, tuple[int, int]]) -> None:
        self._folder = folder
        self._index = dict(index)

    def holds(self, sha256: str) -> bool:
        """Whether that content is here."""
        return sha256 in self._index

    def hashes(self) -> frozenset[str]:
        """The SHA-256 of every content that is here."""
        return frozenset(self._index)

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes ``start`` to ``end`` of a content (exclusive; its end when None). Raises StoreFailed.

        A content that is read whole is checked; whoever reads a range checks the whole.
        """
        if sha256 not in self._index:
            raise damaged(self._folder, f"it does not hold the content {sha256[:12]}")
        at, size = self._index[sha256]
        stop = size if end is None else min(end, size)
        try:
            with (self._folder / PARTS).open("rb") as file:
                file.seek(at + start)
                data = file.read(max(stop - start, 0))
        except OSError as error:
            raise damaged(self._folder, str(error.strerror or error)) from error
        if len(data) != max(stop - start, 0):
            raise damaged(self._folder, f"{PARTS} is cut short")
        if start == 0 and stop == size and hashlib.sha256(data).hexdigest() != sha256:
            raise damaged(self._folder, f"the content {sha256[:12]} was changed")
        return data


def head_digest(folder: Path) -> str:
    """The SHA-256 of ``head.json`` as it is now. Raises StoreFailed."""
    return hashlib.sha256(_read(folder, HEAD)).hexdigest()


def load(folder: Path, digest: str) -> tuple[Tombstone, Parts]:
    """Read and verify a whole tombstone. ``digest`` is what ``finish`` returned. Raises StoreFailed with what is wrong."""
    raw = _read(folder, HEAD)
    if hashlib.sha256(raw).hexdigest() != digest:
        raise damaged(folder, f"{HEAD} was changed")
    head = _json(folder, HEAD, raw)
    if head.get("format") != FORMAT:
        raise damaged(folder, f"it has format {head.get('format')}, this program knows {FORMAT}")
    files = {name: _verified(folder, name, head) for name in (ABOUT, STATES, PROOF, INDEX)}
    _verify_parts(folder, head)
    try:
        stone = tombstone_from(
            head, _json(folder, ABOUT, files[ABOUT]), unpack(files[STATES]), unpack(files[PROOF])
        )
        index = {
            sha256: (int(at), int(size)) for sha256, (at, size) in _json(folder, INDEX, files[INDEX]).items()
        }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged(folder, f"its values cannot be read ({type(error).__name__})") from error
    if stone.proof.id != head["proof"]:
        raise damaged(folder, "the proof in it is not the one it names")
    return stone, Parts(folder, index)


def _verified(folder: Path, name: str, head: Mapping[str, Any]) -> bytes:
    data = _read(folder, name)
    if [len(data), hashlib.sha256(data).hexdigest()] != head.get("files", {}).get(name):
        raise damaged(folder, f"{name} was changed")
    return data


def _verify_parts(folder: Path, head: Mapping[str, Any]) -> None:
    digest, size = hashlib.sha256(), 0
    try:
        with (folder / PARTS).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise damaged(folder, f"{PARTS}: {error.strerror or error}") from error
    if [size, digest.hexdigest()] != head.get("files", {}).get(PARTS):
        raise damaged(folder, f"{PARTS} was changed")


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise damaged(folder, f"{name}: {error.strerror or error}") from error


def _json(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise damaged(folder, f"{name} is not JSON") from error
    if not isinstance(found, dict):
        raise damaged(folder, f"{name} is not an object")
    return found
