"""Laying out pieces of work as chunks, around those that workers elsewhere still have in hand."""

from __future__ import annotations

from collections.abc import Iterable

from hf2ms_tui.domain.chunks import Chunk, Piece, plan_chunks
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.transfer.ports import Pool


def lay_out(
    pool: Pool,
    kind: str,
    mark: str,
    pieces: Iterable[Piece],
    *,
    max_count: int = 500,
    every_path: bool = False,
) -> tuple[Chunk, ...]:
    """The chunks for ``pieces``: first those of an earlier life of the job that go on, then new ones for the rest.

    A chunk that goes on keeps its number and all its pieces, also those that it has done. Nothing that it holds is in
    another chunk, so that no byte is sent twice because the job was started again. Files that share a blob are one piece of
    work, unless ``every_path`` has to be looked at.
    """

    def key(piece: Piece) -> Blob | str:
        return piece.blob if piece.blob.sha256 and not every_path else piece.path

    wanted = list(pieces)
    keys = {key(piece) for piece in wanted}
    in_hand = pool.standing(kind, mark)
    standing = tuple(chunk for chunk in in_hand if any(key(piece) in keys for piece in chunk.pieces))
    covered = {key(piece) for chunk in standing for piece in chunk.pieces}
    # Above all that are in hand, wanted or not: a number never means two chunks.
    last = max((chunk.number for chunk in in_hand), default=0)
    fresh = plan_chunks(
        [piece for piece in wanted if key(piece) not in covered], workers=pool.workers, max_count=max_count
    )
    return standing + tuple(Chunk(last + chunk.number, chunk.pieces) for chunk in fresh)
