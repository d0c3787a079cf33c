"""Scenes in which a token could be given away, each with everything that came out of them."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pexpect
import psutil

from campaigns.fault_kinds import Elsewhere
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.sample.accounts import PERSON
from hf2ms_tui.loopback.world import Token, World
from hf2ms_tui.services import deletion, jobs, proving
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support import surfaces
from support.canary import Canary, seen, seen_in_files
from support.desk import Desk, desk
from support.transfers import CARD, MIB, ORG, SeededContent, add, ref

DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "percent-encoded": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL": lambda text: f"https://user:{quote(text)}@example.org/x?token={quote(text)}",
    "hex": lambda text: text.encode().hex(),
    "JSON": lambda text: json.dumps({"headers": {"Authorization": f"Bearer {text}"}}),
    "long line": lambda text: "x" * 270 + text + "y" * 5_000,
}
ROOT = Path(__file__).resolve().parents[2]
BROKEN = """
import os
def broken(*given, **named):
    local = [os.environ["HF_TOKEN"], os.environ["MODELSCOPE_TOKEN"]]
    raise RuntimeError(f"went wrong with {local} at hand")
"""
IN_SCREEN = "from hf2ms_tui.tui.frame import Frame\nFrame.do_plan = broken\n"
IN_VERB = "from hf2ms_tui.services import doctor\ndoctor.examine = broken\n"


PATIENCE = 15.0
"""seconds that a verb may go on while the hubs repeat tokens"""


@dataclass(slots=True)
class Sighting:
    """What a scene looked at, and where a token was seen."""

    scene: str
    surfaces: int = 0
    size: int = 0
    leaks: list[str] = field(default_factory=list)


class Scenes:
    """All scenes play on one desk, whose tokens are canaries drawn from ``chance``."""

    def __init__(self, here: Desk, canaries: tuple[Canary, Canary], chance: random.Random) -> None:
        self.here = here
        self.canaries = canaries
        self.chance = chance
        self.elsewhere = Elsewhere()
        self.unseen: list[str] = []
        """screens whose name was not on the terminal when they should have been shown"""

    def close(self) -> None:
        """Stop the stranger's server."""
        self.elsewhere.close()

    def sight(self, found: Sighting, where: str, *texts: bytes) -> None:
        """Look for the tokens in what came out."""
        for text in texts:
            found.surfaces += 1
            found.size += len(text)
            found.leaks += [f"{found.scene}, {where}: {leak}" for leak in seen(text, self.canaries)]

    def echo(self, disguise: str, status: int) -> None:
        """Let both hubs answer everything with the tokens of both."""
        text = " and ".join(DISGUISES[disguise](canary.value) for canary in self.canaries)
        body = {"error": text, "Code": status, "Message": text, "message": text, "Success": False}
        headers = {
            "X-Error-Message": text[:2000],
            "X-Request-Id": text[:300],
            "WWW-Authenticate": text[:300],
            "Retry-After": "0",
        }
        for hub in ("hf", "ms"):
            self.here.running.faults.add(
                Fault(
                    "status",
                    status,
                    hub,
                    "*",
                    ".*",
                    headers,
                    json.dumps({**body, "success": False}),
                    probability=0.5,
                )
            )

    def verbs(self, limit: int = 0) -> Sighting:
        """Every verb, while the hubs repeat the tokens in some disguise."""
        found = Sighting("verbs")
        self._some_job()
        lines = surfaces.command_lines(f"{ORG}/quoting", self.here.jobs()[0]["job"], str(self.here.folder))
        self.chance.shuffle(lines)
        for line in lines[: limit or None]:
            disguise, status = (
                self.chance.choice(list(DISGUISES)),
                self.chance.choice((200, 401, 403, 429, 500)),
            )
            self.echo(disguise, status)
            process = self.here.start(*line)
            try:
                said = b"".join(process.communicate(timeout=PATIENCE))
            except subprocess.TimeoutExpired:
                process.kill()  # it waits for the hubs to get well, which they do not
                said = b"".join(process.communicate())
            self.here.running.faults.clear()
            self.sight(found, f"{' '.join(line)} while hubs answer {status} with it as {disguise}", said)
        self.here.end_jobs()
        return found

    def _some_job(self) -> None:
        if not self.here.jobs():
            self.here.verb("migrate", f"{ORG}/quoting", "--to", "ms")

    def screens(self, *, actions: bool) -> Sighting:
        """Every screen, while the hubs repeat the tokens; exports land in the folder that is searched at the end."""
        found = Sighting("screens")
        shown = ""
        with self.here.open("--org", ORG) as terminal:
            with suppress(AssertionError, OSError, pexpect.EOF):
                terminal.wait_for("acme")
            for name, action in surfaces.walk(terminal, actions=actions, pause=0.08):
                found.surfaces += 1
                if name != shown:
                    shown = name
                    self.here.running.faults.clear()
                    self.echo(self.chance.choice(list(DISGUISES)), self.chance.choice((403, 500)))
                    terminal.press("R")
                if not action and not surfaces.reached(terminal, name):
                    self.unseen.append(name)
            self.here.running.faults.clear()
            self.sight(found, "the terminal", terminal.raw, terminal.text.encode())
        return found

    def misplaced(self) -> Sighting:
        """A token typed where something else belongs."""
        found = Sighting("typed in the wrong place")
        value = self.canaries[0].value
        for line in (
            ["verify", value],
            ["migrate", f"{ORG}/{value}", "--to", "ms"],
            ["inventory", "--org", value],
            ["jobs", "follow", value],
            ["verify", f"https://user:{value}@huggingface.co/x/y"],
            ["restore", f"{ORG}/{value}"],
        ):
            _, out, err = self.here.verb(*line)
            self.here.said = b""
            self.sight(found, " ".join(line[:-1]), out.encode(), err.encode())
        return found

    def crashes(self) -> Sighting:
        """Faults of the program itself, in a verb and on the screen, with the tokens in hand; and a signal that kills."""
        found = Sighting("crashes")
        folder = self.here.folder / "broken"
        folder.mkdir(exist_ok=True)
        path = os.pathsep.join((str(folder), str(ROOT)))
        (folder / "sitecustomize.py").write_text(BROKEN + IN_VERB)
        _, out, err = self.here.verb("doctor", PYTHONPATH=path)
        self.here.said = b""
        if "went wrong with" not in out + err:
            found.leaks.append("crashes: the verb did not crash as it should have")
        self.sight(found, "a verb's traceback", out.encode(), err.encode())
        (folder / "sitecustomize.py").write_text(BROKEN + IN_SCREEN)
        with self.here.open("--org", ORG, PYTHONPATH=path) as terminal:
            terminal.wait_for("acme")
            terminal.press("p", pause=0.5)
            with suppress(AssertionError):
                terminal.ended()
            self.sight(found, "the screen's end", terminal.raw)
        if not list((self.here.state / "crashes").iterdir()):
            found.leaks.append("crashes: no file says what happened")
        with self.here.open("--org", ORG) as terminal:
            terminal.wait_for("acme")
            self._no_core(found, psutil.Process(terminal.process.pid), "the screen")
            terminal.process.kill(signal.SIGABRT)
            terminal.ended()
            self.sight(found, "after an abort", terminal.raw)
        for core in (*self.here.folder.rglob("core*"), *Path.cwd().glob("core*")):
            if core.is_file():
                found.leaks.append(f"crashes: a core file {core.name}")
        (folder / "sitecustomize.py").unlink()
        return found

    def _no_core(self, found: Sighting, process: psutil.Process, what: str) -> None:
        found.surfaces += 1
        if process.rlimit(psutil.RLIMIT_CORE) != (0, 0):
            found.leaks.append(f"crashes: {what} may leave a core file, which holds the tokens")

    def processes(self) -> Sighting:
        """Command lines and environments of everything that runs while a job does."""
        found = Sighting("processes")
        self.here.running.shaper.set_text("ms:storage:up=200K")
        verb = self.here.start("migrate", f"{ORG}/quoting-big", "--to", "ms")
        try:
            job = self._job_process()
            self._no_core(found, job, "the job")
            self._no_core(found, psutil.Process(verb.pid), "the verb")
            self.sight(found, "the job's environment", str(job.environ()).encode())
            for process in psutil.process_iter(["pid", "cmdline"]):
                self.sight(
                    found, f"command line of {process.info['pid']}", str(process.info["cmdline"]).encode()
                )
            for child in psutil.Process(verb.pid).children(recursive=True):
                with suppress(psutil.Error):
                    self.sight(found, "a child's environment", str(child.environ()).encode())
            for link in Path(f"/proc/{job.pid}/fd").iterdir():
                with suppress(OSError):
                    target = str(link.readlink())
                    self.sight(found, "an open file's name", target.encode())
        finally:
            self.here.running.shaper.clear()
            verb.kill()
            verb.communicate()
            self.here.end_jobs()
        return found

    def _job_process(self) -> psutil.Process:
        until = time.monotonic() + 40
        while time.monotonic() < until:
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or ())
                if "hf2ms_tui.engines.local" in line and str(self.here.state) in line:
                    return process
            time.sleep(0.05)
        raise AssertionError("no job process was found")

    def wire(self, limit: int = 0) -> Sighting:
        """Redirects to a stranger from every route, one at a time; and what any origin was told so far."""
        found = Sighting("the wire")
        with self._program() as program:
            ends = jobs.direction(program, ref("hf", "both"))
            proving.prove(program, ends, Level.READ_BACK)
        routes = sorted({(e.hub, e.method, e.route) for e in self.here.running.log.entries()})
        self.chance.shuffle(routes)
        for hub, method, route in routes[: limit or None]:
            for status in (302, 307):
                headers = {"Location": f"{self.elsewhere.url}/taken"}
                self.here.running.faults.add(Fault("status", status, hub, method, route, headers, count=2))
                with self._program() as program, suppress(Exception):
                    proving.prove(program, ends, Level.READ_BACK)
                self.here.running.faults.clear()
        self.sight(found, "a stranger's server", *self.elsewhere.told)
        known = {"hf": "canary hf", "ms": "canary ms"}
        for entry in self.here.running.log.entries():
            found.surfaces += 1
            place = f"{entry.hub} {entry.origin} {entry.method} {entry.route}"
            if entry.leaked:
                found.leaks.append(f"the wire: {place} had a token in its address")
            if (entry.authorization or entry.cookie) and entry.token != known[entry.hub]:
                found.leaks.append(f"the wire: {place} was told a credential that is not its own")
            if (entry.authorization or entry.cookie) and entry.origin in {"cdn", "storage"}:
                found.leaks.append(f"the wire: {place} was told a credential and needs none")
        return found

    def tombstones(self) -> Sighting:
        """A deletion of a repo whose texts quote a token, through the gate; the tombstone is searched with all files."""
        found = Sighting("deletion")
        with self._program() as program:
            there = ref("hf", "both")
            proving.prove(program, jobs.direction(program, there), Level.READ_BACK)
            with suppress(Exception):
                found.surfaces += 1
                deletion.delete(program, there, str(there.id))
        if not (self.here.state / "tombstones").exists():
            found.leaks.append("deletion: there is no tombstone to look at")
        return found

    def files(self) -> Sighting:
        """Everything that was written below the folder of this desk, but what we put there ourselves."""
        found = Sighting("files")
        written = [path for path in self.here.folder.rglob("*") if path.is_file()]
        found.surfaces, found.size = len(written), sum(path.stat().st_size for path in written)
        found.leaks += [f"files: {leak}" for leak in seen_in_files(self.here.folder, self.canaries)]
        return found

    @contextmanager
    def _program(self) -> Iterator[Program]:
        opened = Program(load({}, self.here.env, self.here.folder))
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def scenes(folder: Path, chance: random.Random) -> Iterator[Scenes]:
    """A desk whose tokens are canaries, and repos on it: one that quotes a token, a larger one, one on both hubs."""
    hf, ms = Canary.made("hf", chance), Canary.made("ms", chance)
    quoting = CARD + f"\nUse `HF_TOKEN={hf.value}` to read this.\n".encode()

    def build(world: World) -> None:
        for hub, canary in ((world.hf, hf), (world.ms, ms)):
            hub.add_token(Token(canary.value, PERSON, "write", label=f"canary {canary.name}"))
        made = add(world, "hf", "quoting", {"README.md": quoting, "w.bin": SeededContent("w", 50_000)})
        made.create_branch(f"b-{hf.value}")
        add(world, "hf", "quoting-big", {"README.md": CARD, "w.bin": SeededContent("big", 2 * MIB)})
        for hub in ("hf", "ms"):
            add(world, hub, "both", {"README.md": CARD, "w.bin": SeededContent("both", 50_000)})

    with desk(folder, build) as here:
        here.env |= {"HF_TOKEN": hf.value, "MODELSCOPE_TOKEN": ms.value}
        made = Scenes(here, (hf, ms), chance)
        try:
            yield made
        finally:
            made.close()
