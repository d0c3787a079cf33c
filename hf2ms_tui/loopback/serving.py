"""Sockets: binds the origins of the hubs, shapes, spoils and records what passes, and leaves the rest to handlers."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from .faults import FOREVER, Fault, Faults, truncate_listing
from .log import RequestLog
from .shape import Bucket, Pacer, Shaper
from .wire import Call, ConnectionEnded, Origin, Refused, Reply, Site
from .world import World

STEP = 512 * 1024
"""Bytes of content written at a time on an unshaped link."""

BODILESS = frozenset({"cut", "corrupt", "truncate", "slow", "trim"})
"""Faults that need the hub's own answer to spoil it."""


@dataclass(eq=False)
class Runtime:
    """What all origins share."""

    world: World
    log: RequestLog = field(default_factory=RequestLog)
    faults: Faults = field(default_factory=Faults)
    shaper: Shaper = field(default_factory=Shaper)

    def hang_up(self, request: web.BaseRequest, *, reset: bool) -> None:
        """Close the connection at once; with `reset` the client sees RST instead of an ordinary end."""
        transport = request.transport
        if transport is None:
            return
        if reset:
            sock = transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()

    async def stall(self, request: web.BaseRequest, seconds: float) -> None:
        """Do nothing for so long, or until the client hangs up. Raises ConnectionEnded in that case."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionEnded
            await asyncio.sleep(min(0.1, max(end - time.monotonic(), 0)))


class OriginServer:
    """One listening origin of a site."""

    def __init__(self, runtime: Runtime, site: Site, origin: Origin, *, recorded: bool = True) -> None:
        self._runtime = runtime
        self._site = site
        self._origin = origin
        self._recorded = recorded
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int) -> None:
        """Listen at `port` (0: any) of the origin's host and set its url. Raises OSError if the port is taken."""
        server = web.Server(
            self._serve,
            access_log=None,
            read_bufsize=1024 * 1024,
            max_line_size=65536,
            max_field_size=65536,
            keepalive_timeout=75,
            lingering_time=1,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._origin.host, port, backlog=1024).start()
        host, bound = self._runner.addresses[0][:2]
        self._origin.url = f"http://{host}:{bound}"

    async def stop(self) -> None:
        """Close the socket and all connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        runtime, call = self._runtime, Call(self._runtime, self._site, self._origin, request)
        began, clock = time.time(), time.monotonic()
        matched = self._origin.match(call.method, call.raw_path)
        name = matched[0].name if matched else "unknown"
        if self._recorded:
            call.fault = runtime.faults.pick(self._site.hub, call.method, name, request.raw_path)
        sender = Sender(call)
        runtime.log.active += 1
        status = 499
        try:
            if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
                request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            link = runtime.shaper.link(self._site.hub, self._origin.kind)
            if link is not None and link.latency:
                await asyncio.sleep(link.latency)
            reply = await early_fault(call) or self._site.admit(call)
            if reply is None:
                if matched is None:
                    reply = self._site.unknown_route(call)
                else:
                    route, call.params = matched
                    reply = await self._handle(route.handler, call)
                reply = await late_fault(call, reply)
            status = reply.status
            return await sender.send(reply)
        except (ConnectionEnded, ConnectionError):
            runtime.hang_up(request, reset=False)
            return web.Response(status=499)
        except Exception:  # noqa: BLE001 - a fault of these servers themselves: shown to the tests, not to the client
            runtime.log.errors.append(f"{call.method} {call.raw_path}\n{traceback.format_exc()}")
            runtime.hang_up(request, reset=False)
            return web.Response(status=499)
        finally:
            runtime.log.active -= 1
            if self._recorded:
                self._record(call, name, status, sender.sent, began, time.monotonic() - clock)

    async def _handle(self, handler: object, call: Call) -> Reply:
        try:
            return await handler(call)  # type: ignore[operator,no-any-return]
        except Refused as refused:
            return refused.reply
        except (ConnectionEnded, ConnectionError):
            raise
        except Exception:  # noqa: BLE001 - whatever a handler got wrong is a 500 and a traceback for the tests
            self._runtime.log.errors.append(f"{call.method} {call.raw_path}\n{traceback.format_exc()}")
            return self._site.failure(call, 500, "Internal Server Error")

    def _record(self, call: Call, name: str, status: int, sent: int, began: float, seconds: float) -> None:
        headers, hub = call.headers, call.hub
        path, leaked = call.request.raw_path, False
        for secret in (*hub.tokens, *hub.sessions):
            if secret in path:
                path, leaked = path.replace(secret, "<token>"), True
        token = call.token
        self._runtime.log.add(
            at=began,
            seconds=seconds,
            hub=self._site.hub,
            origin=self._origin.role,
            method=call.method,
            route=name,
            path=path,
            status=status,
            bytes_in=call.bytes_in,
            bytes_out=sent,
            authorization="Authorization" in headers,
            cookie="Cookie" in headers,
            token=token.label if token else None,
            leaked=leaked,
            range=headers.get("Range"),
            fault=call.fault.kind if call.fault else None,
            user_agent=headers.get("User-Agent", ""),
        )


async def early_fault(call: Call) -> Reply | None:
    """The answer of a fault that hits before the hub does anything, or None. Raises ConnectionEnded for a reset."""
    fault = call.fault
    if fault is None or fault.late or fault.upload or fault.kind in BODILESS:
        return None
    return await _strike(call, fault, None)


async def late_fault(call: Call, reply: Reply) -> Reply:
    """What becomes of `reply` under a fault that hits after the hub did what was asked."""
    fault = call.fault
    if fault is None or fault.upload:
        return reply
    if fault.kind == "truncate":
        reply.body = truncate_listing(reply.body, int(fault.value))
        reply.headers.pop("Link", None)
    elif fault.kind == "trim":
        keep = max(reply.length - int(fault.value), 0)
        reply.body, reply.stop = reply.body[:keep], reply.start + keep
    elif fault.late and fault.kind not in BODILESS:
        return await _strike(call, fault, reply) or reply
    return reply


async def _strike(call: Call, fault: Fault, reply: Reply | None) -> Reply | None:
    if fault.kind == "status":
        made = call.site.failure(call, int(fault.value), fault.body or "Injected fault")
        if fault.body is not None:
            made.body = fault.body.encode()
        made.headers.update(fault.headers)
        return made
    if fault.kind == "success_false":
        return call.site.failure(call, 200, fault.body or "Injected failure")
    if fault.kind == "stall" and fault.at == 0:
        await call.runtime.stall(call.request, fault.value)
    if fault.kind == "reset" and fault.value == 0:
        call.runtime.hang_up(call.request, reset=True)
        raise ConnectionEnded
    return reply


class Sender:
    """Writes one reply, at the link's rate and with the fault of the call; `sent` counts the bytes of the body."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.sent = 0

    async def send(self, reply: Reply) -> web.StreamResponse:
        """Write `reply`. Raises ConnectionEnded or ConnectionError if it cannot be written completely."""
        call, request = self._call, self._call.request
        headers = {**call.site.common_headers(call), **reply.headers}
        fault = call.fault if call.fault is not None and not call.fault.upload else None
        pacer = call.runtime.shaper.pacer(call.site.hub, call.origin.kind, "down", request.transport)
        head = call.method == "HEAD"
        if reply.content is None and pacer is None and not reply.bare and not head and not _spoils(fault):
            self.sent = len(reply.body)
            return web.Response(status=reply.status, headers=headers, body=reply.body)
        if not reply.bare and reply.status not in {204, 304}:
            headers["Content-Length"] = str(reply.length)
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        if not head:
            if fault is not None and fault.kind == "slow":
                pacer = Pacer([Bucket(max(fault.value, 1))])
            await self._body(response, reply, fault, pacer)
        await response.write_eof()
        return response

    async def _body(
        self, response: web.StreamResponse, reply: Reply, fault: Fault | None, pacer: Pacer | None
    ) -> None:
        call = self._call
        end = FOREVER
        if fault is not None and (fault.kind == "cut" or (fault.kind == "reset" and fault.value > 0)):
            end = fault.value
        step = pacer.step if pacer else STEP
        content, length = reply.content, reply.length
        while self.sent < length:
            amount = min(step, length - self.sent)
            offset = reply.start + self.sent
            if content is None:
                piece = reply.body[self.sent : self.sent + amount]
            elif content.blocking:
                piece = await asyncio.to_thread(content.read, offset, amount)
            else:
                piece = content.read(offset, amount)
            if fault is not None:
                piece = await self._spoil(fault, piece)
            stop = self.sent + len(piece) >= end
            if stop:
                piece = piece[: int(end) - self.sent]
            if pacer is not None:
                await pacer.take(len(piece))
            await response.write(piece)
            self.sent += len(piece)
            if stop or not piece:
                call.runtime.hang_up(call.request, reset=fault is not None and fault.kind == "reset")
                raise ConnectionEnded

    async def _spoil(self, fault: Fault, piece: bytes) -> bytes:
        if fault.kind == "stall" and self.sent <= fault.at < self.sent + len(piece) and fault.at > 0:
            await self._call.runtime.stall(self._call.request, fault.value)
        place = int(fault.value) - self.sent if fault.kind == "corrupt" else -1
        if 0 <= place < len(piece):
            return piece[:place] + bytes([piece[place] ^ 0xFF]) + piece[place + 1 :]
        return piece


def _spoils(fault: Fault | None) -> bool:
    if fault is None:
        return False
    return fault.kind in {"cut", "corrupt", "slow", "stall"} or (fault.kind == "reset" and fault.value > 0)


async def start_all(servers: Sequence[OriginServer], port: int) -> None:
    """Start all at consecutive ports from `port` on, or at any free ones if it is 0. Raises OSError."""
    for number, server in enumerate(servers):
        await server.start(port + number if port else 0)
