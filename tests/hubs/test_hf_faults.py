"""Reading from a Hugging Face hub that is silent, busy, senseless or gone: our errors, soon, without the token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from hf2ms_tui.domain.errors import (
    Hf2msError,
    NotAuthenticated,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Token
from support.hf_session import CANARY, Session, drain, entry, ref
from support.worlds import ORG


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


ASKS: dict[str, Callable[[Session], object]] = {
    "info": lambda session: session.read.repo(ref("tiny")),
    "refs": lambda session: session.read.refs(ref("tiny")),
    "list": lambda session: list(session.read.inventory(ORG)),
    "tree": lambda session: session.read.manifest(ref("tiny"), session.repo("tiny").head().id),
    "commits": lambda session: session.read.history(ref("tiny"), session.repo("tiny").head().id),
    "whoami": lambda session: session.read.whoami(),
    "resolve": lambda session: session.read.open(
        ref("tiny"), session.repo("tiny").head().id, FileEntry("config.json", 10_902)
    ),
}


@pytest.mark.parametrize("route", ASKS)
def test_a_silent_hub_is_given_up_within_seconds(session: Session, route: str) -> None:
    session.fault(f"hf:*:{route}:stall=forever")
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        ASKS[route](session.fast())
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("route", ASKS)
def test_a_long_pause_that_the_hub_asks_for_is_reported_not_slept(session: Session, route: str) -> None:
    session.fault(f"hf:*:{route}:status=429:header=Retry-After=120")
    started = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        ASKS[route](session)
    assert caught.value.retry_after == 120
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("route", sorted(set(ASKS) - {"resolve"}))
@pytest.mark.parametrize(
    "fault", ["status=503", "status=429:header=Retry-After=0", "reset=0", "cut=5", "stall=forever"]
)
def test_one_bad_answer_is_overcome(session: Session, route: str, fault: str) -> None:
    session.fault(f"hf:*:{route}:{fault}:count=1")
    ASKS[route](session.fast() if fault.startswith("stall") else session)


@pytest.mark.parametrize("route", ASKS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_whatever_the_hub_answers_is_one_of_our_errors(session: Session, route: str, status: int) -> None:
    session.fault(f"hf:*:{route}:status={status}")
    with pytest.raises(Hf2msError) as caught:
        ASKS[route](session)
    assert caught.value.way_out


@pytest.mark.parametrize("route", sorted(set(ASKS) - {"resolve"}))
@pytest.mark.parametrize("body", ["", "<html>", "null", "[1]", '{"a": 1}', "[", '"text"', '[{"id": 5}]'])
def test_a_senseless_answer_is_a_lie_and_no_crash(session: Session, route: str, body: str) -> None:
    session.say("*", route, body)
    with pytest.raises(Hf2msError):
        ASKS[route](session)


@pytest.mark.parametrize("route", ASKS)
@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 429, 500])
def test_the_token_is_in_no_error(hf: Running, route: str, status: int) -> None:
    session = Session(hf).canary()
    session.running.faults.add(
        f"hf:*:{route}:stall=forever"
        if not status
        else f"hf:*:{route}:status={status}:body=bad token {CANARY}"
    )
    with pytest.raises(Hf2msError) as caught:
        ASKS[route](session if status else session.fast())
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in f"{error!s}{error!r}{getattr(error, '__dict__', {})}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert CANARY not in repr(session.session)
    assert CANARY not in json.dumps(caught.value.as_dict())


def test_an_expired_token_is_not_a_missing_repo(session: Session) -> None:
    session.running.world.hf.add_token(Token("hf_old", "ada", "write", expired=True))
    old = session.as_("hf_old")
    for ask in (old.read.whoami, lambda: old.read.repo(ref("tiny")), lambda: list(old.read.inventory(ORG))):
        with pytest.raises(NotAuthenticated) as caught:
            ask()
        assert "token" in caught.value.way_out.lower()


def test_one_failing_thread_does_not_close_the_others_connections(session: Session) -> None:
    manifest = session.manifest("tiny")
    source = session.read.open(manifest.ref, manifest.revision, entry(manifest, "weights.bin"))
    source.read(1000)
    elsewhere = Session(session.running)
    elsewhere.session = open_hub(Hub.HF, "http://127.0.0.1:1", elsewhere.secret, read_only=True)
    with pytest.raises(Unreachable):
        elsewhere.read.repo(ref("tiny"))
    assert len(drain(source)) == 3_000_000 - 1000
    assert session.read.repo(ref("tiny")).ref == ref("tiny")
