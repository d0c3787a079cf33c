"""The hooks of a control plane as JSON, for tests in other processes: what ``POST /_loopback/modal`` does.

``{"do": "containers", "ended": true}`` · ``{"do": "calls"}`` · ``{"do": "lines", "call_id": …}`` · ``{"do": "rpcs"}`` ·
``{"do": "kill", "task_id": …, "signal": 9}`` · ``{"do": "preempt", "task_id": …}`` · ``{"do": "limit", "containers": 3}``
· ``{"do": "expire", "call_id": …}`` · ``{"do": "fault", "text": "FunctionMap:status=UNAVAILABLE:count=1"}`` ·
``{"do": "clear_faults"}`` · ``{"do": "dark"}`` · ``{"do": "back"}`` · ``{"do": "set", "idle": 5}`` (fields of
`Settings`) · ``{"do": "start"}`` (starts the control plane of a world that has none yet).
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .logs import LineFilter
from .running import RunningModal


def act(plane: RunningModal, order: Mapping[str, Any]) -> Any:
    """Do one order and give what it tells. Raises KeyError for unknown things, ValueError for unknown orders."""
    rest = dict(order)
    what = rest.pop("do", None)
    match what:
        case "containers":
            return [asdict(one) for one in plane.containers(ended=bool(rest.get("ended")))]
        case "calls":
            return [asdict(one) | {"done": one.done} for one in plane.calls()]
        case "lines":
            return [asdict(one) for one in plane.lines(LineFilter(**rest))]
        case "rpcs":
            return {
                "counts": dict(plane.log.counts),
                "errors": plane.log.errors,
                "unmodelled": sorted(plane.log.unmodelled),
            }
        case "kill":
            plane.kill(rest["task_id"], int(rest.get("signal", signal.SIGKILL)))
        case "preempt":
            plane.preempt(rest["task_id"])
        case "limit":
            plane.limit_containers(int(rest["containers"]))
        case "expire":
            plane.expire(rest["call_id"])
        case "fault":
            return {"id": plane.faults.add(rest["text"]).id}
        case "clear_faults":
            plane.faults.clear()
        case "dark":
            plane.go_dark()
        case "back":
            plane.come_back()
        case "set":
            plane.change(**rest)
        case _:
            raise ValueError(f"unknown order {what!r}")
    return {"done": what}
