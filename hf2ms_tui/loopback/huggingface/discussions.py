"""Discussions of a repo: listed ten at a time, newest first, and each with what was said in it.

They are kept in ``Repo.extra["discussions"]``: a list of dictionaries with num, title, status, author, isPullRequest, date
and comments (pairs of author and text). ``Repo.extra["discussions_disabled"]`` turns them off.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from ..repo import Repo
from ..wire import Call, Reply, json_reply
from .access import repo_of
from .dates import stamp
from .errors import refuse

PAGE = 10


def _all(repo: Repo) -> list[dict[str, Any]]:
    if repo.extra.get("discussions_disabled"):
        raise refuse(403, "Discussions are disabled for this repo")
    return cast("list[dict[str, Any]]", repo.extra.get("discussions", []))


def _row(repo: Repo, item: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "num": item["num"],
        "title": item["title"],
        "status": item.get("status", "open"),
        "isPullRequest": item.get("isPullRequest", False),
        "createdAt": stamp(cast("datetime", item["date"])),
        "repo": {"name": repo.id, "type": repo.kind},
        "numComments": len(item.get("comments", ())),
    }
    if item.get("author"):
        row["author"] = {"name": item["author"], "type": "user"}
    return row


async def discussions(call: Call) -> Reply:
    """``GET /api/models/{id}/discussions?p=N``."""
    _, repo = repo_of(call)
    rows = sorted(_all(repo), key=lambda item: -int(item["num"]))
    number = call.query.get("p", "0")
    start = PAGE * (int(number) if number.isdigit() else 0)
    shown = [_row(repo, item) for item in rows[start : start + PAGE]]
    return json_reply({"discussions": shown, "count": len(rows), "start": start, "numClosedDiscussions": 0})


async def discussion(call: Call) -> Reply:
    """``GET /api/models/{id}/discussions/{num}``."""
    _, repo = repo_of(call)
    item = next((each for each in _all(repo) if str(each["num"]) == call.params["num"]), None)
    if item is None:
        raise refuse(404, "Discussion not found")
    when = stamp(cast("datetime", item["date"]))
    events = [
        {
            "id": f"{number:024x}",
            "type": "comment",
            "createdAt": when,
            "author": {"name": author},
            "data": {"edited": False, "hidden": False, "latest": {"raw": text}},
        }
        for number, (author, text) in enumerate(item.get("comments", ()), 1)
    ]
    row = {**_row(repo, item), "events": events}
    if row["isPullRequest"]:
        row |= {"changes": {"base": "refs/heads/main"}, "filesWithConflicts": []}
    return json_reply(row)
