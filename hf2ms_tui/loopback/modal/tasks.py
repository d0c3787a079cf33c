"""What containers ask and report, and what clients ask about containers."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .apps import DEFAULT_ENVIRONMENT
from .containers import Container
from .rpc import Caller, missing, rpc
from .scheduler import Scheduler
from .settings import Settings
from .state import State

HEARTBEAT = 14.5
"""Seconds a heartbeat is held: a container gives up after 15.1 (modal/client.py, HEARTBEAT_TIMEOUT)."""


class TaskService:
    """RPCs of containers."""

    def __init__(self, state: State, settings: Settings, scheduler: Scheduler) -> None:
        self._state = state
        self._settings = settings
        self._scheduler = scheduler

    @rpc
    async def container_hello(self, request: Empty, caller: Caller) -> Empty:
        """The first word of a container."""
        caller.must_be_container()
        return Empty()

    @rpc
    async def container_heartbeat(
        self, request: api_pb2.ContainerHeartbeatRequest, caller: Caller
    ) -> api_pb2.ContainerHeartbeatResponse:
        """Held until there is an input to cancel."""
        container = caller.must_be_container()
        await container.bell.until(lambda: bool(container.cancels) or bool(container.finished_at), HEARTBEAT)
        made = api_pb2.ContainerHeartbeatResponse()
        if container.cancels:
            made.cancel_input_event.input_ids.extend(sorted(container.cancels))
            container.cancels.clear()
        return made

    @rpc
    async def function_get_inputs(
        self, request: api_pb2.FunctionGetInputsRequest, caller: Caller
    ) -> api_pb2.FunctionGetInputsResponse:
        """The next input, or the word to end."""
        container = caller.must_be_container()
        one = await self._scheduler.next_input(container)
        made = api_pb2.FunctionGetInputsResponse()
        if one is not None:
            made.inputs.add(
                input_id=one.id,
                input=one.payload,
                function_call_id=one.call.id,
                function_call_invocation_type=(
                    api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC
                    if one.call.sync
                    else api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
                ),
                retry_count=one.retry_count,
                function_map_idx=one.idx,
            )
        elif container.draining:
            made.inputs.add(kill_switch=True)
        return made

    @rpc
    async def function_put_outputs(self, request: api_pb2.FunctionPutOutputsRequest, caller: Caller) -> Empty:
        """Outputs of inputs. What was printed before is read first, so that it is the input's."""
        container = caller.must_be_container()
        if container.output is not None:
            container.output.boundary()
        for item in request.outputs:
            self._scheduler.attempts.report(container, item)
        return Empty()

    @rpc
    async def task_result(self, request: api_pb2.TaskResultRequest, caller: Caller) -> Empty:
        """Why a container did not come up."""
        caller.must_be_container().result = request.result
        return Empty()

    def _container(self, task_id: str) -> Container:
        for container in (*self._state.containers.values(), *self._state.ended):
            if container.id == task_id:
                return container
        raise missing(f"No container with ID '{task_id}' found.")

    @rpc
    async def container_stop(
        self, request: api_pb2.ContainerStopRequest, caller: Caller
    ) -> api_pb2.ContainerStopResponse:
        """End a container: now, or gracefully after what it works on."""
        container = self._container(request.task_id)
        if container.finished_at:
            return api_pb2.ContainerStopResponse()
        if request.graceful:
            self._scheduler.drain(container, "it was asked to end")
        else:
            self._scheduler.stop(container, "it was stopped")
        return api_pb2.ContainerStopResponse()

    @rpc
    async def task_list(self, request: api_pb2.TaskListRequest, caller: Caller) -> api_pb2.TaskListResponse:
        """Containers that live."""
        return api_pb2.TaskListResponse(
            tasks=[
                api_pb2.TaskStats(
                    task_id=one.id,
                    app_id=one.function.app.id,
                    app_description=one.function.app.description or one.function.app.name,
                    started_at=one.started_at,
                    enqueued_at=one.enqueued_at,
                )
                for one in self._state.containers.values()
                if request.app_id in {"", one.function.app.id}
                and one.function.app.environment == (request.environment_name or DEFAULT_ENVIRONMENT)
            ]
        )

    @rpc
    async def task_get_info(
        self, request: api_pb2.TaskGetInfoRequest, caller: Caller
    ) -> api_pb2.TaskGetInfoResponse:
        """When a container lived and how it ended."""
        one = self._container(request.task_id)
        return api_pb2.TaskGetInfoResponse(
            app_id=one.function.app.id,
            info=api_pb2.TaskInfo(
                id=one.id,
                started_at=one.started_at,
                finished_at=one.finished_at,
                enqueued_at=one.enqueued_at,
                result=one.result,
            ),
        )
