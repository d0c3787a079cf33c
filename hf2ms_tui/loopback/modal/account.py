"""The workspace: who the token is, environments, prices."""

from __future__ import annotations

import time

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .apps import DEFAULT_ENVIRONMENT
from .ids import content_id, make_jwt
from .rpc import Caller, rpc
from .settings import Settings


class AccountService:
    """RPCs of the workspace. There is one user, and every environment that is asked for exists."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = time.time()

    @rpc
    async def client_hello(self, request: Empty, caller: Caller) -> api_pb2.ClientHelloResponse:
        """The first word of a client: its token was good."""
        return api_pb2.ClientHelloResponse(image_builder_version=self._settings.image_builder_version)

    @rpc
    async def workspace_name_lookup(
        self, request: Empty, caller: Caller
    ) -> api_pb2.WorkspaceNameLookupResponse:
        """The workspace's name."""
        return api_pb2.WorkspaceNameLookupResponse(
            workspace_name=self._settings.workspace, username=self._settings.workspace
        )

    @rpc
    async def workspace_settings(self, request: Empty, caller: Caller) -> api_pb2.WorkspaceSettingsResponse:
        """Default environment and image builder."""
        return api_pb2.WorkspaceSettingsResponse(
            default_environment_name=DEFAULT_ENVIRONMENT,
            image_builder_version=self._settings.image_builder_version,
        )

    @rpc
    async def workspace_billing_rates(
        self, request: api_pb2.WorkspaceBillingRatesRequest, caller: Caller
    ) -> api_pb2.WorkspaceBillingRatesResponse:
        """Prices in US dollars."""
        rates = dict(self._settings.rates)
        return api_pb2.WorkspaceBillingRatesResponse(
            rates=rates, formatted="\n".join(f"{name}: {value}" for name, value in rates.items())
        )

    @rpc
    async def token_info_get(
        self, request: api_pb2.TokenInfoGetRequest, caller: Caller
    ) -> api_pb2.TokenInfoGetResponse:
        """Whose token it is."""
        made = api_pb2.TokenInfoGetResponse(
            token_id=self._settings.token_id,
            workspace_id=content_id("ac", self._settings.workspace),
            workspace_name=self._settings.workspace,
            user_identity=api_pb2.UserIdentity(
                user_id=content_id("us", self._settings.workspace), username=self._settings.workspace
            ),
            token_name="loopback",
        )
        made.created_at.FromSeconds(int(self._began))
        return made

    @rpc
    async def auth_token_get(
        self, request: api_pb2.AuthTokenGetRequest, caller: Caller
    ) -> api_pb2.AuthTokenGetResponse:
        """A short-lived token for servers that there are none of here."""
        return api_pb2.AuthTokenGetResponse(token=make_jwt(exp=int(time.time()) + 1200))

    def _environment(self, name: str) -> api_pb2.EnvironmentMetadata:
        return api_pb2.EnvironmentMetadata(
            name=name or DEFAULT_ENVIRONMENT,
            settings=api_pb2.EnvironmentSettings(
                image_builder_version=self._settings.image_builder_version,
                max_concurrent_tasks=self._settings.account_containers,
            ),
        )

    @rpc
    async def environment_get_or_create(
        self, request: api_pb2.EnvironmentGetOrCreateRequest, caller: Caller
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        """An environment."""
        metadata = self._environment(request.deployment_name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=content_id("en", metadata.name), metadata=metadata
        )

    @rpc
    async def environment_list(self, request: Empty, caller: Caller) -> api_pb2.EnvironmentListResponse:
        """The default environment."""
        item = api_pb2.EnvironmentListItem(
            name=DEFAULT_ENVIRONMENT,
            default=True,
            created_at=self._began,
            environment_id=content_id("en", DEFAULT_ENVIRONMENT),
            max_concurrent_tasks=self._settings.account_containers,
        )
        return api_pb2.EnvironmentListResponse(items=[item])

    @rpc
    async def object_suggest(
        self, request: api_pb2.ObjectSuggestRequest, caller: Caller
    ) -> api_pb2.ObjectSuggestResponse:
        """No suggestions."""
        return api_pb2.ObjectSuggestResponse()
