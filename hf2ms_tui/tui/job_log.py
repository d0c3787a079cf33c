"""Feeding a log pane from a job's log: in order, without gaps, a few batches a second."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.domain.job import LogLine
from hf2ms_tui.services import jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.background import Background
from hf2ms_tui.tui.widgets.log_model import LogEntry
from hf2ms_tui.tui.widgets.log_pane import LogPane

EVERY = 0.25
"""seconds between two looks, each of which gives one batch"""
BATCH = 2_000
KEEP = 10_000
"""lines of a log that a screen begins with"""


def entry_of(line: LogLine) -> LogEntry:
    """A line as the pane shows it; its time is UTC."""
    return LogEntry(line.text, line.worker, str(line.chunk) if line.chunk else "", "", f"{line.at:%H:%M:%S}")


class LogFeed:
    """Follows one job at a time. Call ``look`` on a timer."""

    def __init__(
        self, program: Program, background: Background, pane: LogPane, failed: Callable[[Exception], None]
    ) -> None:
        self._program = program
        self._background = background
        self._pane = pane
        self._failed = failed
        self._round = 0
        self.job_id = ""
        self.seen: int | None = None
        """number of the last line shown, None before the first look"""

    def follow(self, job_id: str) -> None:
        """Show another job's log from its newest lines on; what is still under way for the former is thrown away."""
        if job_id == self.job_id:
            return
        self._round += 1
        self.job_id, self.seen = job_id, None
        self._pane.clear()
        self.look()

    def look(self) -> None:
        """Fetch what came since the last look."""
        if not self.job_id:
            return
        now, job_id, seen = self._round, self.job_id, self.seen

        def read() -> tuple[int, list[LogLine]]:
            after = jobs.log_start(self._program, job_id, KEEP) if seen is None else seen
            return after, jobs.log(self._program, job_id, after=after, limit=BATCH)

        self._background.run(
            read,
            lambda found: self._came(now, *found),
            lambda error: self._failed(error) if now == self._round else None,
            only=f"log {now}",
        )

    def _came(self, of_round: int, after: int, lines: list[LogLine]) -> None:
        if of_round != self._round or not self._pane.is_mounted:
            return
        entries = []
        for line in lines:
            if line.seq != after + 1:
                entries.append(
                    LogEntry(f"⋯ lines {after + 1:,} to {line.seq - 1:,} are no longer kept ⋯", tone="warn")
                )
            entries.append(entry_of(line))
            after = line.seq
        self.seen = after
        if entries:
            self._pane.extend(entries)
        if len(lines) == BATCH:
            self._pane.set_timer(0.1, self.look)
