"""Where the journal's head is kept besides the journal: its newest number and digest, in a small file of the state folder.

A chain of digests cannot tell that its newest entries were cut off; a copy of its head elsewhere can. This copy lies in the
same folder, so it catches a database that was put back, cut or edited, not somebody who rewrites both.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"([1-9][0-9]{0,17}) ([0-9a-f]{64})\n?")


@dataclass(frozen=True, slots=True)
class Head:
    """The number and digest of the journal's newest entry at some moment; ``where`` says in words where it was kept."""

    seq: int
    digest: str
    where: str = ""


class HeadFile:
    """The file at ``path``. It may lag behind the journal, after a kill, but never runs ahead of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def where(self) -> str:
        """The file in words."""
        return f"the file {self.path.name}"

    def read(self) -> Head | None:
        """The head that was kept, None when there is no file. Raises ValueError when it is not what was written."""
        try:
            text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.where} cannot be read: {error}") from None
        match = _LINE.fullmatch(text)
        if match is None:
            raise ValueError(f"{self.where} is not what was written")
        return Head(int(match.group(1)), match.group(2), self.where)

    def keep(self, seq: int, digest: str) -> None:
        """Write a newer head, whole or not at all. A disk that refuses leaves the older one: it lags, which is allowed."""
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{seq} {digest}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except OSError:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
