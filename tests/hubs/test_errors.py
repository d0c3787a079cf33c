"""What hubs answer becomes an error with a cause and a way out, clean and without the token; patience ends soon."""

from __future__ import annotations

from http.client import RemoteDisconnected

import pytest
from urllib3.exceptions import NewConnectionError, ProtocolError, ProxyError, ReadTimeoutError, SSLError

from hf2ms_tui.domain.errors import (
    BadInput,
    Conflict,
    Hf2msError,
    HubLied,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.errors import Context, from_answer, message_in, retry_after, unreachable
from hf2ms_tui.hubs.patience import patiently

DATA = bytes(range(256)) * 40
SIZE = len(DATA)
TOKEN = Secret("hf_CanaryCanary")
CONTEXT = Context(Hub.HF, "read the file", "acme/tiny", "a.bin", (TOKEN,))
LOGIN = {"Authorization": f"Bearer {TOKEN.reveal()}", "Cookie": "m_session_id=secret"}
FAST = Timeouts(connect=1, read=0.4, send=1)


STATUSES: list[tuple[int, dict[str, str], bytes, type[Hf2msError], str]] = [
    (401, {}, b'{"error":"Invalid credentials in Authorization header"}', NotAuthenticated, "token"),
    (401, {"X-Error-Code": "RepoNotFound"}, b"", NotFound, "exist"),
    (403, {"X-Error-Code": "GatedRepo"}, b"", NotPermitted, "gated"),
    (401, {"X-Error-Code": "GatedRepo"}, b"", NotPermitted, "gated"),
    (403, {"X-Error-Message": "You don't have the required permissions"}, b"", NotPermitted, "role"),
    (
        403,
        {},
        b'{"error":"Private repository storage limit reached, please upgrade your plan to increase"}',
        QuotaExceeded,
        "locked",
    ),
    (403, {}, b'{"error":"Your storage patterns tripped our internal systems!"}', QuotaExceeded, "locked"),
    (403, {}, b'{"error":"You exceeded your quota of repositories"}', QuotaExceeded, "plan"),
    (402, {}, b"", QuotaExceeded, "plan"),
    (404, {"X-Error-Code": "EntryNotFound"}, b"", NotFound, "file"),
    (404, {"X-Error-Code": "RevisionNotFound"}, b"", NotFound, "revision"),
    (404, {}, b"<html>", NotFound, "exist"),
    (409, {}, b"", Conflict, "taken"),
    (412, {}, b"", Conflict, "meantime"),
    (422, {}, b'{"error":"no"}', BadInput, "422"),
    (500, {}, b"", Unreachable, "500"),
    (503, {}, b"", Unreachable, "503"),
    (429, {"Retry-After": "7"}, b"", RateLimited, "slow down"),
    (418, {}, b"", HubLied, "418"),
]


@pytest.mark.parametrize(("status", "headers", "body", "kind", "word"), STATUSES)
def test_each_status_is_an_error_with_a_cause_and_a_way_out(
    status: int, headers: dict[str, str], body: bytes, kind: type[Hf2msError], word: str
) -> None:
    error = from_answer(CONTEXT, status, headers, body)
    assert type(error) is kind
    assert word in str(error)
    assert error.way_out
    assert error.repo == "acme/tiny"
    assert error.status == status


def test_lock_quota_gate_rights_and_token_have_texts_of_their_own() -> None:
    told = {
        str(from_answer(CONTEXT, status, headers, body).args)
        + from_answer(CONTEXT, status, headers, body).way_out
        for status, headers, body, _, _ in STATUSES[:8]
    }
    assert len(told) >= 6


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"retry-after": "0.5"}, 0.5),
        ({"RateLimit": '"api";r=0;t=57'}, 57),
        ({"RateLimit": '"api";r=4;t=57'}, None),
        ({"RateLimit": '"api";r=4;t=57', "Retry-After": "3"}, 3),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_how_long_a_hub_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_foreign_text_is_inert_and_the_token_never_comes_back() -> None:
    body = f'{{"error":"\\u001b[31m bad \\u202e token {TOKEN.reveal()}"}}'.encode()
    text = str(from_answer(CONTEXT, 400, {}, body))
    assert "\x1b" not in text
    assert TOKEN.reveal() not in text
    assert TOKEN.reveal() not in repr(CONTEXT)


def test_the_sentence_of_an_error_body_is_found() -> None:
    assert message_in('{"errors":[{"message":"a"},{"message":"b"}]}') == "a; b"
    assert message_in('{"Code":1,"Message":"m"}') == "m"
    assert message_in("<html>long</html>") == ""
    assert message_in(b"plain\xff") == "plain�"


def test_patience_ends_after_three_tries_and_does_not_wait_long_pauses() -> None:
    tries: list[int] = []

    def fail(error: Hf2msError) -> None:
        tries.append(1)
        raise error

    with pytest.raises(Unreachable):
        patiently(lambda: fail(Unreachable("x")))
    assert len(tries) == 3
    tries.clear()
    with pytest.raises(RateLimited):
        patiently(lambda: fail(RateLimited("x", retry_after=60)))
    assert len(tries) == 1
    tries.clear()
    with pytest.raises(NotFound):
        patiently(lambda: fail(NotFound("x")))
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ProtocolError("Connection broken: IncompleteRead(12 bytes read)"), "before it was whole"),
        (ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer")), "cut off"),
        (ProtocolError("Connection aborted.", RemoteDisconnected("closed without response")), "cut off"),
        (NewConnectionError(None, "[Errno 111] Connection refused"), "Nobody listens"),  # type: ignore[arg-type]
        (OSError("[Errno -2] Name or service not known"), "name was not found"),
        (ProxyError("Unable to connect to proxy", OSError("refused")), "proxy"),
        (SSLError("certificate verify failed"), "certificate"),
        (ReadTimeoutError(None, "", "Read timed out."), "too long"),  # type: ignore[arg-type]
        (ValueError("odd"), ""),
    ],
)
def test_a_lost_connection_is_told_in_words_and_not_by_the_names_of_libraries(
    error: Exception, words: str
) -> None:
    said = str(unreachable(CONTEXT, error))
    assert words in said
    assert type(error).__name__ not in said
    assert "()" not in said
