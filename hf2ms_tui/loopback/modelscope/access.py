"""Who asks, and what they may: tokens and sessions, and the repos of a request.

A credential that is not good is ignored where anybody may read; the service says nothing about it. Whoever may not see a
repo is told 404, with another code than for a repo that does not exist.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

from ..repo import Commit, Repo
from ..wire import Call
from ..world import Token
from .envelopes import NO_ACCESS, NO_TREE, NOT_FOUND, refuse

if TYPE_CHECKING:
    from .settings import MsSettings
    from .site import ModelScopeSite

KINDS = {"models": "model", "datasets": "dataset", "studios": "space"}
SEGMENTS = {kind: segment for segment, kind in KINDS.items()}
VISIBILITIES = {1: "private", 3: "internal", 5: "public"}
LEVELS = {word: number for number, word in VISIBILITIES.items()}
DEFAULT_BRANCH = "master"


def site_of(call: Call) -> ModelScopeSite:
    """The ModelScope that was asked."""
    return cast("ModelScopeSite", call.site)


def settings_of(call: Call) -> MsSettings:
    """Its settings at this moment."""
    return site_of(call).settings.under(call.hub.settings)


def token_of(call: Call) -> Token | None:
    """The good token of this request, or None: anonymous, unknown, expired, or one of the two forms in strict mode."""
    hub = call.hub
    bearer, cookie = hub.token_for(call.credential), hub.token_for(call.session)
    if settings_of(call).strict_auth and (bearer is None or bearer is not cookie):
        return None
    token = bearer or cookie
    return None if token is None or token.expired else token


def session_for(call: Call, token: Token) -> str:
    """The session that a login with `token` opens; it is a credential of its own from then on."""
    session = hashlib.sha256(f"session of {token.value}".encode()).hexdigest()
    call.hub.sessions[session] = token.value
    return session


def role_of(call: Call, owner: str) -> str | None:
    """The role of whoever asks in `owner`: admin, write, contributor, read; None for strangers."""
    token = token_of(call)
    if token is None or (token.orgs is not None and owner not in token.orgs):
        return None
    role = call.hub.role_in(token.account, owner)
    return None if role == "no_access" else role


def may_see(call: Call, repo: Repo) -> bool:
    """Whether whoever asks may know of `repo`."""
    token = token_of(call)
    if repo.visibility == "public":
        return True
    if token is None:
        return False
    return (
        repo.visibility == "internal"
        or role_of(call, repo.owner) is not None
        or token.account in repo.granted
    )


def may_write(call: Call, repo: Repo) -> bool:
    """Whether whoever asks may change files of `repo`: a token above reading, of somebody who writes in the owner."""
    token = token_of(call)
    return (
        token is not None
        and token.role != "read"
        and role_of(call, repo.owner) in {"admin", "write", "contributor"}
    )


def may_manage(call: Call, repo: Repo) -> bool:
    """Whether whoever asks may change settings of `repo`: admins of the owner, with a token above reading."""
    token = token_of(call)
    return token is not None and token.role != "read" and role_of(call, repo.owner) == "admin"


def by_number(call: Call, kind: str, number: int) -> Repo | None:
    """The repo whose numeric Id is `number`."""
    return next(
        (repo for repo in call.hub.repos.values() if repo.kind == kind and repo.serial == number), None
    )


def seen_repo(call: Call) -> Repo:
    """The repo that the path names, by owner and name or by number. Answers 404 if it is not there or not to be seen."""
    kind = KINDS[call.params["segment"]]
    if "number" in call.params:
        repo = by_number(call, kind, int(call.params["number"]))
    else:
        repo = call.hub.get(kind, f"{call.params['owner']}/{call.params['name']}")
    noun = "模型" if kind == "model" else "数据集"
    if repo is None:
        raise refuse(404, NOT_FOUND, f"获取{noun}信息失败，信息：record not found")
    if not may_see(call, repo):
        raise refuse(404, NO_ACCESS, f"{noun}不存在或您没有访问权限")
    return repo


def logged_in(call: Call, *, code: int, status: int = 400) -> Token:
    """The good token of this request. Answers `status` and `code` if there is none."""
    token = token_of(call)
    if token is None:
        raise refuse(status, code, "user not logged in")
    return token


def writable_repo(call: Call, *, code: int) -> Repo:
    """The repo that the path names, for somebody who may write to it. Answers 400, 404 or 403 otherwise."""
    logged_in(call, code=code)
    repo = seen_repo(call)
    if not may_write(call, repo):
        raise refuse(403, 403, "no write permission to repository")
    return repo


def commit_at(repo: Repo, revision: str) -> Commit | None:
    """The commit that a branch, a tag or a full commit id means; None if it means nothing."""
    commit_id = repo.branches.get(revision) or repo.tags.get(revision) or revision
    return repo.commits.get(commit_id)


def pinned(call: Call, repo: Repo) -> Commit | None:
    """The commit of the Revision parameter (default: master).

    For a revision that does not exist: 404, or None where the settings say that it looks like an empty repo.
    """
    revision = call.query.get("Revision") or DEFAULT_BRANCH
    commit = commit_at(repo, revision)
    if commit is None and settings_of(call).unknown_revision_status != 200:
        raise refuse(404, NO_TREE, f"获取文件列表失败，信息：revision {revision} not found")
    return commit


async def json_object(call: Call) -> dict[str, Any]:
    """The body, which must be a JSON object; an empty body is an empty one. Answers 400 to anything else."""
    wanted = await call.json()
    if not isinstance(wanted, dict):
        raise refuse(400, 400, "the request body must be a JSON object")
    return wanted


def number_param(call: Call, name: str, default: int) -> int:
    """A positive whole number from the query. Answers 400 to anything else."""
    text = call.query.get(name)
    if text is None or text == "":
        return default
    if not text.isdigit() or int(text) < 1:
        raise refuse(400, 400, f"invalid parameter {name}: {text}")
    return int(text)
