"""Planning chunks: the blobs that one worker moves, taken from a queue largest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hf2ms_tui.domain.manifest import Blob

MIB = 1 << 20
GIB = 1 << 30
EVEN = 1.03
"""a plan whose busiest worker moves at most so many times the least possible is not cut finer"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One blob to move and one path of the source that holds it."""

    blob: Blob
    path: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one worker takes at once. ``number`` counts from 1 in the order in which chunks are taken."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes to move."""
        return sum(piece.blob.size for piece in self.pieces)


def plan_chunks(
    pieces: Iterable[Piece],
    *,
    workers: int,
    max_bytes: int = 20 * GIB,
    max_count: int = 500,
    per_worker: int = 4,
    max_chunks: int = 10_000,
) -> tuple[Chunk, ...]:
    """Divide blobs into chunks, largest first, so that workers finish close together.

    A chunk holds at most ``max_bytes`` and ``max_count`` blobs; a single larger blob is a chunk of its own. Small repos are
    cut finer: about ``per_worker`` chunks for each worker, as the tail of the schedule is as long as the last chunk, and up to
    four times as many where that does not make it even. One worker alone has nobody to share with, and at the end of every
    chunk its streams wait for the last of them: it gets no finer cut.
    Never more than ``max_chunks`` chunks: then the bounds are raised instead.
    """
    ordered = sorted(pieces, key=lambda piece: (-piece.blob.size, piece.path))
    if not ordered:
        return ()
    total = sum(piece.blob.size for piece in ordered)
    count = max(max_count, len(ordered) // max(max_chunks, 1) + 1)
    plans: list[tuple[int, tuple[Chunk, ...]]] = []
    for finer in (1, 2, 4):
        slots = workers * max(1, per_worker) * finer if workers > 1 else 1
        bound = min(max_bytes, max(total // slots + 1, MIB))
        bound = max(bound, total // max(max_chunks, 1) + 1)
        packed = _first_fit(ordered, bound, count)
        packed.sort(key=lambda group: (-sum(piece.blob.size for piece in group), group[0].path))
        chunks = tuple(Chunk(number, tuple(group)) for number, group in enumerate(packed, 1))
        plans.append((makespan(chunks, workers), chunks))
        if plans[-1][0] <= EVEN * makespan_bound(chunks, workers):
            return chunks
    return min(plans, key=lambda plan: plan[0])[1]


def _first_fit(ordered: Sequence[Piece], bound: int, count: int) -> list[list[Piece]]:
    """First fit of the pieces, which come largest first; only the latest open groups are tried, which keeps it linear."""
    done: list[list[Piece]] = []
    open_groups: list[tuple[list[Piece], int]] = []
    for piece in ordered:
        for index, (group, size) in enumerate(open_groups):
            if size + piece.blob.size <= bound and len(group) < count:
                group.append(piece)
                open_groups[index] = (group, size + piece.blob.size)
                break
        else:
            open_groups.append(([piece], piece.blob.size))
            if len(open_groups) > 32:
                done.append(open_groups.pop(0)[0])
    return done + [group for group, _ in open_groups]


def makespan(chunks: Sequence[Chunk], workers: int) -> int:
    """Bytes that the busiest of ``workers`` moves when each takes the next chunk as it becomes free."""
    loads = [0] * max(1, workers)
    for chunk in chunks:
        heapq.heappush(loads, heapq.heappop(loads) + chunk.size)
    return max(loads)


def makespan_bound(chunks: Sequence[Chunk], workers: int) -> int:
    """A lower bound of any schedule's makespan in bytes: an even share, or the largest blob."""
    sizes = [piece.blob.size for chunk in chunks for piece in chunk.pieces]
    return max(-(-sum(sizes) // max(1, workers)), max(sizes, default=0))
