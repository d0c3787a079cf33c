"""The control origin: faults, links, log and the world itself, for tests in other processes and for the curious.

Every request needs ``Authorization: Bearer <control token>``. All bodies are JSON.

GET/POST/DELETE ``/_loopback/faults`` (POST: an object or ``{"text": "hf:GET:resolve:status=503"}``), DELETE
``/_loopback/faults/ID`` · GET/POST/DELETE ``/_loopback/shape`` (POST: ``{"text": "hf:storage:down=20MB"}``) · GET/DELETE
``/_loopback/log[?since=N]`` · GET ``/_loopback/counters`` · POST ``/_loopback/world`` (see `mutate.apply`) · GET
``/_loopback/environ`` · POST ``/_loopback/modal`` (see `modal.orders`) · POST ``/_loopback/stop``.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence

from .cloud import Cloud
from .faults import Fault
from .mutate import NoSuchThing, apply
from .wire import Call, Handler, Origin, Reply, Route, Site, json_reply
from .world import RefConflict, RefMissing


class ControlSite(Site):
    """The control origin as a site of its own. `stop` is called when a client asks for the end."""

    hub = "hf"

    def __init__(self, token: str, sites: Sequence[Site], cloud: Cloud, stop: Callable[[], None]) -> None:
        self._token = token
        self._sites = sites
        self._cloud = cloud
        self._stop = stop
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "faults", self._list_faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("DELETE", "faults/{id}", self._remove_fault),
            ("GET", "shape", self._get_shape),
            ("POST", "shape", self._set_shape),
            ("DELETE", "shape", self._clear_shape),
            ("GET", "log", self._get_log),
            ("DELETE", "log", self._clear_log),
            ("GET", "counters", self._counters),
            ("POST", "world", self._world),
            ("GET", "environ", self._environ),
            ("POST", "modal", self._modal),
            ("POST", "stop", self._stop_all),
        ]
        routes = [
            Route(m, f"/_loopback/{path}", path, self._guarded(handler)) for m, path, handler in handlers
        ]
        self.origins = (Origin("control", "control", routes),)

    def environ(self) -> dict[str, str]:
        """Where it is and its token."""
        return {"LOOPBACK_CONTROL": self.origins[0].url, "LOOPBACK_CONTROL_TOKEN": self._token}

    def failure(self, call: Call, status: int, message: str) -> Reply:
        """An error as JSON."""
        return json_reply({"error": message}, status)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> Reply:
            if not hmac.compare_digest(call.credential or "", self._token):
                return self.failure(call, 401, "wrong or missing control token")
            try:
                return await handler(call)
            except (NoSuchThing, RefMissing) as error:
                return self.failure(call, 404, f"no such thing: {error}")
            except (KeyError, ValueError, TypeError, RefConflict) as error:
                return self.failure(call, 400, f"{type(error).__name__}: {error}")

        return guarded

    async def _list_faults(self, call: Call) -> Reply:
        return json_reply([rule.describe() for rule in call.runtime.faults.all()])

    async def _add_fault(self, call: Call) -> Reply:
        data = await call.json()
        rule = Fault.parse(data["text"]) if "text" in data else Fault.from_json(data)
        return json_reply(call.runtime.faults.add(rule).describe())

    async def _clear_faults(self, call: Call) -> Reply:
        call.runtime.faults.clear()
        return json_reply([])

    async def _remove_fault(self, call: Call) -> Reply:
        return json_reply({"removed": call.runtime.faults.remove(int(call.params["id"]))})

    async def _get_shape(self, call: Call) -> Reply:
        return json_reply(call.runtime.shaper.describe())

    async def _set_shape(self, call: Call) -> Reply:
        call.runtime.shaper.set_text((await call.json())["text"])
        return json_reply(call.runtime.shaper.describe())

    async def _clear_shape(self, call: Call) -> Reply:
        call.runtime.shaper.clear()
        return json_reply({})

    async def _get_log(self, call: Call) -> Reply:
        log = call.runtime.log
        return json_reply({"entries": log.as_json(int(call.query.get("since", "0"))), "errors": log.errors})

    async def _clear_log(self, call: Call) -> Reply:
        call.runtime.log.clear()
        return json_reply({})

    async def _counters(self, call: Call) -> Reply:
        return json_reply(call.runtime.log.counters())

    async def _world(self, call: Call) -> Reply:
        return json_reply(await call.off_loop(apply, call.runtime.world, await call.json()))

    async def _environ(self, call: Call) -> Reply:
        names: dict[str, str] = {}
        for site in self._sites:
            names |= site.environ()
        return json_reply(names | self._cloud.environ())

    async def _modal(self, call: Call) -> Reply:
        return json_reply(await call.off_loop(self._cloud.act, await call.json()))

    async def _stop_all(self, call: Call) -> Reply:
        asyncio.get_running_loop().call_later(0.05, self._stop)
        return json_reply({"stopping": True})
