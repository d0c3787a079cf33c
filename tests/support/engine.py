"""The local engine over two served hubs, with a state folder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from hf2ms_tui.domain.job import JobSpec, JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines import lock
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.local import LocalEngine
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.paths import Places
from support.eventually import until
from support.transfers import Sides, sides


class Machine:
    """A person's machine: a state folder, the engine, and both hubs."""

    def __init__(self, world: Sides, state: Path) -> None:
        self.world = world
        self.places = Places(state).ready()
        self.database = Database(self.places.database)
        self.jobs = Jobs(self.database)
        self.engine = LocalEngine(self.database, self.places)
        self.tokens = Tokens(Secret(token("hf", "write")), Secret(token("ms", "write")))
        self._ids = itertools.count(1)

    def spec(self, source: RepoRef, destination: RepoRef, **options: Any) -> JobSpec:
        env = self.world.running.env
        ends = {"hf": env["HF_ENDPOINT"], "ms": env["MODELSCOPE_ENDPOINT"]}
        return JobSpec(
            f"job{next(self._ids)}",
            source,
            destination,
            source_endpoint=ends[source.hub.value],
            destination_endpoint=ends[destination.hub.value],
            **{"workers": 2, "streams": 2, **options},
        )

    def submit(self, source: RepoRef, destination: RepoRef, **options: Any) -> str:
        spec = self.spec(source, destination, **options)
        self.jobs.create(spec)
        self.engine.submit(spec, self.tokens)
        return spec.id

    def process(self, job_id: str) -> psutil.Process:
        return psutil.Process(int(lock.pid_file(self.places, job_id).read_text()))

    def end(self, job_id: str, seconds: float = 60.0) -> JobView:
        """The view once the process is gone."""
        until(lambda: self.engine.alive(job_id) is False, seconds)
        return next(view for view in self.engine.reconcile() if view.id == job_id)

    def text(self, job_id: str) -> str:
        return "\n".join(line.text for line in self.jobs.log(job_id))


@contextmanager
def machine(state: Path, *builders: Callable[[World], Any]) -> Iterator[Machine]:
    with sides(*builders) as world:
        here = Machine(world, state)
        try:
            yield here
        finally:
            for view in here.jobs.views():
                if here.engine.alive(view.id):
                    here.process(view.id).kill()
            here.database.close()
