"""What every engine offers: start a job somewhere, find it again, cancel it, run it again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Protocol

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import JobSpec, JobView
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of both hubs, None where there is none. Handed from mouth to ear: never in argv or environment."""

    hf: Secret | None = field(default=None)
    ms: Secret | None = field(default=None)

    def of(self, hub: Hub) -> Secret | None:
        """The token for a hub."""
        return self.hf if hub is Hub.HF else self.ms

    def to_wire(self) -> bytes:
        """The tokens as JSON, for the one pipe that carries them."""
        return json.dumps({hub.value: token.reveal() for hub in Hub if (token := self.of(hub))}).encode()

    @classmethod
    def from_wire(cls, data: bytes) -> Tokens:
        """Read what ``to_wire`` wrote; nothing at all means no tokens. Raises BadInput, which does not repeat the data."""
        if not data.strip():
            return cls()
        try:
            read = json.loads(data)
            values = {hub: str(read[hub.value]) for hub in Hub if read.get(hub.value)}
        except (ValueError, AttributeError, TypeError):
            raise BadInput("what came in place of the tokens is not readable") from None
        return cls(*(Secret(values[hub]) if hub in values else None for hub in (Hub.HF, Hub.MS)))


class Engine(Protocol):
    """Where jobs run. Every call may block for a moment and is made from threads, never from an event loop."""

    @property
    def name(self) -> str:
        """The word that ``JobSpec.engine`` has for it."""

    def submit(self, spec: JobSpec, tokens: Tokens) -> None:
        """Start a job that the store knows already. Returns when it runs. Raises BadInput when it runs elsewhere."""

    def alive(self, job_id: str) -> bool | None:
        """Whether the job's runner lives; None when that cannot be told."""

    def cancel(self, job_id: str) -> None:
        """Make the job end as cancelled. Returns at once; a job whose runner is gone is cancelled when this returns."""

    def retry(self, job_id: str, tokens: Tokens) -> None:
        """Run a job again that ended or was lost. Raises BadInput when it still runs."""

    def reconcile(self) -> list[JobView]:
        """All jobs, newest first, those that should run with the truth about whether they do."""
