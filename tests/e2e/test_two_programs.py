"""The real program twice at once: neither loses what the other decided, and one repo has one job."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.services import jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support.desk import desk
from support.plain import plain, ready
from support.transfers import CARD, MIB, ORG, add, ref


def test_two_programs_keep_each_others_decisions(tmp_path: Path) -> None:
    with desk(tmp_path, plain("one", "three", "two")) as here:
        with here.open() as left, here.open() as right:
            ready(left, 3)
            ready(right, 3)
            right.press("down", pause=0.3)
            left.press("m", pause=0)
            right.press("k", pause=0)
            left.wait_for("undecided → migrate")
            right.wait_for("undecided → keep")
            right.press("down", "l", pause=0.5)
            right.wait_for("undecided → later")
            for terminal in (left, right):
                terminal.press("q", pause=0)
                assert terminal.ended() == 0
        code, out, err = here.verb("inventory", "--json")
        assert code == 0, err
        assert sorted(row["decision"] for row in json.loads(out)) == ["keep", "later", "migrate"]
        assert here.verb("journal", "--check")[0] == 0


def test_two_programs_start_one_job_per_repo(tmp_path: Path) -> None:
    files = {"README.md": CARD, **{f"{n}.bin": SeededContent(f"part {n}", MIB) for n in range(6)}}
    with desk(tmp_path, lambda world: add(world, "hf", "big", files)) as here:
        here.running.shaper.set_text("ms:storage:up=500K")
        programs = [Program(load({}, here.env, tmp_path)) for _ in range(4)]
        barrier = threading.Barrier(len(programs))
        started: list[str] = []
        refused: list[str] = []

        def begin(program: Program) -> None:
            ends = jobs.direction(program, ref("hf", "big"))
            barrier.wait()
            try:
                started.append(jobs.start(program, ends).id)
            except BadInput as error:
                refused.append(str(error))

        threads = [threading.Thread(target=begin, args=(program,)) for program in programs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(started) == 1, (started, refused)
        assert len(refused) == 3
        assert all(f"Job {started[0]} already migrates" in text for text in refused)
        assert len([job for job in here.jobs() if job["alive"]]) == 1
        # Nor can the program's own screens or verbs get around it.
        code, _, err = here.verb("migrate", f"{ORG}/big", "--to", "ms", "--detach")
        assert code == 2
        assert started[0] in err
        store = programs[0].jobs
        store.create(JobSpec("before", ref("hf", "big"), ref("ms", "big")))
        board = store.board("before")
        board.phase(Phase.FAILED)
        board.close()
        with pytest.raises(BadInput, match=f"Job {started[0]} already migrates"):
            jobs.retry(programs[0], "before")
        assert store.view("before").phase is Phase.FAILED
        for program in programs:
            program.close()
