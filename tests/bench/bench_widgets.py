"""How quick the widgets are, measured in a real pseudo-terminal of 140 by 45: ``python tests/bench/bench_widgets.py``.

Prints a table of what was measured against its budget and exits with 1 if a budget was missed. The child process is an
app with a table of 10,000 rows, 300 chunk bars and a log; the parent types and reads what is drawn. Times without load are
from writing the key to the last byte drawn; under load, when bytes never cease, from the key's arrival to the repaint.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import select
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

START = time.perf_counter()
ROWS, BARS, LINES_PER_SECOND, LOAD_SECONDS = 10_000, 300, 10_000, 8.0
BATCHES_PER_SECOND = 10


class Repo(NamedTuple):
    key: str
    size: int
    kind: str
    decision: str


def child(report: Path) -> None:
    """Run the app, measure inside it, write the figures as JSON when the parent presses ``q``."""
    import psutil
    from textual import events
    from textual._time import get_time
    from textual.app import App, ComposeResult

    from hf2ms_tui.domain.job import ChunkState, ChunkView
    from hf2ms_tui.tui import theme
    from hf2ms_tui.tui.units import bytes_text
    from hf2ms_tui.tui.widgets.chunk_bars import ChunkBars
    from hf2ms_tui.tui.widgets.columns import Cell, Column
    from hf2ms_tui.tui.widgets.log_pane import LogEntry, LogPane
    from hf2ms_tui.tui.widgets.vtable import VTable

    columns = [
        Column("repo", "repo", 30, flex=1, sort_key=lambda row: row.key),
        Column("size", "size", 10, align="right", sort_key=lambda row: row.size),
        *[Column(f"c{n}", f"column {n}", 9, priority=n) for n in range(6)],
        Column("decision", "decision", 9),
    ]

    def cell(row: Repo, column: str) -> Cell:
        match column:
            case "repo":
                return Cell(row.key)
            case "size":
                return Cell(bytes_text(row.size))
            case "decision":
                return Cell(row.decision, "note")
            case _:
                return Cell(f"{row.kind} {column}", "dim")

    figures: dict[str, Any] = {"keys": {}}

    class Table(VTable[Repo]):
        """Tells when the repaint that a key caused is done."""

        def _moved(self, before: int | None) -> None:
            super()._moved(before)
            app = self.app
            assert isinstance(app, Bench)
            # Of a widget, unlike of the app, this runs after the screen has been drawn.
            self.call_after_refresh(app.painted, app.stage, app.seen)

    class Bench(App[None]):
        CSS = "VTable { height: 2fr; } ChunkBars { height: 1fr; } LogPane { height: 1fr; }"
        stage = "start"
        seen = 0.0

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return theme.variable_defaults()

        def compose(self) -> ComposeResult:
            self.table = Table(columns, cell)
            self.bars = ChunkBars()
            self.log_pane = LogPane()
            yield self.table
            yield self.bars
            yield self.log_pane

        def on_mount(self) -> None:
            theme.install(self)
            rows = [Repo(f"org/repo-{n:05d}", n * 7919 % 10**9, "model", "─") for n in range(ROWS)]
            self.rows = rows
            self.table.set_rows(rows)
            self.table.focus()
            self.table.call_after_refresh(self.settled)

        def settled(self) -> None:
            figures["settle"] = (time.perf_counter() - START) * 1000
            self.stage = "idle"

        async def on_event(self, event: events.Event) -> None:
            # A key comes by twice: to be handed to the focused widget, and bubbling up from it.
            if isinstance(event, events.Key) and event.time != self.seen:
                self.seen = event.time
                if event.key == "o":
                    self.run_worker(self.operations(), exit_on_error=False)
                elif event.key == "g":
                    self.run_worker(self.load(), exit_on_error=False)
                elif event.key == "q":
                    figures["rss"] = psutil.Process().memory_info().rss / 1e6
                    self.exit()
            await super().on_event(event)

        def painted(self, kind: str, at: float) -> None:
            figures["keys"].setdefault(kind, []).append((get_time() - at) * 1000)

        async def timed(self, name: str, change: Any) -> None:
            done = asyncio.Event()
            start = time.perf_counter()
            change()
            self.table.call_after_refresh(done.set)
            await done.wait()
            figures.setdefault(name, []).append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.03)

        async def operations(self) -> None:
            for n in range(10):
                await self.timed("filter", lambda n=n: self.table.set_filter(lambda row: str(n) in row.key))
            self.table.set_filter(None)
            for n in range(10):
                await self.timed("sort", lambda n=n: self.table.sort_by("size" if n % 2 else "repo"))
            for n in range(10):
                changed = [row._replace(decision=f"d{n}") for row in self.rows]
                await self.timed("update all", lambda changed=changed: self.table.update_rows(changed))
            for _ in range(5):
                await self.timed("refresh all", lambda: self.table.set_rows(list(self.rows)))
            figures["operations done"] = True

        async def load(self) -> None:
            self.stage = "loaded"
            feed: queue.SimpleQueue[list[LogEntry]] = queue.SimpleQueue()
            stop = threading.Event()
            threading.Thread(target=write, args=(feed, stop), daemon=True).start()
            drain = self.set_interval(1 / BATCHES_PER_SECOND, lambda: self.drain(feed))
            bars = self.set_interval(1 / 4, self.move_bars)
            gaps, lines = [], self.log_pane.model.dropped + len(self.log_pane.model)
            begin = last = time.perf_counter()
            used = psutil.Process().cpu_times().user
            while last - begin < LOAD_SECONDS:
                await asyncio.sleep(0.005)
                now = time.perf_counter()
                gaps.append((now - last - 0.005) * 1000)
                last = now
            stop.set()
            drain.stop()
            bars.stop()
            figures["gaps"] = gaps
            figures["lines"] = (self.log_pane.model.dropped + len(self.log_pane.model) - lines) / (
                last - begin
            )
            figures["cpu"] = (psutil.Process().cpu_times().user - used) / (last - begin) * 100
            self.stage = "idle"

        def drain(self, feed: queue.SimpleQueue[list[LogEntry]]) -> None:
            lines: list[LogEntry] = []
            while not feed.empty():
                lines += feed.get()
            self.log_pane.extend(lines)

        def move_bars(self) -> None:
            now = datetime.now(UTC)
            share = int((time.perf_counter() * 1e8) % 10**9)
            self.bars.update_chunks(
                [
                    ChunkView(
                        n,
                        10**9,
                        1,
                        share,
                        ChunkState.RUNNING,
                        1,
                        f"w{n}",
                        f"train/{n}.tar",
                        52e6,
                        now - timedelta(0),
                    )
                    for n in range(BARS)
                ],
                now,
            )

    def write(feed: queue.SimpleQueue[list[LogEntry]], stop: threading.Event) -> None:
        size = LINES_PER_SECOND // BATCHES_PER_SECOND
        due, number = time.perf_counter(), 0
        while not stop.is_set():
            feed.put(
                [
                    LogEntry(f"shard-{number + n}.tar sha256 ok", f"w{n % 30}", "1", "", "12:01:33")
                    for n in range(size)
                ]
            )
            number += size
            due += 1 / BATCHES_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))

    Bench().run()
    report.write_text(json.dumps(figures))


def measure() -> dict[str, Any]:
    """Run the child in a pseudo-terminal, type, and return its figures."""
    import pexpect

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "figures.json"
        terminal = pexpect.spawn(
            sys.executable, [__file__, "--child", str(report)], dimensions=(45, 140), env=None, timeout=None
        )

        def press(key: str, times: int, gap: float) -> list[float]:
            taken: list[float] = []
            for _ in range(times):
                start = last = time.perf_counter()
                os.write(terminal.child_fd, key.encode())  # pexpect's send would wait 50 ms first
                while (left := start + gap - time.perf_counter()) > 0:
                    if select.select([terminal.child_fd], [], [], left)[0]:
                        try:
                            os.read(terminal.child_fd, 65536)
                        except OSError:
                            break
                        last = time.perf_counter()
                taken.append((last - start) * 1000)
            return taken

        press("", 1, 3.0)
        down = press("\x1b[B", 100, 0.05)
        page = press("\x1b[6~", 40, 0.12)
        press("o", 1, 8.0)
        press("g", 1, 0.5)
        press("\x1b[B", int((LOAD_SECONDS - 1) / 0.083), 0.083)  # out of step with the batches
        press("", 1, 2.0)
        press("q", 1, 1.0)
        terminal.wait()
        terminal.close(force=True)
        figures: dict[str, Any] = json.loads(report.read_text())
        figures["down"], figures["page"] = down, page
        return figures


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> int:
    figures = measure()
    keys = figures["keys"]
    rows: list[tuple[str, float, float | None, str]] = [
        (f"start to {ROWS:,} rows settled (with imports)", figures["settle"], 1500, "ms"),
        ("↓ within the view, to its last byte, median", statistics.median(figures["down"][:18]), 10, "ms"),
        ("↓ that scrolls, to its last byte, median", statistics.median(figures["down"][30:]), 50, "ms"),
        ("↓ to its last byte, p95", percentile(figures["down"], 0.95), 50, "ms"),
        ("page down to its last byte, p95", percentile(figures["page"], 0.95), 50, "ms"),
        ("filter, median", statistics.median(figures["filter"]), 50, "ms"),
        ("sort, median", statistics.median(figures["sort"]), 50, "ms"),
        ("update of all rows, median", statistics.median(figures["update all"]), 50, "ms"),
        ("refresh of all rows, median", statistics.median(figures["refresh all"]), 100, "ms"),
        (f"↓ p95 with {BARS} bars and the log below", percentile(keys["loaded"], 0.95), 50, "ms"),
        ("event-loop gap p95 under that load", percentile(figures["gaps"], 0.95), 50, "ms"),
        ("event-loop gap max under that load", max(figures["gaps"]), 150, "ms"),
        ("log lines taken in", figures["lines"], None, "lines/s"),
        ("processor under that load", figures["cpu"], None, "%"),
        ("memory at the end", figures["rss"], None, "MB"),
    ]
    missed = 0
    print(f"{'what':<48}{'measured':>12}{'budget':>12}")
    for what, value, budget, unit in rows:
        over = budget is not None and value > budget
        missed += over
        print(
            f"{what:<48}{value:>9,.1f} {unit:<8}{'' if budget is None else f'≤ {budget:g}':>6}{'  MISSED' if over else ''}"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]))
    else:
        sys.exit(main())
