"""Cards, rights, and writing to a Hugging Face hub that is silent, busy or says no."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from hf2ms_tui.domain.errors import (
    Hf2msError,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Kind, Visibility
from hf2ms_tui.hubs.body import Memory
from hf2ms_tui.hubs.protocol import AddInline
from hf2ms_tui.loopback.runner import Running
from support.hf_session import CANARY, Session, blob, ref
from support.worlds import LIMITED, ORG, OUTSIDER, READ

NEW = ref("fresh")
SMALL = random.Random(1).randbytes(100_000)


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


@pytest.fixture
def fresh(session: Session) -> Session:
    """A session with an empty private repo NEW."""
    session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    return session


def store(session: Session, data: bytes) -> Blob:
    for ticket in session.write.missing(NEW, [blob(data)]):
        session.write.put(NEW, ticket, Memory(data))
    return blob(data)


CARDS = [
    ("---\nlicense: llama3.1\n---\n", ""),
    ("---\nlicense:\n- mit\n- gemma\n---\n", ""),
    ("no card", ""),
    ("---\nlanguage: no\n---\n", ""),
    ("---\nlicense: my-own\n---\n", "license_name: my-own"),
    ("---\ntags: [a\n---\n", "YAML"),
]


@pytest.mark.parametrize(("text", "word"), CARDS)
def test_what_the_hub_would_refuse_in_a_card_is_known_before_bytes_move(
    session: Session, text: str, word: str
) -> None:
    problems = session.write.check_card(Kind.MODEL, text)
    assert bool(problems) == bool(word)
    assert word in " ".join(problems)


def test_a_hub_that_cannot_check_cards_leaves_it_to_us(session: Session) -> None:
    session.fault("hf:POST:validate-yaml:status=404")
    assert session.write.check_card(Kind.MODEL, "---\nlicense: my-own\n---\n")
    assert session.write.check_card(Kind.MODEL, "---\nlicense: mit\n---\n") == ()


def test_a_hubs_own_yes_counts_more_than_our_reading(session: Session) -> None:
    session.say("POST", "validate-yaml", '{"errors": [], "warnings": []}')
    assert session.write.check_card(Kind.MODEL, "---\nlicense: brand-new-licence-of-2030\n---\n") == ()


ACTS: dict[str, Callable[[Session], object]] = {
    "repo-create": lambda session: session.write.prepare(
        ref("x"), visibility=Visibility.PRIVATE, licence=None
    ),
    "lfs-batch": lambda session: session.write.missing(NEW, [blob(SMALL)]),
    "put": lambda session: store(session, SMALL),
    "lfs-verify": lambda session: store(session, SMALL),
    "preupload": lambda session: session.write.commit(NEW, "main", "x", [AddInline("a", b"a")]),
    "validate-yaml": lambda session: session.write.check_card(Kind.MODEL, "x"),
}


@pytest.mark.parametrize("route", ACTS)
def test_a_silent_hub_is_given_up_within_seconds(
    fresh: Session, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hf2ms_tui.hubs.huggingface.lfs.SLOW", 0.4)
    fresh.fault(f"hf:*:{route}:stall=forever")
    started = time.monotonic()
    with pytest.raises(Unreachable):
        ACTS[route](fresh.fast())
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("route", ACTS)
def test_a_rate_limit_carries_its_pause(fresh: Session, route: str) -> None:
    fresh.fault(f"hf:*:{route}:status=429:header=Retry-After=90")
    with pytest.raises(RateLimited) as caught:
        ACTS[route](fresh)
    assert caught.value.retry_after == 90


@pytest.mark.parametrize("route", sorted(set(ACTS) - {"validate-yaml"}))
@pytest.mark.parametrize("status", [400, 401, 403, 413, 500])
def test_the_token_is_in_no_error(fresh: Session, route: str, status: int) -> None:
    session = fresh.canary()
    session.fault(f"hf:*:{route}:status={status}:body=you sent {CANARY}")
    with pytest.raises(Hf2msError) as caught:
        ACTS[route](session)
    assert CANARY not in f"{caught.value!s}{caught.value!r}{caught.value.as_dict()}"


@pytest.mark.parametrize("token", [READ, OUTSIDER])
def test_who_may_not_write_is_told_so(fresh: Session, token: str) -> None:
    other = fresh.as_(token)
    for act in ("lfs-batch", "preupload"):
        with pytest.raises((NotPermitted, NotFound)) as caught:
            ACTS[act](other)
        assert caught.value.way_out


def test_a_full_account_is_told_so(fresh: Session) -> None:
    fresh.say("POST", "lfs-batch", '{"error": "You exceeded your storage quota"}', status=403)
    with pytest.raises(QuotaExceeded) as caught:
        fresh.write.missing(NEW, [blob(SMALL)])
    assert "plan" in caught.value.way_out


def test_rights_say_who_may_delete_and_why_not(session: Session) -> None:
    assert session.delete.rights(ref("tiny")).allowed is True
    for token, word in ((READ, "read"), (LIMITED, "repo.write"), (OUTSIDER, f"not in {ORG}")):
        rights = session.as_(token).delete.rights(ref("open"))
        assert rights.allowed is False
        assert word in rights.why
        assert rights.page.endswith("/acme/open/settings")
    session.running.world.hf.accounts[ORG].members["ada"] = "read"
    assert (
        session.as_(session.secret.reveal() if session.secret else None).delete.rights(ref("open")).allowed
        is False
    )


def test_rights_given_to_a_token_or_an_account_since_are_seen_without_a_new_start(session: Session) -> None:
    world = session.running.world.hf
    reading = session.as_(READ)
    assert reading.delete.rights(ref("open")).allowed is False
    before = reading.read.whoami()
    world.tokens[READ].role = "write"
    assert reading.delete.rights(ref("open")).allowed is True
    world.accounts[ORG].members[before.account] = "read"
    assert reading.delete.rights(ref("open")).allowed is False, "the hub's own check says so"
    reading.read.whoami(again=True)
    assert "has the role" in reading.delete.rights(ref("open")).why
    world.accounts[ORG].members[before.account] = "admin"
    assert reading.delete.rights(ref("open")).allowed is True


def test_whose_token_it_is_is_asked_once_while_it_may_delete(session: Session) -> None:
    def asked() -> int:
        return sum(entry.route == "whoami" for entry in session.running.log.entries())

    before = asked()
    for _ in range(3):
        assert session.delete.rights(ref("open")).allowed is True
    assert asked() == before + 1
    reading = session.as_(READ)
    assert reading.delete.rights(ref("open")).allowed is False
    assert asked() == before + 2, "it was asked just now"


def test_a_contributor_may_delete_only_what_was_made_by_the_account(session: Session) -> None:
    session.running.world.hf.accounts[ORG].members["ada"] = "contributor"
    assert session.delete.rights(ref("tiny")).allowed is True
    session.repo("open").creator = "bob"
    assert session.delete.rights(ref("open")).allowed is False
