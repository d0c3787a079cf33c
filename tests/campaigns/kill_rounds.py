"""Rounds of killing: something is begun, killed at a moment of chance, looked at, and carried on to its end."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pexpect
import psutil

from campaigns.kill_watch import Watch
from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.content import Content, SeededContent
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import deletion, jobs, outcome, proving
from hf2ms_tui.services.outcome import Gone
from support.campaign import drawn
from support.desk import Desk
from support.terminal import clean_environment
from support.transfers import CARD, ORG, add, ref

OTHER = {"hf": "ms", "ms": "hf"}
KINDS = ("job", "verb", "verb and job", "screen", "decide", "delete")
SHARES = (6, 4, 2, 4, 2, 3)
"""how often each kind is drawn"""
BLOB = 120_000
CHILD = Path(__file__).with_name("kill_child.py")


class Rounds:
    """Rounds on one desk, one after the other. ``seed`` and the round's number decide everything that chance decides."""

    moment = 2.6
    """seconds within which a job is killed"""
    verb_moments = (0.3, 4.5)
    """seconds between which a verb is killed"""

    def __init__(self, here: Desk, seed: int) -> None:
        self.here = here
        self.seed = seed
        self._last_begun = 0
        here.running.shaper.set_text("ms:storage:up=500K")
        here.running.shaper.set_text("hf:storage:up=500K")

    def draw(self, number: int) -> tuple[Watch, random.Random, str]:
        """The round of that number: what is watched, its chance, and the kind as which it is played."""
        chance = drawn(self.seed, number)
        kind = chance.choices(KINDS, SHARES)[0]
        source = chance.choice(("hf", "ms")) if kind in {"job", "verb", "verb and job"} else "hf"
        words = f"round {number}, {kind}, {source}→{OTHER[source]}"
        return Watch(self.here, source, f"k{number}", words, kind), chance, kind

    def play(self, number: int) -> Watch:
        """Play a round; what was found is in what is returned."""
        watch, chance, kind = self.draw(number)
        try:
            if kind == "decide":
                self._decide(watch, chance)
            elif kind == "delete":
                self._delete(watch, chance)
            elif kind == "screen":
                self._screen(watch, chance)
            else:
                self._job(watch, chance, kind)
        except Exception as error:  # noqa: BLE001 - whatever comes out is what a campaign looks for
            watch.breaks(f"{type(error).__name__}: {error}")
        self.end()
        return watch

    def end(self) -> None:
        """Kill what still runs."""
        self.here.end_jobs()

    def make(self, source: str, name: str, *, both: bool = False) -> None:
        """A private repo with six blobs on the source hub; with ``both`` one blob, on both."""
        files: dict[str, bytes | Content] = {
            "README.md": CARD,
            "config.json": b'{"name": "%s"}\n' % name.encode(),
            **{f"w/{part}.bin": SeededContent(f"{name} {part}", BLOB) for part in range(1 if both else 6)},
        }

        def work(world: World) -> None:
            for hub in (source, OTHER[source]) if both else (source,):
                add(world, hub, name, files)

        self.here.running.call(work)

    def _job(self, watch: Watch, chance: random.Random, kind: str) -> None:
        """A migration: its job is killed, the verb that follows it, or both."""
        self.make(watch.source, watch.name)
        told = f"{watch.source}:{ORG}/{watch.name}"
        detach = ["--detach"] if kind == "verb" and chance.random() < 0.4 else []
        if kind == "job":
            with watch.program() as program:
                jobs.start(program, jobs.direction(program, watch.ref))
            time.sleep(chance.uniform(0, self.moment))
            watch.kill_job()
        else:
            with suppress(subprocess.TimeoutExpired):
                process = self.here.start("migrate", told, *detach)
                process.wait(chance.uniform(*self.verb_moments))
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            watch.acknowledged_jobs = set(re.findall(rb"^job (\w{8}) ", out, re.M))
            if process.returncode == 0 and not detach:
                watch.said_done = True
            watch.killed()
            if b"Traceback" in out + err:
                watch.breaks("a traceback was printed")
            if kind == "verb and job":
                watch.kill_job()
        watch.look()
        watch.finish()

    def _decide(self, watch: Watch, chance: random.Random) -> None:
        """Decisions without end; all that were acknowledged hold, and at most one more."""
        ids = [f"{ORG}/{watch.name}-{n}" for n in range(5)]
        with self._child("decide", *ids) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            time.sleep(chance.uniform(0, 0.5))
            child.kill()
            said = [line.split() for line in [first, *child.stdout.read().splitlines()]]
        watch.killed()
        acknowledged = {
            key.decode(): value.decode() for key, value in (line for line in said if len(line) == 2)
        }
        turn = len([line for line in said if len(line) == 2])
        with watch.program() as program:
            watch.chain(program)
            now = program.decisions.current()
            differing = [
                repo
                for repo, decision in acknowledged.items()
                if now.get(RepoRef.of("hf", "model", repo).key, Decision.UNDECIDED).value != decision
            ]
            beyond = ids[turn % len(ids)]
            if [repo for repo in differing if repo != beyond]:
                watch.breaks(f"decisions that were acknowledged are not kept: {differing}")

    def _delete(self, watch: Watch, chance: random.Random) -> None:
        """A deletion through the gate; afterwards the journal says what is true, and the repo goes once."""
        self.make(watch.source, watch.name, both=True)
        with watch.program() as program:
            assert proving.prove(program, jobs.direction(program, watch.ref), Level.READ_BACK).holds
        with self._child("delete", watch.source, str(watch.ref.id)) as child:
            assert child.stdout is not None
            assert child.stdin is not None
            child.stdout.readline()
            child.stdin.write(b"now\n")
            child.stdin.flush()
            time.sleep(chance.uniform(0, 0.9))
            child.kill()
            said = child.stdout.read().decode().strip()
        watch.killed()
        gone = not watch.exists()
        if said == Gone.GONE.value and not gone:
            watch.breaks("said to be gone, and is there")
        with watch.program() as program:
            outcome.settle(program)
            watch.chain(program)
            watch.deletion_is_true(program, gone)
            if not gone:
                found = deletion.delete(program, watch.ref, str(watch.ref.id))
                if found.state is not Gone.GONE or watch.exists():
                    watch.breaks(f"it cannot be deleted afterwards: {found.evidence}")
                watch.deletion_is_true(program, True)
        asked = [e for e in watch.entries() if e.method == "DELETE" and e.status == 200]
        if len(asked) != 1:
            watch.breaks(f"{len(asked)} deletions were carried out")

    def _screen(self, watch: Watch, chance: random.Random) -> None:
        """A person at the screen: decisions, then a plan that starts a job; killed somewhere, the job too or not."""
        names = [f"{watch.name}-{n}" for n in range(3)]
        self.make(watch.source, watch.name)
        for name in names:
            self.make(watch.source, name)
        acknowledged: dict[str, str] = {}
        with self.here.open("--org", ORG) as terminal:
            moment = chance.uniform(0.8, 9.0)
            timer = threading.Timer(moment, os.kill, (terminal.process.pid, signal.SIGKILL))
            timer.daemon = True
            timer.start()

            def heard() -> None:
                acknowledged.update(re.findall(r"([\w.-]+): \w+ → (\w+)", terminal.text))

            with suppress(OSError, pexpect.EOF, AssertionError):
                terminal.wait_for(r"repos?\b")
                terminal.press("/")
                terminal.type(f"{watch.name}-")
                terminal.press("enter")
                for step in itertools.cycle(("k", "down", "l", "down", "x", "up", "up", "m", "down")):
                    terminal.press(step, pause=chance.uniform(0.1, 0.4))
                    heard()
                    if not terminal.process.isalive():
                        break
            timer.join()
            with suppress(OSError, pexpect.EOF):
                terminal.pump()
            heard()
        watch.killed()
        with watch.program() as program:
            watch.chain(program)
            now = program.decisions.current()
            kept = {
                name: now.get(ref("hf", name).key, Decision.UNDECIDED).value
                for name in names
                if name in acknowledged
            }
        # The last key may have been decided and not yet shown.
        differing = [name for name in kept if kept[name] != acknowledged[name]]
        if len(differing) > 1:
            watch.breaks(f"decisions that were shown are not kept: {differing}")
        watch.shown = len(acknowledged)

    @contextmanager
    def _child(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        child = subprocess.Popen(
            [sys.executable, str(CHILD), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**clean_environment(), **self.here.env},
            cwd=self.here.folder,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            with suppress(psutil.Error, ProcessLookupError):
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
