"""A lock file: held by one at a time, free after its holder, and a disk that takes none is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import Conflict, StoreFailed
from hf2ms_tui.store.locking import locked

TAKEN = Conflict("somebody has it")


def test_one_at_a_time_and_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with locked(path, 0.1, TAKEN), pytest.raises(Conflict, match="somebody has it"), locked(path, 0.1, TAKEN):
        pytest.fail("it was held twice")
    with locked(path, 0.1, TAKEN):
        assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_free_after_a_failure_inside(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with pytest.raises(ZeroDivisionError), locked(path, 0.1, TAKEN):
        raise ZeroDivisionError
    with locked(path, 0.1, TAKEN):
        pass


def test_a_disk_that_takes_no_lock_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    with (
        pytest.raises(StoreFailed, match=r"folder/x\.lock") as caught,
        locked(tmp_path / "folder" / "x.lock", 0.1, TAKEN),
    ):
        pytest.fail("there is no such folder")
    assert caught.value.way_out
