"""Start a control plane, look at it, and break it: the Python side of all hooks."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from .containers import Container
from .faults import RpcFault, RpcFaults
from .logs import Line, LineFilter
from .plane import Plane
from .rpc import RpcLog
from .settings import Settings, apply
from .state import Call
from .views import CallView, ContainerView

T = TypeVar("T")
EVERYTHING = LineFilter()


class RunningModal:
    """A control plane that is served from a thread of its own. Every method may be called from any other thread.

    `env` maps ``MODAL_SERVER_URL``, ``MODAL_TOKEN_ID``, ``MODAL_TOKEN_SECRET`` and ``MODAL_CONFIG_PATH`` to values.
    """

    def __init__(self, settings: Settings, port: int = 0, faults: Iterable[str | RpcFault] = ()) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready: Future[Plane] = Future()
        self._stopping = asyncio.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, args=(settings, port), name="modal-loopback", daemon=True
        )
        self._thread.start()
        self._plane = self._ready.result(timeout=60)
        self.env = self._plane.environ()
        for rule in faults:
            self.faults.add(rule)

    def _run(self, settings: Settings, port: int) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(settings, port))
        except Exception as error:  # noqa: BLE001 - handed over to whoever waits for the start
            if self._ready.done():
                self._failure = error
            else:
                self._ready.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self, settings: Settings, port: int) -> None:
        plane = Plane(settings)
        try:
            await plane.start(port)
            self._ready.set_result(plane)
            await self._stopping.wait()
        finally:
            await plane.stop()

    def call(self, work: Callable[[Plane], T]) -> T:
        """Run `work` on the plane's own thread, between two steps of everything else, and give its result."""
        done: Future[T] = Future()

        def step() -> None:
            try:
                done.set_result(work(self._plane))
            except Exception as error:  # noqa: BLE001 - raised where the result is awaited
                done.set_exception(error)

        self._loop.call_soon_threadsafe(step)
        return done.result(timeout=60)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    @property
    def settings(self) -> Settings:
        """Its settings; most take effect at once when they are changed."""
        return self._plane.settings

    @property
    def faults(self) -> RpcFaults:
        """The rules of what goes wrong between clients or containers and the control plane."""
        return self._plane.desk.faults

    @property
    def log(self) -> RpcLog:
        """All RPCs. `errors` are tracebacks of the control plane itself: a test may assert that there are none."""
        return self._plane.desk.log

    @property
    def busy(self) -> bool:
        """Whether an input runs or waits."""
        return self.call(
            lambda plane: (
                any(one.running for one in plane.state.containers.values())
                or any(one.pending for one in plane.state.functions.values())
            )
        )

    def containers(self, *, function: str | None = None, ended: bool = False) -> list[ContainerView]:
        """Containers that live, or all (`ended`), oldest first; of one function if named."""

        def look(plane: Plane) -> list[ContainerView]:
            found = [*(plane.state.ended if ended else ()), *plane.state.containers.values()]
            return [ContainerView.of(one) for one in found if function in {None, one.function.name}]

        return sorted(self.call(look), key=lambda one: one.enqueued_at)

    def calls(self, *, function: str | None = None) -> list[CallView]:
        """All calls, oldest first; of one function if named."""
        return self.call(
            lambda plane: [
                CallView.of(one)
                for one in plane.state.calls.values()
                if function in {None, one.function.name}
            ]
        )

    def look(self, call_id: str) -> CallView:
        """One call. Raises KeyError."""
        return self.call(lambda plane: CallView.of(plane.state.calls[call_id]))

    def lines(self, wanted: LineFilter = EVERYTHING) -> list[Line]:
        """Log lines, oldest first."""
        return self.call(lambda plane: [line for line in plane.lines.after(0) if wanted.wants(line)])

    def wait(self, holds: Callable[[], T], timeout: float = 30.0) -> T:
        """Ask `holds` until it gives something true, and give that. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while not (found := holds()):
            if time.monotonic() > end:
                raise TimeoutError(f"did not come true in {timeout:.0f} s")
            time.sleep(0.02)
        return found

    def kill(self, task_id: str, number: int = signal.SIGKILL) -> None:
        """Send a container a signal, as something outside of Modal would. Raises KeyError if it does not live."""
        self.call(lambda plane: plane.state.containers[task_id].signal(number))

    def preempt(self, task_id: str) -> None:
        """SIGINT, SIGKILL after `Settings.grace`; its inputs go elsewhere. Raises KeyError if it does not live."""

        def work(plane: Plane) -> None:
            container: Container = plane.state.containers[task_id]
            plane.scheduler.attempts.note(container, "the container is preempted")
            plane.scheduler.stop(container, "preempted")

        self.call(work)

    def limit_containers(self, number: int) -> None:
        """Set how many containers the account may have; those that live stay."""
        self.change(account_containers=number)

    def change(self, **changes: Any) -> None:
        """Set fields of `Settings`. Raises TypeError for an unknown one."""

        def work(plane: Plane) -> None:
            apply(plane.settings, changes)
            plane.scheduler.wake()

        self.call(work)

    def expire(self, call_id: str) -> None:
        """Let the results of a call be gone, as they are after seven days. Raises KeyError."""

        def work(plane: Plane) -> None:
            call: Call = plane.state.calls[call_id]
            call.expired = True
            call.bell.ring()

        self.call(work)

    def go_dark(self) -> None:
        """Drop all clients and refuse new connections; containers go on."""
        self.call(lambda plane: plane.shut())

    def come_back(self) -> None:
        """Answer at the same address again."""
        self._await(self._plane.listen(self._plane.port))

    def fail_blobs(self, *statuses: int) -> None:
        """Answer the next uploads and downloads of blobs with these HTTP statuses."""
        self.call(lambda plane: plane.blobs.failures.extend(statuses))

    def billed_seconds(self) -> float:
        """Seconds that all containers have lived until now, added up."""
        return sum(one.seconds for one in self.containers(ended=True))

    def stop(self) -> None:
        """Kill all containers, stop serving, remove all files. Safe to call twice. Raises what went wrong in that."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=30)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def __enter__(self) -> RunningModal:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_modal(
    settings: Settings | None = None,
    *,
    port: int = 0,
    faults: Iterable[str | RpcFault] = (),
    **changes: Any,
) -> RunningModal:
    """Serve a control plane at `port` of 127.0.0.1 (0: any free one) from a background thread.

    `changes` are fields of `Settings`. Raises OSError if the port is taken, TypeError for an unknown field.
    """
    made = settings or Settings()
    apply(made, changes)
    return RunningModal(made, port, faults)
