"""Datasets come back as models do, on both hubs; and what is asked for must be said when an id had several types."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import AmbiguousRepo, BadInput
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.repo import Hub, Kind, RepoRef
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import byhand, deletion, jobs, outcome, restore
from hf2ms_tui.services.outcome import Gone
from support.gate_world import NAME, ORG, gate_world
from support.stones import FULL, copied, deleted, said
from support.transfers import MIB, add

DATA = {
    "README.md": b"---\nlicense: mit\n---\n# Rows\n",
    "data/train.parquet": SeededContent("rows", MIB),
    "data/small.csv": b"a,b\n1,2\n",
    "images/0001 ü.png": SeededContent("image", 70_000),
}


@pytest.mark.parametrize("hub", [pytest.param("hf", marks=pytest.mark.slow), "ms"])
def test_a_dataset_comes_back(tmp_path: Path, hub: str) -> None:
    ref = RepoRef.of(hub, "dataset", FULL)

    def files(world: World) -> dict[str, str]:
        repo = world.hub(hub).get("dataset", FULL)
        head = repo.head(world.hub(hub).default_branch) if repo else None
        return {path: node.content.sha256 for path, node in head.files.items()} if head else {}

    with gate_world(tmp_path, lambda world: add(world, hub, NAME, DATA, "dataset")) as here:
        program = here.program(source=hub)
        before = here.running.call(files)
        copied(program, ref)
        if hub == "hf":
            assert deletion.delete(program, ref, FULL).state is Gone.GONE
        else:
            byhand.hand_over(program, ref, FULL)
            here.running.call(lambda world: world.ms.delete(world.ms.get("dataset", FULL)))  # type: ignore[arg-type]
            (settled,) = outcome.settle(program)
            assert settled.state is Gone.GONE
        assert here.running.call(files) == {}
        view = restore.start(program, restore.find(program, FULL, Hub(hub)))
        view = jobs.follow(program, view.id, lambda lines: None, lambda found: None, poll=0.05)
        assert view.phase is Phase.DONE, said(program, view)
        assert here.running.call(files) == before


@pytest.mark.slow
def test_the_type_must_be_said_when_an_id_had_several(tmp_path: Path) -> None:
    with gate_world(tmp_path, lambda world: add(world, "hf", NAME, DATA, "dataset")) as here:
        program = here.program()
        data = RepoRef.of("hf", "dataset", FULL)
        for ref in (here.ref(), data):
            copied(program, ref)
            deleted(here, program, ref, frozenset())
        with pytest.raises(AmbiguousRepo, match="hf:dataset:acme/tiny"):
            restore.find(program, FULL)
        assert restore.find(program, FULL, kind=Kind.DATASET).ref == data
        with pytest.raises(BadInput, match="no tombstone"):
            restore.find(program, FULL, Hub.MS)
        with pytest.raises(BadInput):
            restore.find(program, f"{ORG}/other")
