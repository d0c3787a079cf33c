"""Log lines of containers and of the control plane, and the RPCs that stream, fetch and count them."""

from __future__ import annotations

import bisect
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from .apps import AppService
from .bell import Bell
from .rpc import Caller, missing, rpc
from .settings import Settings
from .state import State

KEPT = 500_000
BATCH = 500
"""Lines sent in one message of a stream."""

STDOUT = api_pb2.FILE_DESCRIPTOR_STDOUT
STDERR = api_pb2.FILE_DESCRIPTOR_STDERR
SYSTEM = api_pb2.FILE_DESCRIPTOR_INFO


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its newline, or a piece of one that was never ended. `at_ns` rises strictly over all lines.

    `variant_id` is the function the container runs, `function_id` the app's function it is a variant of or itself.
    """

    seq: int
    at_ns: int
    data: str
    source: int
    app_id: str
    function_id: str
    variant_id: str
    task_id: str
    call_id: str
    input_id: str


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines are meant; empty fields mean any."""

    app_id: str = ""
    function_id: str = ""
    variant_id: str = ""
    call_id: str = ""
    input_id: str = ""
    task_id: str = ""
    source: int = 0
    text: str = ""

    def wants(self, line: Line) -> bool:
        """Whether `line` is meant. A function's filter takes its variants' lines too."""
        return (
            (not self.app_id or line.app_id == self.app_id)
            and (not self.function_id or self.function_id in {line.function_id, line.variant_id})
            and (not self.variant_id or line.variant_id == self.variant_id)
            and (not self.call_id or line.call_id == self.call_id)
            and (not self.input_id or line.input_id == self.input_id)
            and (not self.task_id or line.task_id == self.task_id)
            and (not self.source or line.source == self.source)
            and (not self.text or self.text in line.data)
        )


class LogStore:
    """The last lines, in the order in which they were read from the containers."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._last_seq = 0
        self._last_ns = 0
        self.bell = Bell()

    @property
    def last_seq(self) -> int:
        """Number of the newest line."""
        return self._last_seq

    def add(
        self,
        data: str,
        source: int,
        *,
        app_id: str,
        function_id: str = "",
        variant_id: str = "",
        task_id: str = "",
        call_id: str = "",
        input_id: str = "",
    ) -> None:
        """Add a line, now."""
        self._last_seq += 1
        self._last_ns = max(time.time_ns(), self._last_ns + 1)
        self._lines.append(
            Line(
                self._last_seq,
                self._last_ns,
                data,
                source,
                app_id,
                function_id,
                variant_id,
                task_id,
                call_id,
                input_id,
            )
        )
        self.bell.ring()

    def after(self, seq: int) -> list[Line]:
        """Lines with a number above `seq`, oldest first."""
        missing_lines = self._last_seq - max(seq, 0)
        if missing_lines <= 0:
            return []
        if missing_lines >= len(self._lines):
            return list(self._lines)
        newest = [line for line, _ in zip(reversed(self._lines), range(missing_lines), strict=False)]
        return newest[::-1]

    def between(self, since_ns: int, until_ns: int) -> list[Line]:
        """Lines at or after `since_ns` and before `until_ns`, oldest first."""
        lines = list(self._lines)
        first = bisect.bisect_left(lines, since_ns, key=lambda line: line.at_ns)
        last = bisect.bisect_left(lines, until_ns, key=lambda line: line.at_ns)
        return lines[first:last]


def batches(lines: Iterable[Line]) -> Iterator[api_pb2.TaskLogsBatch]:
    """Lines as messages: a new one wherever container, function or input changes, and after `BATCH` lines."""
    batch: api_pb2.TaskLogsBatch | None = None
    key: tuple[str, str, str] | None = None
    for line in lines:
        here = (line.task_id, line.function_id, line.input_id)
        if batch is None or here != key or len(batch.items) >= BATCH:
            if batch is not None:
                yield batch
            key = here
            batch = api_pb2.TaskLogsBatch(
                task_id=line.task_id,
                function_id=line.function_id,
                root_function_id=line.function_id,
                input_id=line.input_id,
            )
        batch.entry_id = f"{line.seq}-0"
        batch.items.add(
            data=line.data,
            timestamp=line.at_ns / 1e9,
            timestamp_ns=line.at_ns,
            file_descriptor=line.source,
            function_call_id=line.call_id,
            input_id=line.input_id,
        )
    if batch is not None:
        yield batch


class LogService:
    """RPCs of logs."""

    def __init__(self, state: State, settings: Settings, apps: AppService, store: LogStore) -> None:
        self._state = state
        self._settings = settings
        self._apps = apps
        self._store = store

    @rpc
    async def app_get_logs(
        self, request: api_pb2.AppGetLogsRequest, caller: Caller
    ) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        """Lines after a cursor as they come, for `timeout` seconds or until the app or the container ended."""
        app_id = request.app_id
        if not app_id and request.task_id:
            app_id = self._task(request.task_id).app_id
        app = self._apps.app(app_id)
        wanted = LineFilter(
            app_id,
            request.function_id,
            request.parametrized_function_id,
            request.function_call_id,
            request.input_id,
            request.task_id,
            request.file_descriptor,
            request.search_text,
        )
        cursor = int(request.last_entry_id.partition("-")[0] or -1)
        if cursor < 0:
            cursor = 0 if self._settings.replay else self._store.last_seq
        end = time.monotonic() + request.timeout
        while True:
            over = not app.live or (request.task_id and request.task_id not in self._state.containers)
            lines = self._store.after(cursor)
            if lines:
                cursor = lines[-1].seq
            for batch in batches(line for line in lines if wanted.wants(line)):
                yield batch
            if over:
                yield api_pb2.TaskLogsBatch(app_done=True, entry_id=f"{cursor}-0")
                return
            left = end - time.monotonic()
            if left <= 0:
                return
            # Now and then without a ring, for the end of an app or a container rings another bell.
            await self._store.bell.wait(min(left, 0.5))

    @rpc
    async def app_fetch_logs(
        self, request: api_pb2.AppFetchLogsRequest, caller: Caller
    ) -> api_pb2.AppFetchLogsResponse:
        """The newest `limit` lines of a time range, oldest first."""
        self._apps.app(request.app_id)
        lines = self._range(request, request.since, request.until)
        if request.limit:
            lines = lines[-request.limit :]
        return api_pb2.AppFetchLogsResponse(batches=batches(lines))

    @rpc
    async def app_count_logs(
        self, request: api_pb2.AppCountLogsRequest, caller: Caller
    ) -> api_pb2.AppCountLogsResponse:
        """How many lines each bucket of a time range has, empty buckets included."""
        self._apps.app(request.app_id)
        size = max(request.bucket_secs, 1)
        first, last = request.since.seconds // size, request.until.seconds // size
        buckets = [
            api_pb2.AppCountLogsResponse.LogBucket(bucket_start_at=Timestamp(seconds=number * size))
            for number in range(first, last + 1)
        ]
        for line in self._range(request, request.since, request.until):
            bucket = buckets[line.at_ns // 1_000_000_000 // size - first]
            if line.source == STDOUT:
                bucket.stdout_logs += 1
            elif line.source == STDERR:
                bucket.stderr_logs += 1
            else:
                bucket.system_logs += 1
        return api_pb2.AppCountLogsResponse(app_id=request.app_id, buckets=buckets)

    def _range(
        self,
        request: api_pb2.AppFetchLogsRequest | api_pb2.AppCountLogsRequest,
        since: Timestamp,
        until: Timestamp,
    ) -> list[Line]:
        wanted = LineFilter(
            request.app_id,
            request.function_id,
            request.parametrized_function_id,
            request.function_call_id,
            "",
            request.task_id,
            request.source,
            request.search_text,
        )
        latest = time.time_ns() - int(self._settings.fetch_lag * 1e9)
        lines = self._store.between(since.ToNanoseconds(), min(until.ToNanoseconds(), latest))
        return [line for line in lines if wanted.wants(line)]

    def _task(self, task_id: str) -> api_pb2.TaskGetInfoResponse:
        for container in (*self._state.containers.values(), *self._state.ended):
            if container.id == task_id:
                return api_pb2.TaskGetInfoResponse(app_id=container.function.app.id)
        raise missing(f"No container with ID '{task_id}' found.")
