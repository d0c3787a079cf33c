"""Revisions of a repo: commits of a branch, branches and tags, and making a tag."""

from __future__ import annotations

from typing import Any

from ..repo import Commit, RefConflict, Repo
from ..wire import Call, Reply
from .access import DEFAULT_BRANCH, commit_at, json_object, number_param, seen_repo, writable_repo
from .envelopes import COMMIT_REFUSED, NO_TREE, ok, refuse


async def commits(call: Call) -> Reply:
    """GET …/commits: newest first. Only ``Ref`` is looked at: any other spelling of it gives master.

    A reference that does not exist is a success without commits.
    """
    repo = seen_repo(call)
    commit = commit_at(repo, call.query.get("Ref") or DEFAULT_BRANCH)
    if commit is None:
        return ok({"Commit": None, "TotalCount": 0})
    line = repo.history(commit)
    page, size = number_param(call, "PageNumber", 1), number_param(call, "PageSize", 10)
    return ok(
        {"Commit": [_commit(each) for each in line[(page - 1) * size : page * size]], "TotalCount": len(line)}
    )


def _commit(commit: Commit) -> dict[str, Any]:
    when = int(commit.date.timestamp())
    email = f"{commit.author}@loopback.invalid"
    return {
        "Id": commit.id,
        "ShortId": commit.id[:8],
        "Title": commit.title,
        "Message": commit.title if not commit.message else f"{commit.title}\n\n{commit.message}",
        "AuthorName": commit.author,
        "AuthorEmail": email,
        "AuthoredDate": when,
        "CommitterName": commit.author,
        "CommitterEmail": email,
        "CommittedDate": when,
        "CreatedAt": when,
    }


async def revisions(call: Call) -> Reply:
    """GET …/revisions: branches and tags by name. They do not say which commit they mean."""
    repo = seen_repo(call)
    return ok({"RevisionMap": {"Branches": _named(repo, repo.branches), "Tags": _named(repo, repo.tags)}})


def _named(repo: Repo, table: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"Revision": name, "CreatedAt": int(repo.commits[commit_id].date.timestamp())}
        for name, commit_id in table.items()
    ]


async def create_tag(call: Call) -> Reply:
    """POST …/repo/tag with TagName and Ref (a branch, a tag or a commit)."""
    repo = writable_repo(call, code=COMMIT_REFUSED)
    wanted = await json_object(call)
    name, ref = str(wanted.get("TagName") or ""), str(wanted.get("Ref") or DEFAULT_BRANCH)
    if not name or name in repo.branches or name in {"main", "master"}:
        raise refuse(400, 400, f"invalid tag name: {name}")
    commit = commit_at(repo, ref)
    if commit is None:
        raise refuse(404, NO_TREE, f"ref {ref} not found")
    try:
        repo.create_tag(name, commit.id)
    except RefConflict:
        raise refuse(400, 400, f"tag {name} already exists") from None
    return ok({"TagName": name, "Ref": ref})
