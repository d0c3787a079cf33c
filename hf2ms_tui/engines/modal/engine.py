"""The engine on the person's machine: starts jobs in their Modal account, finds them again, cancels and retries them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.job import JobSpec, JobView, Phase
from hf2ms_tui.engines import lock
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.account import PATIENCE, Account, within
from hf2ms_tui.engines.modal.credentials import Credentials
from hf2ms_tui.engines.modal.rates import Rate
from hf2ms_tui.engines.modal.watch import ELSEWHERE, NOT_HANDED_OVER, YOUNG, Watch
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.paths import Places
from hf2ms_tui.store.remote import RemoteJobs

R = TypeVar("R")

SUBMIT_PATIENCE = 60.0
"""seconds that each step of a submission may take, the deployment aside"""
FIRST_LOOK = 6.0
"""seconds that the first look at jobs of earlier runs may take before they are shown as they were"""
KEPT = timedelta(days=7)


class ModalEngine:
    """``base.Engine`` in a Modal account. Safe to share between threads; nothing is asked of Modal until it is needed."""

    def __init__(
        self, database: Database, places: Places, credentials: Credentials | None, rate: Rate | None = None
    ) -> None:
        self._jobs, self._remote = Jobs(database), RemoteJobs(database)
        self._places = places
        self._account = Account(credentials) if credentials is not None else None
        self._rate = rate
        self._watch = Watch(database, self._account) if self._account is not None else None
        self._submitting: set[str] = set()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """``modal``."""
        return "modal"

    @property
    def account(self) -> Account:
        """The account. Raises BadInput without credentials."""
        if self._account is None:
            raise BadInput(
                "There are no credentials for Modal",
                way_out="Run: modal token new; or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET; or use --engine local.",
            )
        return self._account

    @property
    def watch(self) -> Watch:
        """Who looks after jobs that run. Raises BadInput without credentials."""
        if self._watch is None:
            raise AssertionError(self.account)
        return self._watch

    def rate(self) -> Rate:
        """What a second of a container costs, and who says so. Never raises; asked of the account once."""
        from hf2ms_tui.engines.modal.rates import read_rate

        with self._lock:
            if self._rate is None:
                self._rate = read_rate(self._account)
            return self._rate

    def hello(self, hosts: Iterable[str], say: Callable[[str], None]) -> dict[str, Any]:
        """Run a hello in a container; see ``Account.hello``. Deploys first where that was not done."""
        from hf2ms_tui.engines.modal import deploy

        account = self.account
        within(PATIENCE, account.hello_server, "connecting to Modal")
        return account.hello(deploy.ensure(account, say), hosts)

    def submit(self, spec: JobSpec, tokens: Tokens) -> None:
        """Hand a job over and return when Modal has it. Raises BadInput without credentials, and what Modal says."""
        with self._handing_over(spec.id):
            self._hand_over(spec, tokens, 1)

    def retry(self, job_id: str, tokens: Tokens) -> None:
        """Run a job again from where it stopped. Raises BadInput when it still runs."""
        view = self._jobs.view(job_id)
        attempt = int(self._remote.where(job_id).get("attempt", 0)) + 1
        if not view.phase.final and within(
            PATIENCE, lambda: self.watch.alive(job_id), "asking about the job"
        ):
            raise BadInput(
                f"Job {job_id} is running in Modal", way_out=f"Follow it with: jobs follow {job_id}"
            )
        with self._handing_over(job_id):
            # First of all: what the attempt before still has to say must not be taken for the end of this one.
            self._remote.note(job_id, attempt=attempt, call="", at="")
            self._jobs.reset_for_retry(job_id)
            self._hand_over(view.spec, tokens, attempt)

    def alive(self, job_id: str) -> bool | None:
        """Whether the job's coordinator lives, as the last look found; None when Modal did not say."""
        return self.watch.alive_as_seen(job_id) if self._watch is not None else None

    def cancel(self, job_id: str) -> None:
        """Make the job end as cancelled: its chunks first, then itself. Returns when Modal was told, not when it ended.

        While Modal cannot be reached the wish is kept, and told as soon as it can.
        """
        self._jobs.request_cancel(job_id)
        if not self._may_be_there(job_id):
            self._end_unstarted(job_id)
            return
        self.watch.cancel(job_id)

    def close(self) -> None:
        """End what looks after jobs. The jobs go on."""
        if self._watch is not None:
            self._watch.close()

    def reconcile(self) -> list[JobView]:
        """All jobs, newest first; those of this engine that should run with the truth about whether they do."""
        return [self.looked_at(view) for view in self._jobs.views()]

    def looked_at(self, view: JobView) -> JobView:
        """A view of the store with what is known of its life. The first look at earlier jobs waits for Modal's answer."""
        if view.phase.final or view.spec.engine != self.name:
            return view
        if self._watch is None:
            return replace(
                view, alive=None, note=view.note or "no credentials for Modal: its state is not known"
            )
        if not self._may_be_there(view.id):
            return self._on_its_way(view)
        self._watch.mind(view.id)
        self._watch.first_look(view.id, FIRST_LOOK)
        view = self._jobs.view(view.id)
        if view.phase.final:
            return view
        alive, note = self._watch.seen(view.id)
        return replace(view, alive=alive, note=note or view.note)

    def _may_be_there(self, job_id: str) -> bool:
        """Whether Modal may have the job, also when the program was left before the answer came."""
        noted = self._remote.where(job_id)
        with self._lock:
            here = job_id in self._submitting
        return bool(noted.get("call")) or (bool(noted.get("at")) and not noted.get("given_up") and not here)

    def _on_its_way(self, view: JobView) -> JobView:
        with self._lock:
            here = view.id in self._submitting
        if not here and lock.is_held(self._places, view.id):
            return replace(view, alive=None, note=view.note or ELSEWHERE)
        young = view.created_at is not None and datetime.now(UTC) - view.created_at < YOUNG
        if here or (view.attempt == 0 and young and not self._remote.where(view.id).get("given_up")):
            return replace(view, alive=True if here else None)
        return replace(view, alive=False, note=view.note or NOT_HANDED_OVER)

    def _end_unstarted(self, job_id: str) -> None:
        from hf2ms_tui.domain.errors import Cancelled

        with self._lock:
            if job_id in self._submitting:
                return  # it is seen before it is handed over
        if not self._jobs.view(job_id).phase.final:
            board = self._jobs.board(job_id)
            board.update(error=Cancelled("The job was cancelled", way_out="Retry it any time.").as_dict())
            board.phase(Phase.CANCELLED)
            board.close()

    def _hand_over(self, spec: JobSpec, tokens: Tokens, attempt: int) -> None:
        account = self.account
        self._remote.note(spec.id, at="")
        try:
            self._steps(account, spec, tokens, attempt)
        except Hf2msError as error:
            # Modal knows no repo, but what it refuses keeps this one from being migrated.
            error.repo = error.repo or str(spec.source.id)
            self._jobs.note(spec.id, str(error))
            if not (error.transient and self._remote.where(spec.id).get("at")):
                self._remote.note(spec.id, given_up=True, call="", at="")
            raise

    @contextmanager
    def _handing_over(self, job_id: str) -> Iterator[None]:
        """Hold the job's lock meanwhile: other programs see that it is on its way, or, when this one is killed, that it is not.

        Raises BadInput when another program is at it.
        """
        with lock.held(self._places, job_id):
            with self._lock:
                self._submitting.add(job_id)
            try:
                yield
            finally:
                with self._lock:
                    self._submitting.discard(job_id)

    def _steps(self, account: Account, spec: JobSpec, tokens: Tokens, attempt: int) -> None:
        from hf2ms_tui.engines.modal import deploy, handover
        from hf2ms_tui.engines.modal.vault import Vault

        began = time.monotonic()

        def say(text: str) -> None:
            self._jobs.note(spec.id, text)

        within(PATIENCE, account.hello_server, "connecting to Modal")
        app = deploy.ensure(account, say)
        vault = Vault(account, self._places.state)
        secret = self._step("keeping the tokens", lambda: vault.put(tokens, self._secrets_in_use(spec.id)))
        # The log of a further attempt goes on where that of the one before was taken in, unless Modal has forgotten it.
        before = self._remote.where(spec.id).get("place") or {}
        if before and not self._step(
            "looking for the earlier attempt", lambda: handover.known(account, spec.id)
        ):
            before = {}
        place = {name: before[name] for name in ("lines", "acts") if name in before}
        self._remote.note(
            spec.id,
            attempt=attempt,
            app=app,
            secret=secret,
            call="",
            at="",
            place=place,
            given_up=False,
            cleared=False,
        )
        self._step(
            "handing the job over",
            lambda: handover.prepare(account, spec, attempt, secret, self._remote.hashes_for(spec)),
        )
        if self._jobs.view(spec.id).cancel_requested:
            self._remote.note(spec.id, given_up=True)
            with self._lock:
                self._submitting.discard(spec.id)
            self._end_unstarted(spec.id)
            return
        self._remote.note(spec.id, at=datetime.now(UTC).isoformat())
        call = self._step(
            "handing the job over",
            lambda: handover.spawn(account, app, spec.id, attempt, secret, max(1, spec.workers)),
        )
        self._remote.note(spec.id, call=call, rate=self.rate().per_second)
        say(f"handed over to Modal as {app} after {time.monotonic() - began:.1f} s: {call}")
        self.watch.mind(spec.id, fresh=True)
        threading.Thread(target=self._tidy, args=(account,), daemon=True, name="modal-tidy").start()

    def _step(self, what: str, act: Callable[[], R]) -> R:
        return within(SUBMIT_PATIENCE, act, what)

    def _tidy(self, account: Account) -> None:
        """Delete the Dicts of jobs that have been over for as long as Modal keeps their entries."""
        from hf2ms_tui.engines.modal import handover

        for view in self._jobs.views():
            ended = view.ended_at if view.spec.engine == self.name and view.phase.final else None
            if (
                ended is None
                or datetime.now(UTC) - ended < KEPT
                or self._remote.where(view.id).get("cleared")
            ):
                continue
            try:
                handover.clear(account, view.id)
            except Hf2msError:
                return  # next time
            self._remote.note(view.id, cleared=True, place={})

    def _secrets_in_use(self, but: str) -> list[str]:
        return [
            str(secret)
            for view in self._jobs.views()
            if view.id != but and view.spec.engine == self.name and not view.phase.final
            if (secret := self._remote.where(view.id).get("secret"))
        ]
