"""What a repo on Hugging Face has besides files: its commits and its discussions, to be kept in a tombstone.

Our own requests: the SDK's ``list_repo_commits`` reads whole histories, and its discussions choke on authors that are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.chronicle import Chronicle, Comment, CommitLine, Discussion
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.manifest import is_revision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient

MAX_PAGES = 20
"""pages of commits read for one branch or tag; about 1,000 commits"""
MAX_DISCUSSIONS = 200
"""discussions read with what was said in them, the newest first; the others are counted"""
TEXT = 20_000
"""characters kept of one comment"""


def chronicle(client: HuggingFaceClient, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
    """See ``protocol.HubReader.chronicle``."""
    troubles: list[str] = []
    commits: dict[str, CommitLine] = {}
    for head in heads:
        try:
            _commits(client, ref, head, commits, troubles)
        except Hf2msError as error:
            troubles.append(f"The commits that lead to {head[:7]} could not be read: {error}")
    discussions: tuple[Discussion, ...] | None = None
    try:
        discussions = _discussions(client, ref, troubles)
    except Hf2msError as error:
        troubles.append(f"The discussions could not be read: {error}")
    return Chronicle("", tuple(commits.values()), discussions, tuple(troubles))


def _commits(
    client: HuggingFaceClient, ref: RepoRef, head: str, known: dict[str, CommitLine], troubles: list[str]
) -> None:
    """Add the commits that lead to ``head``, newest first, down to one that is known already."""
    context = client.context("list the commits", ref)
    url = client.api_url(ref, "commits", head)
    for _ in range(MAX_PAGES):
        page, answer = client.get(url, context)
        for item in _rows(page, context):
            revision = item.get("id")
            if not isinstance(revision, str) or not is_revision(revision):
                raise lied(context, "a commit has no id")
            if revision in known:
                return
            authors = item.get("authors")
            known[revision] = CommitLine(
                revision,
                clean(str(item.get("title") or ""), 300),
                _moment(item.get("date")),
                tuple(_name(author) for author in authors) if isinstance(authors, list) else (),
            )
        url = client.next_page(answer, context)
        if not url:
            return
    troubles.append(f"Only the newest {len(known):,} commits that lead to {head[:7]} were listed.")


def _discussions(client: HuggingFaceClient, ref: RepoRef, troubles: list[str]) -> tuple[Discussion, ...]:
    context = client.context("list the discussions", ref)
    rows: list[dict[str, Any]] = []
    total, number = 1, 0
    while len(rows) < min(total, MAX_DISCUSSIONS):
        page, _ = client.get(f"{client.api_url(ref, 'discussions')}?p={number}", context)
        told = page.get("discussions") if isinstance(page, dict) else None
        count = page.get("count") if isinstance(page, dict) else None
        if not isinstance(told, list) or not isinstance(count, int):
            raise lied(context, "the answer has no discussions")
        if not told:
            break
        rows += _rows(told, context)
        total, number = count, number + 1
    if not rows:
        return ()
    if total > len(rows[:MAX_DISCUSSIONS]):
        troubles.append(
            f"Only the newest {len(rows[:MAX_DISCUSSIONS]):,} of {total:,} discussions were read."
        )
    found = [_discussion(client, ref, row, troubles) for row in rows[:MAX_DISCUSSIONS]]
    return tuple(sorted(found, key=lambda each: each.number))


def _discussion(
    client: HuggingFaceClient, ref: RepoRef, row: dict[str, Any], troubles: list[str]
) -> Discussion:
    number = row.get("num")
    number = number if isinstance(number, int) else 0
    comments: tuple[Comment, ...] = ()
    try:
        context = client.context(f"read discussion {number}", ref)
        told, _ = client.get(client.api_url(ref, "discussions", str(number)), context)
        events = told.get("events") if isinstance(told, dict) else None
        comments = tuple(_comments(events if isinstance(events, list) else []))
    except Hf2msError as error:
        troubles.append(f"What was said in discussion {number} could not be read: {error}")
    return Discussion(
        number,
        clean(str(row.get("title") or ""), 300),
        clean(str(row.get("status") or "unknown"), 40),
        _name(row.get("author")),
        _moment(row.get("createdAt")),
        row.get("isPullRequest") is True,
        comments,
    )


def _comments(events: list[Any]) -> list[Comment]:
    found = []
    for event in events:
        if not isinstance(event, dict) or event.get("type") != "comment":
            continue
        data = event.get("data")
        latest = data.get("latest") if isinstance(data, dict) else None
        text = latest.get("raw") if isinstance(latest, dict) else None
        if isinstance(text, str):
            lines = "\n".join(clean(line) for line in text[:TEXT].split("\n"))
            found.append(Comment(_name(event.get("author")), _moment(event.get("createdAt")), lines))
    return found


def _rows(page: Any, context: Context) -> list[dict[str, Any]]:
    if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
        raise lied(context, "a page is not a list")
    return page


def _name(author: object) -> str:
    named = (author.get("user") or author.get("name")) if isinstance(author, dict) else None
    return clean(str(named), 100) if named else "deleted"


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None
