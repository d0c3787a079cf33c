"""All chunks of a job in one widget: hundreds of bars for the price of the few that are seen.

A chunk keeps its line and every fact its column for the whole job; what changes is drawn in place. State is glyph and
word; a chunk that moves nothing says for how long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from hf2ms_tui.domain.job import ChunkState, ChunkView
from hf2ms_tui.tui.units import bytes_text, duration_text, progress_text, rate_text
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.line import Part, bar_parts
from hf2ms_tui.tui.widgets.vtable import VTable

STALLED_AFTER = 10.0
"""Seconds without a byte after which a running chunk is called stalled."""

STATES = {
    ChunkState.WAITING: ("○", "dim"),
    ChunkState.RUNNING: ("●", "busy"),
    ChunkState.DONE: ("✓", "ok"),
    ChunkState.FAILED: ("✗", "bad"),
}
"""Glyph and tone of each state; its word is the state's value."""


def idle(view: ChunkView, now: datetime) -> float:
    """Return the seconds since a running chunk last moved a byte, 0.0 if it is not running or never moved."""
    if view.state is not ChunkState.RUNNING or view.changed_at is None:
        return 0.0
    return max(0.0, (now - view.changed_at).total_seconds())


def share(view: ChunkView) -> float:
    """Return the share of the bytes that has moved, 0.0 to 1.0; a done chunk is 1.0 even if it had none to move."""
    if view.state is ChunkState.DONE:
        return 1.0
    return min(view.moved / view.size, 1.0) if view.size else 0.0


def time_left(view: ChunkView) -> float | None:
    """Return the seconds until the chunk is done at its present rate, None when that cannot be told."""
    if view.state is not ChunkState.RUNNING or view.rate <= 0:
        return None
    return max(view.size - view.moved, 0) / view.rate


COLUMNS = (
    Column("id", "#", 4, align="right", sort_key=lambda view: view.number),
    Column("bar", "progress", 20, min_width=8, flex=1, max_width=32, sort_key=share),
    Column("state", "state", 15, sort_key=lambda view: view.state.value),
    Column("bytes", "bytes", 14, align="right", sort_key=lambda view: view.size),
    Column("rate", "rate", 8, align="right", priority=2, sort_key=lambda view: view.rate),
    Column("eta", "left", 7, align="right", priority=1, sort_key=time_left),
    Column("tries", "tries", 7, priority=3, sort_key=lambda view: view.attempts),
    Column("worker", "worker", 6, min_width=4, priority=4, sort_key=lambda view: view.worker),
    Column(
        "file", "file", 20, min_width=14, flex=2, priority=5, elide="middle", sort_key=lambda view: view.path
    ),
)


def chunk_cell(view: ChunkView, column: str, now: datetime) -> Cell:
    """Say what stands in a column of a chunk at ``now`` (UTC)."""
    glyph, tone = STATES[view.state]
    still = idle(view, now)
    stalled = still >= STALLED_AFTER
    if stalled:
        tone = "warn"
    running = view.state is ChunkState.RUNNING and not stalled
    match column:
        case "id":
            return Cell(str(view.number), "dim")
        case "bar":
            return Cell("", tone, bar=share(view))
        case "state":
            return Cell(
                f"! stalled {duration_text(still)}" if stalled else f"{glyph} {view.state.value}", tone
            )
        case "bytes":
            done = view.state is ChunkState.DONE
            return Cell(bytes_text(view.size) if done else progress_text(view.moved, view.size))
        case "rate":
            return Cell(rate_text(view.rate) if running and view.rate > 0 else "")
        case "eta":
            left = time_left(view)
            return Cell(duration_text(left) if running and left is not None else "")
        case "tries":
            tries = "" if not view.attempts else "1 try" if view.attempts == 1 else f"{view.attempts} tries"
            return Cell(tries, "warn" if view.attempts > 1 and view.state is not ChunkState.DONE else "dim")
        case "worker":
            return Cell(view.worker, "note")
        case _:
            return Cell(view.error, "bad") if view.state is ChunkState.FAILED else Cell(view.path, "dim")


NO_CHUNKS = ("No chunks yet", "They appear when the job is planned.")
"""what stands there before a job was planned"""


class ChunkBars(VTable[ChunkView]):
    """A table of chunks; ``update_chunks`` may be called as often as news arrive."""

    def __init__(self, *, header: bool = True, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty list of chunks in the order of their numbers."""
        super().__init__(
            COLUMNS,
            self._chunk_cell,
            key=attrgetter("number"),
            header=header,
            markable=False,
            empty=NO_CHUNKS,
            id=id,
            classes=classes,
        )
        self._now: datetime | None = None
        self.model.set_sort(("id", False))

    def _chunk_cell(self, view: ChunkView, column: str) -> Cell:
        now = self._now or view.changed_at or datetime.min
        return chunk_cell(view, column, now)

    def update_chunks(self, views: Iterable[ChunkView], now: datetime) -> None:
        """Draw what changed at ``now`` (UTC); chunks not named keep what they show, running ones are drawn anew."""
        self._now = now
        known = self.model
        self.update_rows(
            view
            for view in views
            if view.state is ChunkState.RUNNING or view.number not in known or known.row(view.number) != view
        )


def total_parts(done: int, total: int | None, width: int, tone: str = "busy") -> list[Part]:
    """Return a total as parts ``width`` cells wide: bar and per cent, rounded down so that 100 % means all."""
    if total is None:
        return [*bar_parts(None, max(0, width - 6)), ("   ? %"[-6:], "dim")]
    fraction = done / total if total else 1.0
    per_cent = int(min(fraction, 1.0) * 100)
    return [*bar_parts(fraction, max(0, width - 6), tone), (f" {per_cent:3d} %", "strong")]
