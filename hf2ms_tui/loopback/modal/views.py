"""What tests and the curious see of a control plane: copies that stay as they were."""

from __future__ import annotations

import time
from dataclasses import dataclass

from modal_proto import api_pb2

from .containers import Container
from .state import Call, Input


@dataclass(frozen=True, slots=True)
class ContainerView:
    """A container. `state`: starting, idle, busy, ended. Times are seconds since the epoch, 0 where it did not happen;
    `why` says what made it end if the control plane did. `returncode` is negative for a signal.
    """

    id: str
    function: str
    function_id: str
    app: str
    pid: int
    state: str
    inputs: tuple[str, ...]
    calls: tuple[str, ...]
    enqueued_at: float
    started_at: float
    finished_at: float
    returncode: int | None
    why: str

    @classmethod
    def of(cls, one: Container) -> ContainerView:
        """A copy."""
        return cls(
            one.id,
            one.function.name,
            one.function.id,
            one.function.app.name or one.function.app.description,
            one.pid,
            one.state,
            tuple(one.running),
            tuple(running.call.id for running in one.running.values()),
            one.enqueued_at,
            one.started_at,
            one.finished_at,
            one.returncode,
            one.told,
        )

    @property
    def seconds(self) -> float:
        """How long it has lived, which is what is billed."""
        return (self.finished_at or time.time()) - self.started_at if self.started_at else 0.0


@dataclass(frozen=True, slots=True)
class InputView:
    """An input. `state`: pending, delayed, running, done; `status` (once done) such as SUCCESS, FAILURE, TERMINATED,
    TIMEOUT; `retries` used up the function's policy, `lost` counts deaths of its containers.
    """

    id: str
    idx: int
    state: str
    status: str
    task_id: str
    retries: int
    lost: int
    started_at: float
    finished_at: float

    @classmethod
    def of(cls, one: Input) -> InputView:
        """A copy."""
        status = ""
        if one.output is not None and one.state == "done":
            name = api_pb2.GenericResult.GenericStatus.Name(one.output.result.status)
            status = name.removeprefix("GENERIC_STATUS_")
        return cls(
            one.id,
            one.idx,
            one.state,
            status,
            one.task_id,
            one.retries,
            one.lost,
            one.started_at,
            one.finished_at,
        )


@dataclass(frozen=True, slots=True)
class CallView:
    """A call and its inputs by index; `parent` is the input that made it, empty for clients."""

    id: str
    function: str
    function_id: str
    app: str
    parent: str
    created_at: float
    expired: bool
    inputs: tuple[InputView, ...]

    @classmethod
    def of(cls, one: Call) -> CallView:
        """A copy."""
        return cls(
            one.id,
            one.function.name,
            one.function.id,
            one.function.app.name or one.function.app.description,
            one.parent_input,
            one.created_at,
            one.expired,
            tuple(InputView.of(one.inputs[idx]) for idx in sorted(one.inputs)),
        )

    @property
    def done(self) -> bool:
        """Whether all its inputs are."""
        return all(one.state == "done" for one in self.inputs)
