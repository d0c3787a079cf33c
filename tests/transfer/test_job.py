"""Whole jobs between both hubs, through the real adapters."""

from __future__ import annotations

import pytest

from hf2ms_tui.transfer.memory import MemoryLedger
from support.transfers import MODEL, model, proven, ref, sides

WAYS = [("hf", "ms"), ("ms", "hf")]


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_whole_job_is_proven_and_every_byte_is_there(here: str, there: str) -> None:
    with sides(model(here)) as world:
        view = world.run(ref(here), ref(there))
        proven(view, world.proof)
        arrived = world.files(there)
        assert {path: arrived[path] for path in MODEL} == {path: world.files(here)[path] for path in MODEL}
        assert world.repo(there).private
        assert view.files == len(world.files(here))
        assert view.total == view.present + view.to_move
        assert view.read_back == view.to_read_back > 0
        # One blob for each distinct content, however many files share it.
        paths = [entry.path for entry in world.puts(there)]
        assert len(paths) == len(set(paths))


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_second_run_moves_nothing_and_changes_nothing(here: str, there: str) -> None:
    with sides(model(here)) as world:
        ledger = MemoryLedger()
        proven(world.run(ref(here), ref(there), ledger=ledger), world.proof)
        head = world.repo(there).head(world.world.hub(there).default_branch).id
        world.running.log.clear()
        view = world.run(ref(here), ref(there), ledger=ledger)
        proven(view, world.proof)
        assert view.to_move == view.moved == 0
        assert world.puts() == []
        assert world.repo(there).head(world.world.hub(there).default_branch).id == head
        assert [act.kind for act in world.board.acts] == ["repo.prepare"]
        downloads = world.running.log.bytes_out(there, "cdn")
        assert downloads == 0
