"""Kills while jobs run in Modal: of the program, a job's coordinator, the workers of its chunks, or several at once."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.fault_cloud import KEPT
from campaigns.kill_rounds import OTHER, Rounds
from campaigns.kill_watch import Watch
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.engines.modal import names
from hf2ms_tui.loopback.modal import RunningModal, start_modal
from hf2ms_tui.services.program import Program
from support.campaign import drawn
from support.desk import Desk, desk
from support.eventually import eventually

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Modal worker": ("job", (names.WORK,)),
    "Modal job": ("job", (names.COORDINATE,)),
    "Modal job and workers": ("job", (names.COORDINATE, names.WORK)),
    "Modal program": ("verb", ()),
    "Modal program and job": ("verb and job", (names.COORDINATE, names.WORK)),
}
"""what is killed: as which kind of ``Rounds`` it is played, and the functions whose containers are killed"""
SHARES = (4, 3, 2, 3, 2)
WORKS = 20.0
"""seconds within which something that is to be killed has begun to work, on a busy machine"""


class CloudWatch(Watch):
    """A round whose job runs in the containers of ``plane``; ``victims`` are functions, whose containers are killed so many
    seconds ``after`` the first of them began to work.
    """

    def __init__(
        self, rounds: CloudRounds, source: str, name: str, words: str, kind: str, after: float
    ) -> None:
        super().__init__(rounds.here, source, name, words, kind, patience=150.0, pause=1.0)
        self.rounds = rounds
        self.after = after
        self.victims = KINDS[kind][1]

    def kill_job(self) -> None:
        """SIGKILL every container of the victims that works."""
        eventually(lambda: bool(self._working()) or not self.rounds.goes_on(), WORKS)
        time.sleep(self.after)
        for container in self._working():
            try:
                self.rounds.plane.kill(container)
            except KeyError:
                continue  # it ended by itself meanwhile
            self.kills += 1

    def runs(self, program: Program, view: JobView) -> bool:
        """Whether any call of the account goes on: it has this round's job alone."""
        return self.rounds.goes_on()

    def _working(self) -> list[str]:
        return [
            container.id
            for function in self.victims
            for container in self.rounds.plane.containers(function=function)
            if container.state == "busy"
        ]


class CloudRounds(Rounds):
    """Rounds in one Modal account, one after the other."""

    moment = 0.0
    verb_moments = (0.5, 9.0)
    works = 3.0
    """seconds within which containers are killed once they work: about as long as a job takes"""

    def __init__(self, here: Desk, plane: RunningModal, seed: int) -> None:
        super().__init__(here, seed)
        self.plane = plane
        # Slow enough that most jobs are still sending when they are hit.
        for hub in ("ms", "hf"):
            self.here.running.shaper.set_text(f"{hub}:storage:up=250K")

    def draw(self, number: int) -> tuple[Watch, random.Random, str]:
        """The round of that number: what is watched, its chance, and the kind as which it is played."""
        chance = drawn(self.seed, number, "Modal")
        kind = chance.choices(list(KINDS), SHARES)[0]
        source = chance.choice(("hf", "ms"))
        words = f"round {number}, {kind}, {source}→{OTHER[source]}"
        watch = CloudWatch(self, source, f"m{number}", words, kind, chance.uniform(0, self.works))
        return watch, chance, KINDS[kind][0]

    def end(self) -> None:
        """Let what is under way end, so that the next round meets its own job alone."""
        super().end()
        eventually(lambda: not self.goes_on(), WORKS)

    def goes_on(self) -> bool:
        """Whether any call of the account goes on."""
        return any(not call.done for call in self.plane.calls())


@contextmanager
def account(seed: int) -> Iterator[CloudRounds]:
    """A desk whose jobs run in a Modal account of its own. Neither hubs nor control plane may have failed themselves."""
    with (
        tempfile.TemporaryDirectory(prefix="hf2ms-kills-") as folder,
        desk(Path(folder)) as here,
        start_modal(idle_at_least=KEPT) as plane,
    ):
        here.env.update(plane.env)
        here.env["HF2MS_ENGINE"] = "modal"
        yield CloudRounds(here, plane, seed)
        assert plane.log.errors == []


def played_there(seed: int, numbers: list[int], until: float) -> list[tuple[str, str, int, list[str]]]:
    """Play rounds in one account; begin none after ``until`` (seconds of the clock). Kind, column, kills, what was broken."""
    with account(seed) as rounds:
        found = [rounds.play(number) for number in numbers if time.time() < until]
        return [(watch.kind, watch.column, watch.kills, watch.broken) for watch in found]
