"""A crash of the interpreter itself leaves no core file: it would hold the tokens."""

from __future__ import annotations

from pathlib import Path

import psutil

from support.desk import desk
from support.transfers import CARD, add


def test_neither_the_screen_nor_what_it_starts_may_leave_a_core_file(tmp_path: Path) -> None:
    with (
        desk(tmp_path, lambda world: add(world, "hf", "one", {"README.md": CARD})) as here,
        here.open() as terminal,
    ):
        terminal.wait_for("one")
        assert psutil.Process(terminal.process.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)
