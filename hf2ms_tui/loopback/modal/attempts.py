"""What becomes of inputs: tried, retried after failures, rescheduled after the death of their container, timed out.

A retry of the function's policy is made here for calls that were spawned; the client makes those of SYNC calls
(modal/parallel_map.py). An input whose container died goes back to the front of the queue and uses no retry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from modal_proto import api_pb2

from .containers import Container
from .logs import SYSTEM, LogStore
from .settings import Settings
from .state import Function, Input

Result = api_pb2.GenericResult


class Attempts:
    """The life of inputs. `wake` is called when the scheduler has something to look at."""

    def __init__(self, settings: Settings, logs: LogStore, wake: Callable[[], None]) -> None:
        self._settings = settings
        self._logs = logs
        self._wake = wake

    def note(self, container: Container, text: str, one: Input | None = None) -> None:
        """A line of the system about a container, and an input of it."""
        function = container.function
        self._logs.add(
            f"{text}\n",
            SYSTEM,
            app_id=function.app.id,
            function_id=function.root.id,
            variant_id=function.id,
            task_id=container.id,
            call_id=one.call.id if one else "",
            input_id=one.id if one else "",
        )

    def enqueue(self, one: Input, *, first: bool = False) -> None:
        """Let an input wait for a container, `first` before all others."""
        one.clear_timer()
        one.state, one.container, one.task_id = "pending", None, ""
        pending = one.call.function.pending
        if first:
            pending.appendleft(one)
        else:
            pending.append(one)
        self._wake()

    def again(self, one: Input) -> None:
        """Try an input once more because its client asks for it."""
        if one.state == "done":
            one.output = None
            self.enqueue(one)

    def begin(self, one: Input, container: Container) -> None:
        """A container takes an input."""
        one.state, one.container, one.task_id = "running", container, container.id
        one.started_at = time.time()
        container.running[one.id] = one
        container.idle_since = 0.0
        seconds = container.proto.timeout_secs
        if seconds:
            one.timer = asyncio.get_running_loop().call_later(seconds, self._time_out, one, seconds)

    def report(self, container: Container, item: api_pb2.FunctionPutOutputsItem) -> None:
        """An output from a container; one of an attempt that is over already is ignored."""
        one = container.running.get(item.input_id)
        if one is None or one.retry_count != item.retry_count:
            return
        self._leave(one)
        self.conclude(one, item.result, item.data_format, item.output_created_at)

    def _leave(self, one: Input) -> None:
        one.clear_timer()
        if one.container is not None:
            one.container.running.pop(one.id, None)
            one.container = None

    def conclude(
        self,
        one: Input,
        result: Result,
        data_format: int = 0,
        created_at: float | None = None,
        *,
        final: bool = False,
    ) -> None:
        """The end of an attempt: a retry if the policy has one left and it is not `final`, else the input's output."""
        bad = result.status in {
            Result.GENERIC_STATUS_FAILURE,
            Result.GENERIC_STATUS_TIMEOUT,
            Result.GENERIC_STATUS_INIT_FAILURE,
        }
        if bad and not final and not one.cancelled and not one.call.sync and self._retry(one):
            return
        one.clear_timer()
        one.state, one.finished_at = "done", time.time()
        one.output = api_pb2.FunctionGetOutputsItem(
            result=result,
            idx=one.idx,
            input_id=one.id,
            data_format=data_format,  # type: ignore[arg-type]
            task_id=one.task_id,
            input_started_at=one.started_at,
            output_created_at=created_at or time.time(),
            retry_count=one.retry_count,
        )
        one.call.outputs.append(one.output)
        one.call.bell.ring()
        asyncio.get_running_loop().call_later(self._settings.result_life, self._expire, one)
        self._wake()

    @staticmethod
    def _expire(one: Input) -> None:
        if not one.call.unfinished:
            one.call.expired = True

    def _retry(self, one: Input) -> bool:
        effective = one.call.function.effective()
        if effective is None or one.retries >= effective.retry_policy.retries:
            return False
        policy = effective.retry_policy
        delay = policy.initial_delay_ms * max(policy.backoff_coefficient, 1) ** one.retries
        delay = min(delay, policy.max_delay_ms or 60_000) / 1000
        one.retries += 1
        one.retry_count += 1
        one.state, one.task_id = "delayed", ""
        one.clear_timer()
        one.timer = asyncio.get_running_loop().call_later(delay, self.enqueue, one)
        self._wake()
        return True

    def _time_out(self, one: Input, seconds: int) -> None:
        container = one.container
        if container is None:
            return
        if container.output is not None:
            container.output.boundary()
        text = f"Task's current input {one.id} hit its timeout of {seconds}s"
        self.note(container, text, one)
        self._leave(one)
        self.conclude(one, Result(status=Result.GENERIC_STATUS_TIMEOUT, exception=text))
        container.kill("an input of it took too long")

    def cancel(self, one: Input, terminate: bool) -> None:
        """End an input without retrying it."""
        if one.state == "done":
            return
        one.cancelled = True
        container = one.container
        if container is None:
            if one in one.call.function.pending:
                one.call.function.pending.remove(one)
            self.conclude(one, Result(status=Result.GENERIC_STATUS_TERMINATED))
        elif terminate:
            self._leave(one)
            self.conclude(one, Result(status=Result.GENERIC_STATUS_TERMINATED))
            container.interrupt("a cancelled call terminates its containers", self._settings.grace)
        else:
            container.cancel_inputs([one.id])
            loop = asyncio.get_running_loop()
            loop.call_later(self._settings.cancel_grace, self._insist, one, container)

    def _insist(self, one: Input, container: Container) -> None:
        if one.container is container and one.cancelled:
            self.note(container, "the input did not end after its cancellation", one)
            container.kill("an input of it did not react to its cancellation")

    def lose(self, container: Container) -> None:
        """The container is gone: its inputs go to others, in their order, before all that wait."""
        lost = list(container.running.values())
        container.running.clear()
        for one in reversed(lost):
            one.clear_timer()
            one.container = None
            one.lost += 1
            if one.cancelled:
                self.conclude(one, Result(status=Result.GENERIC_STATUS_TERMINATED))
            elif one.lost > self._settings.lost_limit:
                text = f"the containers of this input ended {one.lost} times under it"
                self.conclude(one, Result(status=Result.GENERIC_STATUS_INTERNAL_FAILURE, exception=text))
            else:
                self.enqueue(one, first=True)

    def fail_waiting(self, function: Function, result: Result) -> None:
        """No container of this function can start: all that waits for one fails with `result`."""
        waiting = list(function.pending)
        function.pending.clear()
        for one in waiting:
            self.conclude(one, result, final=True)
