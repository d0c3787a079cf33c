"""What a repo on ModelScope has besides files: its description and its commits, to be kept in a tombstone."""

from __future__ import annotations

from collections.abc import Sequence

from hf2ms_tui.domain.chronicle import Chronicle, CommitLine
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, Client
from hf2ms_tui.hubs.modelscope.revisions import HISTORY_PAGE, Revisions

MAX_PAGES = 10
"""pages of commits read for one branch or tag; 1,000 commits"""


def chronicle(client: Client, revisions: Revisions, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
    """See ``protocol.HubReader.chronicle``. What people discuss there, no route tells a token."""
    troubles = ["The discussions could not be read: ModelScope shows them on its pages only."]
    description = ""
    try:
        context = client.context("read the description", ref)
        data = client.sdk(context, lambda api: api.legacy.get_repo_info(str(ref.id), SDK_TYPES[ref.kind]))
        told = data.get("Description") if isinstance(data, dict) else None
        description = clean(told, 5_000) if isinstance(told, str) else ""
    except Hf2msError as error:
        troubles.append(f"The description could not be read: {error}")
    commits: dict[str, CommitLine] = {}
    for head in heads:
        try:
            _commits(client, revisions, ref, head, commits, troubles)
        except Hf2msError as error:
            troubles.append(f"The commits that lead to {head[:7]} could not be read: {error}")
    return Chronicle(description, tuple(commits.values()), None, tuple(troubles))


def _commits(
    client: Client,
    revisions: Revisions,
    ref: RepoRef,
    head: str,
    known: dict[str, CommitLine],
    troubles: list[str],
) -> None:
    """Add the commits that lead to ``head``, newest first, down to one that is known already."""
    context = client.context("list the commits", ref)
    for page in range(1, MAX_PAGES + 1):
        rows, _ = revisions.commits(ref, head, context, page=page)
        for row in rows:
            if row.id in known:
                return
            title = clean(row.message.strip().partition("\n")[0], 300)
            known[row.id] = CommitLine(row.id, title, row.at, (row.author,) if row.author else ())
        if len(rows) < HISTORY_PAGE:
            return
    troubles.append(f"Only the newest {len(known):,} commits that lead to {head[:7]} were listed.")
