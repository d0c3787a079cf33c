"""Looking after jobs that run in the cloud, from one thread: copying what they say, knowing whether they live."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hf2ms_tui.domain.errors import Cancelled, Hf2msError
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.engines.modal.account import PATIENCE, Account, within
from hf2ms_tui.engines.modal.names import CANCEL_GRACE
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.remote import RemoteJobs

if TYPE_CHECKING:
    from hf2ms_tui.engines.modal.mirror import Mirror

EVERY = 1.0
"""seconds between two looks at a job"""
SILENT = 10.0
"""seconds without news after which the control plane is asked whether the coordinator's call still goes on"""
INSIST = CANCEL_GRACE * 2 + 6.0
"""seconds after which a job that did not end itself when it was cancelled is ended from here"""
LOST = "its coordinator is gone; retry carries on from here"
NOT_HANDED_OVER = "it was never handed over to Modal; retry carries on from here"
MAYBE = "it was being handed over when the answer was lost: whether Modal has it is not known yet"
YOUNG = timedelta(seconds=15)
"""for so long a new job may be on its way whose lock nobody holds yet"""
ELSEWHERE = "another program on this machine is handing it over"
UNSURE = timedelta(minutes=2)
"""for so long a job may still begin whose handing over was not answered; if it begins later, that is seen too"""
LANES = 6
"""threads that look at jobs: a look is a few round trips, and a plan may be of dozens of repos"""


@dataclass(slots=True)
class _Minded:
    """What is known of one job."""

    alive: bool | None = None
    note: str = ""
    looked: threading.Event = field(default_factory=threading.Event)
    heard_at: float = field(default_factory=time.monotonic)
    beat: datetime | None = None
    cancel_at: float = 0.0
    told: bool = False
    lane: int = 0


class Watch:
    """Minds jobs until they end. Its thread runs while there is one to mind."""

    def __init__(self, database: Database, account: Account) -> None:
        self._db, self._account = database, account
        self._jobs, self._remote = Jobs(database), RemoteJobs(database)
        self._minded: dict[str, _Minded] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._silent = False
        self._threads: dict[int, threading.Thread] = {}

    def mind(self, job_id: str, *, fresh: bool = False) -> None:
        """Look after a job; ``fresh`` when it was handed over just now."""
        with self._lock:
            before = self._minded.get(job_id)
            if fresh or before is None:
                lane = before.lane if before is not None else self._emptiest()
                self._minded[job_id] = _Minded(alive=True if fresh else None, lane=lane)
                if fresh:
                    self._minded[job_id].looked.set()
            lane = self._minded[job_id].lane
            if lane not in self._threads and not self._closed.is_set():
                self._threads[lane] = threading.Thread(
                    target=self._run, args=(lane,), daemon=True, name=f"modal-watch-{lane}"
                )
                self._threads[lane].start()
        self._wake.set()

    def _emptiest(self) -> int:
        counts = [0] * LANES
        for state in self._minded.values():
            counts[state.lane] += 1
        return counts.index(min(counts))

    def first_look(self, job_id: str, seconds: float) -> None:
        """Wait until a job was looked at once, or so many seconds; not again for each job while Modal does not answer."""
        with self._lock:
            minded = self._minded.get(job_id)
        if minded is not None and not minded.looked.wait(0.0 if self._silent else seconds):
            self._silent = True
            minded.note = minded.note or "Modal does not answer: this is how it was when it was last seen"
            minded.looked.set()

    def seen(self, job_id: str) -> tuple[bool | None, str]:
        """Whether a job lives, as the last look found, and what to say about it."""
        with self._lock:
            minded = self._minded.get(job_id)
        return (minded.alive, minded.note) if minded is not None else (None, "")

    def alive_as_seen(self, job_id: str) -> bool | None:
        """Whether a job lives, as the last look found."""
        if self._jobs.view(job_id).phase.final:
            return False
        return self.seen(job_id)[0]

    def alive(self, job_id: str) -> bool:
        """Ask now whether a job's coordinator lives. Raises errors of ours when Modal does not say."""
        from hf2ms_tui.engines.modal.children import Fate, fate_of

        call = self._call_of(job_id)
        fate, why = fate_of(call, self._account.client) if call else (Fate.ENDED, "")
        if fate is Fate.UNKNOWN:
            raise Hf2msError(
                f"Whether job {job_id} runs cannot be told", meaning=why, way_out="Try again later."
            )
        return fate is Fate.PENDING

    def cancel(self, job_id: str) -> None:
        """Tell a job to end, and see to it that it does. What could not be told within ``PATIENCE`` is told later."""
        self.mind(job_id)
        with self._lock:
            state = self._minded[job_id]
            state.cancel_at = time.monotonic()
        try:
            # Here, not on the next look: whoever cancels may leave at once.
            within(PATIENCE, lambda: self._tell(job_id), "cancelling the job")
            state.told = True
        except Hf2msError as error:
            state.note = f"{error.what}. That it is cancelled is told as soon as Modal answers"
        self._wake.set()

    def _tell(self, job_id: str) -> None:
        from hf2ms_tui.engines.modal.names import record_name
        from hf2ms_tui.engines.modal.record import Record

        Record(record_name(job_id), self._account.client).put("cancel", True)

    def close(self) -> None:
        """Look no more; returns at once."""
        self._closed.set()
        self._wake.set()

    def _run(self, lane: int) -> None:
        mirrors: dict[str, object] = {}
        while not self._closed.is_set():
            with self._lock:
                minded = {job_id: state for job_id, state in self._minded.items() if state.lane == lane}
                if not minded:
                    self._threads.pop(lane, None)
                    return
            more = False
            for job_id, state in minded.items():
                if self._closed.is_set():
                    return
                more |= self._look(job_id, state, mirrors)
            if not more:
                self._wake.wait(EVERY)
                self._wake.clear()

    def _look(self, job_id: str, state: _Minded, mirrors: dict[str, object]) -> bool:
        """Look at one job. Whether there is more to take in at once."""
        from hf2ms_tui.engines.modal.mirror import Mirror

        try:
            mirror = mirrors.get(job_id)
            if not isinstance(mirror, Mirror):
                mirror = mirrors[job_id] = Mirror(self._db, job_id, self._account.client)
            more = mirror.look()
            if mirror.beat != state.beat:
                state.beat, state.heard_at = mirror.beat, time.monotonic()
                state.alive, state.note = True, ""
            view = self._jobs.view(job_id)
            if view.phase.final:
                state.alive, state.note = False, ""
                mirrors.pop(job_id, None)
                with self._lock:
                    self._minded.pop(job_id, None)
            elif not more:
                self._see_to_it(job_id, state, view.cancel_requested, mirror)
        except Hf2msError as error:
            if self._closed.is_set():
                return False
            # Its Dicts may have been deleted and made anew: they are looked up again.
            mirrors.pop(job_id, None)
            ago = f", {time.monotonic() - state.heard_at:.0f} s ago" if state.beat else ""
            state.alive = None
            state.note = f"{error.what}. This is how it was when it was last seen{ago}"
            more = False
        else:
            self._silent = False
        state.looked.set()
        return more

    def _see_to_it(self, job_id: str, state: _Minded, cancelled: bool, mirror: Mirror) -> None:
        """Pass on that it is to end, and ask about one that is silent."""
        if cancelled and not state.told:
            self._tell(job_id)
            state.told, state.cancel_at = True, time.monotonic()
        silent = time.monotonic() - state.heard_at > SILENT or not state.looked.is_set()
        stale = state.beat is not None and (datetime.now(UTC) - state.beat).total_seconds() > SILENT
        if silent or (stale and state.alive is not True):
            state.heard_at = time.monotonic()
            self._ask(job_id, state, cancelled, mirror)
            if self._jobs.view(job_id).phase.final:
                return
        if cancelled and (state.alive is False or time.monotonic() - state.cancel_at > INSIST):
            self._end_from_here(job_id)

    def _ask(self, job_id: str, state: _Minded, cancelled: bool, mirror: Mirror) -> None:
        """Ask the control plane whether the job's coordinator goes on."""
        if not self._call_of(job_id):
            # Its call was not noted, and it has not begun: the program was left in between.
            waits = self._young(job_id) and not cancelled
            state.alive, state.note = (None, MAYBE) if waits else (False, NOT_HANDED_OVER)
            return
        state.alive = self.alive(job_id)
        if state.alive:
            state.note = "waiting for a container" if state.beat is None else "its coordinator is being moved"
            return
        # It may have ended in good order since the last look: what it said last was said before its call ended.
        while mirror.look() and not self._closed.is_set():
            continue
        if not self._jobs.view(job_id).phase.final:
            self._gone(job_id, state)

    def _young(self, job_id: str) -> bool:
        """Whether a job whose call is not known may still begin."""
        at = str(self._remote.where(job_id).get("at") or "")
        return bool(at) and datetime.now(UTC) - datetime.fromisoformat(at) < UNSURE

    def _gone(self, job_id: str, state: _Minded) -> None:
        state.note = LOST
        last = self._jobs.log_tail(job_id, 1)
        if not last or last[-1].text != LOST:
            for line in self._last_words(job_id):
                self._jobs.note(job_id, line, worker="modal")
            self._jobs.note(job_id, LOST)

    def _last_words(self, job_id: str) -> Iterable[str]:
        """What the service's own log has of a coordinator that is gone: a traceback, an out-of-memory kill."""
        import modal

        from hf2ms_tui.engines.modal.trouble import translated

        call = self._call_of(job_id)
        if not call:
            return []
        try:
            with translated("reading the service's log"):
                found = modal.FunctionCall.from_id(call, client=self._account.client).logs.tail(20)
                return [entry.message.rstrip() for entry in found if entry.message.strip()]
        except Hf2msError as error:
            return [str(error)]

    def _call_of(self, job_id: str) -> str:
        """The call that leads the job: the first one, or the one that it was handed over to."""
        from hf2ms_tui.engines.modal.names import record_name
        from hf2ms_tui.engines.modal.record import Record

        noted = self._remote.where(job_id)
        lead = Record(record_name(job_id), self._account.client).get("lead")
        if lead and lead["attempt"] == noted.get("attempt"):
            return str(lead["call"])
        return str(noted.get("call", ""))

    def _end_from_here(self, job_id: str) -> None:
        """End a cancelled job whose coordinator does not: its children, then itself, then its state here."""
        from hf2ms_tui.engines.modal.children import end_call
        from hf2ms_tui.engines.modal.names import record_name
        from hf2ms_tui.engines.modal.record import Record

        client = self._account.client
        everything = Record(record_name(job_id), client).everything()
        calls = {
            str(value)
            for key, value in everything.items()
            if key.partition(":")[0] in {"call", "claim"} and value
        }
        for call in sorted(calls):
            end_call(call, terminate=True, client=client)
        leader = self._call_of(job_id)
        if leader:
            end_call(leader, terminate=True, client=client)
        self._jobs.note(job_id, f"ended from here: {len(calls):,} chunks and the coordinator")
        board = self._jobs.board(job_id)
        board.update(
            error=Cancelled("The job was cancelled", way_out="Retry it any time.").as_dict(), containers=0
        )
        board.phase(Phase.CANCELLED)
        board.close()
