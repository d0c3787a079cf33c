"""Functions: created for an app, looked up by name, bound to other options, scaled."""

from __future__ import annotations

from collections.abc import Callable

from grpclib import Status
from modal_proto import api_pb2

from .apps import DEFAULT_ENVIRONMENT, AppService
from .ids import content_id, new_id
from .rpc import Caller, missing, refuse, rpc
from .state import App, Definition, Function, State


class FunctionService:
    """RPCs of functions. `on_change` is told when limits changed."""

    def __init__(self, state: State, apps: AppService, on_change: Callable[[], None]) -> None:
        self._state = state
        self._apps = apps
        self._on_change = on_change

    def function(self, function_id: str) -> Function:
        """The function or variant. Raises GRPCError NOT_FOUND."""
        found = self._state.functions.get(function_id)
        if found is None:
            raise missing(f"No Function with ID '{function_id}' found.")
        return found

    @rpc
    async def function_precreate(
        self, request: api_pb2.FunctionPrecreateRequest, caller: Caller
    ) -> api_pb2.FunctionPrecreateResponse:
        """An id for a function that is about to be created; the same name of an app has the same id."""
        app = self._apps.app(request.app_id)
        if request.method_definitions or request.webhook_config.type:
            raise refuse(Status.UNIMPLEMENTED, "this control plane models neither classes nor web functions")
        function = self._named(app, request.function_name, request.existing_function_id)
        handle = function.handle
        handle.function_type = request.function_type
        handle.function_schema.CopyFrom(request.function_schema)
        _replace(handle.supported_input_formats, request.supported_input_formats)
        _replace(handle.supported_output_formats, request.supported_output_formats)
        return api_pb2.FunctionPrecreateResponse(function_id=function.id, handle_metadata=handle)

    def _named(self, app: App, name: str, existing: str) -> Function:
        function = self._state.functions.get(existing) or app.by_name.get(name)
        if function is None:
            function_id = new_id("fu")
            handle = api_pb2.FunctionHandleMetadata(function_name=name, app_id=app.id)
            function = Function(function_id, app, name, handle)
            self._state.functions[function_id] = function
        app.by_name[name] = function
        return function

    @rpc
    async def function_create(
        self, request: api_pb2.FunctionCreateRequest, caller: Caller
    ) -> api_pb2.FunctionCreateResponse:
        """A definition for a function; it counts once the app is published."""
        app = self._apps.app(request.app_id)
        if request.function_data.ranked_functions:
            proto = request.function_data.ranked_functions[0].function
        else:
            proto = request.function
        if proto.is_class or proto.webhook_config.type or proto.is_server:
            raise refuse(Status.UNIMPLEMENTED, "this control plane models neither classes nor web functions")
        # The client fills it from a set, in another order each time.
        _replace(proto.mount_ids, sorted(proto.mount_ids))
        definition = Definition(content_id("de", proto.SerializeToString(deterministic=True)), proto)
        function = self._named(app, proto.function_name, request.existing_function_id)
        function.created[definition.id] = definition
        handle = function.handle
        handle.definition_id = definition.id
        handle.function_type = proto.function_type
        handle.function_schema.CopyFrom(proto.function_schema)
        _replace(handle.supported_input_formats, proto.supported_input_formats)
        _replace(handle.supported_output_formats, proto.supported_output_formats)
        return api_pb2.FunctionCreateResponse(
            function_id=function.id,
            function=proto,
            handle_metadata=handle,
            function_data=function_data(proto),
        )

    @rpc
    async def function_get(
        self, request: api_pb2.FunctionGetRequest, caller: Caller
    ) -> api_pb2.FunctionGetResponse:
        """A function of a deployed app, by name; with a version, pinned to it."""
        environment = request.environment_name or DEFAULT_ENVIRONMENT
        app = self._state.deployed.get((environment, request.app_name))
        if app is None:
            raise missing(f"App '{request.app_name}' not found in environment '{environment}'")
        function_id = app.published.get(request.object_tag)
        if request.app_version:
            function_id = self._pinned(app, request.object_tag, request.app_version)
        if function_id is None:
            raise missing(f"App '{request.app_name}' has no function '{request.object_tag}'")
        function = self.function(function_id)
        return api_pb2.FunctionGetResponse(
            function_id=function.id,
            handle_metadata=function.handle,
            function=function_data(function.effective()),
        )

    def _pinned(self, app: App, tag: str, version: int) -> str | None:
        if not 0 < version <= len(app.versions):
            raise missing(f"App '{app.name}' has no version {version}")
        publication = app.versions[version - 1]
        function_id = publication.functions.get(tag)
        if function_id is None:
            return None
        base = self.function(function_id)
        definition = base.created[publication.definitions[function_id]]
        made = content_id("fu", base.id, str(version))
        if made not in self._state.functions:
            self._state.functions[made] = Function(
                made, app, base.name, self._variant_handle(base), base=base, pinned=definition
            )
        return made

    @staticmethod
    def _variant_handle(base: Function) -> api_pb2.FunctionHandleMetadata:
        handle = api_pb2.FunctionHandleMetadata()
        handle.CopyFrom(base.handle)
        handle.base_function_id = base.root.id
        return handle

    @rpc
    async def function_get_by_id(
        self, request: api_pb2.FunctionGetByIdRequest, caller: Caller
    ) -> api_pb2.FunctionGetByIdResponse:
        """A function or variant by id."""
        function = self.function(request.function_id)
        return api_pb2.FunctionGetByIdResponse(
            function=function_data(function.effective()), handle_metadata=function.handle
        )

    @rpc
    async def function_bind_params(
        self, request: api_pb2.FunctionBindParamsRequest, caller: Caller
    ) -> api_pb2.FunctionBindParamsResponse:
        """A variant with other options; the same options give the same variant, and so the same containers."""
        base = self.function(request.function_id)
        options = request.function_options
        made = content_id(
            "fu", base.id, request.serialized_params, options.SerializeToString(deterministic=True)
        )
        if made not in self._state.functions:
            self._state.functions[made] = Function(
                made,
                base.app,
                base.name,
                self._variant_handle(base),
                base=base,
                options=options,
                params=request.serialized_params,
            )
        return api_pb2.FunctionBindParamsResponse(
            bound_function_id=made, handle_metadata=self._state.functions[made].handle
        )

    @rpc
    async def function_update_scheduling_params(
        self, request: api_pb2.FunctionUpdateSchedulingParamsRequest, caller: Caller
    ) -> api_pb2.FunctionUpdateSchedulingParamsResponse:
        """Set limits at run time, until the next deployment."""
        function = self.function(request.function_id)
        function.overrides.MergeFrom(request.settings)
        self._on_change()
        return api_pb2.FunctionUpdateSchedulingParamsResponse(current_settings=function.scaling())

    @rpc
    async def function_get_scheduling_params(
        self, request: api_pb2.FunctionGetSchedulingParamsRequest, caller: Caller
    ) -> api_pb2.FunctionGetSchedulingParamsResponse:
        """The limits in force."""
        function = self.function(request.function_id)
        return api_pb2.FunctionGetSchedulingParamsResponse(
            autoscaler_configuration=api_pb2.AutoscalerConfiguration(
                settings=function.scaling(), override_settings=function.overrides
            )
        )

    @rpc
    async def function_get_current_stats(
        self, request: api_pb2.FunctionGetCurrentStatsRequest, caller: Caller
    ) -> api_pb2.FunctionStats:
        """Waiting and running inputs, containers."""
        function = self.function(request.function_id)
        return api_pb2.FunctionStats(
            backlog=len(function.pending),
            num_total_tasks=len(function.containers),
            num_running_inputs=sum(len(one.running) for one in function.containers.values()),
        )

    @rpc
    async def function_get_dynamic_concurrency(
        self, request: api_pb2.FunctionGetDynamicConcurrencyRequest, caller: Caller
    ) -> api_pb2.FunctionGetDynamicConcurrencyResponse:
        """Always the target."""
        return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=request.target_concurrency)


def function_data(proto: api_pb2.Function | None) -> api_pb2.FunctionData:
    """The form in which the client reads a definition (modal/types.py, FunctionInfo._from_function_proto)."""
    made = api_pb2.FunctionData()
    if proto is None:
        made.ranked_functions.add()
        return made
    for name in ("module_name", "function_name", "implementation_name", "function_type", "timeout_secs"):
        setattr(made, name, getattr(proto, name))
    for name in ("warm_pool_size", "concurrency_limit", "task_idle_timeout_secs", "startup_timeout_secs"):
        setattr(made, name, getattr(proto, name))
    made.autoscaler_settings.CopyFrom(proto.autoscaler_settings)
    made.function_schema.CopyFrom(proto.function_schema)
    made.ranked_functions.add(rank=0, function=proto)
    return made


def _replace(target: object, values: object) -> None:
    target[:] = list(values)  # type: ignore[index,call-overload]
