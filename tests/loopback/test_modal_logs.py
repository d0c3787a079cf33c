"""Logs of containers: whose they are, complete, in order, streamed, fetched and filtered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import modal
import pytest

from hf2ms_tui.loopback.modal import LineFilter
from support.modal_app import NAME
from support.modal_session import ModalSession

pytestmark = pytest.mark.slow
"""the control plane alone; what the program needs of it is in the default run with the engine"""


def texts(entries: Any) -> list[str]:
    return [entry.message for entry in entries]


async def collect(source: AsyncIterator[Any]) -> list[Any]:
    return [entry async for entry in source]


def test_a_call_has_its_own_lines_and_its_children_have_theirs(here: ModalSession) -> None:
    call = here.function("coordinate").spawn([3, 4])
    assert call.get(timeout=30) == 25
    assert texts(call.logs.tail()) == ["coordinator begins\n", "coordinator ends with 25\n"]
    child = here.plane.calls(function="square")[-1]
    lines = list(here.call(child.id).logs.tail())
    assert sorted(texts(lines)) == ["square 3\n", "square 4\n"]
    inputs = {one.id: one.task_id for one in child.inputs}
    assert {tuple(line.context_ids) for line in lines} == set(inputs.items())


def test_output_that_is_no_simple_lines(here: ModalSession) -> None:
    here.plane.settings.line_patience = 0.1
    call = here.function("mutter").spawn()
    call.get(timeout=30)
    said = "".join(texts(call.logs.tail()))
    assert said == (
        "begun and ended\nfrom a child\n\ufffd bad byte\ntabs\tand \u00fcml\u00e4uts\nno newline at the end"
    )
    assert texts(call.logs.tail())[0] == "begun", "shown before its line has ended"


def test_filters(here: ModalSession) -> None:
    since = datetime.now(UTC)
    call = here.function("talk").spawn(30, 0.0, "filtered")
    call.get(timeout=30)
    everything = list(call.logs.fetch(since=since))
    assert len(everything) == 30
    assert [one.timestamp for one in everything] == sorted(one.timestamp for one in everything)
    errors = list(call.logs.fetch(since=since, source="stderr"))
    assert texts(errors) == ["filtered 9\n", "filtered 19\n", "filtered 29\n"]
    assert {one.source for one in errors} == {"stderr"}
    assert texts(call.logs.fetch(since=since, search_text="filtered 2"))[0] == "filtered 2\n"
    assert len(list(call.logs.fetch(since=since, search_text="filtered 2"))) == 11
    middle = everything[10].timestamp
    later = list(call.logs.fetch(since=middle))
    before = list(call.logs.fetch(since=since, until=middle))
    assert [*before, *later] == everything and len(before) > 5 and len(later) > 5
    assert texts(call.logs.tail(2)) == texts(everything[-2:])
    assert list(call.logs.fetch(since=since - timedelta(days=2), until=since - timedelta(days=1))) == []
    function = here.function("talk")
    assert set(texts(everything)) <= set(texts(function.logs.fetch(since=since)))
    app = modal.App.lookup(NAME, client=here.client)
    entry = next(one for one in app.logs.fetch(since=since) if one.message == "filtered 5\n")
    function_id, call_id, input_id, task_id = entry.context_ids
    assert (function_id, call_id) == (function.hydrate().object_id, call.object_id)
    assert input_id.startswith("in-") and task_id.startswith("ta-")


def test_lines_of_a_variant_are_found_by_both_its_ids(here: ModalSession) -> None:
    since = datetime.now(UTC)
    variant = here.function("talk").with_options(max_containers=1)
    variant.spawn(2, 0.0, "variant").get(timeout=30)
    assert texts(variant.logs.fetch(since=since)) == ["variant 0\n", "variant 1\n"]
    assert "variant 1\n" in texts(here.function("talk").logs.fetch(since=since))


async def test_a_live_stream_of_a_call_ends_with_it(here: ModalSession) -> None:
    call = await here.function("talk").spawn.aio(20, 0.05, "live")
    began = time.monotonic()
    entries = await collect(call.logs.stream.aio())
    assert texts(entries) == [f"live {number}\n" for number in range(20)]
    assert time.monotonic() - began < 8


async def test_a_stream_of_a_function_is_cancelled_cleanly(here: ModalSession) -> None:
    function = here.function("talk")
    await function.hydrate.aio()
    seen = asyncio.Event()

    async def follow() -> None:
        async for entry in function.logs.stream.aio():
            if entry.message == "followed 2\n":
                seen.set()

    task = asyncio.create_task(follow())
    call = await function.spawn.aio(3, 0.0, "followed")
    await call.get.aio(timeout=30)
    await asyncio.wait_for(seen.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_fetch_then_stream_has_no_gap(here: ModalSession) -> None:
    """What a screen does that comes back: the past, then what follows, known by time and text."""
    since = datetime.now(UTC)
    call = await here.function("talk").spawn.aio(200, 0.01, "back")
    await asyncio.sleep(1.5)
    past = await collect(call.logs.fetch.aio(since=since))
    rest = await collect(call.logs.stream.aio())
    seen = {(one.timestamp, one.message): None for one in (*past, *rest)}
    assert [text for _, text in seen] == [f"back {number}\n" for number in range(200)]


async def test_a_stream_may_begin_with_what_comes_next(here: ModalSession) -> None:
    here.plane.settings.replay = False
    try:
        call = await here.function("talk").spawn.aio(100, 0.03, "next")
        here.plane.wait(lambda: here.plane.lines(LineFilter(call_id=call.object_id)))
        entries = await collect(call.logs.stream.aio())
        assert entries and texts(entries)[-1] == "next 99\n" and texts(entries)[0] != "next 0\n"
    finally:
        here.plane.settings.replay = True


def test_fetching_may_lag_behind(here: ModalSession) -> None:
    call = here.function("talk").spawn(3, 0.0, "late")
    call.get(timeout=30)
    here.plane.settings.fetch_lag = 2.0
    try:
        assert list(call.logs.tail()) == []
        assert len(here.wait(lambda: list(call.logs.tail()))) == 3
    finally:
        here.plane.settings.fetch_lag = 0.0


def test_a_lost_container_keeps_its_lines_and_says_why(here: ModalSession) -> None:
    call = here.function("talk").spawn(40, 0.1, "lost")
    task = here.wait(lambda: here.plane.look(call.object_id).inputs[0].task_id)
    here.wait(lambda: len(here.plane.lines(LineFilter(call_id=call.object_id))) > 3)
    here.plane.kill(task)
    system = here.wait(
        lambda: list(call.logs.fetch(since=datetime.now(UTC) - timedelta(minutes=1), source="system"))
    )
    assert "ended with -9" in system[0].message
    call.cancel(terminate_containers=True)
    assert texts(call.logs.tail(1000))[:3] == ["lost 0\n", "lost 1\n", "lost 2\n"]


def test_a_thousand_lines_a_second_are_complete_and_in_order(here: ModalSession) -> None:
    since = datetime.now(UTC)
    began = time.monotonic()
    calls = [here.function("talk").spawn(3000, 0.0005, f"fast {number}") for number in range(2)]
    for call in calls:
        call.get(timeout=60)
    took = time.monotonic() - began
    for number, call in enumerate(calls):
        lines = texts(call.logs.fetch(since=since, source="stdout"))
        assert lines == [f"fast {number} {one}\n" for one in range(3000) if one % 10 != 9]
        errors = texts(call.logs.fetch(since=since, source="stderr"))
        assert errors == [f"fast {number} {one}\n" for one in range(9, 3000, 10)]
    print(f"6,000 lines of two containers in {took:.1f} s")


@pytest.mark.slow
def test_more_lines_than_one_answer_holds(here: ModalSession) -> None:
    since = datetime.now(UTC)
    talk = here.function("talk")
    for burst in range(3):
        talk.spawn(15_000, 0.0, f"burst {burst}").get(timeout=60)
        time.sleep(4)
    began = time.monotonic()
    lines = [text for text in texts(talk.logs.fetch(since=since, source="stdout")) if "burst" in text]
    assert lines == [f"burst {burst} {one}\n" for burst in range(3) for one in range(15_000) if one % 10 != 9]
    print(f"{len(lines)} lines fetched in {time.monotonic() - began:.1f} s")


@pytest.mark.slow
def test_the_client_gives_up_on_bursts_that_are_too_dense(here: ModalSession) -> None:
    """It asks for at most 20,000 lines at a time and splits no range below two seconds (modal/_logs.py)."""
    since = datetime.now(UTC)

    def shout(plane: Any) -> None:
        app_id = plane.state.deployed[("main", NAME)].id
        for number in range(20_001):
            plane.lines.add(f"{number}\n", 1, app_id=app_id)

    here.plane.call(shout)
    with pytest.raises(modal.exception.LogsFetchError, match="Too many logs"):
        list(modal.App.lookup(NAME, client=here.client).logs.fetch(since=since))
