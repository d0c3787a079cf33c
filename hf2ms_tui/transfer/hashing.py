"""The task of a worker that proves: read files of one side and hash them, keeping nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.errors import NotPermitted
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.proof import ReadBack
from hf2ms_tui.transfer.blob import FILE_ERRORS, read_back
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.plain import Plain, chunk_plain, entry_plain, read_back_of
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Told
from hf2ms_tui.transfer.source import Origin, Progress, ignore

READ_ERRORS = (*FILE_ERRORS, NotPermitted)
"""what keeps one file from being read back while others may be fine (a hub's moderation hides single files)"""


@dataclass(frozen=True, slots=True)
class HashFiles:
    """The task of a worker: read every file of a chunk and hash it, keeping nothing.

    With ``checked`` a file that is not what its hub lists is an error of that file; otherwise its digest is told as it is.
    ``note`` hears of each file at once, so that a kill loses nothing.
    """

    KIND: ClassVar[str] = "hash"

    origin: Origin
    streams: int
    control: Control = field(default_factory=Control)
    checked: bool = False
    progress: Progress = ignore
    note: Callable[[str, ReadBack], None] | None = None
    entries: Mapping[str, FileEntry] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``hash``."""
        return self.KIND

    @property
    def mark(self) -> str:
        """What is read, and how."""
        return f"{self.origin.ref.key} {self.origin.revision} {self.checked}"

    def order(self, chunk: Chunk) -> Plain:
        """The chunk, its files, and where they are read."""
        return {
            "repo": self.origin.ref.key,
            "revision": self.origin.revision,
            "checked": self.checked,
            "chunk": chunk_plain(chunk),
            "entries": [entry_plain(self.entries[piece.path]) for piece in chunk.pieces],
        }

    def hear(self, before: Told, now: Told) -> None:
        """Count bytes."""
        self.progress(now.read - before.read)

    def take_in(self, chunk: Chunk, answer: Mapping[str, Any]) -> dict[str, ReadBack]:
        """Note each file that was read."""
        found = {path: read_back_of(result) for path, result in answer["found"].items()}
        for path, result in found.items():
            if self.note is not None and not result.error:
                self.note(path, result)
        return found

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
