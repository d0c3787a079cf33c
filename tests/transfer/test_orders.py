"""Tasks as plain data: a job whose workers know nothing but orders moves and proves exactly as one with threads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from hf2ms_tui.domain import errors
from hf2ms_tui.domain.chunks import Chunk, Piece
from hf2ms_tui.domain.elsewhere import Elsewhere
from hf2ms_tui.domain.errors import Hf2msError, Moved, RateLimited
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, JobView, Phase, RefMove
from hf2ms_tui.domain.manifest import Blob, FileEntry
from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.domain.repo import GitRef, Hub
from hf2ms_tui.transfer import plain
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.job import run_job
from hf2ms_tui.transfer.layout import lay_out
from hf2ms_tui.transfer.memory import MemoryBoard, MemoryLedger
from hf2ms_tui.transfer.orders import Bench, carry_out
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Task, Told
from support.transfers import MIB, QUICK, Sides, model, proven, ref, sides

R = TypeVar("R")


class PostPool(ThreadPool):
    """Workers that get every order as JSON text, open hubs of their own, and send JSON text back."""

    def __init__(self, world: Sides, spec: JobSpec) -> None:
        super().__init__(2)
        self.world, self.spec = world, spec
        self.orders: list[str] = []
        self.in_hand: tuple[Chunk, ...] = ()

    def standing(self, kind: str, mark: str) -> tuple[Chunk, ...]:
        return self.in_hand if kind == "move" else ()

    def run(self, task: Task[R], items: Iterable[Chunk]) -> Iterator[R]:  # type: ignore[override]
        for chunk in items:
            text = json.dumps({"kind": task.kind, **task.order(chunk)})
            self.orders.append(text)
            board = MemoryBoard(self.spec)
            here = self.spec.source.hub is Hub.HF
            bench = Bench(
                spec=plain.spec_of(json.loads(json.dumps(plain.spec_plain(self.spec)))),
                source=self.world.session("hf" if here else "ms"),
                destination=self.world.session("ms" if here else "hf"),
                board=board,
                control=Control(),
                worker="far",
                patience=QUICK,
            )
            answer = json.loads(json.dumps(carry_out(json.loads(text), bench)))
            view = board.view()
            task.hear(Told(), Told(view.moved, view.resent, view.read_back, 0, next(iter(view.chunks), None)))
            yield task.take_in(chunk, answer)


def run(world: Sides, pool: PostPool, board: MemoryBoard, ledger: MemoryLedger | None = None) -> JobView:
    here = pool.spec.source.hub is Hub.HF
    ends = (world.hf, world.ms) if here else (world.ms, world.hf)
    return run_job(pool.spec, *ends, board, ledger or MemoryLedger(), pool, patience=QUICK)


def repo_files(world: Sides) -> dict[str, str]:
    return world.files("hf")


@pytest.mark.parametrize("direction", [("hf", "ms"), ("ms", "hf")])
def test_a_job_of_orders_is_proven_in_both_directions(direction: tuple[str, str]) -> None:
    with sides(model(direction[0])) as world:
        spec = world.spec(ref(direction[0]), ref(direction[1]))
        pool, board, ledger = PostPool(world, spec), MemoryBoard(spec), MemoryLedger()
        proven(run(world, pool, board, ledger), board.proofs[-1])
        kinds = [json.loads(order)["kind"] for order in pool.orders]
        assert {"move", "hash"} == set(kinds)
        assert not [token for token in ("hf_", "ms-") if any(token in order for order in pool.orders)]
        assert set(world.files(direction[1]).values()) >= set(world.files(direction[0]).values())
        assert ledger.blobs
        assert all(chunk.state is ChunkState.DONE for chunk in board.view().chunks)
        # Once more: nothing is ordered to move.
        pool.orders.clear()
        run(world, pool, MemoryBoard(spec), ledger)
        assert "move" not in [json.loads(order)["kind"] for order in pool.orders]


def test_what_a_worker_still_has_in_hand_is_not_handed_out_again() -> None:
    with sides(model("hf")) as world:
        spec = world.spec(ref("hf"), ref("ms"))
        pool, board = PostPool(world, spec), MemoryBoard(spec)
        repo = world.repo("hf").head("main").files
        kept = repo["weights/model-1.safetensors"].content
        pool.in_hand = (Chunk(7, (Piece(Blob(kept.sha256, kept.size), "weights/model-1.safetensors"),)),)
        proven(run(world, pool, board), board.proofs[-1])
        holders = [order for order in pool.orders if kept.sha256 in order and '"kind": "move"' in order]
        assert len(holders) == 1
        assert json.loads(holders[0])["chunk"]["number"] == 7
        numbers = [json.loads(order)["chunk"]["number"] for order in pool.orders if '"kind": "move"' in order]
        assert len(numbers) == len(set(numbers))
        assert min(number for number in numbers if number != 7) > 7


def test_chunks_in_hand_that_are_not_wanted_any_more_lend_nobody_their_numbers() -> None:
    with sides(model("hf")) as world:
        spec = world.spec(ref("hf"), ref("ms"))
        pool = PostPool(world, spec)
        done = Piece(Blob("a" * 64, 10), "done.bin")
        left = [Piece(Blob(f"{number:064}", 2 * MIB), f"{number}.bin") for number in range(3)]
        pool.in_hand = tuple(Chunk(number, (done,)) for number in (1, 2, 3))
        laid = lay_out(pool, "move", "r", left)
        assert {piece for chunk in laid for piece in chunk.pieces} == set(left)
        assert min(chunk.number for chunk in laid) > 3
        assert lay_out(pool, "move", "r", [done, *left])[:3] == pool.in_hand


def test_a_bad_file_of_a_far_worker_is_that_files_error() -> None:
    with sides(model("hf")) as world:
        world.fault("hf:GET:/model-1:status=404")
        spec = world.spec(ref("hf"), ref("ms"))
        pool, board = PostPool(world, spec), MemoryBoard(spec)
        view = run(world, pool, board)
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "NotFound"
        assert "model-1" in str(view.error)
        assert board.proofs[-1].counts[Verdict.PROVEN] == len(repo_files(world)) - 1


@pytest.mark.parametrize(
    "name", [name for name, kind in vars(errors).items() if isinstance(kind, type) and name != "Moved"]
)
def test_errors_come_back_as_what_they_were(name: str) -> None:
    kind = getattr(errors, name)
    if not issubclass(kind, Hf2msError):
        return
    error = kind("It failed", meaning="So.", way_out="Do.", repo="a/b")
    error.path = "x.bin"
    back = plain.error_of(json.loads(json.dumps(error.as_dict())))
    assert type(back) is kind
    assert str(back) == str(error)
    assert back.transient == error.transient
    assert type(plain.error_of(Moved("gone", now="x/y").as_dict())) is Moved
    assert plain.error_of({"error": "os.system", "what": "no"}).what == "no"
    assert RateLimited("slow").as_dict()["status"] == 429


def test_plain_data_comes_back_as_it_was() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
    view = ChunkView(3, 10, 2, 5, ChunkState.RUNNING, 1, "w", "odd \ufffd", 1.5, at, "")
    assert plain.chunk_view_of(json.loads(json.dumps(plain.chunk_view_plain(view)))) == view
    tag = RefMove(GitRef("v1", "tag", "c" * 40), "tag", "v1")
    spec = JobSpec("j", ref("hf"), ref("ms"), level=Level.STORED, workers=9, refs=(tag.text,))
    assert spec.ref_moves == (tag,)
    assert plain.spec_of(json.loads(json.dumps(plain.spec_plain(spec)))) == spec
    job = JobView(spec, Phase.MOVING, files=3, started_at=at, error={"what": "x"})
    assert plain.job_view_of(spec, json.loads(json.dumps(plain.job_view_plain(job)))) == job
    entry = FileEntry("a/\udcffb", 3, "s", "g", True)
    assert plain.entry_of(plain.unpack(plain.pack(plain.entry_plain(entry)))) == entry
    proof = Proof(
        *(ref("hf"), "a" * 40, ref("ms"), "b" * 40, Level.READ_BACK, at),
        (FileVerdict("p\udcff", Verdict.PROVEN, "s", "s", 1, 1, Level.READ_BACK, "", "elsewhere"),),
        job_id="j",
        ref="tag v1",
        destination_ref="tag v1",
        places=(Elsewhere(ref("ms"), "d" * 40, "branch master", "p", at),),
    )
    back: Any = plain.proof_of(plain.unpack(plain.pack(plain.proof_plain(proof))))
    assert back == proof
    assert back.id == proof.id
    with pytest.raises(ValueError, match="incorrect header"):
        plain.unpack(b"nonsense")
