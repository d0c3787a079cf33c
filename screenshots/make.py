"""Makes the pictures of this folder: the real program on a demo world of its own, taken through the whole journey.

    python screenshots/make.py [FOLDER]

needs the ``test`` extra and takes about two minutes. SVG of every screen, PNG of those that the README shows, both into
FOLDER (default: here); with ``--all-png`` PNG of all. Nothing of the person who runs it is read or drawn: state, home and
time zone are the script's own. Dates, revisions' ages and ports follow the clock and the machine; the rest is the demo's.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from hf2ms_tui.services.program import Program
    from hf2ms_tui.tui.app import CleanupApp

WIDE, FIRST_CLASS, TOO_SMALL = (120, 36), (80, 24), (50, 12)
IN_README = ("inventory", "triage", "jobs", "gate")
OWNER = "aurora-labs"
PROVEN = ("model/aurora-tokenizer", "dataset/aurora-2.6m-train", "dataset/eval-logs", "model/finetune-q3")
"""proven by read-back before the screen is opened, whatever comes of it"""
DIFFERS, LOSES, BIG = "model/aurora-depth-small", "model/poc-tokenizer-v0", "dataset/aurora-video-clips"
DECIDED = {
    LOSES: "m",
    BIG: "m",
    "dataset/aurora-70k-subset": "m",
    "model/broken-upload": "m",
    "dataset/shards-repacked": "m",
    "model/poc-flow-matching": "x",
    "dataset/test-upload": "x",
    "dataset/half_done-captions": "l",
    "model/aurora-xl-1.0": "k",
    "model/aurora-med-8b": "k",
}
PATIENCE = 120.0
"""seconds that anything may take before the script gives up and says what stood on the screen"""


class Journey:
    """One run of the app and the pictures that are taken of it."""

    def __init__(self, pilot: Pilot[int], folder: Path) -> None:
        self.pilot = pilot
        self.folder = folder

    @property
    def app(self) -> CleanupApp:
        """The app."""
        from support.screens import app_of

        return app_of(self.pilot)

    def sees(self, text: str) -> bool:
        """Whether the text stands on the screen."""
        from support.screen_text import screen_text

        return text in screen_text(self.app)

    async def until(self, what: str | Callable[[], bool]) -> None:
        """Wait until the text stands on the screen, or the condition holds."""
        from support.screens import until

        await until(self.pilot, what if callable(what) else lambda: self.sees(what), PATIENCE)

    async def press(self, *keys: str) -> None:
        """Press keys as far apart as a person would."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.2)

    async def write(self, text: str) -> None:
        """Type a text."""
        names = {"/": "slash", "-": "minus", ":": "colon", ".": "full_stop", " ": "space"}
        for char in text:
            await self.pilot.press(names.get(char, char))
        await self.pilot.pause(0.3)

    async def row(self, key: str, table: str = "#rows") -> None:
        """Put the cursor of a table, by default the inventory's, on the row with this key."""
        from hf2ms_tui.tui.widgets.vtable import VTable

        self.app.screen.query_one(table, VTable).move_cursor(key)
        await self.pilot.pause(0.1)

    async def take(self, name: str, *, small: bool = False) -> None:
        """Write the picture ``name``, with ``small`` also ``name-80x24``."""
        await self._take(name, WIDE)
        if small:
            await self._take(f"{name}-80x24", FIRST_CLASS)
            await self._resize(WIDE)

    async def take_too_small(self) -> None:
        """Write the picture of a window in which nothing can be drawn."""
        await self._take("too-small", TOO_SMALL)
        await self._resize(WIDE)

    async def _resize(self, size: tuple[int, int]) -> None:
        if self.app.size != size:
            await self.pilot.resize_terminal(*size)
            await self.pilot.pause(0.3)

    async def _take(self, name: str, size: tuple[int, int]) -> None:
        from textual.widgets import Input

        from support.picture import picture_of

        await self._resize(size)
        for field in self.app.screen.query(Input):
            field.cursor_blink = False
        await self.pilot.pause(0.2)
        (self.folder / f"{name}.svg").write_text(picture_of(self.app), encoding="utf-8")
        print(f"  {name}")


def key_of(name: str) -> str:
    """The key of a row for ``kind/name``."""
    from hf2ms_tui.domain.repo import RepoRef

    kind, repo = name.split("/")
    return RepoRef.of("hf", kind, f"{OWNER}/{repo}").key


async def journey(at: Journey) -> None:
    """From the first look to gone from the hub."""
    from support.screens import settled

    app = await settled(at.pilot)
    await at.press("j")
    await at.take("jobs-empty")
    await at.press("i")
    for name, key in DECIDED.items():
        await at.row(key_of(name))
        await at.press(key)
    await at.row(key_of(BIG))
    await quiet(at)
    await at.take("inventory", small=True)
    await at.press("slash")
    await at.write("type:model backup:none size:>900G")
    await at.take("inventory-nothing-found")
    await at.press("escape")
    await at.press("question_mark")
    await at.take("help")
    await at.press("escape")

    await at.row(key_of(LOSES))
    await at.press("enter")
    await at.until("Advice")
    await quiet(at)
    await at.take("triage", small=True)

    await at.press("p")
    await at.until(lambda: at.sees("migrate 5") and not at.sees("looking closer"))
    await quiet(at)
    await at.take("plan", small=True)
    await at.press("g")
    await at.until("Start ")
    await at.press("y")
    await at.until(lambda: bool(app.model.jobs))
    await at.press("j")
    await at.until(lambda: moved(app) >= 0.3 and others_ended(app))
    moving = next(view.id for view in app.model.jobs if view.spec.source.key == key_of(BIG))
    await at.row(moving, "#jobs")
    await at.pilot.pause(0.6)
    await at.take("jobs", small=True)
    await at.press("M")
    await at.take("messages")
    await at.press("escape")
    await at.take_too_small()
    await at.until(lambda: all(view.phase.final for view in app.model.jobs))
    await at.take("jobs-done")

    await at.press("i")
    await at.row(key_of(DIFFERS))
    await at.press("f")
    await at.until("mismatch 1")
    await quiet(at)
    await at.take("proof", small=True)
    await at.press("escape")

    await at.row(key_of(LOSES))
    await at.press("x", "D")
    await at.until("1 check fails")
    await quiet(at)
    await at.take("gate", small=True)
    await at.press("a")
    await at.write("exp1")
    await at.until("✓ open")
    await at.press("t")
    await at.write(f"{OWNER}/{LOSES.partition('/')[2]}")
    await quiet(at)
    await at.take("gate-open", small=True)
    await at.press("tab", "tab")
    await at.pilot.pause(0.5)
    await at.press("enter")
    await at.until("gone")
    await quiet(at)
    await at.take("gate-gone")
    await at.press("escape", "J")
    await at.until("every entry follows")
    await quiet(at)
    await at.take("journal", small=True)
    await at.press("T")
    await at.until("tombstones   1")
    await at.press("enter")
    await at.until("Comes back")
    await quiet(at)
    await at.take("tombstones", small=True)


async def quiet(at: Journey) -> None:
    """Let the message at the foot and what is read in the background settle."""
    await at.pilot.pause(1.0)


def moved(app: CleanupApp) -> float:
    """The share of the big repo that has been moved."""
    views = [view for view in app.model.jobs if view.spec.source.key == key_of(BIG)]
    return views[0].moved / views[0].to_move if views and views[0].to_move else 0.0


def others_ended(app: CleanupApp) -> bool:
    """Whether all but the big job have ended, or the big one is so far that waiting would miss it."""
    others = [view for view in app.model.jobs if view.spec.source.key != key_of(BIG)]
    return all(view.phase.final for view in others) or moved(app) > 0.7


def prepare(program: Program) -> None:
    """What happened before the pictures begin: the org was read, some backups were proven or found wanting."""
    from hf2ms_tui.domain.proof import Level
    from hf2ms_tui.domain.repo import RepoRef
    from hf2ms_tui.services import inventory, jobs, proving

    inventory.refresh(program)
    for name in (*PROVEN, DIFFERS):
        kind, repo = name.split("/")
        ends = jobs.direction(program, RepoRef.of("hf", kind, f"{OWNER}/{repo}"))
        proving.prove(program, ends, Level.READ_BACK)


async def in_app(program: Program, folder: Path, walk: Callable[[Journey], object]) -> None:
    """Run the app and walk through it."""
    from hf2ms_tui.tui.app import CleanupApp

    async with CleanupApp(program).run_test(size=WIDE) as pilot:
        await walk(Journey(pilot, folder))  # type: ignore[misc]
    program.close()


async def refused(at: Journey) -> None:
    """What stands there when the hub refuses the token."""
    from support.screens import settled

    await settled(at.pilot)
    await quiet(at)
    await at.take("refused")


def take_all(folder: Path) -> None:
    """Start a world, take the pictures, stop the world."""
    from hf2ms_tui.loopback import daemon
    from hf2ms_tui.services.program import Program
    from hf2ms_tui.services.settings import demo_state, load

    state = demo_state(os.environ)
    world = daemon.ensure(state)
    try:
        flags = {"org": OWNER, "demo": True, "demo_instance": world.instance}
        environ = {**os.environ, **world.env}
        first = Program(load(flags, environ, Path.cwd()))
        prepare(first)
        asyncio.run(in_app(first, folder, journey))
        wrong = {**environ, "HF_TOKEN": "a-token-that-nobody-has"}
        nobody = Program(load({**flags, "demo_instance": "refused"}, wrong, Path.cwd()))
        asyncio.run(in_app(nobody, folder, refused))
    finally:
        daemon.stop(state)


def own_surroundings(home: Path) -> None:
    """Leave nothing in the environment that changes what the program reads or draws. Before any SDK is imported."""
    for name in list(os.environ):
        if name.startswith(("HF_", "HF2MS_ST", "HF2MS_K", "MODELSCOPE_", "MODAL_", "TEXTUAL", "XDG_")):
            del os.environ[name]
    os.environ.pop("NO_COLOR", None)
    os.environ |= {
        "HOME": str(home),
        "HF2MS_STATE": str(home / "state"),
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1,127.0.0.2,localhost",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    time.tzset()
    os.chdir(home)


def main(arguments: list[str]) -> int:
    """Make the pictures; 1 when the font for the PNGs is missing."""
    from support.picture import HOW_TO_GET_FONT, font_folder, png_of

    every = "--all-png" in arguments
    named = [argument for argument in arguments if not argument.startswith("--")]
    folder = Path(named[0]).resolve() if named else HERE
    folder.mkdir(parents=True, exist_ok=True)
    fonts = font_folder()
    with tempfile.TemporaryDirectory(prefix="hf2ms-pictures-") as home:
        own_surroundings(Path(home).resolve())
        try:
            take_all(folder)
        finally:
            os.chdir(HERE)
    if fonts is None:
        print(f"{HOW_TO_GET_FONT} The SVGs are in {folder}; no PNG was made.", file=sys.stderr)
        return 1
    for svg in sorted(folder.glob("*.svg")):
        if every or svg.stem in IN_README:
            svg.with_suffix(".png").write_bytes(png_of(svg.read_text("utf-8"), fonts))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
