"""Benches of the real program in a pseudo-terminal: start, keys under load, quitting; and those of its widgets.

The state holds a cached inventory of 10,000 repos with their backups. Both hubs accept connections and never answer: the worst
network there is. Times are from starting the process, or from writing a key, to what the terminal got.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from table import Row, at_most, median, percentile, spread, told  # noqa: E402 - found only now

ROWS = 10_000
ORG = "bench-org"
SIZE = (45, 140)
CHUNKS = 300
LINES_PER_SECOND = 2_000
GAP, PAGE_GAP = 0.113, 0.171
"""seconds between keys, out of step with everything that ticks"""
DOWN, PAGE_DOWN = b"\x1b[B", b"\x1b[6~"


@contextmanager
def silent_hub() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def fill(state: Path) -> None:
    """A state with the cached inventory of an org, and what is known of its backups."""
    from hf2ms_tui.domain.inventory import Backup, BackupState
    from hf2ms_tui.domain.repo import Gating, Hub, RepoInfo, RepoRef, Visibility
    from hf2ms_tui.store.database import Database
    from hf2ms_tui.store.inventory import InventoryCache
    from hf2ms_tui.store.paths import Places

    born = datetime(2024, 1, 1, tzinfo=UTC)
    infos = [
        RepoInfo(
            RepoRef.of("hf", "dataset" if number % 3 else "model", f"{ORG}/repo-{number:05d}-weights"),
            Visibility.PRIVATE if number % 2 else Visibility.PUBLIC,
            Gating.NONE,
            f"{number:040x}",
            born + timedelta(hours=number),
            born + timedelta(hours=2 * number),
            number * 7_919_777 % 10**11,
            downloads=number * 37 % 5_000,
            likes=number % 50,
            licence="mit",
            tags=("demo",),
        )
        for number in range(ROWS)
    ]
    database = Database(Places(state).ready().database)
    cache = InventoryCache(database)
    cache.save(Hub.HF, ORG, infos, datetime.now(UTC))
    states = list(BackupState)
    cache.save_backups(
        {
            info.ref.key: Backup(
                states[number % len(states)],
                RepoRef(Hub.MS, info.ref.kind, info.ref.id),
                3,
                5,
                info.revision or "",
            )
            for number, info in enumerate(infos)
        }
    )
    database.close()


class Screen:
    """The program in a pseudo-terminal, read without delay."""

    def __init__(self, state: Path, hub: str) -> None:
        import pexpect
        import pyte

        from support.terminal import clean_environment

        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        env = clean_environment() | {
            "HF2MS_STATE": str(state),
            "HOME": str(state),
            "XDG_CONFIG_HOME": str(state / "config"),
            "HF_ENDPOINT": hub,
            "MODELSCOPE_ENDPOINT": hub,
            "HF_TOKEN": "hf_benchNotAToken",
            "MODELSCOPE_TOKEN": "ms-benchNotAToken",
            "PYTHONPATH": str(HERE.parents[1]),
        }
        self.began = time.perf_counter()
        self.process = pexpect.spawn(
            sys.executable, ["-m", "hf2ms_tui", "--org", ORG], env=env, dimensions=SIZE, cwd=str(state)
        )

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
        self.process.close(force=True)

    def processor(self) -> float:
        """Processor seconds of the program so far."""
        spent = psutil.Process(self.process.pid).cpu_times()
        return float(spent.user + spent.system)

    def read(self, seconds: float) -> float | None:
        """Take in what comes within so long; when it came, or None."""
        if not select.select([self.process.child_fd], [], [], max(seconds, 0))[0]:
            return None
        try:
            data = os.read(self.process.child_fd, 1 << 16)
        except OSError:
            return None
        at = time.perf_counter()
        self._stream.feed(data)
        return at

    def drawn(self) -> list[str]:
        """The lines that are not blank."""
        return [line for line in self._screen.display if line.strip()]

    def until(self, what: str, lines: int = 0) -> float:
        """Seconds from the start until the text stands on the screen and so many lines are not blank."""
        end = time.perf_counter() + 30
        while time.perf_counter() < end:
            at = self.read(0.5)
            shown = self.drawn() if at else []
            if at and len(shown) >= lines and any(what in line for line in shown):
                return at - self.began
        raise RuntimeError(f"“{what}” never came: {chr(10).join(self.drawn())}")

    def settle(self, quiet: float = 0.5, limit: float = 5.0) -> None:
        """Read until nothing comes for a while."""
        end = time.perf_counter() + limit
        while self.read(quiet) is not None and time.perf_counter() < end:
            pass

    def key(self, key: bytes, gap: float, *, hasty: bool = False) -> float | None:
        """Seconds from writing a key to the last byte of the repaint that follows, None when nothing was drawn in time.

        Returns when ``gap`` seconds are over, so that keys come evenly; ``hasty``, as soon as it knows.
        """
        while self.read(0) is not None:
            pass
        began = time.perf_counter()
        os.write(self.process.child_fd, key)
        raw: list[bytes] = []
        last = 0.0
        while (left := began + gap - time.perf_counter()) > 0:
            # A pause of 10 ms ends a repaint; what the boards of jobs draw later is another one.
            if not select.select([self.process.child_fd], [], [], min(left, 0.01) if raw else left)[0]:
                if raw:
                    break
                continue
            raw.append(os.read(self.process.child_fd, 1 << 16))
            last = time.perf_counter()
        for data in raw:
            self._stream.feed(data)
        if not hasty:
            time.sleep(max(began + gap - time.perf_counter(), 0))
        return last - began if raw else None


@contextmanager
def prepared() -> Iterator[tuple[Path, str]]:
    """A filled state and a hub that is silent."""
    with tempfile.TemporaryDirectory(prefix="hf2ms-bench-") as folder, silent_hub() as hub:
        state = Path(folder)
        fill(state)
        yield state, hub


def start(quick: bool) -> list[Row]:
    """Starts of a program that ran before: files of the interpreter are compiled and cached."""
    paints, rows, spent = [], [], []
    with prepared() as (state, hub):
        for number in range(3 if quick else 7):
            with Screen(state, hub) as screen:
                paint = screen.until("", lines=3)
                paint_cpu = screen.processor()
                screen.until("repo-0")
                sent, rows_cpu = time.perf_counter() - screen.began, screen.processor()
                drawn = screen.key(DOWN, 10.0, hasty=True)
                if drawn is None:
                    raise RuntimeError("a key drew nothing although the rows were there")
            if number:
                paints.append(paint)
                rows.append(sent + drawn)
                spent.append((paint_cpu, rows_cpu))
    return [
        at_most(
            "first paint",
            median(paints),
            1.0,
            "s",
            f"all: {spread(paints)}; {SIZE[1]} by {SIZE[0]}; processor {median(each[0] for each in spent):.2f} s",
        ),
        at_most(
            f"cached inventory of {ROWS:,} repos usable",
            median(rows),
            1.5,
            "s",
            f"all: {spread(rows)}; rows shown and the first ↓ answered, both hubs silent; "
            f"processor {median(each[1] for each in spent):.2f} s to the rows",
        ),
    ]


def keys(quick: bool) -> list[Row]:
    """Keys in the inventory while a job of 300 chunks writes its board and log from another process."""
    count = 60 if quick else 160
    with prepared() as (state, hub):
        writer = subprocess.Popen([sys.executable, __file__, str(state)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            with Screen(state, hub) as screen:
                screen.until("repo-0")
                screen.settle()
                down = [screen.key(DOWN, GAP) for _ in range(count)]
                page = [screen.key(PAGE_DOWN, PAGE_GAP) for _ in range(count // 3)]
        finally:
            writer.terminate()
            writer.wait(timeout=10)
    lost = sum(taken is None for taken in (*down, *page))
    if lost > count // 3:
        raise RuntimeError(f"{lost} keys drew nothing in time")
    # A key that drew nothing until the next one took at least as long as that.
    ms = [
        [1000 * (gap if taken is None else taken) for taken in each]
        for each, gap in ((down, GAP), (page, PAGE_GAP))
    ]
    about = f"{CHUNKS} chunks and {LINES_PER_SECOND:,} log lines/s written to the state meanwhile"
    return [
        at_most(f"key to repaint, p95, {ROWS:,} rows, jobs logging", percentile(ms[0], 0.95), 50, "ms",
                f"↓, median {median(ms[0]):.1f}, max {max(ms[0]):.1f}; to the last byte; {about}", digits=1),
        at_most("… page down, p95", percentile(ms[1], 0.95), 50, "ms",
                f"median {median(ms[1]):.1f}, max {max(ms[1]):.1f}", digits=1),
    ]  # fmt: skip


def leave(quick: bool) -> list[Row]:
    """Quit while requests to both hubs hang."""
    taken = []
    with prepared() as (state, hub):
        for _ in range(2 if quick else 5):
            with Screen(state, hub) as screen:
                screen.until("repo-0")
                screen.settle(0.7)
                began = time.perf_counter()
                os.write(screen.process.child_fd, b"q")
                while screen.process.isalive():
                    screen.read(0.005)
                    if time.perf_counter() - began > 20:
                        raise RuntimeError(f"it did not quit: {chr(10).join(screen.drawn())}")
                taken.append(time.perf_counter() - began)
    return [
        at_most(
            "quit while a call hangs",
            median(taken),
            1.0,
            "s",
            f"all: {spread(taken)}; q to the process's end",
        )
    ]


def widgets(quick: bool) -> list[Row]:
    """The event loop's gaps and keys with everything on one screen, by ``bench_widgets``; half a minute however quick."""
    if quick:
        return [told("event-loop gap", "", "not in --quick: run with --only widgets")]
    import bench_widgets

    figures = bench_widgets.measure()
    loaded = figures["keys"]["loaded"]
    load = f"{bench_widgets.ROWS:,} rows, {bench_widgets.BARS} bars, {figures['lines']:,.0f} log lines/s"
    return [
        at_most("event-loop gap, p95", percentile(figures["gaps"], 0.95), 50, "ms", load, digits=1),
        at_most("event-loop gap, max", max(figures["gaps"]), 150, "ms", load, digits=1),
        at_most("… key to repaint under that load, p95", percentile(loaded, 0.95), 50, "ms",
                f"median {median(loaded):.1f}", digits=1),
    ]  # fmt: skip


def write(state: Path) -> None:
    """Be a running job that works hard on its board, until a signal comes."""
    from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, Phase
    from hf2ms_tui.domain.repo import RepoRef
    from hf2ms_tui.engines import lock
    from hf2ms_tui.store.database import Database
    from hf2ms_tui.store.jobs import Jobs
    from hf2ms_tui.store.paths import Places

    places = Places(state).ready()
    jobs = Jobs(Database(places.database))
    spec = JobSpec(
        "benchjob",
        RepoRef.of("hf", "model", f"{ORG}/repo-00000-weights"),
        RepoRef.of("ms", "model", f"{ORG}/x"),
    )
    jobs.create(spec)
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    with lock.held(places, spec.id):
        board = jobs.board(spec.id)
        board.phase(Phase.PLANNING)
        board.update(files=CHUNKS, total=CHUNKS * 10**9, to_move=CHUNKS * 10**9)
        board.phase(Phase.MOVING)
        print("ready", flush=True)
        step = 0
        while True:
            step += 1
            for line in range(LINES_PER_SECOND // 10):
                board.log(
                    f"shard-{step}-{line}.tar sha256 ok", worker=f"w{line % 30}", chunk=line % CHUNKS + 1
                )
            for number in range(1, CHUNKS + 1):
                board.chunk(
                    ChunkView(number, 10**9, 1, step * 10**6 % 10**9, ChunkState.RUNNING, 1, f"w{number}",
                              f"train/{number}.tar", 52e6, datetime.now(UTC))
                )  # fmt: skip
            board.update(moved=step * 10**7)
            time.sleep(0.1)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
