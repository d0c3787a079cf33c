"""Which container gets which input, and how many containers there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from modal_proto import api_pb2

from .apps import AppService
from .attempts import Attempts
from .containers import Container, Launcher
from .files import FileStore
from .logs import LogStore
from .output import Output
from .secrets import SecretStore
from .settings import Settings
from .state import App, Function, Input, State

START_PAUSE = 0.2
"""Seconds before a function whose container did not come up gets another."""
Result = api_pb2.GenericResult


class Scheduler:
    """Looks at all functions whenever something changed, gives waiting inputs to containers, starts and ends those.

    Containers that wait get the oldest input of their function. More are started while inputs wait for which no
    container is starting or idle, up to the function's and the account's limits; where several functions want one, the
    one that has the fewest gets it, and idle containers of others make room.
    """

    def __init__(self, state: State, settings: Settings, logs: LogStore, files: FileStore) -> None:
        self._state = state
        self._settings = settings
        self._logs = logs
        self._files = files
        self.attempts = Attempts(settings, logs, self.wake)
        self._due = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False
        self._apps: AppService
        self._secrets: SecretStore
        self._launcher: Launcher
        self._on_end: Callable[[int], None]

    def connect(
        self,
        apps: AppService,
        secrets: SecretStore,
        launcher: Launcher,
        on_end: Callable[[int], None],
    ) -> None:
        """Hand over what it needs to start containers."""
        self._apps, self._secrets, self._launcher, self._on_end = apps, secrets, launcher, on_end

    def wake(self) -> None:
        """Look at everything soon."""
        if not self._due and not self.closing:
            self._due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._due = False
        if self.closing:
            return
        for function in list(self._state.functions.values()):
            self._assign(function)
        while (neediest := self._neediest()) is not None:
            if len(self._state.containers) >= self._settings.account_containers:
                self._make_room(neediest)
                return
            starting = sum(1 for one in self._state.containers.values() if not one.ready)
            if starting >= self._settings.starts_at_once:
                return
            self._start(neediest)

    def _assign(self, function: Function) -> None:
        while function.pending and function.waiters:
            container, future = function.waiters.pop()
            if future.done() or container.draining:
                continue
            one = function.pending.popleft()
            self.attempts.begin(one, container)
            future.set_result(one)

    def _neediest(self) -> Function | None:
        needy = [function for function in self._state.functions.values() if self._wants_more(function)]
        return min(needy, key=lambda one: len(one.containers), default=None)

    def _wants_more(self, function: Function) -> bool:
        effective = function.effective() if function.app.live else None
        if effective is None or function.may_start_at > time.monotonic():
            return False
        scaling = function.scaling()
        if scaling.max_containers and len(function.containers) >= scaling.max_containers:
            return False
        slots = max(effective.target_concurrent_inputs or effective.max_concurrent_inputs, 1)
        free = sum(slots - len(one.running) for one in function.containers.values() if not one.draining)
        live = sum(1 for one in function.containers.values() if not one.draining)
        floor = scaling.min_containers if function.base is None else 0
        return len(function.pending) > free or live < floor

    def _make_room(self, wanting: Function) -> None:
        idle = [
            one
            for one in self._state.containers.values()
            if one.state == "idle" and not one.draining and one.function is not wanting
        ]
        leaving = any(one.draining and not one.running for one in self._state.containers.values())
        if idle and not leaving:
            self.drain(idle[0], "another function needs its place")

    def _start(self, function: Function) -> None:
        definition, proto = function.current, function.effective()
        assert definition is not None and proto is not None
        container = Container(function, definition, proto)
        container.output = Output(
            lambda line, source: self._said(container, line, source), self._settings.line_patience
        )
        self._state.containers[container.id] = container
        function.containers[container.id] = container
        self._spawn(self._live(container))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _said(self, container: Container, line: str, source: int) -> None:
        function = container.function
        one: Input | None = next(reversed(container.running.values()), None)
        self._logs.add(
            line,
            source,
            app_id=function.app.id,
            function_id=function.root.id,
            variant_id=function.id,
            task_id=container.id,
            call_id=one.call.id if one else "",
            input_id=one.id if one else "",
        )

    async def _live(self, container: Container) -> None:
        startup = container.proto.startup_timeout_secs
        loop = asyncio.get_running_loop()
        timer = (
            loop.call_later(
                startup, lambda: None if container.ready else container.kill("it did not come up")
            )
            if startup
            else None
        )
        try:
            tree: Path = self._files.tree(list(container.proto.mount_ids))
            secrets = self._secrets.environment(list(container.proto.secret_ids))
            await self._launcher.run(container, self._apps.layout(container.function.app), tree, secrets)
        except OSError as error:
            self.attempts.note(container, f"the container could not be started: {error}")
        finally:
            if timer is not None:
                timer.cancel()
            self._ended(container)

    def _ended(self, container: Container) -> None:
        function = container.function
        container.finished_at = time.time()
        container.clear_timers()
        if container.pid:
            self._on_end(container.pid)
        self._state.containers.pop(container.id, None)
        function.containers.pop(container.id, None)
        self._state.ended.append(container)
        code = container.returncode
        said = f"the container ended with {code}{f' ({container.told})' if container.told else ''}"
        for one in container.running.values():
            self.attempts.note(container, said, one)
        if code and not container.running and not container.draining:
            self.attempts.note(container, said)
        self.attempts.lose(container)
        # One that was killed from outside says nothing about the function.
        if not container.ready and not container.told and (code is None or code >= 0):
            self._failed_start(container)
        container.bell.ring()
        container.exited.ring()
        self._logs.bell.ring()
        self.wake()

    def _failed_start(self, container: Container) -> None:
        function = container.function
        function.failed_starts += 1
        result = container.result or Result(
            status=Result.GENERIC_STATUS_INIT_FAILURE,
            exception=f"the container ended with {container.returncode} before it took an input",
        )
        if function.failed_starts >= self._settings.crash_loop:
            function.failed_starts = 0
            self.attempts.fail_waiting(function, result)
        function.may_start_at = time.monotonic() + START_PAUSE
        asyncio.get_running_loop().call_later(START_PAUSE + 0.01, self.wake)

    async def next_input(self, container: Container) -> Input | None:
        """The next input for a container; None when it shall end, or when it shall ask again (see `draining`)."""
        function = container.function
        if container.output is not None:
            container.output.boundary()
        if not container.ready:
            container.ready = True
            function.failed_starts = 0
        if container.draining:
            return None
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Input | None] = loop.create_future()
        waiter = (container, future)
        function.waiters.append(waiter)
        if not container.running:
            # It asks again now and then; that does not begin its idleness anew.
            container.idle_since = container.idle_since or loop.time()
            container.idle_timer = loop.call_at(
                container.idle_since + self._idle(container), self._idle_end, container
            )
        timer = loop.call_later(
            self._settings.long_poll, lambda: None if future.done() else future.set_result(None)
        )
        self.wake()
        try:
            return await future
        finally:
            timer.cancel()
            if container.idle_timer is not None:
                container.idle_timer.cancel()
                container.idle_timer = None
            if waiter in function.waiters:
                function.waiters.remove(waiter)

    def _idle(self, container: Container) -> float:
        own = container.function.scaling().scaledown_window or container.proto.task_idle_timeout_secs
        return max(float(own or self._settings.idle), self._settings.idle_at_least)

    def _idle_end(self, container: Container) -> None:
        function = container.function
        floor = function.scaling().min_containers if function.base is None and function.app.live else 0
        live = sum(1 for one in function.containers.values() if not one.draining)
        if live <= floor:
            container.idle_timer = asyncio.get_running_loop().call_later(
                self._idle(container), self._idle_end, container
            )
        else:
            self.drain(container, "it had nothing to do")

    def drain(self, container: Container, why: str) -> None:
        """Let a container finish what it works on and end."""
        container.draining, container.told = True, container.told or why
        for waiting, future in list(container.function.waiters):
            if waiting is container and not future.done():
                future.set_result(None)
        self.wake()

    def stop(self, container: Container, why: str) -> None:
        """Make a container end now; what it works on goes to another."""
        container.interrupt(why, self._settings.grace)

    def app_published(self, app: App) -> None:
        """Containers of what is not the current definition any more finish and end."""
        for container in list(self._state.containers.values()):
            if container.function.app is app and container.function.current is not container.definition:
                self.drain(container, "a newer version was deployed")
        self.wake()

    def app_stopped(self, app: App) -> None:
        """All of an app ends."""
        for one in list(self._state.inputs.values()):
            if one.call.function.app is app and one.state != "done":
                self.attempts.cancel(one, terminate=True)
        for container in list(self._state.containers.values()):
            if container.function.app is app:
                container.interrupt("its app was stopped", self._settings.grace)

    async def close(self) -> None:
        """Kill all containers and wait for their end."""
        self.closing = True
        for container in list(self._state.containers.values()):
            container.kill("the control plane stops")
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=10)
