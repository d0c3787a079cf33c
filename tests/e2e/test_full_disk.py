"""The real program on a disk that is full or cannot be written: it says so and loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support.desk import Desk, assert_no_canary, desk
from support.plain import plain, ready
from support.small_disk import fill, mount, small_disk
from support.transfers import ORG


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, as the state folder."""
    folder = tmp_path / "disk"
    with small_disk(folder, 1) as mounted:
        if not mounted:
            pytest.skip("needs the right to mount a small disk of its own")
        yield folder


def decisions_of(here: Desk) -> Mapping[str, str]:
    code, out, err = here.verb("inventory", "--json")
    assert code == 0, err
    return {row["id"]: row["decision"] for row in json.loads(out)}


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, disk: Path) -> None:
    with desk(tmp_path, plain("one", "two"), state=disk) as here:
        with here.open() as terminal:
            ready(terminal, 2)
            terminal.press("m", pause=0.8)
            terminal.wait_for("undecided → migrate")
            ballast = fill(disk)
            terminal.press("down", "x", pause=0.8)
            terminal.wait_for("disk")
            assert "full" in terminal.text
            assert "delete" not in terminal.lines[-3], "what could not be stored is not shown as decided"
            code, out, err = here.verb("migrate", f"{ORG}/one", "--to", "ms", "--detach")
            assert code == 1, out + err
            assert re.search("full|No space left", err), err
            assert "Traceback" not in err
            ballast.unlink()
            terminal.press("k", pause=0.8)
            terminal.wait_for("undecided → keep")
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
            assert_no_canary(tmp_path, terminal.raw, here.said)
        assert decisions_of(here) == {f"{ORG}/one": "migrate", f"{ORG}/two": "keep"}
        assert here.verb("journal", "--check")[0] == 0
        assert here.running.log.entries(method="DELETE") == []


def test_a_disk_that_cannot_be_written_is_said_and_loses_nothing(tmp_path: Path, disk: Path) -> None:
    with desk(tmp_path, plain("one"), state=disk) as here:
        with here.open() as terminal:
            ready(terminal, 1)
            terminal.press("m", pause=0.8)
            terminal.wait_for("undecided → migrate")
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
        assert mount("-o", "remount,ro", str(disk))
        for arguments in (("jobs",), ("migrate", f"{ORG}/one", "--to", "ms")):
            code, _, err = here.verb(*arguments)
            assert code == 1
            assert "Read-only file system" in err
            assert "HF2MS_STATE" in err
        with here.open() as terminal:
            assert terminal.ended() == 1
            assert "HF2MS_STATE" in terminal.text
            assert terminal.restored
        assert mount("-o", "remount,rw", str(disk))
        assert decisions_of(here) == {f"{ORG}/one": "migrate"}
