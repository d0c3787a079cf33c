"""The engine for Modal over two served hubs and a control plane on this machine, with a state folder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.job import JobSpec, JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.credentials import Credentials
from hf2ms_tui.engines.modal.engine import ModalEngine
from hf2ms_tui.loopback.modal import RunningModal, start_modal
from hf2ms_tui.loopback.sample.accounts import token
from hf2ms_tui.loopback.world import World
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.paths import Places
from support.eventually import until
from support.transfers import Sides, sides


class Cloud:
    """A person's machine, their Modal account, and both hubs."""

    def __init__(self, world: Sides, plane: RunningModal, state: Path) -> None:
        self.world, self.plane = world, plane
        self.places = Places(state).ready()
        self.tokens = Tokens(Secret(token("hf", "write")), Secret(token("ms", "write")))
        self._ids = itertools.count(1)
        self.database, self.engine = self.machine()
        self.jobs = Jobs(self.database)

    @property
    def credentials(self) -> Credentials:
        env = self.plane.env
        return Credentials(
            env["MODAL_TOKEN_ID"], Secret(env["MODAL_TOKEN_SECRET"]), env["MODAL_SERVER_URL"], "", "test"
        )

    def machine(self) -> tuple[Database, ModalEngine]:
        """The program started anew on the same state."""
        database = Database(self.places.database)
        return database, ModalEngine(database, self.places, self.credentials)

    def spec(self, source: RepoRef, destination: RepoRef, **options: Any) -> JobSpec:
        env = self.world.running.env
        ends = {"hf": env["HF_ENDPOINT"], "ms": env["MODELSCOPE_ENDPOINT"]}
        return JobSpec(
            f"job{next(self._ids)}",
            source,
            destination,
            source_endpoint=ends[source.hub.value],
            destination_endpoint=ends[destination.hub.value],
            engine="modal",
            **{"workers": 4, "streams": 2, **options},
        )

    def submit(self, source: RepoRef, destination: RepoRef, **options: Any) -> str:
        spec = self.spec(source, destination, **options)
        self.jobs.create(spec)
        self.engine.submit(spec, self.tokens)
        return spec.id

    def view(self, job: str) -> JobView:
        return next(view for view in self.engine.reconcile() if view.id == job)

    def end(self, job: str, seconds: float = 60.0) -> JobView:
        """The view of a job that is over or lost."""
        return until(lambda: (view := self.view(job)) and (view.phase.final or view.lost) and view, seconds)

    def text(self, job: str) -> str:
        return "\n".join(f"{line.worker}/{line.chunk}: {line.text}" for line in self.jobs.log(job))

    def said(self) -> str:
        """Everything that containers printed."""
        return "\n".join(line.data for line in self.plane.lines())

    def stored_twice(self, hub: str = "ms") -> list[str]:
        """Blobs of which an upload began after an earlier one of the same blob had been stored."""
        first: dict[str, float] = {}
        twice = []
        for entry in sorted(self.world.puts(hub), key=lambda entry: entry.at + entry.seconds):
            if entry.path in first and entry.at > first[entry.path]:
                twice.append(entry.path)
            first.setdefault(entry.path, entry.at + entry.seconds)
        return twice

    def idle(self) -> bool:
        """Whether no container works."""
        return not [one for one in self.plane.containers() if one.state in {"busy", "starting"}]


@contextmanager
def cloud(state: Path, *builders: Callable[[World], Any], **settings: Any) -> Iterator[Cloud]:
    """Both hubs with what ``builders`` add, and a control plane. Neither may have failed itself by the end."""
    with sides(*builders) as world, start_modal(**settings) as plane:
        made = Cloud(world, plane, state)
        try:
            yield made
        finally:
            made.engine.close()
            made.database.close()
        assert plane.log.errors == []
        assert not plane.log.unmodelled
