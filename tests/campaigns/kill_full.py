"""Rounds with no space: the disk of the state folder fills in the middle of a job, or the destination takes no more."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from campaigns.kill_rounds import Rounds
from campaigns.kill_watch import Watch
from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import Hf2msError, StoreFailed
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.services import decisions, jobs
from support.campaign import drawn
from support.desk import desk
from support.eventually import eventually
from support.small_disk import fill, small_disk
from support.transfers import ref


def play(seed: int, number: int) -> Watch:
    """One round; even numbers fill the disk here, odd ones the destination."""
    chance = drawn(seed, "full", number)
    with tempfile.TemporaryDirectory(prefix="hf2ms-full-") as name:
        folder = Path(name)
        with small_disk(folder / "disk", 2) as mounted, desk(folder, state=folder / "disk") as here:
            rounds = Rounds(here, seed)
            there = number % 2 == 1 or not mounted
            source = chance.choice(("hf", "ms"))
            title = "no space there" if there else "disk full"
            watch = Watch(here, source, f"f{number}", f"full {number}, {title}, from {source}", title)
            watch.column = title
            rounds.make(source, watch.name)
            with watch.program() as program:
                decisions.decide(program, [ref(source, "decided")], Decision.KEEP)
                if there:
                    route = "blob-put" if source == "hf" else "put"
                    hub = "ms" if source == "hf" else "hf"
                    here.running.faults.add(f"{hub}:PUT:{route}:status=507:body=No space left:after=2")
                view = jobs.start(program, jobs.direction(program, watch.ref))
                ballast = None
                if not there:
                    time.sleep(chance.uniform(0.1, 1.5))
                    ballast = fill(folder / "disk")
                    _refused(watch)
                eventually(lambda: _over(watch, view.id), 60)
                try:
                    watch.look()
                except StoreFailed as error:
                    watch.breaks(f"jobs cannot even be looked at: {error}")
                if ballast is not None:
                    ballast.unlink()
                here.running.faults.clear()
                if program.decisions.current().get(ref(source, "decided").key) is not Decision.KEEP:
                    watch.breaks("a decision was lost")
            watch.may_have_failed = True
            watch.finish()
            watch.column = title
            here.end_jobs()
            return watch


def _refused(watch: Watch) -> None:
    """With no byte left, a decision is kept or refused in words, never shown and lost."""
    try:
        with watch.program() as program:
            decisions.decide(program, [ref(watch.source, "late")], Decision.DELETE)
            kept = program.decisions.current().get(ref(watch.source, "late").key)
        if kept is not Decision.DELETE:
            watch.breaks("a decision was acknowledged on a full disk and is not kept")
    except Hf2msError as error:
        if "full" not in str(error) and "space" not in str(error):
            watch.breaks(f"a full disk is not named: {error}")


def _over(watch: Watch, job_id: str) -> bool:
    try:
        with watch.program() as program:
            view = jobs.view(program, job_id)
        return view.phase.final or view.lost or view.phase is Phase.DONE
    except Hf2msError:
        return True
