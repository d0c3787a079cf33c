"""Calls: made, given inputs, asked for outputs, cancelled. What happens to an attempt is in `attempts`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from grpclib import Status
from modal_proto import api_pb2

from .attempts import Attempts
from .functions import FunctionService
from .ids import make_jwt, new_id, read_jwt
from .rpc import Caller, missing, refuse, rpc
from .settings import Settings
from .state import Call, Function, Input, State

MOST_OUTPUTS = 200
SYNC = api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC
Result = api_pb2.GenericResult


class CallService:
    """RPCs of calls, as clients and containers make them."""

    def __init__(
        self, state: State, settings: Settings, functions: FunctionService, attempts: Attempts
    ) -> None:
        self._state = state
        self._settings = settings
        self._functions = functions
        self._attempts = attempts

    def call(self, call_id: str) -> Call:
        """The call. Raises GRPCError NOT_FOUND."""
        found = self._state.calls.get(call_id)
        if found is None:
            raise missing(f"No FunctionCall with ID '{call_id}' found.")
        return found

    @rpc
    async def function_map(
        self, request: api_pb2.FunctionMapRequest, caller: Caller
    ) -> api_pb2.FunctionMapResponse:
        """A new call, with its inputs if there are few."""
        function = self._functions.function(request.function_id)
        effective = function.effective()
        if effective is None or not function.app.live:
            raise missing(
                f"Function '{function.name}' belongs to an app that is stopped or was not deployed."
            )
        self._must_have_room(function, len(request.pipelined_inputs))
        call = Call(
            new_id("fc"),
            function,
            request.function_call_type == api_pb2.FUNCTION_CALL_TYPE_MAP,
            request.function_call_invocation_type == SYNC,
            request.parent_input_id,
        )
        self._state.calls[call.id] = call
        return api_pb2.FunctionMapResponse(
            function_call_id=call.id,
            pipelined_inputs=[self._put(call, item) for item in request.pipelined_inputs],
            retry_policy=effective.retry_policy,
            function_call_jwt=make_jwt(function_call_id=call.id),
            sync_client_retries_enabled=call.sync,
            max_inputs_outstanding=1000,
        )

    def _must_have_room(self, function: Function, more: int) -> None:
        if len(function.pending) + more > self._settings.pending_limit:
            raise refuse(
                Status.RESOURCE_EXHAUSTED,
                f"Function '{function.name}' has {len(function.pending)} pending inputs; "
                f"the limit is {self._settings.pending_limit}",
            )

    def _put(self, call: Call, item: api_pb2.FunctionPutInputsItem) -> api_pb2.FunctionPutInputsResponseItem:
        made = Input(new_id("in"), call, item.idx, item.input)
        self._state.inputs[made.id] = made
        call.inputs[item.idx] = made
        self._attempts.enqueue(made)
        return api_pb2.FunctionPutInputsResponseItem(
            idx=item.idx, input_id=made.id, input_jwt=make_jwt(idx=made.idx, input_id=made.id)
        )

    @rpc
    async def function_put_inputs(
        self, request: api_pb2.FunctionPutInputsRequest, caller: Caller
    ) -> api_pb2.FunctionPutInputsResponse:
        """More inputs of a call."""
        call = self.call(request.function_call_id)
        self._must_have_room(call.function, len(request.inputs))
        return api_pb2.FunctionPutInputsResponse(inputs=[self._put(call, item) for item in request.inputs])

    @rpc
    async def function_finish_inputs(
        self, request: api_pb2.FunctionFinishInputsRequest, caller: Caller
    ) -> Empty:
        """There will be no more inputs."""
        self.call(request.function_call_id)
        return Empty()

    @rpc
    async def function_retry_inputs(
        self, request: api_pb2.FunctionRetryInputsRequest, caller: Caller
    ) -> api_pb2.FunctionRetryInputsResponse:
        """Inputs of a SYNC call that their client wants to be tried again."""
        jwts: list[str] = []
        for item in request.inputs:
            one = self._state.inputs.get(str(read_jwt(item.input_jwt).get("input_id")))
            if one is None:
                raise missing("input not found")
            one.payload = item.input
            # A unary call does not say which attempt it is (modal/_functions.py, _retry_input); a map does.
            one.retry_count = item.retry_count or one.retry_count + 1
            self._attempts.again(one)
            jwts.append(item.input_jwt)
        return api_pb2.FunctionRetryInputsResponse(input_jwts=jwts)

    @rpc
    async def function_get_outputs(
        self, request: api_pb2.FunctionGetOutputsRequest, caller: Caller
    ) -> api_pb2.FunctionGetOutputsResponse:
        """Outputs of some inputs, or those after a cursor; waits until there is one."""
        call = self.call(request.function_call_id)
        loop = asyncio.get_running_loop()
        end = loop.time() + request.timeout
        while True:
            if call.expired:
                return api_pb2.FunctionGetOutputsResponse(last_entry_id=request.last_entry_id)
            if request.HasField("start_idx"):
                found = [
                    one.output
                    for idx in range(request.start_idx, request.end_idx + 1)
                    if (one := call.inputs.get(idx)) is not None
                    and one.output is not None
                    and one.state == "done"
                ]
                cursor = request.last_entry_id
            else:
                first = int(request.last_entry_id.partition("-")[0] or 0)
                found = call.outputs[first : first + (request.max_values or MOST_OUTPUTS)]
                cursor = f"{first + len(found)}-0"
            if found or not await call.bell.wait(end - loop.time()):
                return api_pb2.FunctionGetOutputsResponse(
                    outputs=found, last_entry_id=cursor, num_unfinished_inputs=call.unfinished
                )

    @rpc
    async def function_call_cancel(self, request: api_pb2.FunctionCallCancelRequest, caller: Caller) -> Empty:
        """End a call's inputs without retrying them, and their containers if that is asked."""
        self._cancel(self.call(request.function_call_id), request.terminate_containers)
        return Empty()

    def _cancel(self, call: Call, terminate: bool) -> None:
        for one in list(call.inputs.values()):
            self._attempts.cancel(one, terminate)
        if self._settings.cascade:
            ids = {one.id for one in call.inputs.values()}
            for child in list(self._state.calls.values()):
                if child.parent_input in ids:
                    self._cancel(child, terminate)

    @rpc
    async def function_call_from_id(
        self, request: api_pb2.FunctionCallFromIdRequest, caller: Caller
    ) -> api_pb2.FunctionCallFromIdResponse:
        """Which function a call is of, and how many inputs it has."""
        call = self.call(request.function_call_id)
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.id,
            num_inputs=len(call.inputs),
            metadata=api_pb2.FunctionCallHandleMetadata(
                app_id=call.function.app.id, function_id=call.function.id
            ),
        )

    @rpc
    async def function_call_get_info(
        self, request: api_pb2.FunctionCallGetInfoRequest, caller: Caller
    ) -> api_pb2.FunctionCallGetInfoResponse:
        """How many inputs are in which state."""
        return api_pb2.FunctionCallGetInfoResponse(info=self._info(self.call(request.function_call_id)))

    @staticmethod
    def _info(call: Call) -> api_pb2.FunctionCallInfo:
        counts = call.counts()
        good = counts.pop(Result.GENERIC_STATUS_SUCCESS, 0)
        late = counts.pop(Result.GENERIC_STATUS_TIMEOUT, 0)
        cancelled = counts.pop(Result.GENERIC_STATUS_TERMINATED, 0)

        def number(total: int) -> api_pb2.InputCategoryInfo:
            return api_pb2.InputCategoryInfo(total=total)

        return api_pb2.FunctionCallInfo(
            function_call_id=call.id,
            created_at=call.created_at,
            pending_inputs=number(call.unfinished),
            succeeded_inputs=number(good),
            timeout_inputs=number(late),
            cancelled_inputs=number(cancelled),
            failed_inputs=number(sum(counts.values())),
            total_inputs=len(call.inputs),
        )

    @rpc
    async def function_call_list(
        self, request: api_pb2.FunctionCallListRequest, caller: Caller
    ) -> api_pb2.FunctionCallListResponse:
        """Calls of a function and its variants, newest first."""
        root = self._functions.function(request.function_id)
        calls = [one for one in self._state.calls.values() if root in {one.function, one.function.root}]
        return api_pb2.FunctionCallListResponse(function_calls=[self._info(one) for one in calls[::-1]])

    @rpc
    async def function_get_call_graph(
        self, request: api_pb2.FunctionGetCallGraphRequest, caller: Caller
    ) -> api_pb2.FunctionGetCallGraphResponse:
        """The calls that a call's inputs made, and theirs."""
        made = api_pb2.FunctionGetCallGraphResponse()
        todo = [self.call(request.function_call_id)]
        while todo:
            call = todo.pop()
            made.function_calls.add(
                function_call_id=call.id,
                parent_input_id=call.parent_input,
                function_name=call.function.name,
                module_name=(call.function.current.proto.module_name if call.function.current else ""),
            )
            for one in call.inputs.values():
                status = one.output.result.status if one.output else Result.GENERIC_STATUS_UNSPECIFIED
                made.inputs.add(input_id=one.id, status=status, function_call_id=call.id, task_id=one.task_id)
            ids = {one.id for one in call.inputs.values()}
            todo += [child for child in self._state.calls.values() if child.parent_input in ids]
        return made

    @rpc
    async def function_call_put_data_out(
        self, request: api_pb2.FunctionCallPutDataRequest, caller: Caller
    ) -> Empty:
        """What a generator yielded."""
        call = self.call(request.function_call_id)
        call.chunks_out.extend(request.data_chunks)
        call.bell.ring()
        return Empty()

    @rpc
    async def function_call_get_data_out(
        self, request: api_pb2.FunctionCallGetDataRequest, caller: Caller
    ) -> AsyncIterator[api_pb2.DataChunk]:
        """What a generator yields, as it comes."""
        call = self.call(request.function_call_id)
        sent, end = request.last_index, asyncio.get_running_loop().time() + 50
        while True:
            for chunk in [one for one in call.chunks_out if one.index > sent]:
                sent = chunk.index
                yield chunk
            left = end - asyncio.get_running_loop().time()
            if not await call.bell.wait(left) and left <= 0:
                return
