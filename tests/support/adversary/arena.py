"""The arena: both hubs in this process, two programs on one state folder, and a spy at the hubs' doors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.fleet import Fleet
from hf2ms_tui.engines.local import LocalEngine, runner
from hf2ms_tui.hubs import patience
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import PERSON, add_accounts
from hf2ms_tui.loopback.world import Token, World
from hf2ms_tui.services import outcome
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from hf2ms_tui.transfer.retry import Patience

ORG = "acme"
HF_TOKEN, MS_TOKEN = "hf_AdversaryOnly", "ms-AdversaryOnly"
Heard = Callable[[str, str, str, str], None]


class Spy(Fault):
    """Hears every request before it is answered, on the hubs' own thread, and spoils none: hub, method, route, path."""

    heard: Heard

    def wants(self, hub: str, method: str, route: str, path: str) -> bool:
        self.heard(hub, method, route, path)
        return False


class HereEngine(LocalEngine):
    """The local engine whose jobs run in this process, one after the other, by the very same code as in their own."""

    def _start(self, job_id: str, tokens: Tokens) -> None:
        with suppress(Hf2msError):  # the board says so too
            runner._run(job_id, self._places, tokens, threading.Event(), None)


class Arena:
    """A served world and programs ``a`` and ``b`` on the same state folder. Use as a context manager through ``arena``."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.spy = Spy("status", 200)
        self.spy.heard = lambda hub, method, route, path: None
        running.faults.add(self.spy)
        self.programs = {name: self._program() for name in ("a", "b")}

    def _program(self) -> Program:
        environ = {
            **self.running.env,
            "HF_TOKEN": HF_TOKEN,
            "MODELSCOPE_TOKEN": MS_TOKEN,
            "HF2MS_STATE": str(self.folder / "state"),
            "HOME": str(self.folder),
        }
        environ.pop("MODELSCOPE_API_TOKEN", None)
        flags = {"org": ORG, "workers": 1, "streams": 2}
        program = Program(load(flags, environ, self.folder))
        program._engine = Fleet(program.jobs, (HereEngine(program.database, program.places),))
        return program

    @property
    def world(self) -> World:
        """The world itself, for looking; change it through ``change``."""
        return self.running.world

    def token(self, hub: str) -> Token:
        """The token that the programs have."""
        return self.world.hub(hub).tokens[HF_TOKEN if hub == "hf" else MS_TOKEN]

    def spoiled(self, hub: str) -> bool:
        """Whether a fault is set on that hub."""
        return any(rule.hub in {"*", hub} for rule in self.running.faults.all() if rule is not self.spy)

    def clear_faults(self) -> None:
        """Let both hubs answer as they should; the spy stays."""
        for rule in self.running.faults.all():
            if rule is not self.spy:
                self.running.faults.remove(rule.id)

    def close(self) -> None:
        """End both programs."""
        for program in self.programs.values():
            program.close()


def _build(world: World) -> None:
    add_accounts(world, ORG)
    world.hf.add_token(Token(HF_TOKEN, PERSON, "write", label="adversary"))
    # Of tier admin, so that deletions on ModelScope go through the program's own door too.
    world.ms.add_token(Token(MS_TOKEN, PERSON, "admin", label="adversary"))


@contextmanager
def arena(folder: Path) -> Iterator[Arena]:
    """A fresh arena. Waits between tries and looks are cut short, nothing else is changed. No handler may have failed."""
    saved = patience._backoff, outcome._PAUSE, Patience.__init__.__defaults__
    patience._backoff = lambda state: 0.0  # type: ignore[assignment]
    outcome._PAUSE = 0.005
    Patience.__init__.__defaults__ = (2, 4, 0.005, 0.02, 0.1)  # type: ignore[assignment]
    try:
        with start(World(_build)) as running:
            made = Arena(running, folder)
            try:
                yield made
            finally:
                made.close()
            assert running.log.errors == []
    finally:
        patience._backoff, outcome._PAUSE, Patience.__init__.__defaults__ = saved  # type: ignore[assignment]


HUBS = tuple(hub.value for hub in Hub)
