"""The local engine: starts jobs as detached processes, finds them again, cancels and retries them."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hf2ms_tui
from hf2ms_tui.domain.errors import BadInput, Cancelled, Hf2msError, StoreFailed
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines import lock
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.paths import Places, private_file

START_WAIT = 30.0
"""seconds that a process gets until it says that it runs"""
CANCEL_GRACE = 6.0
"""seconds after which a job that did not notice its cancellation is told by a signal"""
YOUNG = timedelta(seconds=START_WAIT)
GONE = "its process is gone; retry carries on from here"
RUNS_ELSEWHERE = 3

_KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    }
)


class LocalEngine:
    """``base.Engine`` on this machine. Safe to share between threads."""

    def __init__(self, database: Database, places: Places) -> None:
        self._jobs = Jobs(database)
        self._places = places

    @property
    def name(self) -> str:
        """``local``."""
        return "local"

    def submit(self, spec: JobSpec, tokens: Tokens) -> None:
        """Start a job and return when its process runs. Raises BadInput when it runs already, Hf2msError when it died."""
        self._start(spec.id, tokens)

    def alive(self, job_id: str) -> bool | None:
        """Whether the job's process lives."""
        return lock.is_held(self._places, job_id)

    def cancel(self, job_id: str) -> None:
        """Ask the job to end; should it not notice, a signal follows. One without a process is cancelled at once."""
        self._jobs.request_cancel(job_id)
        if not self._cancel_dead(job_id):
            threading.Thread(
                target=self._insist, args=(job_id,), daemon=True, name=f"cancel-{job_id}"
            ).start()

    def retry(self, job_id: str, tokens: Tokens) -> None:
        """Run a job again from where it stopped. Raises BadInput when it still runs."""
        # Under the lock, so that nobody's running job is ever set back.
        with lock.held(self._places, job_id, wait=0.5):
            self._jobs.reset_for_retry(job_id)
        self._start(job_id, tokens)

    def reconcile(self) -> list[JobView]:
        """All jobs, newest first; those of this engine that should run say whether they do. Lost ones say so in their log."""
        return [self.looked_at(view) for view in self._jobs.views()]

    def close(self) -> None:
        """Nothing to end: jobs are processes of their own."""

    def looked_at(self, view: JobView) -> JobView:
        """A view with the truth about whether its process runs; those of other engines as they are."""
        if view.phase.final or view.spec.engine != self.name:
            return view
        if self.alive(view.id):
            return replace(view, alive=True)
        young = view.created_at is not None and datetime.now(UTC) - view.created_at < YOUNG
        if view.phase is Phase.QUEUED and view.attempt == 0 and young:
            return view  # about to start
        view = self._jobs.view(view.id)  # it may have ended between the first look and the second
        if view.phase.final:
            return view
        last = self._jobs.log_tail(view.id, 1)
        if not last or last[-1].text != GONE:
            # Looking must work with a full disk, too; the line is written by a later look.
            with suppress(StoreFailed):
                self._jobs.note(view.id, GONE)
        return replace(view, alive=False, note=view.note or GONE)

    def _cancel_dead(self, job_id: str) -> bool:
        """Cancel a job without a process. Whether there was none."""
        try:
            with lock.held(self._places, job_id, wait=0.2):
                if not self._jobs.view(job_id).phase.final:
                    board = self._jobs.board(job_id)
                    board.update(
                        error=Cancelled("The job was cancelled", way_out="Retry it any time.").as_dict()
                    )
                    board.phase(Phase.CANCELLED)
                    board.close()
        except BadInput:
            return False
        return True

    def _insist(self, job_id: str) -> None:
        end = time.monotonic() + CANCEL_GRACE
        while time.monotonic() < end:
            if not lock.is_held(self._places, job_id):
                break
            time.sleep(0.2)
        else:
            lock.terminate(self._places, job_id)

    def _start(self, job_id: str, tokens: Tokens) -> None:
        self._places.ready()
        errors = self._places.job_stderr(job_id)
        private_file(errors)
        ready, tell = os.pipe()
        try:
            with errors.open("ab") as output:
                began = output.tell()
                process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "hf2ms_tui.engines.local", job_id),
                        *("--state", str(self._places.state.absolute()), "--ready", str(tell)),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=environment(os.environ),
                    start_new_session=True,
                    pass_fds=(tell,),
                )
            os.close(tell)
            tell = -1
            self._hand_over(process, tokens)
            self._await(process, ready, job_id, began)
        finally:
            os.close(ready)
            if tell >= 0:
                os.close(tell)
        # Collected when it ends, so that no zombie stays as long as this program runs.
        threading.Thread(target=process.wait, daemon=True, name=f"reap-{job_id}").start()

    @staticmethod
    def _hand_over(process: subprocess.Popen[bytes], tokens: Tokens) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(tokens.to_wire())
            process.stdin.close()
        except BrokenPipeError:
            return  # it died already; what it said about that is read next

    def _await(self, process: subprocess.Popen[bytes], ready: int, job_id: str, began: int) -> None:
        readable, _, _ = select.select([ready], [], [], START_WAIT)
        if readable and os.read(ready, 16):
            return
        if not readable:
            process.kill()
        code = process.wait()
        if code == RUNS_ELSEWHERE:
            raise BadInput(
                f"Job {job_id} is running in another process", way_out=f"Follow it with: jobs follow {job_id}"
            )
        with self._places.job_stderr(job_id).open("rb") as output:
            output.seek(began)
            said = clean(output.read()[-400:].decode("utf-8", "replace").strip().rpartition("\n")[2])
        raise Hf2msError(
            f"The process of job {job_id} could not be started (it ended with {code})",
            meaning=f"It said: {said}" if said else "",
            way_out=f"Look into {self._places.job_stderr(job_id)}, then retry the job.",
        )


def environment(here: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """What a job's process finds in its environment: how to reach the network and this package, and no secrets of ours."""
    kept = {name: value for name, value in here.items() if name in _KEPT}
    package = str(Path(hf2ms_tui.__file__).resolve().parents[1])
    return kept | {
        "PYTHONPATH": package,
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
