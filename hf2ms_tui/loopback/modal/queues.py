"""Queues and their partitions. Nothing expires (the real ones: a partition 24 h after the last put)."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import Status
from modal_proto import api_pb2

from .bell import Bell
from .named import Named, Shelf
from .rpc import Caller, refuse, rpc
from .settings import Settings

MOST_ITEMS = 5_000
MOST_PARTITIONS = 100_000
LARGEST = 1024 * 1024
"""Items of a partition, partitions of a queue, bytes of an item (modal/queue.py, docstring of Queue)."""


@dataclass(eq=False)
class Line(Named):
    """A queue: for each partition the items that wait, with their numbers."""

    partitions: dict[bytes, deque[tuple[int, bytes]]] = field(default_factory=dict)
    last: int = 0
    bell: Bell = field(default_factory=Bell)


class QueueService:
    """RPCs of queues."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.shelf = Shelf(Line, "qu", "Queue")

    def _metadata(self, one: Line) -> api_pb2.QueueMetadata:
        return api_pb2.QueueMetadata(name=one.name, creation_info=one.creation(self._settings.workspace))

    @rpc
    async def queue_get_or_create(
        self, request: api_pb2.QueueGetOrCreateRequest, caller: Caller
    ) -> api_pb2.QueueGetOrCreateResponse:
        """Look up or make a queue."""
        one = self.shelf.get_or_create(
            request.deployment_name, request.environment_name, request.object_creation_type
        )
        return api_pb2.QueueGetOrCreateResponse(queue_id=one.id, metadata=self._metadata(one))

    @rpc
    async def queue_get_by_id(
        self, request: api_pb2.QueueGetByIdRequest, caller: Caller
    ) -> api_pb2.QueueGetByIdResponse:
        """A queue by id."""
        one = self.shelf.get(request.queue_id)
        return api_pb2.QueueGetByIdResponse(queue_id=one.id, metadata=self._metadata(one))

    @rpc
    async def queue_heartbeat(self, request: api_pb2.QueueHeartbeatRequest, caller: Caller) -> Empty:
        """Says that an ephemeral queue is in use; it stays anyway."""
        self.shelf.get(request.queue_id)
        return Empty()

    @rpc
    async def queue_put(self, request: api_pb2.QueuePutRequest, caller: Caller) -> Empty:
        """Add items to a partition: all or, if there is no room, none."""
        one = self.shelf.get(request.queue_id)
        if any(len(value) > LARGEST for value in request.values):
            raise refuse(Status.INVALID_ARGUMENT, f"an item is larger than {LARGEST} bytes")
        items = one.partitions.get(request.partition_key, deque())
        full = len(one.partitions) >= MOST_PARTITIONS and request.partition_key not in one.partitions
        if full or len(items) + len(request.values) > MOST_ITEMS:
            raise refuse(Status.RESOURCE_EXHAUSTED, "the queue is full")
        one.partitions[request.partition_key] = items
        for value in request.values:
            one.last += 1
            items.append((one.last, value))
        one.bell.ring()
        return Empty()

    @rpc
    async def queue_get(self, request: api_pb2.QueueGetRequest, caller: Caller) -> api_pb2.QueueGetResponse:
        """Take up to `n_values` items; waits for the first."""
        one = self.shelf.get(request.queue_id)
        await one.bell.until(lambda: bool(one.partitions.get(request.partition_key)), request.timeout)
        items = one.partitions.get(request.partition_key, deque())
        values = [items.popleft()[1] for _ in range(min(max(request.n_values, 1), len(items)))]
        return api_pb2.QueueGetResponse(values=values)

    @rpc
    async def queue_next_items(
        self, request: api_pb2.QueueNextItemsRequest, caller: Caller
    ) -> api_pb2.QueueNextItemsResponse:
        """Items after a cursor, which stay; waits for the first."""
        one = self.shelf.get(request.queue_id)
        after = int(request.last_entry_id or 0)
        loop = asyncio.get_running_loop()
        end = loop.time() + request.item_poll_timeout
        while True:
            found = [item for item in one.partitions.get(request.partition_key, ()) if item[0] > after][:100]
            if found or not await one.bell.wait(end - loop.time()):
                return api_pb2.QueueNextItemsResponse(
                    items=[api_pb2.QueueItem(value=value, entry_id=str(number)) for number, value in found]
                )

    @rpc
    async def queue_len(self, request: api_pb2.QueueLenRequest, caller: Caller) -> api_pb2.QueueLenResponse:
        """Items of a partition, or of all."""
        partitions = self.shelf.get(request.queue_id).partitions
        if request.total:
            return api_pb2.QueueLenResponse(len=sum(len(items) for items in partitions.values()))
        return api_pb2.QueueLenResponse(len=len(partitions.get(request.partition_key, ())))

    @rpc
    async def queue_clear(self, request: api_pb2.QueueClearRequest, caller: Caller) -> Empty:
        """Drop the items of a partition, or of all."""
        one = self.shelf.get(request.queue_id)
        if request.all_partitions:
            one.partitions.clear()
        else:
            one.partitions.pop(request.partition_key, None)
        return Empty()

    @rpc
    async def queue_delete(self, request: api_pb2.QueueDeleteRequest, caller: Caller) -> Empty:
        """Forget a queue."""
        self.shelf.delete(request.queue_id)
        return Empty()

    @rpc
    async def queue_list(
        self, request: api_pb2.QueueListRequest, caller: Caller
    ) -> api_pb2.QueueListResponse:
        """Named queues, newest first."""
        return api_pb2.QueueListResponse(
            queues=[
                api_pb2.QueueListResponse.QueueInfo(
                    name=one.name,
                    created_at=one.created_at,
                    num_partitions=len(one.partitions),
                    total_size=sum(len(items) for items in one.partitions.values()),
                    queue_id=one.id,
                    metadata=self._metadata(one),
                )
                for one in self.shelf.page(request.environment_name, request.pagination)
            ],
            environment_name=request.environment_name,
        )
