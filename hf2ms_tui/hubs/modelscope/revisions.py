"""Branches, tags and commits: which 40-hex revision a name means today.

There is no route that says so directly; the newest commit of ``GET …/commits?Ref=`` is it. Three traps: an unknown name is a
success without commits, a parameter the service does not know is ignored and master answers, and the list of branches names
them without their commits.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.errors import NotFound
from hf2ms_tui.domain.manifest import is_revision
from hf2ms_tui.domain.repo import GitRef, Hub, RepoRef
from hf2ms_tui.domain.text import clean, is_clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.modelscope.client import SEGMENTS, Client
from hf2ms_tui.hubs.modelscope.rows import moment

HISTORY_PAGE = 100
HISTORY_PAGES = 200
"""Pages after which counting commits is given up."""


@dataclass(frozen=True, slots=True)
class CommitRow:
    """A commit as listed. ``message`` is as the hub sent it, only to be compared; ``author`` is clean, ``at`` UTC."""

    id: str
    message: str
    author: str = ""
    at: datetime | None = None


class Revisions:
    """Reads refs and commits of any repo through one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._obeyed: set[str] = set()
        self._lock = threading.Lock()

    def resolve(self, ref: RepoRef, revision: str = "") -> str:
        """The 40-hex revision that ``revision`` (default branch when empty) means. Raises NotFound, HubLied."""
        name = revision or Hub.MS.default_branch
        context = self._client.context(f"find revision {clean(name, 80)}", ref)
        if not is_revision(name) and name != Hub.MS.default_branch:
            self._check_obeyed(ref, context)
        newest = self._newest(ref, name, context)
        if is_revision(name) and newest != name:
            raise lied(context, f"asked for commit {name[:12]} it answers with {newest[:12]}")
        return newest

    def _newest(self, ref: RepoRef, name: str, context: Context) -> str:
        found, _ = self.commits(ref, name, context, size=1)
        if not found:
            raise NotFound(
                f"ModelScope has no branch, tag or revision {clean(name, 80)} of {ref.id}",
                way_out="Refresh; it may have been renamed or removed.",
                repo=str(ref.id),
            )
        return found[0].id

    def _check_obeyed(self, ref: RepoRef, context: Context) -> None:
        """Ask once per type for a name that nobody has: if that has commits, names are ignored and all are master."""
        segment = SEGMENTS[ref.kind]
        with self._lock:
            if segment in self._obeyed:
                return
        nobody = f"hf2ms-{secrets.token_hex(8)}"
        found, _ = self.commits(ref, nobody, context, size=1)
        if found:
            raise lied(context, "it answers for a branch that does not exist, so it looks at no name at all")
        with self._lock:
            self._obeyed.add(segment)

    def commits(
        self, ref: RepoRef, name: str, context: Context, *, page: int = 1, size: int = HISTORY_PAGE
    ) -> tuple[list[CommitRow], int | None]:
        """A page of commits that lead to ``name``, newest first, and how many there are in all if the hub tells."""
        body = self._client.legacy(
            context,
            "GET",
            f"{SEGMENTS[ref.kind]}/{ref.id}/commits",
            params={"Ref": name, "PageNumber": page, "PageSize": size},
        )
        data = body.get("Data")
        if not isinstance(data, dict) or "Commit" not in data:
            raise lied(context, "the answer has no list of commits")
        rows = data["Commit"] or []
        if not isinstance(rows, list):
            raise lied(context, "the list of commits is none")
        found: list[CommitRow] = []
        for row in rows:
            id_ = row.get("Id") if isinstance(row, dict) else None
            if not isinstance(id_, str) or not is_revision(id_):
                raise lied(context, "a commit has no 40-hex id")
            found.append(
                CommitRow(
                    id_,
                    str(row.get("Message") or ""),
                    clean(str(row.get("AuthorName") or ""), 100),
                    moment(row.get("CommittedDate") or row.get("CreatedAt")),
                )
            )
        total = data.get("TotalCount", body.get("TotalCount"))
        return found, total if isinstance(total, int) and total >= len(found) else None

    def history(self, ref: RepoRef, revision: str) -> int | None:
        """How many commits lead to ``revision``: the hub's own count, or counted page by page; None beyond 20,000."""
        context = self._client.context("count the commits", ref)
        known: set[str] = set()
        for page in range(1, HISTORY_PAGES + 1):
            rows, total = self.commits(ref, revision, context, page=page)
            if page == 1 and (not rows or (is_revision(revision) and rows[0].id != revision)):
                return None
            if total:
                return total
            fresh = {row.id for row in rows} - known
            if not fresh:
                return len(known)
            known |= fresh
        return None

    def refs(self, ref: RepoRef) -> tuple[GitRef, ...]:
        """All branches and tags with their commits, sorted by kind and name. One request for each besides the list.

        Not by the SDK's ``list_revisions``, to which an answer without a list is an empty one.
        """
        context = self._client.context("list branches and tags", ref)
        body = self._client.legacy(context, "GET", f"{SEGMENTS[ref.kind]}/{ref.id}/revisions")
        data = body.get("Data")
        table = data.get("RevisionMap") if isinstance(data, dict) else None
        if not isinstance(table, dict):
            raise lied(context, "the answer has no branches and tags")
        found = [
            GitRef(name, kind, self.resolve(ref, name))
            for kind, key in (("branch", "Branches"), ("tag", "Tags"))
            for name in _names(table.get(key), context)
        ]
        return tuple(sorted(found, key=lambda each: (each.kind, each.name)))


def _names(rows: Any, context: Context) -> list[str]:
    if rows is None:
        return []
    names = (
        [row.get("Revision") if isinstance(row, dict) else None for row in rows]
        if isinstance(rows, list)
        else [None]
    )
    if not all(isinstance(name, str) and name and is_clean(name) for name in names):
        raise lied(context, "a branch or tag has no readable name")
    return [str(name) for name in names]
