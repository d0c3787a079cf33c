"""Whole jobs between both hubs, through the real adapters."""

from __future__ import annotations

import pytest

from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.transfer.memory import MemoryLedger
from support.transfers import MIB, MODEL, add, model, proven, ref, sides

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


def test_what_the_hub_rewrites_while_committing_is_put_back() -> None:
    attributes = b"*.bin filter=lfs diff=lfs merge=lfs -text\n"
    files = {
        ".gitattributes": attributes,
        "big.weird": SeededContent("weird", 12 * MIB),  # Hugging Face adds a pattern for it
        "x.bin": SeededContent("x", 100_000),
    }
    with sides(lambda world: add(world, "ms", "tiny", files)) as world:
        view = world.run(ref("ms"), ref("hf"))
        proven(view, world.proof)
        assert "rewrote .gitattributes" in world.log_text()
        assert world.repo("hf").head("main").files[".gitattributes"].content.read(0, 1000) == attributes
        made = len(world.running.log.entries(hub="hf", route="commit"))
        assert made == 2
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        assert len(world.running.log.entries(hub="hf", route="commit")) == made


def test_a_second_run_asks_little_however_many_files_there_are() -> None:
    files = {
        **{f"s/{number:04}.txt": b"%d\n" % number for number in range(300)},
        **{f"l/{number:04}.bin": SeededContent(f"l{number}", 70_000) for number in range(300)},
    }
    with sides(lambda world: add(world, "hf", "tiny", files)) as world:
        ledger = MemoryLedger()
        proven(world.run(ref("hf"), ref("ms"), ledger=ledger, workers=2, streams=4), world.proof)
        world.running.log.clear()
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        proven(view, world.proof)
        others = [entry for entry in world.running.log.entries() if entry.route not in {"tree", "files"}]
        assert len(others) <= 16 + 2
        assert view.requests == len(world.running.log.entries())
