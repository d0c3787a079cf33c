"""The interlock: a destructive request that no pass has armed never leaves this program, whoever tries to send it.

Every HTTP client of the program asks ``check`` before a request is written to a socket: the Hugging Face SDK's shared client
(``huggingface.client``), ModelScope's requests sessions (mount what ``requests_adapter`` returns) and our own client
(``data``). What counts as destructive is decided here, from method, path and body, and never by the sender. What cannot be
read as harmless counts as destructive.
"""

from __future__ import annotations

import json
import posixpath
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from hf2ms_tui.domain.errors import BadInput, InterlockRefused
from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.repo import Hub, Kind, RepoRef
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.domain.text import clean

Body = bytes | str | Mapping[str, object] | None

_ALWAYS = (
    (re.compile(r"/api/repos/(move|delete)$"), "it moves or deletes a repo"),
    (re.compile(r"/api/(models|datasets|spaces|kernels)/.+/super-squash/.+$"), "it squashes history away"),
    (
        re.compile(r"/api/(models|datasets|spaces|kernels)/.+/lfs-files/batch$"),
        "it deletes stored files for good",
    ),
    (re.compile(r"\.git/git-receive-pack$|/git-receive-pack$"), "it pushes with git, which can drop history"),
)
_SETTINGS = (
    re.compile(r"/api/(models|datasets|spaces|kernels)/.+/settings$"),
    re.compile(r"/api/v1/(models|datasets|studios)/[^/]+/[^/]+$"),
    re.compile(r"/api/v1/datasets/[^/]+$"),
    re.compile(r"/openapi/v1/(models|datasets|studios)/.+$"),
)
_NEW_REF = re.compile(
    r"/api/(models|datasets|spaces)/[^/%]+/[^/%]+/(branch|tag|commit|preupload)/settings/?$"
)
"""A branch or tag that happens to be called settings: made or committed to, which destroys nothing."""
_NARROWING: Mapping[str, frozenset[object]] = {
    "visibility": frozenset({"private", 1}),
    "private": frozenset({True}),
    "gated": frozenset({"auto", "manual"}),
}
_MS_DELETE = re.compile(r"/api/v1/(models|datasets)/([^/]+)/([^/]+)$")


@dataclass(slots=True)
class _Arm:
    """One armed request: it opens once, in the thread that armed it, for exactly this method and address."""

    pass_: Pass
    method: str
    url: str
    thread: int
    spent: bool = False


_lock = threading.Lock()
_arms: list[_Arm] = []


def why_destructive(method: str, url: str, body: Body = None) -> str:
    """Say why a request counts as destructive; empty when it does not. ``body`` matters only for settings."""
    verb = method.strip().upper()
    path = _path(url)
    if verb == "DELETE":
        return "it is a DELETE"
    if verb in {"GET", "HEAD", "OPTIONS"}:
        return ""
    for pattern, why in _ALWAYS:
        if pattern.search(path):
            return why
    if verb == "POST" and _NEW_REF.fullmatch(urlsplit(url).path):
        return ""
    if verb in {"PUT", "PATCH", "POST"} and any(pattern.search(path) for pattern in _SETTINGS):
        if verb == "POST" and not path.endswith("/settings"):
            return ""
        if not _only_narrows(body):
            return "it changes settings and may make a repo visible to more people"
    return ""


def check(method: str, url: str, body: Body = None) -> None:
    """Let a harmless request pass; spend the arm of a destructive one. Raises InterlockRefused when nothing armed it.

    Raises BadInput for an address with one of this process's tokens in it: addresses end up in logs on the way.
    """
    if redact(url) != url:
        raise BadInput(
            "A request was not sent: its address would have had a token in it",
            way_out="A token was given in place of a name; look through the arguments and settings.",
        )
    why = why_destructive(method, url, body)
    if not why:
        return
    with _lock:
        for arm in _arms:
            if arm.spent or arm.thread != threading.get_ident():
                continue
            if arm.method != method.strip().upper() or arm.url != url:
                continue
            if not arm.pass_.valid_for(arm.pass_.ref, datetime.now(UTC)):
                raise _refusal(method, url, "the pass has expired", str(arm.pass_.ref.id))
            if not _names(arm.pass_.ref, url, body):
                raise _refusal(
                    method, url, "the request names another repo than the pass", str(arm.pass_.ref.id)
                )
            arm.spent = True
            return
    raise _refusal(method, url, why)


@contextmanager
def armed(pass_: Pass, method: str, url: str) -> Iterator[None]:
    """Let exactly one request through while the block runs: this method, this full address, sent by this thread.

    When it is sent, the pass must still be valid and the request must name the pass's repo (in the body on Hugging Face,
    in the path on ModelScope). Raises InterlockRefused at once for a pass that is no pass or has expired.
    """
    if not isinstance(pass_, Pass):
        raise _refusal(method, url, "what was shown is not a pass")
    if not pass_.valid_for(pass_.ref, datetime.now(UTC)):
        raise _refusal(method, url, "the pass has expired or is not yet valid", str(pass_.ref.id))
    arm = _Arm(pass_, method.strip().upper(), url, threading.get_ident())
    with _lock:
        _arms.append(arm)
    try:
        yield
    finally:
        with _lock:
            _arms.remove(arm)


def requests_adapter(**options: Any) -> Any:
    """A transport adapter for a ``requests.Session`` that asks ``check`` before sending.

    ModelScope's SDK uses requests; mount it on ``https://`` and ``http://`` of every session it builds. ``options`` go to
    ``requests.adapters.HTTPAdapter``.
    """
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

    class InterlockAdapter(HTTPAdapter):
        """Checks each request, redirected ones too, as the session hands it to the wire."""

        def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
            body = request.body if isinstance(request.body, bytes | str) else None
            check(request.method or "", request.url or "", body)
            return super().send(request, *args, **kwargs)

    return InterlockAdapter(**options)


def _path(url: str) -> str:
    return posixpath.normpath("/" + unquote(urlsplit(url).path).lstrip("/")).lower()


def _mapping(body: Body) -> Mapping[str, object] | None:
    if isinstance(body, Mapping):
        return body
    if not body:
        return None
    try:
        read = json.loads(body)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _only_narrows(body: Body) -> bool:
    fields = _mapping(body)
    if not fields:
        return False
    for key, value in fields.items():
        allowed = _NARROWING.get(key.lower())
        if allowed is None or not isinstance(value, str | int | bool):
            return False
        if not any(value == good and type(value) is type(good) for good in allowed):
            return False
    return True


def _names(ref: RepoRef, url: str, body: Body) -> bool:
    if ref.hub is Hub.MS:
        match = _MS_DELETE.search(unquote(urlsplit(url).path).rstrip("/"))
        return (
            match is not None
            and match.group(1) == ref.kind.plural
            and (match.group(2), match.group(3)) == (ref.owner, ref.name)
        )
    fields = _mapping(body)
    if fields is None or not _path(url).endswith("/api/repos/delete"):
        return False
    kind = fields.get("type") or Kind.MODEL.value
    owner, name = fields.get("organization"), fields.get("name")
    if not owner and isinstance(name, str) and "/" in name:
        owner, _, name = name.partition("/")
    return (owner, name, kind) == (ref.owner, ref.name, ref.kind.value)


def _refusal(method: str, url: str, why: str, repo: str = "") -> InterlockRefused:
    parts = urlsplit(url)
    where = clean(f"{parts.hostname or ''}{parts.path}", 160)
    return InterlockRefused(
        f"{clean(method, 12)} {where} was stopped: {why}",
        meaning="No request that destroys something leaves this program without a pass from the gate.",
        way_out="Open the gate of the repo; it hands out the pass. If nobody meant to delete, this is a fault to report.",
        repo=repo,
    )
