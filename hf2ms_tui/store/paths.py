"""Where the program keeps its state: one folder that only its owner can read."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import platformdirs

from hf2ms_tui.domain.errors import BadInput, StoreFailed

APP = "hf2ms-tui"
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Places:
    """The files and folders under one state folder. Folders are made on first use with mode 0700, files with 0600."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @classmethod
    def default(cls, environ: Mapping[str, str]) -> Places:
        """The folder that HF2MS_STATE names, else the platform's place for state (``~/.local/state`` on Linux)."""
        named = environ.get("HF2MS_STATE", "").strip()
        if named:
            return cls(Path(named).expanduser().absolute())
        return cls(Path(platformdirs.user_state_dir(APP, appauthor=False)))

    def ready(self) -> Places:
        """Make the folders. Raises StoreFailed, naming the folder, when that is impossible."""
        for folder in (self.state, self.jobs, self.crashes, self.tombstones):
            private_folder(folder)
        return self

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.state / "state.sqlite3"

    @property
    def jobs(self) -> Path:
        """One lock and one stderr file for each local job."""
        return self.state / "jobs"

    @property
    def crashes(self) -> Path:
        """Texts of crashes, free of secrets."""
        return self.state / "crashes"

    @property
    def tombstones(self) -> Path:
        """What is kept of deleted repos, a folder for each hub, type, owner, name and moment."""
        return self.state / "tombstones"

    def crash_file(self, at: datetime) -> Path:
        """A new file for the text of a crash at ``at`` (UTC), readable by its owner only."""
        private_folder(self.crashes)
        path = self.crashes / f"{at:%Y-%m-%d_%H-%M-%S}_{os.getpid()}.txt"
        private_file(path)
        return path

    def job_lock(self, job_id: str) -> Path:
        """The file that a running job, or who hands one over, holds locked: it is free when its holder died."""
        return self.jobs / f"{_safe(job_id)}.lock"

    def turn_lock(self, number: int) -> Path:
        """The file that a job holds locked while it has turn ``number``."""
        return self.jobs / f"turn-{number}"

    def job_stderr(self, job_id: str) -> Path:
        """What a job's process wrote outside its log."""
        return self.jobs / f"{_safe(job_id)}.stderr"


def _safe(job_id: str) -> str:
    if not _JOB_ID.fullmatch(job_id):
        raise BadInput(f"“{job_id[:80]!r}” is not a job id")
    return job_id


def private_folder(folder: Path) -> None:
    """Make ``folder`` readable by its owner only, with its parents. Raises StoreFailed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise StoreFailed(
            f"the state folder {folder} cannot be used: {error.strerror or error}",
            way_out="Set HF2MS_STATE to a folder you can write to.",
        ) from error


def private_file(path: Path) -> None:
    """Make ``path`` exist with mode 0600, leaving its content alone. Raises StoreFailed.

    One that exists is not opened: closing it again would drop every POSIX lock that this process has on it, and with them
    those of SQLite's other connections (https://sqlite.org/howtocorrupt.html, 2.2). Another process that leaves would then
    take itself for the last one and remove the write-ahead log under their feet.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        if not os.access(path, os.R_OK | os.W_OK):
            why = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(why, os.strerror(why))
    except OSError as error:
        raise StoreFailed(
            f"the file {path} cannot be used: {error.strerror or error}",
            way_out="Check its owner and permissions, or set HF2MS_STATE to another folder.",
        ) from error
