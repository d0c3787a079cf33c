"""The stage of one repo: how it begins, and what the adversary does to it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services.gatelook import GateLook
from hf2ms_tui.services.program import Program

from .acts import ACTS, FAULTS, Scene, fresh
from .arena import ORG, Arena
from .figures import Figures


class Skewed:
    """A clock that is wrong by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._by


class Stage:
    """One repo and its copy; ``figures`` hears of everything that is done to them."""

    def __init__(self, arena: Arena, figures: Figures, rng: random.Random, *, hub: str, kind: str) -> None:
        self.arena = arena
        self.figures = figures
        self.rng = rng
        self.scene = Scene(hub, kind, f"{ORG}/r{rng.getrandbits(64):x}")
        self.ref = RepoRef.of(hub, kind, self.scene.id)
        self.looks: dict[str, GateLook] = {}
        self.changed: dict[str, bool] = {}
        self.quiet = False
        self.jumped = False
        self.stone_spoiled = False
        self.rotted = datetime.min.replace(tzinfo=UTC)
        """when bytes of the destination were spoiled last: readings before that speak of what was there then"""
        self.history: list[str] = []
        arena.clear_faults()
        arena.running.call(self._build)

    # -- the beginning ------------------------------------------------------------------------------------------

    def _build(self, world: World) -> None:
        rng, hub = self.rng, world.hub(self.scene.hub)
        for each in ("hf", "ms"):
            token = self.arena.token(each)
            token.expired, token.role = False, "write" if each == "hf" else "admin"
        about = {
            "visibility": rng.choice(["private", "private", "public"]),
            "creator": "mira",
            "licence": "mit",
        }
        repo = hub.create(self.scene.kind, self.scene.id, **about)
        nodes = [Node("README.md", BytesContent(b"---\nlicense: mit\n---\n# %x\n" % rng.getrandbits(64)))]
        for number in range(rng.randint(0, 5)):
            content, lfs = fresh(world, rng)
            nodes.append(Node(f"w{number}.bin" if lfs else f"f{number}.txt", content, lfs))
        repo.commit(nodes, message="first", author="mira", branch=hub.default_branch)
        if rng.random() < 0.4:
            content, lfs = fresh(world, rng)
            repo.commit(
                [Node("w0.bin" if lfs else "f0.txt", content, lfs)],
                message="second",
                branch=hub.default_branch,
            )
        if rng.random() < 0.3:
            repo.tags["v0"] = rng.choice(list(repo.commits))
        if rng.random() < 0.2:
            repo.branches["dev"] = rng.choice(list(repo.commits))

    def program(self, name: str) -> Program:
        """Program ``a`` or ``b``."""
        return self.arena.programs[name]

    def note(self, text: str) -> None:
        """Remember what happened, for the report of a case."""
        self.history.append(text)

    def case(self, what: str) -> str:
        """A case that must not be, with everything that led to it."""
        return f"{self.ref.key}: {what} <- {' | '.join(self.history[:1] + self.history[-14:])}"

    # -- the adversary ------------------------------------------------------------------------------------------

    def act(self, name: str) -> bool:
        """The adversary acts between two steps."""
        done = self.arena.running.call(lambda world: self._act(world, name))
        if done:
            self.figures.acts[name] += 1
        return done

    def _act(self, world: World, name: str) -> bool:
        done = ACTS[name].act(world, self.scene, self.rng)
        if done:
            self.disturbed(name)
        return done

    def disturbed(self, name: str) -> None:
        """The world is another than at the last proof and the last look."""
        self.note(f"!{name}")
        self.quiet = False
        self.changed = dict.fromkeys(self.changed, True)
        if name in ACTS and ACTS[name].aspect == "copy bytes":
            self.rotted = datetime.now(UTC)

    def spoil_tombstone(self) -> None:
        """A byte of a tombstone of this repo flips on this machine's own disk."""
        kept = self.arena.folder / "state" / "tombstones" / self.scene.hub / self.scene.kind / self.scene.id
        files = [path for path in sorted(kept.rglob("*")) if path.is_file() and path.stat().st_size]
        if not files:
            return
        path = self.rng.choice(files)
        data = bytearray(path.read_bytes())
        data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        path.chmod(0o600)
        path.write_bytes(bytes(data))
        self.stone_spoiled = True
        self.figures.acts["corrupts the tombstone"] += 1
        self.disturbed(f"corrupts {path.name} of the tombstone")

    def fault(self, name: str) -> None:
        """Something goes wrong on the wire from now on."""
        side, routes, rule = FAULTS[name]
        hub = self.scene.hub if side == "source" else self.scene.other
        method = "DELETE" if "delet" in name else "GET"
        if hub == "ms" and side == "source" and method == "GET":
            # No answer of ModelScope tells how many files there are: one that is cut the same way every time, at a number
            # that nobody knows, in a repo without folders, cannot be told from a whole one. One that is cut now and then can.
            rule += ":count=1"
        self.arena.running.faults.add(f"{hub}:{method}:{routes}:{rule}")
        self.figures.acts[name] += 1
        self.disturbed(name)

    def heal(self) -> None:
        """Tokens are good and answers whole again, clocks go right; what was done to repos stays."""
        self.arena.clear_faults()

        def work(world: World) -> None:
            for each in ("hf", "ms"):
                token = self.arena.token(each)
                token.expired, token.role = False, "write" if each == "hf" else "admin"

        self.arena.running.call(work)
        self.jump(None)
        self.note("healed")

    def jump(self, by: timedelta | None) -> None:
        """The machine's clock goes wrong, or right again."""
        if by is None and not self.jumped:
            return
        self.jumped = by is not None
        for program in self.arena.programs.values():
            if by is None:
                del program.now
            else:
                program.now = Skewed(by)  # type: ignore[method-assign]
        if by is not None:
            self.figures.acts["lets the clock jump"] += 1
            self.disturbed(f"clock {by}")
