"""The commits that lead to a revision.

Our own requests: the SDK's ``list_repo_commits`` reads the whole history, however long, before it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hf2ms_tui.domain.manifest import is_revision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient

MAX_PAGES = 20
"""pages counted before giving up; about 1,000 commits"""


@dataclass(frozen=True, slots=True)
class Commit:
    """The newest commit of a branch, tag or revision. ``parent`` is empty for the first, ``title`` as the hub gives it."""

    revision: str
    title: str
    parent: str


def newest(client: HuggingFaceClient, ref: RepoRef, revision: str) -> Commit:
    """The commit that ``revision`` means. One request. Raises NotFound, Moved, HubLied."""
    context = client.context(f"resolve {clean(revision, 80)}", ref)
    page, _ = client.get(client.api_url(ref, "commits", revision), context)
    ids = _ids(page, context)
    if not ids:
        raise lied(context, "there is no commit")
    return Commit(ids[0], str(page[0].get("title")), ids[1] if len(ids) > 1 else "")


def count(client: HuggingFaceClient, ref: RepoRef, revision: str) -> int | None:
    """How many commits lead to a revision; None beyond about 1,000."""
    context = client.context("count the commits", ref)
    url = client.api_url(ref, "commits", revision)
    found = 0
    for _ in range(MAX_PAGES):
        page, answer = client.get(url, context)
        found += len(_ids(page, context))
        url = client.next_page(answer, context)
        if not url:
            return found
    return None


def _ids(page: Any, context: Context) -> list[str]:
    if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
        raise lied(context, "a page of the history is not a list of commits")
    ids = [item.get("id") for item in page]
    if not all(isinstance(oid, str) and is_revision(oid) for oid in ids):
        raise lied(context, "a commit has no id")
    return [str(oid) for oid in ids]
