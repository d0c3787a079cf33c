"""References and history: branches, tags, commits, squashing."""

from __future__ import annotations

from collections.abc import Callable

from ..repo import RefConflict, RefMissing, Repo
from ..wire import Call, Reply, json_reply, text_reply
from .access import commit_of, repo_of, writable
from .dates import stamp
from .errors import refuse
from .paging import page
from .settings import setting


async def refs(call: Call) -> Reply:
    """``GET /api/models/{id}/refs``; pull requests only if asked for."""
    _, repo = repo_of(call)
    made = {
        "branches": _rows(repo.branches, "refs/heads/"),
        "converts": _rows(repo.converts, "refs/convert/"),
        "tags": _rows(repo.tags, "refs/tags/"),
    }
    if call.query.get("include_prs") == "1":
        made["pullRequests"] = _rows(repo.pulls, "refs/pr/")
    return json_reply(made)


def _rows(table: dict[str, str], prefix: str) -> list[dict[str, str]]:
    return [{"name": name, "ref": prefix + name, "targetCommit": target} for name, target in table.items()]


async def commits(call: Call) -> Reply:
    """``GET /api/models/{id}/commits/{rev}``, newest first."""
    _, repo = repo_of(call)
    history = repo.history(commit_of(repo, call.params["rev"]))
    shown, headers = page(call, history, setting(call.hub, "commits_page"))
    rows = []
    for commit in shown:
        row: dict[str, object] = {
            "id": commit.id,
            "title": commit.title,
            "message": commit.message,
            "authors": [{"user": commit.author, "avatar": f"/avatars/{commit.author}.svg"}],
            "date": stamp(commit.date),
        }
        if "formatted" in (*call.query.getall("expand[]", []), *call.query.getall("expand", [])):
            row["formatted"] = {"title": commit.title, "message": commit.message}
        rows.append(row)
    return json_reply(rows, headers={**headers, "X-Total-Count": str(len(history))})


def _ok() -> Reply:
    return text_reply("OK")


def _refuse_reserved(name: str, kind: str) -> None:
    """Answers 400 to names that are full references, as ``refs/pr/5`` (documented for branches in the SDK)."""
    if not name or name.startswith("refs/"):
        raise refuse(400, f"Invalid reference for a {kind}: {name}")


async def create_branch(call: Call) -> Reply:
    """``POST /api/models/{id}/branch/{b}``."""
    _, repo = writable(call)
    data = await call.json()
    _refuse_reserved(call.params["ref"], "branch")
    try:
        repo.create_branch(call.params["ref"], data.get("startingPoint"))
    except RefConflict as error:
        raise refuse(409, str(error)) from None
    except RefMissing as error:
        raise refuse(404, f"Invalid rev id: {error}", "RevisionNotFound") from None
    return _ok()


async def delete_branch(call: Call) -> Reply:
    """``DELETE /api/models/{id}/branch/{b}``; main stays."""
    _, repo = writable(call)
    if call.params["ref"] == "main":
        raise refuse(403, "Cannot delete the main branch")
    return _removed(repo.delete_branch, call.params["ref"])


async def create_tag(call: Call) -> Reply:
    """``POST /api/models/{id}/tag/{rev} {"tag"}``."""
    _, repo = writable(call)
    data = await call.json()
    commit = commit_of(repo, call.params["ref"])
    tag = str(data.get("tag", ""))
    _refuse_reserved(tag, "tag")
    try:
        repo.create_tag(tag, commit.id)
    except RefConflict as error:
        raise refuse(409, str(error)) from None
    return _ok()


async def delete_tag(call: Call) -> Reply:
    """``DELETE /api/models/{id}/tag/{t}``."""
    _, repo = writable(call)
    return _removed(repo.delete_tag, call.params["ref"])


def _removed(remove: Callable[[str], None], name: str) -> Reply:
    try:
        remove(name)
    except RefMissing:
        raise refuse(404, f"Invalid rev id: {name}", "RevisionNotFound") from None
    return _ok()


async def squash(call: Call) -> Reply:
    """``POST /api/models/{id}/super-squash/{ref}``: one commit instead of a branch's history."""
    who, repo = writable(call)
    data = await call.json()
    _squash(repo, call.params["ref"], str(data.get("message", "Super-squash")), who.name or "")
    return _ok()


def _squash(repo: Repo, branch: str, message: str, author: str) -> None:
    try:
        repo.squash(branch, message, author)
    except RefMissing:
        raise refuse(404, f"Invalid rev id: {branch}", "RevisionNotFound") from None
