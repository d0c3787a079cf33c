"""A deleted repo as if it were still there: what its tombstone keeps, and its destination for the rest.

Reads like a hub (``protocol.HubReader``), so that a restore is a job like any other: hashed in flight, resumed, proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from hf2ms_tui.domain.chronicle import Chronicle
from hf2ms_tui.domain.errors import NotFound
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.repo import GitRef, Hub, Identity, RepoId, RepoInfo, RepoRef
from hf2ms_tui.domain.tombstone import Place, Tombstone
from hf2ms_tui.hubs.protocol import ByteSource, HubReader
from hf2ms_tui.transfer.source import BytesSource


class Parts(Protocol):
    """The contents that a tombstone holds itself."""

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes of a content. Raises StoreFailed when it is not what was written."""


class KeptReader:
    """``stone`` with its ``parts``; what it does not hold is read from ``there``, the hub of its destination."""

    def __init__(self, stone: Tombstone, parts: Parts, there: HubReader, name: str) -> None:
        self._stone = stone
        self._parts = parts
        self._there = there
        self._name = name
        self._places = stone.distinct

    @property
    def hub(self) -> Hub:
        """The hub that the repo was on."""
        return self._stone.ref.hub

    @property
    def endpoint(self) -> str:
        """``tombstone:`` and its id: no address of a hub."""
        return f"tombstone:{self._name}"

    def whoami(self, *, again: bool = False) -> Identity:
        """Who the token at the destination is."""
        return self._there.whoami(again=again)

    def inventory(self, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
        """The one repo."""
        yield (self._stone.info,)

    def repo(self, ref: RepoRef) -> RepoInfo:
        """What the hub said of it last."""
        return self._stone.info

    def find(self, repo_id: RepoId) -> tuple[RepoRef, ...]:
        """The one repo, when it has that id."""
        return (self._stone.ref,) if repo_id == self._stone.ref.id else ()

    def refs(self, ref: RepoRef) -> tuple[GitRef, ...]:
        """Its branches, tags, conversions and pull requests as they were."""
        return self._stone.refs

    def resolve(self, ref: RepoRef, revision: str = "") -> str:
        """The revision of a branch, tag or revision that is kept. Raises NotFound."""
        name = revision or self._stone.branch
        for item in self._stone.restorable:
            if name in {item.name, item.revision}:
                return item.revision
        raise NotFound(f"The tombstone {self._name} has no {name[:80]!r}", repo=str(self._stone.ref.id))

    def history(self, ref: RepoRef, revision: str) -> int | None:
        """Not kept as such."""
        return None

    def chronicle(self, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
        """What was kept to be read."""
        return self._stone.chronicle

    def manifest(self, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None) -> Manifest:
        """The files of a state that can come back. Raises NotFound."""
        if revision not in self._stone.states:
            raise NotFound(
                f"The tombstone {self._name} has no revision {revision[:12]}", repo=str(self._stone.ref.id)
            )
        return self._stone.manifest(revision)

    def open(
        self, ref: RepoRef, revision: str, entry: FileEntry, start: int = 0, end: int | None = None
    ) -> ByteSource:
        """Bytes of a content, found by its SHA-256: from the tombstone, else streamed from the destination.

        Raises NotFound, naming the file and the place, when the destination does not have it any more.
        """
        item = self._places.get(entry.sha256 or "")
        if item is None:
            raise NotFound(
                f"{entry.shown} is neither in the tombstone {self._name} nor known to be anywhere else",
                repo=str(self._stone.ref.id),
                path=entry.shown,
            )
        if item.place is Place.HERE:
            assert entry.sha256 is not None
            return BytesSource(self._parts.read(entry.sha256, start, end))
        copy = self._stone.copies[item.copy]
        there = replace(entry, path=item.there, git_oid=None, lfs=True)
        try:
            return self._there.open(copy.ref, copy.revision, there, start, end)
        except NotFound as error:
            raise NotFound(
                f"{entry.shown} cannot be restored: {copy.ref.hub.title} {copy.ref.id} at {copy.revision[:7]} "
                f"no longer has {there.shown}",
                meaning=f"It was proven to be there when the repo was deleted. {error.what}.",
                way_out="If it is somewhere else, put it back there; then retry.",
                repo=str(copy.ref.id),
                path=entry.shown,
            ) from error

    def page(self, ref: RepoRef) -> str:
        """No page: it is gone."""
        return ""
