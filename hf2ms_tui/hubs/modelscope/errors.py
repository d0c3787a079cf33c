"""What ModelScope's refusals mean: HTTP status, business code and message to the errors of ``domain.errors``.

The service overloads its answers: a private repo and a wrong token are 404, a missing login is 400, an overloaded database
is a 404 that looks like a missing repo, and one code of the commit route means three things. The codes are those of the
SDK's own tables (``modelscope_hub.errors``) and of reports about other clients; they are told apart here only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hf2ms_tui.domain.errors import (
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
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, from_answer, token_help

NOT_FOUND = 10010205001
NO_ACCESS = 10010200001
NO_TREE = 10990101004
BAD_ACCESS_TOKEN = 10010103009
COMMIT_REFUSED = 10030000001
NAME_TAKEN = frozenset({10010101001, 10020101001, 10010202004})

POLICY_PAUSE = 5.0
"""Seconds to wait after "rejected by repository policy"; other clients get through with 3 to 5 s between commits."""

_OVERLOAD = re.compile(
    r"error \d{4}\b|prepared_stmt|too many connections|deadline exceeded|timed? ?out|connection (refused|reset)"
    r"|server (is )?busy|overload",
    re.IGNORECASE,
)
_NO_LOGIN = re.compile(r"not logged in|未登录|invalid (access ?)?token|token.{0,12}expired", re.IGNORECASE)
_NO_DELETION = re.compile(r"no longer supports? deletion|restricted to web console", re.IGNORECASE)
_MOVED_BRANCH = re.compile(r"branch (has )?changed|please retry", re.IGNORECASE)
_TAKEN = re.compile(r"already|已被注册|已存在|名称不可用|can not be used|not available", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not a success, as far as it could be read. ``message`` is as the hub sent it."""

    status: int
    code: int | str | None = None
    message: str = ""
    request_id: str = ""
    retry_after: float | None = None


def refusal_in(
    body: object, status: int, retry_after: float | None = None, message: str = "", request_id: str = ""
) -> Refusal:
    """Read a body of either envelope: ``Code``/``Message`` of ``/api/v1``, ``code``/``message`` of ``/openapi/v1``."""
    if not isinstance(body, dict):
        return Refusal(status, None, message, request_id, retry_after)
    code = body.get("Code", body.get("code"))
    if isinstance(code, str) and code.strip().isdigit():
        code = int(code)
    return Refusal(
        status,
        code if isinstance(code, int | str) else None,
        str(body.get("Message") or body.get("message") or message),
        str(body.get("RequestId") or body.get("request_id") or request_id),
        retry_after,
    )


def refusal_of(exc: Any) -> Refusal | None:
    """Read an exception of the SDK, whose class says less than the body it carries; None when no answer came at all."""
    status = getattr(exc, "status_code", None)
    if not isinstance(status, int):
        return None
    pause = getattr(exc, "retry_after", None)
    return refusal_in(
        getattr(exc, "response_body", None),
        status,
        float(pause) if isinstance(pause, int | float) and pause >= 0 else None,
        str(getattr(exc, "message", "")),
        str(getattr(exc, "request_id", None) or ""),
    )


def name_taken(refusal: Refusal) -> bool:
    """Whether a create was refused because the id is in use.

    The SDK says so of every 400 whose message contains "exist", "The organization does not exist" among them. Here only the
    codes and messages count that really say it, and even then the repo must be read before it is believed.
    """
    if refusal.code in NAME_TAKEN or refusal.code == "DuplicateEntity" or refusal.status == 409:
        return True
    return refusal.status == 400 and _TAKEN.search(refusal.message) is not None


def error_for(refusal: Refusal, context: Context) -> Hf2msError:
    """The error of ours for a refusal. The hub's own words are quoted in it, cleaned and without secrets."""
    status, code, message = refusal.status, refusal.code, refusal.message
    if status == 429 or code == "RateLimitExceed":
        return _plain(refusal, context, 429)
    if code == COMMIT_REFUSED:
        return _commit_refused(refusal, context)
    if status >= 500:
        return _plain(refusal, context)
    if status < 400:
        return _made(
            HubLied,
            refusal,
            context,
            f"ModelScope answered {status} but reports a failure inside, when asked to {context.doing}",
            "Nothing is taken as done.",
            "Try again; if it stays so, report it to ModelScope.",
        )
    if status == 404 and _OVERLOAD.search(message):
        return _made(
            Unreachable,
            refusal,
            context,
            f"ModelScope is overloaded and could not {context.doing}",
            "It answers “not found”, but in the words of a database that has too much to do.",
            "Try again in a few minutes.",
        )
    if status == 401 or code in (BAD_ACCESS_TOKEN, "InvalidAuthentication") or _NO_LOGIN.search(message):
        return _no_login(refusal, context)
    if code == "QuotaLimitExceed" or status in (413, 422):
        return _made(
            QuotaExceeded,
            refusal,
            context,
            f"ModelScope does not take that much: could not {context.doing}",
            "A limit of the account or of one request is reached.",
            "Free what is not needed, or send less at once.",
        )
    if _NO_DELETION.search(message):
        return _made(
            NotPermitted,
            refusal,
            context,
            "ModelScope does not let tokens delete repos",
            "Nothing was deleted.",
            "Delete it by hand on the settings page of the repo.",
        )
    if status == 404 and code in (NO_TREE, NO_ACCESS):
        return _hidden(refusal, context)
    return _plain(refusal, context)


def _plain(refusal: Refusal, context: Context, status: int | None = None) -> Hf2msError:
    headers = {"x-request-id": refusal.request_id}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    return from_answer(context, status or refusal.status, headers, refusal.message)


def _made(
    kind: type[Hf2msError], refusal: Refusal, context: Context, what: str, meaning: str, way_out: str
) -> Hf2msError:
    said = context.clean(refusal.message)
    return kind(
        what,
        meaning=f"{meaning} It said: {said}" if said else meaning,
        way_out=way_out,
        repo=context.repo,
        path=clean(context.path),
        status=refusal.status,
        request_id=clean(refusal.request_id, 80),
    )


def _no_login(refusal: Refusal, context: Context) -> Hf2msError:
    return _made(
        NotAuthenticated,
        refusal,
        context,
        f"ModelScope does not know the token: could not {context.doing}",
        "It is missing, wrong or has expired; modelscope.cn and modelscope.ai have accounts of their own.",
        token_help(context.hub),
    )


def _hidden(refusal: Refusal, context: Context) -> Hf2msError:
    if refusal.code == NO_TREE:
        return _made(
            NotFound,
            refusal,
            context,
            f"ModelScope has no such revision or folder: could not {context.doing}",
            "The repo is there, but not in that state.",
            "Refresh; it may have been renamed or removed.",
        )
    return _made(
        NotFound,
        refusal,
        context,
        f"ModelScope hides the repo from this token: could not {context.doing}",
        "It is private or gated.",
        "Use a token of an account that may see it; doctor tells whose token this is.",
    )


def _commit_refused(refusal: Refusal, context: Context) -> Hf2msError:
    """One code for three things: no login, a branch that moved, and a policy that is mostly too many commits in a row."""
    if _NO_LOGIN.search(refusal.message):
        return _no_login(refusal, context)
    if _MOVED_BRANCH.search(refusal.message):
        return _made(
            Conflict,
            refusal,
            context,
            f"The branch moved under ModelScope's feet: could not {context.doing}",
            "Nothing was committed.",
            "Read the repo again, then retry.",
        )
    return RateLimited(
        f"ModelScope rejected the request to {context.doing}",
        retry_after=POLICY_PAUSE,
        meaning="Commits that follow each other too fast are refused so; so is one that names a path or branch that is not "
        f"there. It said: {context.clean(refusal.message)}",
        way_out="Wait some seconds and try once more; if it stays so, read the repo again.",
        repo=context.repo,
        path=clean(context.path),
    )


def sharpen(error: Hf2msError, context: Context) -> Hf2msError:
    """The same error of a byte transfer, told apart further by ModelScope's words where its status misleads."""
    text = f"{error.what} {error.meaning}"
    if error.status == 404 and _OVERLOAD.search(text):
        return error_for(Refusal(404, None, error.meaning, error.request_id), context)
    if error.status == 400 and _NO_LOGIN.search(text):
        return _no_login(Refusal(400, None, error.meaning, error.request_id), context)
    return error
