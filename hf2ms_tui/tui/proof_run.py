"""A proof that is being made in the background: its progress as a line, and how to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.services import proving, words
from hf2ms_tui.services.jobs import Direction
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.background import Background
from hf2ms_tui.tui.widgets.line import Part, bar_parts

EVERY = 0.2
"""seconds between two reports to the screen"""


class ProofRun:
    """One proof at a level. ``changed`` is called on the event loop a few times a second, then ``done`` or ``failed``."""

    def __init__(self, program: Program, background: Background, ends: Direction, level: Level) -> None:
        """Prepare; ``start`` begins."""
        self.ends = ends
        self.level = level
        self._program = program
        self._background = background
        self._stop = threading.Event()
        self._told = 0.0
        self._step, self._done, self._total = "starting", 0, 0
        self._began = time.monotonic()

    def start(
        self,
        changed: Callable[[], None],
        done: Callable[[Proof], None],
        failed: Callable[[Exception], None],
    ) -> bool:
        """Begin; returns False when a proof of the same repo is under way already."""

        def progress(step: str, count: int, total: int) -> None:
            self._step, self._done, self._total = step, count, total
            now = time.monotonic()
            if now - self._told >= EVERY:
                self._told = now
                self._background.tell(changed)

        return self._background.run(
            lambda: proving.prove(self._program, self.ends, self.level, progress, self._stop.is_set),
            done,
            failed,
            only=f"prove {self.ends.source.key}",
        )

    def stop(self) -> None:
        """Ask it to end; it does so at the next block of bytes."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    def parts(self, width: int) -> list[Part]:
        """The progress as one line: level, step, bar, bytes and time left."""
        step = "stopping" if self.stopping else self._step
        parts: list[Part] = [("● ", "busy"), (f"proving {self.level.words}: {step}  ", "busy")]
        if self._total:
            passed = time.monotonic() - self._began
            left = passed / self._done * (self._total - self._done) if self._done else None
            share = self._done / self._total
            parts += bar_parts(share, min(24, max(8, width - 70)))
            parts.append(
                (f"  {int(share * 100)} %  {words.size(self._done)} of {words.size(self._total)}", "")
            )
            if left is not None and self._done < self._total:
                parts.append((f"  {words.duration(left)} left", "dim"))
        return parts
