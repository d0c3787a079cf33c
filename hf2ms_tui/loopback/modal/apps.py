"""Apps: created, published under a name, found again, listed, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .ids import new_id
from .rpc import Caller, missing, rpc
from .settings import Settings
from .state import App, Publication, State

DEFAULT_ENVIRONMENT = "main"


class AppService:
    """RPCs of apps. `on_publish` and `on_stop` are told of an app whose functions changed or ended."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        on_publish: Callable[[App], None],
        on_stop: Callable[[App], None],
    ) -> None:
        self._state = state
        self._settings = settings
        self._on_publish = on_publish
        self._on_stop = on_stop

    def app(self, app_id: str) -> App:
        """The app. Raises GRPCError NOT_FOUND."""
        found = self._state.apps.get(app_id)
        if found is None:
            raise missing(f"No App with ID '{app_id}' found.")
        return found

    def lifecycle(self, app: App) -> api_pb2.AppLifecycle:
        """State, dates and version of an app."""
        made = api_pb2.AppLifecycle(
            app_state=app.state,  # type: ignore[arg-type]
            created_at=app.created_at,
            created_by=self._settings.workspace,
            stopped_at=app.stopped_at,
            stopped_by=self._settings.workspace if app.stopped_at else "",
            version=len(app.versions),
        )
        if app.versions:
            made.deployed_at = app.versions[-1].deployed_at
            made.deployed_by = self._settings.workspace
        return made

    def _handle(self, app: App) -> api_pb2.AppHandleMetadata:
        return api_pb2.AppHandleMetadata(
            description=app.description or app.name,
            app_id=app.id,
            environment_name=app.environment,
            lifecycle=self.lifecycle(app),
            functions=app.published,
        )

    def _make(self, name: str, description: str, environment: str, state: int, tags: dict[str, str]) -> App:
        app = App(new_id("ap"), name, description, environment or DEFAULT_ENVIRONMENT, state, tags)
        self._state.apps[app.id] = app
        return app

    @rpc
    async def app_create(
        self, request: api_pb2.AppCreateRequest, caller: Caller
    ) -> api_pb2.AppCreateResponse:
        """A new app without functions."""
        app = self._make(
            "", request.description, request.environment_name, request.app_state, dict(request.tags)
        )
        page = f"https://modal.invalid/apps/{app.id}"
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=page, app_logs_url=f"{page}/logs")

    @rpc
    async def app_get_or_create(
        self, request: api_pb2.AppGetOrCreateRequest, caller: Caller
    ) -> api_pb2.AppGetOrCreateResponse:
        """The deployed app of a name, or any app by id (``App.lookup``)."""
        environment = request.environment_name or DEFAULT_ENVIRONMENT
        app = self._state.apps.get(request.app_name) or self._state.deployed.get(
            (environment, request.app_name)
        )
        if app is None:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                raise missing(
                    f"App '{request.app_name}' not found in environment '{environment}'. Did you deploy it?"
                )
            app = self._make(request.app_name, request.app_name, environment, api_pb2.APP_STATE_DEPLOYED, {})
            self._state.deployed[(environment, request.app_name)] = app
        return api_pb2.AppGetOrCreateResponse(app_id=app.id, handle_metadata=self._handle(app))

    @rpc
    async def app_get_by_deployment_name(
        self, request: api_pb2.AppGetByDeploymentNameRequest, caller: Caller
    ) -> api_pb2.AppGetByDeploymentNameResponse:
        """The app deployed under a name, or the last one that was stopped."""
        environment = request.environment_name or DEFAULT_ENVIRONMENT
        key = (environment, request.name)
        made = api_pb2.AppGetByDeploymentNameResponse(environment_name=environment)
        if (app := self._state.deployed.get(key)) is not None:
            made.app_id = app.id
            made.lifecycle.CopyFrom(self.lifecycle(app))
        elif (app := self._state.stopped.get(key)) is not None:
            made.previous_app_id = app.id
            made.lifecycle.CopyFrom(self.lifecycle(app))
        return made

    @rpc
    async def app_get_layout(
        self, request: api_pb2.AppGetLayoutRequest, caller: Caller
    ) -> api_pb2.AppGetLayoutResponse:
        """The published functions of an app."""
        return api_pb2.AppGetLayoutResponse(app_layout=self.layout(self.app(request.app_id)))

    def layout(self, app: App) -> api_pb2.AppLayout:
        """Function ids by tag, and what a handle on each needs to know."""
        made = api_pb2.AppLayout(function_ids=app.published)
        for function_id in app.published.values():
            handle = self._state.functions[function_id].handle
            made.objects.append(api_pb2.Object(object_id=function_id, function_handle_metadata=handle))
        return made

    @rpc
    async def app_heartbeat(self, request: api_pb2.AppHeartbeatRequest, caller: Caller) -> Empty:
        """Says that the client lives; nothing is done when it stops coming."""
        self.app(request.app_id)
        return Empty()

    @rpc
    async def app_publish(
        self, request: api_pb2.AppPublishRequest, caller: Caller
    ) -> api_pb2.AppPublishResponse:
        """Make the functions that were created the app's current version; no change makes no version."""
        app = self.app(request.app_id)
        page = f"https://modal.invalid/apps/{app.id}"
        functions, definitions = dict(request.function_ids), dict(request.definition_ids)
        last = app.versions[-1] if app.versions else None
        same = last is not None and (last.functions, last.definitions, last.tags) == (
            functions,
            definitions,
            dict(request.tags),
        )
        if same and app.state == request.app_state:
            return api_pb2.AppPublishResponse(url=page, deployed_at=0)
        for function_id, definition_id in definitions.items():
            function = self._state.functions[function_id]
            function.definition = function.created[definition_id]
            function.overrides.Clear()
        publication = Publication(
            len(app.versions) + 1,
            functions,
            definitions,
            dict(request.tags),
            time.time(),
            request.deployment_tag,
            request.client_version,
            request.commit_info,
        )
        app.versions.append(publication)
        app.tags = dict(request.tags)
        if request.app_state:
            app.state = request.app_state
        if request.name:
            app.name, app.description = request.name, request.name
            self._state.deployed[(app.environment, request.name)] = app
        self._on_publish(app)
        return api_pb2.AppPublishResponse(url=page, deployed_at=publication.deployed_at)

    @rpc
    async def app_client_disconnect(
        self, request: api_pb2.AppClientDisconnectRequest, caller: Caller
    ) -> Empty:
        """The client that ran an app is gone: ephemeral apps end, detached ones go on."""
        app = self.app(request.app_id)
        if app.state == api_pb2.APP_STATE_DETACHED:
            app.state = api_pb2.APP_STATE_DETACHED_DISCONNECTED
        elif app.state in {api_pb2.APP_STATE_EPHEMERAL, api_pb2.APP_STATE_INITIALIZING}:
            self._stop(app)
        return Empty()

    @rpc
    async def app_stop(self, request: api_pb2.AppStopRequest, caller: Caller) -> Empty:
        """End an app, its containers and its calls."""
        self._stop(self.app(request.app_id))
        return Empty()

    def _stop(self, app: App) -> None:
        if not app.live:
            return
        app.state, app.stopped_at = api_pb2.APP_STATE_STOPPED, time.time()
        key = (app.environment, app.name)
        if self._state.deployed.get(key) is app:
            del self._state.deployed[key]
            self._state.stopped[key] = app
        self._on_stop(app)
        app.done.ring()

    @rpc
    async def app_list(self, request: api_pb2.AppListRequest, caller: Caller) -> api_pb2.AppListResponse:
        """All apps, newest first, also the stopped ones."""
        running: dict[str, int] = {}
        for container in self._state.containers.values():
            running[container.function.app.id] = running.get(container.function.app.id, 0) + 1
        return api_pb2.AppListResponse(
            apps=[
                api_pb2.AppListResponse.AppListItem(
                    app_id=app.id,
                    description=app.description or app.name,
                    state=app.state,  # type: ignore[arg-type]
                    created_at=app.created_at,
                    stopped_at=app.stopped_at,
                    n_running_tasks=running.get(app.id, 0),
                    name=app.name,
                    metadata=self._handle(app),
                )
                for app in sorted(self._state.apps.values(), key=lambda one: -one.created_at)
                if app.environment == (request.environment_name or DEFAULT_ENVIRONMENT)
            ]
        )

    @rpc
    async def app_get_lifecycle(
        self, request: api_pb2.AppGetLifecycleRequest, caller: Caller
    ) -> api_pb2.AppGetLifecycleResponse:
        """State and dates."""
        return api_pb2.AppGetLifecycleResponse(lifecycle=self.lifecycle(self.app(request.app_id)))

    @rpc
    async def app_get_info(
        self, request: api_pb2.AppGetInfoRequest, caller: Caller
    ) -> api_pb2.AppGetInfoResponse:
        """Name, state and functions."""
        return api_pb2.AppGetInfoResponse(info=self._handle(self.app(request.app_id)))

    @rpc
    async def app_deployment_history(
        self, request: api_pb2.AppDeploymentHistoryRequest, caller: Caller
    ) -> api_pb2.AppDeploymentHistoryResponse:
        """All versions, oldest first."""
        app = self.app(request.app_id)
        return api_pb2.AppDeploymentHistoryResponse(
            app_deployment_histories=[
                api_pb2.AppDeploymentHistory(
                    app_id=app.id,
                    version=one.version,
                    client_version=one.client_version,
                    deployed_at=one.deployed_at,
                    deployed_by=self._settings.workspace,
                    tag=one.tag,
                    commit_info=one.commit,
                )
                for one in app.versions
            ],
            production_app_version=len(app.versions),
        )

    @rpc
    async def app_set_tags(self, request: api_pb2.AppSetTagsRequest, caller: Caller) -> Empty:
        """Replace the tags."""
        self.app(request.app_id).tags = dict(request.tags)
        return Empty()

    @rpc
    async def app_get_tags(
        self, request: api_pb2.AppGetTagsRequest, caller: Caller
    ) -> api_pb2.AppGetTagsResponse:
        """The tags."""
        return api_pb2.AppGetTagsResponse(tags=self.app(request.app_id).tags)
