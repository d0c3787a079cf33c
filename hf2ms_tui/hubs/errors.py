"""What hubs answer, translated into our errors: each with its cause and a way out.

``from_answer`` reads status, headers and body of any HTTP answer; the adapters add what only they know. Sources of the
texts: the hubs' documented error codes (``X-Error-Code``, LFS and OpenAPI codes) and messages reported in their trackers.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

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
from hf2ms_tui.domain.secret import Secret, redact
from hf2ms_tui.domain.text import clean

_LOCKED = re.compile(r"storage (limit|patterns)|storage[- ]lock", re.I)
_QUOTA = re.compile(r"quota|storage limit|upgrade your plan|payment required|exceeds? .*(limit|plan)", re.I)
_RATE = re.compile(r'(?:^|;)\s*([rt])\s*=\s*"?(\d+)')


_TOKENS = {
    Hub.HF: ("https://huggingface.co/settings/tokens", "HF_TOKEN"),
    Hub.MS: ("https://modelscope.cn/my/myaccesstoken (or modelscope.ai)", "MODELSCOPE_TOKEN"),
}
"""where a person makes a token (the pages that both hubs' documentation names), and the variable that is read first"""


def token_help(hub: Hub) -> str:
    """What to do about a token that a hub does not know: where to make one and which variable takes it."""
    page, variable = _TOKENS[hub]
    return f"Make a new token at {page} and set {variable} in the environment or in .env; doctor tells whether it works."


@dataclass(frozen=True, slots=True)
class Context:
    """What was being done when an answer came: for the error's sentence. ``secrets`` never appear in it."""

    hub: Hub
    doing: str
    repo: str = ""
    path: str = ""
    secrets: tuple[Secret | None, ...] = field(default=(), repr=False)

    def clean(self, text: str, limit: int = 300) -> str:
        """Foreign text made inert and free of secrets."""
        return clean(redact(text, *self.secrets), limit)


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


def message_in(body: bytes | str) -> str:
    """The sentence inside an error body: ``error``, ``message``, ``Message``, ``errors[].message``; else its plain text."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        read = json.loads(text)
    except ValueError:
        return "" if text.lstrip().startswith("<") else text.strip()
    return _sentence(read)


def _sentence(read: object) -> str:
    if isinstance(read, str):
        return read
    if isinstance(read, list):
        return "; ".join(filter(None, (_sentence(item) for item in read)))
    if isinstance(read, dict):
        for key in ("error", "message", "Message", "errors", "detail", "error_description"):
            found = _sentence(read.get(key)) if read.get(key) else ""
            if found:
                return found
    return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long a hub asks to wait, in seconds: ``Retry-After`` (seconds or a date), else the IETF ``RateLimit`` header.

    None when it does not say. ``RateLimit: "api";r=0;t=57`` counts only while nothing remains (r=0).
    """
    named = lower(headers)
    value = named.get("retry-after", "").strip()
    if value:
        waited = _seconds(value)
        if waited is not None:
            return waited
    fields = dict(_RATE.findall(named.get("ratelimit", "")))
    if "t" in fields and int(fields.get("r", "0")) == 0:
        return float(fields["t"])
    return None


def _seconds(value: str) -> float | None:
    """``Retry-After`` as seconds from now: a number or a date; None for anything else."""
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def request_id(headers: Mapping[str, str]) -> str:
    """The id a hub gave to a request, for its support."""
    named = lower(headers)
    for name in ("x-request-id", "x-amzn-trace-id", "x-amz-cf-id"):
        if named.get(name):
            return clean(named[name], 80)
    return ""


def from_answer(
    context: Context, status: int, headers: Mapping[str, str], body: bytes | str = b""
) -> Hf2msError:
    """The error that an answer with ``status`` (>= 300) means."""
    named = lower(headers)
    said = context.clean(named.get("x-error-message") or message_in(body))
    code = named.get("x-error-code", "")
    hub = context.hub.title
    what = f"{hub} refused to {context.doing}" if status < 500 else f"{hub} failed to {context.doing}"
    told = f"It said: {said}" if said else ""

    def make(kind: type[Hf2msError], meaning: str, way_out: str, sentence: str = what) -> Hf2msError:
        return kind(
            sentence,
            meaning=" ".join(part for part in (meaning, told) if part),
            way_out=way_out,
            repo=context.repo,
            path=clean(context.path),
            status=status,
            request_id=request_id(headers),
        )

    if status == 429:
        return RateLimited(
            f"{hub} asks to slow down while trying to {context.doing}",
            retry_after=retry_after(headers),
            meaning=told,
            way_out="Nothing is lost: it is tried again after a while. Fewer workers make it rarer.",
            repo=context.repo,
            path=clean(context.path),
        )
    if status >= 500 or status == 408:
        return make(
            Unreachable, f"Its servers answered {status}.", "Nothing is lost: try again in a few minutes."
        )
    if code == "GatedRepo" or "gated repo" in said.lower():
        return make(
            NotPermitted,
            "The repo is gated and this account has no access to its files.",
            f"Ask for access on the repo's page on {hub}, then try again.",
        )
    if code in {"RevisionNotFound", "EntryNotFound"} or "invalid rev id" in said.lower():
        thing = "file" if code == "EntryNotFound" else "branch, tag or revision"
        return make(
            NotFound,
            f"The {thing} does not exist there.",
            "Refresh; it may have been renamed or removed.",
            f"{hub} has no such {thing}: could not {context.doing}",
        )
    if code == "RepoNotFound" or status in {404, 410}:
        return make(
            NotFound,
            "It does not exist, or this token may not see it.",
            "Check the name, and with doctor which account the token belongs to.",
            f"{hub} has nothing there: could not {context.doing}",
        )
    if status == 401:
        return make(
            NotAuthenticated,
            "The token is missing, wrong or has expired.",
            token_help(context.hub),
        )
    if status == 402 or (status in {403, 413} and _QUOTA.search(said) and not _LOCKED.search(said)):
        return make(
            QuotaExceeded,
            "The account's plan or storage does not allow it.",
            f"Free storage or change the plan in the {hub} settings.",
        )
    if status == 403 and _LOCKED.search(said):
        return make(
            QuotaExceeded,
            "The account's storage is locked because it is over its limit; private repos can then not be read either.",
            f"Free storage or change the plan in the {hub} billing settings, or ask {hub} support to lift the lock.",
        )
    if status == 403:
        return make(
            NotPermitted,
            "The token is known but lacks the right: its role, its scope or the account's role in the organisation.",
            "Use a token with write access of an account with the write role in this organisation; doctor shows both.",
        )
    if status in {409, 412}:
        return make(
            Conflict,
            "Something changed there in the meantime, or the name is taken.",
            "Refresh and try again.",
        )
    if status in {400, 422, 413}:
        return make(
            BadInput,
            f"It does not accept the request ({status}).",
            "If the text above does not help, report it as a fault of this program.",
        )
    return make(
        HubLied,
        "",
        "Try again; if it stays so, report it.",
        f"{hub} gave an answer nobody expects ({status}) when asked to {context.doing}",
    )


def unreachable(context: Context, error: BaseException) -> Unreachable:
    """The error for a connection that could not be made, was lost or went silent. Names no address with a secret in it."""
    said = f"{type(error).__name__} {error}".lower()
    silent = "timeout" in said or "timed out" in said
    return Unreachable(
        f"{context.hub.title} did not answer in time while trying to {context.doing}"
        if silent
        else f"The connection to {context.hub.title} failed while trying to {context.doing}",
        meaning=next((words for signs, words in _CAUSES if any(sign in said for sign in signs)), ""),
        way_out="Check the network, the proxy and the hub's status page; nothing is lost, try again.",
        repo=context.repo,
        path=clean(context.path),
    )


_CAUSES = (
    (("certificate",), "Its certificate could not be verified: a proxy in between, or a wrong clock."),
    (("proxy",), "The proxy in between did not let it through."),
    (
        ("nameresolution", "name or service", "getaddrinfo", "nodename", "no address", "failed to resolve"),
        "Its name was not found: there is no network, or the address is wrong.",
    ),
    (("timeout", "timed out"), "Nothing came for too long."),
    (("refused",), "Nobody listens there, or a firewall refuses it."),
    (("incomplete", "ended early"), "The answer ended before it was whole."),
    (
        ("reset", "aborted", "broken pipe", "closed", "disconnected", "protocol"),
        "It was cut off in the middle.",
    ),
    (("unreachable", "no route"), "There is no way to it in the network."),
)
"""signs in the names and texts of the libraries' errors, which people are not shown, and what they mean; the first counts"""


def lied(context: Context, what: str, way_out: str = "") -> HubLied:
    """The error for an answer that contradicts itself."""
    return HubLied(
        f"{context.hub.title}: {context.clean(what)}, when asked to {context.doing}",
        meaning="The answer cannot be trusted, so nothing was concluded from it.",
        way_out=way_out or "Try again; if it stays so, report it to the hub.",
        repo=context.repo,
        path=clean(context.path),
    )
