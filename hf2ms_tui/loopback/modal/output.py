"""What a container prints, read from its pipes line by line and given to whoever keeps the log."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable

from .logs import STDERR, STDOUT

PIECE = 64 * 1024


class Pipe:
    """One stream of a container. `tell` gets each line with its newline; the beginning of a line after `patience`."""

    def __init__(self, tell: Callable[[str], None], patience: float) -> None:
        self._tell = tell
        self._patience = patience
        self._read, self.write_end = os.pipe()
        os.set_blocking(self._read, False)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read, self.drain)

    def drain(self) -> None:
        """Read all that is there now."""
        while self._read >= 0:
            try:
                piece = os.read(self._read, PIECE)
            except BlockingIOError:
                break
            if not piece:
                self._close()
                break
            self._feed(self._decode.decode(piece))
        if self._rest and self._timer is None:
            self._timer = self._loop.call_later(self._patience, self.flush)

    def _feed(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._tell(line + "\n")
        if lines:
            # The patience was for the line that has ended, not for the one that begins.
            self._forget_timer()

    def flush(self) -> None:
        """Tell the beginning of a line without waiting for its end."""
        self._forget_timer()
        if self._rest:
            self._tell(self._rest)
            self._rest = ""

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close_write_end(self) -> None:
        """Once the container has it."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def finish(self) -> None:
        """Read the last and close, even if a child that the container left behind holds the other end."""
        self.drain()
        self.flush()
        self._close()

    def _close(self) -> None:
        if self._read >= 0:
            self._loop.remove_reader(self._read)
            os.close(self._read)
            self._read = -1
        self.close_write_end()


class Output:
    """Both streams of a container. `tell` gets lines and where they came from (a ``FileDescriptor``).

    A line that has not ended `patience` seconds after its beginning was read is told in pieces.
    """

    def __init__(self, tell: Callable[[str, int], None], patience: float) -> None:
        self.stdout = Pipe(lambda line: tell(line, STDOUT), patience)
        self.stderr = Pipe(lambda line: tell(line, STDERR), patience)

    def boundary(self) -> None:
        """Tell all that was printed until now, complete or not: what comes next belongs to something else."""
        for pipe in (self.stdout, self.stderr):
            pipe.drain()
            pipe.flush()

    def started(self) -> None:
        """The container has its ends of the pipes."""
        self.stdout.close_write_end()
        self.stderr.close_write_end()

    def finish(self) -> None:
        """The container is gone."""
        self.stdout.finish()
        self.stderr.finish()
