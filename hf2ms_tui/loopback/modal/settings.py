"""How a control plane behaves where the real one has a policy, a price or a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN_ID = "ak-loopback"
TOKEN_SECRET = "as-loopback-secret"

RATES: Mapping[str, str] = {
    "cpu_core_second": "0.0000131",
    "memory_gib_second": "0.00000222",
    "nonpreemptible_multiplier": "3",
}
"""US dollars. The amounts are those other pages quote; the names of the keys are a guess: the client has none."""


@dataclass(slots=True)
class Settings:
    """All times are seconds. What the real service does there is unknown unless a source is given.

    `account_containers`: containers of the whole workspace (100 on the free plan). `starts_at_once`: containers
    that boot at the same time, so that a small machine gets the first ones ready soon. `idle`: how long a container
    without work lives, unless its function says; `idle_at_least`: whatever its function says, for tests of many jobs one
    after the other. `long_poll`: after which a container without work asks again.
    `grace`: between SIGINT and SIGKILL when a container is preempted or stopped. `cancel_grace`: after which a
    container that does not react to a cancelled input is killed. `crash_loop`: containers of a function that end by
    themselves in a row before taking an input until its waiting inputs fail. `lost_limit`: how often an input is
    given to another container after the death of its own. `result_life`: how long results of calls are kept (7
    days: modal.com/docs/guide/job-queue). `pending_limit`: inputs of a function that may wait. `cascade`: whether
    cancelling a call cancels the calls that its inputs made. `replay`: whether a log stream without a cursor begins
    with what was said before. `fetch_lag`: how old a log line must be to be found by a fetch. `line_patience`:
    after which the beginning of a printed line is logged without its end. `remember_retries`: whether a request
    that the client repeats, for the answer did not arrive, is answered again instead of done again.
    `multipart_above`: bytes from which on blobs are uploaded in parts. `absent`: top-level modules of this
    interpreter that containers cannot import unless they were mounted. `container_env`: more environment for
    containers.
    """

    workspace: str = "loopback"
    token_id: str = TOKEN_ID
    token_secret: str = TOKEN_SECRET
    image_builder_version: str = "2026.10"
    rates: Mapping[str, str] = field(default_factory=lambda: dict(RATES))
    account_containers: int = 100
    starts_at_once: int = 6
    idle: float = 20.0
    idle_at_least: float = 0.0
    long_poll: float = 50.0
    grace: float = 5.0
    cancel_grace: float = 30.0
    crash_loop: int = 3
    lost_limit: int = 8
    result_life: float = 7 * 86400.0
    pending_limit: int = 1_000_000
    cascade: bool = False
    replay: bool = True
    fetch_lag: float = 0.0
    line_patience: float = 0.2
    remember_retries: bool = True
    multipart_above: int = 64 * 1024 * 1024
    absent: tuple[str, ...] = ("hf2ms_tui", "textual")
    container_env: Mapping[str, str] = field(default_factory=dict)


def apply(settings: Settings, changes: Mapping[str, Any]) -> None:
    """Set several fields. Raises TypeError, before anything is set, if there is no such field."""
    for name in changes:
        if name not in Settings.__dataclass_fields__:
            raise TypeError(f"Settings has no {name!r}")
    for name, value in changes.items():
        setattr(settings, name, value)
