"""All engines of a program as one: new jobs go to the chosen engine, every other call to the one that runs the job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hf2ms_tui.domain.job import JobSpec, JobView
from hf2ms_tui.engines.base import Engine, Tokens
from hf2ms_tui.store.jobs import Jobs


class Member(Engine, Protocol):
    """An engine that can look at one view of the store."""

    def looked_at(self, view: JobView) -> JobView:
        """The view with the truth about whether the job runs; those of other engines as they are."""

    def close(self) -> None:
        """Stop looking after jobs, which go on."""


class Fleet:
    """``base.Engine`` over several. The first one is where new jobs go."""

    def __init__(self, jobs: Jobs, members: Sequence[Member]) -> None:
        self._jobs = jobs
        self._members = {member.name: member for member in members}
        self._chosen = members[0]

    @property
    def name(self) -> str:
        """The word for the engine that new jobs go to."""
        return self._chosen.name

    @property
    def chosen(self) -> Member:
        """The engine that new jobs go to."""
        return self._chosen

    def member(self, name: str) -> Member:
        """The engine of that name; the chosen one for a name of the future."""
        return self._members.get(name, self._chosen)

    def _of(self, job_id: str) -> Member:
        return self.member(self._jobs.view(job_id).spec.engine)

    def submit(self, spec: JobSpec, tokens: Tokens) -> None:
        """Start a job on the engine that its spec names."""
        self.member(spec.engine).submit(spec, tokens)

    def alive(self, job_id: str) -> bool | None:
        """Whether the job's runner lives; None when that cannot be told."""
        return self._of(job_id).alive(job_id)

    def cancel(self, job_id: str) -> None:
        """Make the job end as cancelled."""
        self._of(job_id).cancel(job_id)

    def retry(self, job_id: str, tokens: Tokens) -> None:
        """Run a job again, where it ran before."""
        self._of(job_id).retry(job_id, tokens)

    def reconcile(self) -> list[JobView]:
        """All jobs, newest first, each looked at by its own engine."""
        return [self.member(view.spec.engine).looked_at(view) for view in self._jobs.views()]

    def close(self) -> None:
        """Stop looking after jobs, which go on."""
        for member in self._members.values():
            member.close()
