"""What the control plane knows, as plain state: apps, functions and their definitions, calls and their inputs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modal_proto import api_pb2

from .bell import Bell

if TYPE_CHECKING:
    from .containers import Container

LIVE_APP = frozenset(
    {
        api_pb2.APP_STATE_INITIALIZING,
        api_pb2.APP_STATE_EPHEMERAL,
        api_pb2.APP_STATE_DETACHED,
        api_pb2.APP_STATE_DETACHED_DISCONNECTED,
        api_pb2.APP_STATE_DEPLOYED,
    }
)


@dataclass(eq=False, slots=True)
class Definition:
    """What a function was at one deployment; the same content has the same id."""

    id: str
    proto: api_pb2.Function


@dataclass(eq=False, slots=True)
class Publication:
    """One version of an app: which functions it had, at which definitions."""

    version: int
    functions: dict[str, str]
    definitions: dict[str, str]
    tags: dict[str, str]
    deployed_at: float
    tag: str
    client_version: str
    commit: api_pb2.CommitInfo


@dataclass(eq=False, slots=True)
class App:
    """An app. Times are seconds since the epoch, 0 where it did not happen."""

    id: str
    name: str
    description: str
    environment: str
    state: int
    tags: dict[str, str]
    created_at: float = field(default_factory=time.time)
    stopped_at: float = 0.0
    versions: list[Publication] = field(default_factory=list)
    by_name: dict[str, Function] = field(default_factory=dict)
    done: Bell = field(default_factory=Bell)

    @property
    def live(self) -> bool:
        """Whether its functions may run."""
        return self.state in LIVE_APP

    @property
    def published(self) -> dict[str, str]:
        """Function ids by tag in the current version."""
        return self.versions[-1].functions if self.versions else {}


@dataclass(eq=False, slots=True)
class Function:
    """A function of an app, or (with `base`) a variant of one that ``with_options`` or a pinned version made.

    A variant is a pool of containers of its own.
    """

    id: str
    app: App
    name: str
    handle: api_pb2.FunctionHandleMetadata
    base: Function | None = None
    options: api_pb2.FunctionOptions | None = None
    pinned: Definition | None = None
    params: bytes = b""
    definition: Definition | None = None
    created: dict[str, Definition] = field(default_factory=dict)
    overrides: api_pb2.AutoscalerSettings = field(default_factory=api_pb2.AutoscalerSettings)
    pending: deque[Input] = field(default_factory=deque)
    containers: dict[str, Container] = field(default_factory=dict)
    waiters: deque[tuple[Container, asyncio.Future[Input | None]]] = field(default_factory=deque)
    failed_starts: int = 0
    start_failure: api_pb2.GenericResult | None = None
    may_start_at: float = 0.0

    @property
    def root(self) -> Function:
        """The function of the app that this is or is a variant of."""
        return self if self.base is None else self.base.root

    @property
    def current(self) -> Definition | None:
        """The definition that new containers get."""
        if self.base is None:
            return self.definition
        return self.pinned or self.base.current

    def effective(self) -> api_pb2.Function | None:
        """The current definition with this variant's options; a copy. None before the app is published."""
        current = self.current
        if current is None:
            return None
        made = api_pb2.Function()
        made.CopyFrom(current.proto)
        options = self.options
        if options is None:
            return made
        if options.replace_secret_ids:
            del made.secret_ids[:]
        made.secret_ids.extend(options.secret_ids)
        if options.HasField("retry_policy"):
            made.retry_policy.CopyFrom(options.retry_policy)
        if options.HasField("resources"):
            made.resources.MergeFrom(options.resources)
        if options.HasField("concurrency_limit"):
            made.concurrency_limit = options.concurrency_limit
            made.autoscaler_settings.max_containers = options.concurrency_limit
        if options.HasField("task_idle_timeout_secs"):
            made.task_idle_timeout_secs = options.task_idle_timeout_secs
            made.autoscaler_settings.scaledown_window = options.task_idle_timeout_secs
        if options.HasField("timeout_secs"):
            made.timeout_secs = options.timeout_secs
        if options.HasField("max_concurrent_inputs"):
            made.max_concurrent_inputs = options.max_concurrent_inputs
        if options.HasField("target_concurrent_inputs"):
            made.target_concurrent_inputs = options.target_concurrent_inputs
        return made

    def scaling(self) -> api_pb2.AutoscalerSettings:
        """The autoscaler's settings in force: the definition's, then what was set at run time."""
        made = api_pb2.AutoscalerSettings()
        effective = self.effective()
        if effective is not None:
            made.CopyFrom(effective.autoscaler_settings)
        made.MergeFrom(self.overrides)
        return made


@dataclass(eq=False, slots=True)
class Input:
    """One input of a call and its attempts. `state`: pending, delayed (before a retry), running, done.

    `retry_count` is the number that a container is told and echoes; `retries` those that used up the policy; `lost` how
    often its container died under it.
    """

    id: str
    call: Call
    idx: int
    payload: api_pb2.FunctionInput
    state: str = "pending"
    created_at: float = field(default_factory=time.time)
    started_at: float = 0.0
    finished_at: float = 0.0
    retry_count: int = 0
    retries: int = 0
    lost: int = 0
    cancelled: bool = False
    container: Container | None = None
    task_id: str = ""
    timer: asyncio.TimerHandle | None = None
    output: api_pb2.FunctionGetOutputsItem | None = None

    def clear_timer(self) -> None:
        """Forget the timeout of the attempt, or the delay before the next one."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass(eq=False, slots=True)
class Call:
    """A function call. `outputs` are all that were ever produced, in order, also those that the client retried."""

    id: str
    function: Function
    is_map: bool
    sync: bool
    parent_input: str
    created_at: float = field(default_factory=time.time)
    inputs: dict[int, Input] = field(default_factory=dict)
    outputs: list[api_pb2.FunctionGetOutputsItem] = field(default_factory=list)
    chunks_out: list[api_pb2.DataChunk] = field(default_factory=list)
    expired: bool = False
    bell: Bell = field(default_factory=Bell)

    @property
    def unfinished(self) -> int:
        """Inputs that are not done."""
        return sum(1 for one in self.inputs.values() if one.state != "done")

    def counts(self) -> dict[int, int]:
        """How many inputs ended with which status (``GenericResult.GenericStatus``)."""
        found: dict[int, int] = {}
        for one in self.inputs.values():
            if one.output is not None and one.state == "done":
                found[one.output.result.status] = found.get(one.output.result.status, 0) + 1
        return found


@dataclass(eq=False)
class State:
    """Everything, by id."""

    apps: dict[str, App] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    """Those that live."""
    ended: deque[Container] = field(default_factory=lambda: deque(maxlen=10_000))
    deployed: dict[tuple[str, str], App] = field(default_factory=dict)
    stopped: dict[tuple[str, str], App] = field(default_factory=dict)
