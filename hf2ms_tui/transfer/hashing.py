"""The task of a worker that proves: read files of one side and hash them, keeping nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.errors import NotPermitted
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.transfer.blob import FILE_ERRORS, read_back
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.source import Origin, Progress, ignore

READ_ERRORS = (*FILE_ERRORS, NotPermitted)
"""what keeps one file from being read back while others may be fine (a hub's moderation hides single files)"""


@dataclass(frozen=True, slots=True)
class HashFiles:
    """The task of a worker: read every file of a chunk and hash it, keeping nothing.

    With ``checked`` a file that is not what its hub lists is an error of that file; otherwise its digest is told as it is.
    ``note`` hears of each file at once, so that a kill loses nothing.
    """

    origin: Origin
    streams: int
    control: Control = field(default_factory=Control)
    checked: bool = False
    progress: Progress = ignore
    note: Callable[[str, ReadBack], None] | None = None
    entries: Mapping[str, FileEntry] = field(default_factory=dict)

    def __call__(self, chunk: Chunk, worker: str) -> dict[str, ReadBack]:
        """Read the chunk's files. Raises what ends the whole job; what is wrong with one file is told in its result."""
        pool = ThreadPool(self.streams, prefix=f"{worker}.", control=self.control)
        return dict(pool.run(self._read, chunk.pieces))

    def _read(self, piece: Piece, stream: str) -> tuple[str, ReadBack]:
        entry = self.entries[piece.path]
        try:
            result = read_back(self.origin, entry, progress=self.progress, check=self.checked)
        except READ_ERRORS as error:
            return piece.path, ReadBack(error=str(error))
        except BaseException as error:
            self.control.fail(error)
            raise
        if self.note is not None:
            self.note(piece.path, result)
        return piece.path, result
