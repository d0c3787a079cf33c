"""The wire: which method answers which RPC, who may call, and what goes wrong on the way.

Uses `modal_proto` (the messages) and `grpclib`, both of which the modal package brings; `modal` itself is not imported.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import traceback
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import StreamTerminatedError
from grpclib.server import Stream
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientBase

from .faults import RpcFault, RpcFaults
from .settings import Settings

if TYPE_CHECKING:
    from .containers import Container

LOG_KEPT = 100_000
REPLIES_KEPT = 4_096

F = TypeVar("F", bound=Callable[..., Any])


def rpc(method: F) -> F:
    """Mark a method as the answer to the RPC of its name: ``dict_get`` answers DictGet.

    It takes the request and a `Caller` and gives the reply, or yields replies if the RPC is a stream.
    """
    method.__dict__["is_rpc"] = True
    return method


def methods_of(services: Sequence[object]) -> dict[str, Callable[..., Any]]:
    """RPC names and their methods."""
    found: dict[str, Callable[..., Any]] = {}
    for service in services:
        for name, method in inspect.getmembers(service, inspect.ismethod):
            if getattr(method, "is_rpc", False):
                found["".join(part.capitalize() for part in name.split("_"))] = method
    return found


def refuse(status: Status, message: str) -> GRPCError:
    """The error to raise; `status` decides which exception the client makes of it (modal/_grpc_client.py)."""
    return GRPCError(status, message)


def missing(message: str) -> GRPCError:
    """NOT_FOUND, ``modal.exception.NotFoundError`` at the client."""
    return GRPCError(Status.NOT_FOUND, message)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a container, or None for a client with a token."""

    container: Container | None

    @property
    def kind(self) -> str:
        """``container`` or ``client``."""
        return "client" if self.container is None else "container"

    def must_be_container(self) -> Container:
        """The container. Raises GRPCError for a client."""
        if self.container is None:
            raise refuse(Status.PERMISSION_DENIED, "only containers may call this")
        return self.container


@dataclass(frozen=True, slots=True)
class RpcEntry:
    """One call. `at` is seconds since the epoch when it began, `status` a gRPC status name, `task_id` empty for clients."""

    rpc: str
    at: float
    seconds: float
    status: str
    task_id: str
    fault: str | None
    repeated: bool


@dataclass(eq=False)
class RpcLog:
    """The last calls, counters of all of them, and what this control plane itself got wrong or does not model."""

    entries: deque[RpcEntry] = field(default_factory=lambda: deque(maxlen=LOG_KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    unmodelled: set[str] = field(default_factory=set)
    active: int = 0

    def add(self, entry: RpcEntry) -> None:
        """Record a call."""
        self.entries.append(entry)
        self.counts[entry.rpc] += 1


class Desk:
    """What all connections share: methods, faults, log, and the replies of late, for requests that are repeated."""

    def __init__(self, settings: Settings, services: Sequence[object]) -> None:
        self.settings = settings
        self.methods = methods_of(services)
        self.faults = RpcFaults()
        self.log = RpcLog()
        self._replies: OrderedDict[tuple[str, str], Message] = OrderedDict()

    def admit(self, metadata: Mapping[str, Any]) -> None:
        """Check a client's token. Raises GRPCError."""
        token_id, secret = metadata.get("x-modal-token-id"), metadata.get("x-modal-token-secret")
        if not token_id or not secret:
            raise refuse(Status.UNAUTHENTICATED, "Token missing")
        if (token_id, secret) != (self.settings.token_id, self.settings.token_secret):
            raise refuse(Status.UNAUTHENTICATED, "Token validation failed")

    def remembered(self, name: str, key: str | None) -> Message | None:
        """The reply to the request with this idempotency key, if it was answered already."""
        if not key or not self.settings.remember_retries:
            return None
        return self._replies.get((name, key))

    def remember(self, name: str, key: str | None, reply: Message) -> None:
        """Keep a reply for a while."""
        if key:
            self._replies[(name, key)] = reply
            if len(self._replies) > REPLIES_KEPT:
                self._replies.popitem(last=False)


class Door:
    """One way in: the TCP port of the clients, or the socket of one container. A service for `grpclib.server.Server`."""

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    def __mapping__(self) -> dict[str, Handler]:
        return {
            path: Handler(self._server_of(path.rpartition("/")[2], known.cardinality), *known[1:])
            for path, known in _wire().items()
        }

    def _server_of(
        self, name: str, cardinality: Cardinality
    ) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        async def serve(stream: Stream[Any, Any]) -> None:
            await self._serve(name, cardinality, stream)

        return serve

    async def _serve(self, name: str, cardinality: Cardinality, stream: Stream[Any, Any]) -> None:
        desk, caller = self._desk, self._caller
        began, clock = time.time(), time.monotonic()
        fault, status = desk.faults.pick(name, caller.kind), "OK"
        metadata: Mapping[str, Any] = stream.metadata or {}
        desk.log.active += 1
        try:
            request = await stream.recv_message()
            if caller.container is None:
                desk.admit(metadata)
            if fault is not None and not fault.late:
                await _strike(fault, stream)
            method = desk.methods.get(name)
            if method is None or request is None:
                desk.log.unmodelled.add(name)
                raise refuse(Status.UNIMPLEMENTED, f"this control plane does not model {name}")
            if cardinality.server_streaming:
                await _stream(method(request, caller), stream)
                return
            key = metadata.get("x-idempotency-key")
            reply = desk.remembered(name, str(key) if key else None)
            if reply is None:
                reply = await method(request, caller)
                desk.remember(name, str(key) if key else None, reply)
            if fault is not None and fault.late:
                await _strike(fault, stream)
            await stream.send_message(reply)
        except GRPCError as error:
            status = error.status.name
            raise
        except (asyncio.CancelledError, StreamTerminatedError, ConnectionError):
            status = "CANCELLED"
            raise
        except Exception as error:
            status = "INTERNAL"
            desk.log.errors.append(f"{name}\n{traceback.format_exc()}")
            raise refuse(Status.INTERNAL, f"{type(error).__name__} in the loopback control plane") from error
        finally:
            desk.log.active -= 1
            desk.log.add(
                RpcEntry(
                    name,
                    began,
                    time.monotonic() - clock,
                    status,
                    caller.container.id if caller.container else "",
                    fault.kind if fault else None,
                    str(metadata.get("x-retry-attempt", "0")) != "0",
                )
            )


async def _stream(replies: AsyncIterator[Message], stream: Stream[Any, Any]) -> None:
    try:
        async for reply in replies:
            await stream.send_message(reply)
    finally:
        close = getattr(replies, "aclose", None)
        if close is not None:
            await close()


async def _strike(fault: RpcFault, stream: Stream[Any, Any]) -> None:
    if fault.kind == "delay":
        await asyncio.sleep(fault.delay)
    elif fault.kind == "hang":
        await asyncio.sleep(3600)
    elif fault.kind == "cut":
        # grpclib offers no way to drop a connection; private use of its stream's transport.
        stream._stream._transport.abort()
        raise ConnectionAbortedError
    else:
        details = [api_pb2.RPCRetryPolicy(retry_after_secs=fault.retry_after)] if fault.retry_after else None
        raise GRPCError(Status[fault.status], fault.message, details)


class StatusDetails(StatusDetailsCodecBase):
    """Error details as modal's client reads them (modal/_utils/grpc_utils.py, CustomProtoStatusDetailsCodec)."""

    def encode(self, status: Status, message: str | None, details: Sequence[Message] | None) -> bytes:
        """The details as bytes."""
        made = api_pb2.RPCStatus(code=status.value, message=message or "")
        for detail in details or ():
            made.details.add().Pack(detail, type_url_prefix="type.modal.com/")
        data: bytes = made.SerializeToString()
        return data

    def decode(self, status: Status, message: str | None, data: bytes) -> Any:
        """The other way; a server does not need it."""
        return list(api_pb2.RPCStatus.FromString(data).details)


class _Names:
    """In place of a service: every method is its own name."""

    def __getattr__(self, name: str) -> str:
        return name


@cache
def _wire() -> dict[str, Handler]:
    """Paths, kinds and message types of all RPCs, out of the generated code that the modal package ships."""
    return ModalClientBase.__mapping__(_Names())  # type: ignore[arg-type]
