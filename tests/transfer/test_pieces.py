"""The pieces of a job one by one: trying again, pools, controls, sources, meters."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Cancelled,
    Corrupt,
    Hf2msError,
    HubLied,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.job import ChunkState, ChunkView, JobSpec, JobView
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.transfer.blob import read_back, read_small
from hf2ms_tui.transfer.control import Aborted, Control, Stopped
from hf2ms_tui.transfer.memory import MemoryBoard, MemoryLedger
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.progress import ChunkMeter, Tally, smooth
from hf2ms_tui.transfer.retry import Patience, Retrier, Throttle
from hf2ms_tui.transfer.source import HashingSource, Origin
from hf2ms_tui.transfer.verify import verify
from support.transfers import MIB, QUICK, Sides, add, model, ref, sides


class Failing:
    """An act that raises these errors one after the other, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls: list[float] = []

    def __call__(self) -> str:
        self.calls.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_transient_errors_are_tried_again_and_told() -> None:
    heard: list[tuple[str, int]] = []
    retrier = Retrier(
        Control(), patience=QUICK, on_retry=lambda error, attempt, wait: heard.append((error.what, attempt))
    )
    act = Failing(Unreachable("a"), Unreachable("b"))
    assert retrier.call(act) == "done"
    assert heard == [("a", 2), ("b", 3)]


def test_attempts_are_bounded_and_the_last_error_surfaces() -> None:
    act = Failing(*(Unreachable(str(number)) for number in range(10)))
    with pytest.raises(Unreachable, match="3"):
        Retrier(Control(), patience=QUICK).call(act)
    assert len(act.calls) == QUICK.attempts


@pytest.mark.parametrize("error", [BadInput("x"), Corrupt("x"), HubLied("x"), ValueError("x")])
def test_what_is_not_transient_surfaces_at_once(error: Exception) -> None:
    act = Failing(error)
    with pytest.raises(type(error)):
        Retrier(Control(), patience=QUICK).call(act)
    assert len(act.calls) == 1


def test_a_hub_that_asks_to_slow_down_is_obeyed_more_often_than_one_that_fails() -> None:
    act = Failing(*(RateLimited("slow", retry_after=0.01) for _ in range(20)), Unreachable("once"))
    assert Retrier(Control(), patience=QUICK).call(act) == "done"


def test_what_a_hub_asks_for_is_capped() -> None:
    act = Failing(RateLimited("slow", retry_after=4000))
    began = time.monotonic()
    Retrier(Control(), patience=Patience(obey=0.3)).call(act)
    assert 0.3 <= time.monotonic() - began < 2


def test_all_who_talk_to_one_hub_wait_when_one_was_told_to() -> None:
    throttle = Throttle()
    retriers = [Retrier(Control(), patience=QUICK, throttle=throttle) for _ in range(8)]
    act = Failing(RateLimited("slow", retry_after=0.5))
    first = threading.Thread(target=retriers[0].call, args=(act,))
    first.start()
    time.sleep(0.1)
    others = [Failing() for _ in retriers[1:]]
    threads = [threading.Thread(target=r.call, args=(o,)) for r, o in zip(retriers[1:], others, strict=True)]
    for thread in threads:
        thread.start()
    for thread in (first, *threads):
        thread.join()
    told = act.calls[0]
    starts = [other.calls[0] for other in others]
    assert all(start - told >= 0.45 for start in starts)
    assert len({round(start, 3) for start in starts}) > 1  # not all at the same instant


def test_sleeping_is_ended_by_a_cancel() -> None:
    cancel = threading.Event()
    retrier = Retrier(Control(cancel.is_set))
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        retrier.call(Failing(RateLimited("slow", retry_after=100)))
    assert time.monotonic() - began < 0.7


def test_control_tells_why_work_ends() -> None:
    with pytest.raises(Stopped):
        Control(stopping=lambda: True).check()
    with pytest.raises(Cancelled):
        Control(lambda: True, lambda: True).check()
    outer = Control()
    inner = outer.child()
    inner.fail(ValueError("x"))
    outer.check()
    with pytest.raises(Aborted):
        inner.check()
    outer.fail(ValueError("y"))
    with pytest.raises(Aborted):
        outer.child().check()


def test_a_group_raises_what_failed_first_and_never_that_others_ended() -> None:
    control = Control()

    def task(number: int, name: str) -> None:
        if number == 0:
            time.sleep(0.05)
            group.fail(Corrupt("the cause"))
            time.sleep(0.2)  # the others notice before this worker gets to raise
            raise Corrupt("the cause")
        group.sleep(10)

    with pytest.raises(Corrupt, match="the cause"), control.group() as group:
        list(ThreadPool(3, control=group).run(task, range(3)))
    control.check()


def test_a_pool_runs_everything_once_with_named_workers() -> None:
    names = set()
    lock = threading.Lock()

    def task(number: int, name: str) -> int:
        with lock:
            names.add(name)
        time.sleep(0.005)
        return number * 2

    pool = ThreadPool(4)
    assert sorted(pool.run(task, iter(range(50)))) == [number * 2 for number in range(50)]
    assert names == {"w1", "w2", "w3", "w4"}
    assert list(pool.run(task, [])) == []


def test_the_first_error_ends_a_pool_and_takes_no_more_items() -> None:
    taken: list[int] = []

    def task(number: int, name: str) -> None:
        taken.append(number)
        if number == 3:
            raise Hf2msError("three")
        time.sleep(0.02)

    with pytest.raises(Hf2msError, match="three"):
        list(ThreadPool(2).run(task, range(1000)))
    assert len(taken) < 20


def test_an_error_of_the_items_themselves_is_raised() -> None:
    def items() -> object:
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(ThreadPool(2).run(lambda item, name: item, items()))  # type: ignore[arg-type]


def test_a_pool_ends_on_cancel_even_when_every_worker_hangs() -> None:
    cancel, hang = threading.Event(), threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(ThreadPool(2, control=Control(cancel.is_set)).run(lambda item, name: hang.wait(60), range(4)))
    assert time.monotonic() - began < 5
    hang.set()


def origin(world: Sides, control: Control | None = None) -> tuple[Origin, dict[str, FileEntry]]:
    reader = world.hf.read
    revision = reader.resolve(ref("hf"))
    files = reader.manifest(ref("hf"), revision).by_path()
    return Origin(reader, ref("hf"), revision, Retrier(control or Control(), patience=QUICK)), files


def test_a_source_hands_out_exactly_the_file_and_is_no_iterator() -> None:
    content = SeededContent("one", 3 * MIB + 5)
    with sides(model("hf")) as world:
        where, files = origin(world)
        counted: list[int] = []
        source = HashingSource(where, files["weights/model-1.safetensors"], progress=counted.append)
        assert not hasattr(source, "__iter__")
        digest = hashlib.sha256()
        while piece := source.read(100_001):
            assert len(piece) <= 100_001
            digest.update(piece)
        assert digest.hexdigest() == content.sha256 == source.sha256
        assert sum(counted) == source.size == 3 * MIB + 5
        assert source.finished
        assert source.read(10) == b""
        source.close()
        source.close()


def test_a_source_raises_before_any_byte_of_its_last_block_when_the_digest_differs() -> None:
    with sides(model("hf")) as world:
        where, files = origin(world)
        world.fault("hf:GET:blob:corrupt=1000")
        source = HashingSource(where, files["weights/model-1.safetensors"])
        got = 0
        with pytest.raises(Corrupt) as caught:
            while piece := source.read(4096):
                got += len(piece)
        assert got < source.size
        assert source.failure is caught.value
        assert not source.finished
        assert caught.value.path == "weights/model-1.safetensors"


def test_a_source_that_keeps_dropping_is_given_up_in_the_end() -> None:
    with sides(model("hf")) as world:
        where, files = origin(world)
        world.fault("hf:GET:blob:cut=200000")
        with pytest.raises((Unreachable, HubLied)):
            read_back(where, files["weights/model-1.safetensors"])
        asked = world.running.log.count("hf", "cdn", "blob")
        assert asked <= 60


def test_small_files_are_checked_against_their_git_blob_id() -> None:
    with sides(model("hf")) as world:
        where, files = origin(world)
        small = read_small(where, files["config.json"])
        assert small.data == b'{"layers": 2}\n'
        assert small.git_oid == files["config.json"].git_oid
        assert small.sha256 == hashlib.sha256(small.data).hexdigest()
        assert read_small(where, files["empty.txt"]).data == b""
        world.fault("hf:GET:resolve-cache:corrupt=2")
        with pytest.raises(Corrupt, match="not the file it lists"):
            read_small(where, files["config.json"])
        assert read_back(where, files["config.json"]).sha256 != small.sha256


def test_a_chunks_meter_adds_up() -> None:
    board = MemoryBoard(JobSpec("j", ref("hf"), ref("ms")))
    moved, resent = Tally(lambda n: board.update(moved=n)), Tally(lambda n: board.update(resent=n))
    there: list[int] = []
    meter = ChunkMeter(board, ChunkView(1, 100, 3), moved, resent, there.append)
    meter.begin("w1")
    meter.at("a.bin")
    meter.add(60)
    meter.add(-60)
    meter.again()
    meter.add(60)
    meter.forget(40)
    meter.end()
    moved.report()
    resent.report()
    view: JobView = board.view()
    (chunk,) = view.chunks
    assert (chunk.moved, chunk.attempts, chunk.state, chunk.worker) == (100, 2, ChunkState.DONE, "w1")
    assert chunk.changed_at is not None
    assert (view.moved, view.resent, there) == (60, 60, [40])


def test_a_rate_is_smoothed() -> None:
    assert smooth(0.0, 50.0, 0.2) == 50.0
    assert 50.0 < smooth(50.0, 100.0, 0.2) < 55.0
    assert smooth(50.0, 100.0, 60.0) == pytest.approx(100.0, abs=0.01)


def test_the_memory_board_takes_only_what_is_the_runners() -> None:
    board = MemoryBoard(JobSpec("j", ref("hf"), ref("ms")))
    with pytest.raises(TypeError):
        board.update(alive=True)
    with pytest.raises(TypeError):
        board.update(nonsense=1)


def test_verify_tells_how_far_it_is_and_says_what_it_cannot_do() -> None:
    with sides(model("hf")) as world:
        world.run(ref("hf"), ref("ms"), level=Level.LISTED)
        steps: list[tuple[str, int, int]] = []
        proof = verify(
            world.hf.read,
            ref("hf"),
            world.ms,
            ref("ms"),
            level=Level.READ_BACK,
            on_progress=lambda step, done, total: steps.append((step, done, total)),
        )
        assert proof.holds
        assert steps[0] == ("listing", 0, 0)
        assert steps[-1][0] == "reading back"
        assert steps[-1][1] == steps[-1][2] > 8_000_000
        lame = world.session("ms", read_only=True)
        assert verify(world.hf.read, ref("hf"), lame, ref("ms"), level=Level.READ_BACK).holds
        with pytest.raises(BadInput, match="read-only"):
            verify(world.hf.read, ref("hf"), lame, ref("ms"), level=Level.STORED)
        with pytest.raises(Cancelled):
            verify(world.hf.read, ref("hf"), world.ms, ref("ms"), level=Level.LISTED, cancelled=lambda: True)


def test_bytes_that_differed_are_not_remembered_as_read_back() -> None:
    with sides(model("hf")) as world:
        ledger = MemoryLedger()
        world.fault("ms:GET:blob-get:corrupt=7:count=1")
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        assert view.error["error"] == "NotProven"
        before = world.running.log.bytes_out("ms", "cdn")
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        assert view.phase.value == "done"
        again = world.running.log.bytes_out("ms", "cdn") - before
        assert 0 < again < before  # the one bad file, whichever it was, and what has the same bytes


def test_thousands_of_small_files_never_sit_in_memory_together() -> None:
    files = {
        f"d/{number:04}.txt": SeededContent(f"t{number}", 60_000).read(0, 60_000) for number in range(400)
    }
    with sides(lambda world: add(world, "hf", "tiny", files)) as world:
        view = world.run(ref("hf"), ref("ms"), level=Level.LISTED, workers=2, streams=4)
        assert view.phase.value == "done", view.error
        commits = world.running.log.entries(hub="ms", route="commit")
        limit = world.ms.write.limits.inline_bytes if world.ms.write else 0
        assert len(commits) == -(-400 * 60_000 // (limit - limit % 60_000))  # as few as the limit allows
        assert max(entry.bytes_in for entry in commits) < limit * 1.5
