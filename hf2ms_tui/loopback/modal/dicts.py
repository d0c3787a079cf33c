"""Dicts: keys and values as the client serialised them. Nothing expires (the real ones: 7 days without use)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import Status
from modal_proto import api_pb2

from .named import Named, Shelf
from .rpc import Caller, refuse, rpc
from .settings import Settings

MOST_COUNTED = 100_000
"""modal/dict.py, len()."""
LARGEST = 100 * 1024 * 1024
MOST_UPDATES = 10_000
"""Bytes of a value and entries of one update, both documented limits (modal.com/docs/guide/dicts)."""


@dataclass(eq=False)
class Dictionary(Named):
    """A dict, in the order in which keys were put."""

    entries: dict[bytes, bytes] = field(default_factory=dict)


class DictService:
    """RPCs of dicts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.shelf = Shelf(Dictionary, "di", "Dict")

    def _metadata(self, one: Dictionary) -> api_pb2.DictMetadata:
        return api_pb2.DictMetadata(name=one.name, creation_info=one.creation(self._settings.workspace))

    @rpc
    async def dict_get_or_create(
        self, request: api_pb2.DictGetOrCreateRequest, caller: Caller
    ) -> api_pb2.DictGetOrCreateResponse:
        """Look up or make a dict."""
        one = self.shelf.get_or_create(
            request.deployment_name, request.environment_name, request.object_creation_type
        )
        return api_pb2.DictGetOrCreateResponse(dict_id=one.id, metadata=self._metadata(one))

    @rpc
    async def dict_get_by_id(
        self, request: api_pb2.DictGetByIdRequest, caller: Caller
    ) -> api_pb2.DictGetByIdResponse:
        """A dict by id."""
        one = self.shelf.get(request.dict_id)
        return api_pb2.DictGetByIdResponse(dict_id=one.id, metadata=self._metadata(one))

    @rpc
    async def dict_heartbeat(self, request: api_pb2.DictHeartbeatRequest, caller: Caller) -> Empty:
        """Says that an ephemeral dict is in use; it stays anyway."""
        self.shelf.get(request.dict_id)
        return Empty()

    @rpc
    async def dict_get(self, request: api_pb2.DictGetRequest, caller: Caller) -> api_pb2.DictGetResponse:
        """A value."""
        value = self.shelf.get(request.dict_id).entries.get(request.key)
        return api_pb2.DictGetResponse(found=value is not None, value=value or b"")

    @rpc
    async def dict_contains(
        self, request: api_pb2.DictContainsRequest, caller: Caller
    ) -> api_pb2.DictContainsResponse:
        """Whether a key is there."""
        return api_pb2.DictContainsResponse(found=request.key in self.shelf.get(request.dict_id).entries)

    @rpc
    async def dict_len(self, request: api_pb2.DictLenRequest, caller: Caller) -> api_pb2.DictLenResponse:
        """How many keys there are."""
        return api_pb2.DictLenResponse(len=min(len(self.shelf.get(request.dict_id).entries), MOST_COUNTED))

    @rpc
    async def dict_update(
        self, request: api_pb2.DictUpdateRequest, caller: Caller
    ) -> api_pb2.DictUpdateResponse:
        """Put values, with `if_not_exists` only where no key is there; whether anything was put."""
        entries = self.shelf.get(request.dict_id).entries
        if len(request.updates) > MOST_UPDATES or any(len(one.value) > LARGEST for one in request.updates):
            raise refuse(Status.INVALID_ARGUMENT, "the update is too large")
        created = not request.if_not_exists
        for update in request.updates:
            if not request.if_not_exists or update.key not in entries:
                entries[update.key] = update.value
                created = True
        return api_pb2.DictUpdateResponse(created=created)

    @rpc
    async def dict_pop(self, request: api_pb2.DictPopRequest, caller: Caller) -> api_pb2.DictPopResponse:
        """Remove a key and give its value."""
        value = self.shelf.get(request.dict_id).entries.pop(request.key, None)
        return api_pb2.DictPopResponse(found=value is not None, value=value or b"")

    @rpc
    async def dict_clear(self, request: api_pb2.DictClearRequest, caller: Caller) -> Empty:
        """Remove all keys."""
        self.shelf.get(request.dict_id).entries.clear()
        return Empty()

    @rpc
    async def dict_contents(
        self, request: api_pb2.DictContentsRequest, caller: Caller
    ) -> AsyncIterator[api_pb2.DictEntry]:
        """All keys, values or both, as they are at this moment."""
        for key, value in list(self.shelf.get(request.dict_id).entries.items()):
            yield api_pb2.DictEntry(key=key if request.keys else b"", value=value if request.values else b"")

    @rpc
    async def dict_delete(self, request: api_pb2.DictDeleteRequest, caller: Caller) -> Empty:
        """Forget a dict."""
        self.shelf.delete(request.dict_id)
        return Empty()

    @rpc
    async def dict_list(self, request: api_pb2.DictListRequest, caller: Caller) -> api_pb2.DictListResponse:
        """Named dicts, newest first."""
        return api_pb2.DictListResponse(
            dicts=[
                api_pb2.DictListResponse.DictInfo(
                    name=one.name, created_at=one.created_at, dict_id=one.id, metadata=self._metadata(one)
                )
                for one in self.shelf.page(request.environment_name, request.pagination)
            ],
            environment_name=request.environment_name,
        )
