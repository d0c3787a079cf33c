"""Containers: real ``python -m modal._container_entrypoint`` processes, each with a socket that says who it is.

RPCs of containers do not name their sender, so each container has a unix socket of its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from grpclib.server import Server
from modal_proto import api_pb2

from .bell import Bell
from .ids import new_id
from .output import Output
from .rpc import Caller, Desk, Door, StatusDetails
from .state import Definition, Function, Input

ABSENT_CODE = '''"""Written by the loopback control plane: what the image of a container does not have."""
import importlib.machinery, sys

class _Absent:
    names = {names!r}
    root = {root!r}

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in self.names:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, [self.root])
        if found is None:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return found

sys.meta_path.insert(0, _Absent())
'''


class Container:
    """One container of a function. `state`: starting, idle, busy, ended; times are seconds since the epoch.

    `running` are the inputs it works on, in the order in which it got them. `draining`: it gets no more. `told` says that
    it was made to end, by whom.
    """

    def __init__(self, function: Function, definition: Definition, proto: api_pb2.Function) -> None:
        self.id = new_id("ta")
        self.function = function
        self.definition = definition
        self.proto = proto
        self.enqueued_at = time.time()
        self.started_at = 0.0
        self.finished_at = 0.0
        self.ready = False
        self.draining = False
        self.told = ""
        self.running: dict[str, Input] = {}
        self.cancels: set[str] = set()
        self.bell = Bell()
        self.exited = Bell()
        self.result: api_pb2.GenericResult | None = None
        self.returncode: int | None = None
        self.pid = 0
        self.output: Output | None = None
        self.idle_since = 0.0
        self.idle_timer: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def slots(self) -> int:
        """Inputs it may work on at the same time."""
        return max(self.proto.target_concurrent_inputs or self.proto.max_concurrent_inputs, 1)

    @property
    def state(self) -> str:
        """What it is doing."""
        if self.finished_at:
            return "ended"
        if not self.ready:
            return "starting"
        return "busy" if self.running else "idle"

    def signal(self, number: int, *, everything: bool = False) -> None:
        """Send a signal to the process, or to all processes that it started too."""
        if self.pid and not self.finished_at:
            with suppress(ProcessLookupError):
                (os.killpg if everything else os.kill)(self.pid, number)

    def kill(self, why: str) -> None:
        """End it at once."""
        self.draining, self.told = True, self.told or why
        self.signal(signal.SIGKILL, everything=True)

    def interrupt(self, why: str, grace: float) -> None:
        """SIGINT, and SIGKILL if it still lives after `grace` seconds."""
        self.draining, self.told = True, self.told or why
        self.signal(signal.SIGINT)
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(grace, self.kill, why))

    def cancel_inputs(self, input_ids: Iterable[str]) -> None:
        """Tell it, with the answer to its next heartbeat, to stop working on these."""
        self.cancels.update(input_ids)
        self.bell.ring()

    def clear_timers(self) -> None:
        """Nothing is to be done with it any more."""
        for timer in (*self._timers, self.idle_timer):
            if timer is not None:
                timer.cancel()
        self._timers.clear()
        self.idle_timer = None


class Launcher:
    """Starts containers' processes and says when they have ended.

    `sockets` is a folder with a short path, for the names of unix sockets are limited to about 100 bytes.
    """

    def __init__(self, desk: Desk, folder: Path, sockets: Path, on_start: Callable[[int], None]) -> None:
        self._desk = desk
        self._folder = folder / "tasks"
        self._folder.mkdir()
        self._sockets = sockets
        self._on_start = on_start
        self._hooks: dict[Path, Path] = {}

    async def run(
        self, container: Container, layout: api_pb2.AppLayout, tree: Path, secrets: Mapping[str, str]
    ) -> None:
        """Start the process and return when it has ended; `returncode` is set then. Raises OSError."""
        output = container.output
        assert output is not None
        home = self._folder / container.id
        (home / "tmp").mkdir(parents=True)
        socket = self._sockets / container.id[3:]
        server = Server([Door(self._desk, Caller(container))], status_details_codec=StatusDetails())
        await server.start(path=str(socket))
        try:
            arguments = home / "arguments"
            arguments.write_bytes(self._arguments(container, layout).SerializeToString())
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "modal._container_entrypoint",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.stdout.write_end,
                stderr=output.stderr.write_end,
                cwd=tree / "root",
                env=self._environment(container, home, tree, socket, arguments) | dict(secrets),
                start_new_session=True,
            )
            container.pid, container.started_at = process.pid, time.time()
            self._on_start(process.pid)
            output.started()
            if container.told:
                container.signal(signal.SIGKILL, everything=True)
            container.returncode = await process.wait()
            # What it started and left behind goes with it, as a real container's processes do.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        finally:
            output.finish()
            server.close()
            socket.unlink(missing_ok=True)

    def _arguments(self, container: Container, layout: api_pb2.AppLayout) -> api_pb2.ContainerArguments:
        function, proto = container.function, container.proto
        made = api_pb2.ContainerArguments(
            task_id=container.id,
            function_id=function.id,
            app_id=function.app.id,
            function_def=proto,
            serialized_params=function.params,
            environment_name=function.app.environment,
            app_layout=layout,
        )
        known = {one.object_id for one in made.app_layout.objects}
        if function.id not in known:
            made.app_layout.objects.add(object_id=function.id, function_handle_metadata=function.handle)
        for dependency in proto.object_dependencies:
            if dependency.object_id not in known:
                made.app_layout.objects.add(object_id=dependency.object_id)
        return made

    def _environment(
        self, container: Container, home: Path, tree: Path, socket: Path, arguments: Path
    ) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join((str(tree / "root"), str(self._hook(tree)))),
            "PYTHONUNBUFFERED": "1",
            "MODAL_IS_REMOTE": "1",
            "MODAL_TASK_ID": container.id,
            "MODAL_IMAGE_ID": container.proto.image_id,
            "MODAL_ENVIRONMENT": container.function.app.environment,
            "MODAL_SERVER_URL": f"unix://{socket}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(arguments),
            **self._desk.settings.container_env,
        }

    def _hook(self, tree: Path) -> Path:
        """A folder with the ``sitecustomize`` that hides what images lack."""
        made = self._hooks.get(tree)
        if made is None:
            made = tree.with_suffix(".site")
            made.mkdir()
            code = ABSENT_CODE.format(names=set(self._desk.settings.absent), root=str(tree / "root"))
            (made / "sitecustomize.py").write_text(code)
            self._hooks[tree] = made
        return made
