"""No container outlives the control plane: a small process that kills them all when the control plane is gone.

It is told of each container through its standard input, and acts when that ends, whatever ended it. Containers are
leaders of process groups of their own, so that what they started dies with them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CODE = """
import os, shutil, signal, sys
alive = set()
for line in sys.stdin:
    (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
for pid in alive:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        continue
for folder in sys.argv[1:]:
    shutil.rmtree(folder, ignore_errors=True)
"""


class Lifeline:
    """The process. It removes the folders too when its work is done."""

    def __init__(self, *folders: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CODE, *map(str, folders)],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def holds(self, pid: int) -> None:
        """A container lives."""
        self._say(f"+{pid}\n")

    def releases(self, pid: int) -> None:
        """It is gone, and its number may be another's."""
        self._say(f"-{pid}\n")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)

    def close(self) -> None:
        """End it; kills what is left."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
