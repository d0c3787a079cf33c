"""Secrets: named ones, those that belong to an app, and those that belong to nobody. Values never leave by an RPC."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import Status
from modal_proto import api_pb2

from .apps import DEFAULT_ENVIRONMENT
from .ids import content_id, new_id
from .rpc import Caller, missing, refuse, rpc
from .settings import Settings


@dataclass(eq=False, slots=True)
class Secret:
    """A secret; `name` is empty where it has none."""

    id: str
    name: str
    environment: str
    values: dict[str, str] = field(repr=False)
    created_at: float = field(default_factory=time.time)
    last_used_at: float = 0.0


class SecretStore:
    """All secrets by id, and named ones by environment and name."""

    def __init__(self) -> None:
        self.by_id: dict[str, Secret] = {}
        self.by_name: dict[tuple[str, str], Secret] = {}

    def environment(self, secret_ids: Sequence[str]) -> Mapping[str, str]:
        """What a container that starts now finds in its environment; later secrets win. Deleted ones are left out."""
        values: dict[str, str] = {}
        for secret_id in secret_ids:
            if (secret := self.by_id.get(secret_id)) is not None:
                secret.last_used_at = time.time()
                values |= secret.values
        return values

    def add(self, secret: Secret) -> Secret:
        """Keep a secret."""
        self.by_id[secret.id] = secret
        if secret.name:
            self.by_name[(secret.environment, secret.name)] = secret
        return secret

    def remove(self, secret: Secret) -> None:
        """Forget a secret."""
        del self.by_id[secret.id]
        self.by_name.pop((secret.environment, secret.name), None)


class SecretService:
    """RPCs of secrets."""

    def __init__(self, settings: Settings, store: SecretStore) -> None:
        self._settings = settings
        self._store = store

    def _secret(self, secret_id: str) -> Secret:
        found = self._store.by_id.get(secret_id)
        if found is None:
            raise missing(f"No Secret with ID '{secret_id}' found.")
        return found

    def _metadata(self, secret: Secret) -> api_pb2.SecretMetadata:
        return api_pb2.SecretMetadata(
            name=secret.name,
            creation_info=api_pb2.CreationInfo(
                created_at=secret.created_at, created_by=self._settings.workspace
            ),
            keys=sorted(secret.values),
            environment_name=secret.environment,
            last_used_at=secret.last_used_at,
        )

    @rpc
    async def secret_get_or_create(
        self, request: api_pb2.SecretGetOrCreateRequest, caller: Caller
    ) -> api_pb2.SecretGetOrCreateResponse:
        """Look up or make a secret, as the creation type says; existing values are kept unless it says overwrite."""
        environment = request.environment_name or DEFAULT_ENVIRONMENT
        kind, values = request.object_creation_type, dict(request.env_dict)
        if kind == api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL:
            secret = self._store.add(Secret(new_id("st"), "", environment, values))
        elif kind == api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP:
            parts = [part for pair in sorted(values.items()) for part in pair]
            secret_id = content_id("st", request.app_id, *parts)
            secret = self._store.by_id.get(secret_id) or self._store.add(
                Secret(secret_id, "", environment, values)
            )
        else:
            secret = self._named(request.deployment_name, environment, kind, values)
        absent = sorted(set(request.required_keys) - set(secret.values))
        if absent:
            raise missing(f"Secret '{secret.name}' is missing key(s): {', '.join(absent)}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.id, metadata=self._metadata(secret))

    def _named(self, name: str, environment: str, kind: int, values: dict[str, str]) -> Secret:
        secret = self._store.by_name.get((environment, name))
        if secret is None:
            if kind == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise missing(f"Secret '{name}' not found in environment '{environment}'")
            return self._store.add(Secret(new_id("st"), name, environment, values))
        if kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise refuse(Status.ALREADY_EXISTS, f"Secret '{name}' already exists")
        if kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS:
            secret.values = values
        return secret

    @rpc
    async def secret_update(self, request: api_pb2.SecretUpdateRequest, caller: Caller) -> Empty:
        """Merge values; containers that run keep the old ones."""
        secret = self._secret(request.secret_id)
        secret.values |= {update.key: update.value for update in request.updates}
        return Empty()

    @rpc
    async def secret_get_info(
        self, request: api_pb2.SecretGetInfoRequest, caller: Caller
    ) -> api_pb2.SecretGetInfoResponse:
        """Name, keys and dates."""
        return api_pb2.SecretGetInfoResponse(metadata=self._metadata(self._secret(request.secret_id)))

    @rpc
    async def secret_delete(self, request: api_pb2.SecretDeleteRequest, caller: Caller) -> Empty:
        """Forget a secret."""
        self._store.remove(self._secret(request.secret_id))
        return Empty()

    @rpc
    async def secret_list(
        self, request: api_pb2.SecretListRequest, caller: Caller
    ) -> api_pb2.SecretListResponse:
        """Named secrets, newest first."""
        environment = request.environment_name or DEFAULT_ENVIRONMENT
        before = request.pagination.created_before or float("inf")
        found = [
            one
            for one in sorted(self._store.by_name.values(), key=lambda one: -one.created_at)
            if one.environment == environment and one.created_at < before
        ]
        return api_pb2.SecretListResponse(
            items=[
                api_pb2.SecretListItem(
                    label=one.name,
                    created_at=one.created_at,
                    environment_name=one.environment,
                    secret_id=one.id,
                    metadata=self._metadata(one),
                )
                for one in found[: request.pagination.max_objects or None]
            ],
            environment_name=environment,
        )
