"""Commits: one POST that happens as a whole or not at all, guarded as well as it can be without help of the hub."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote

from hf2ms_tui.domain.errors import BadInput, Conflict, RateLimited, Unreachable
from hf2ms_tui.domain.manifest import is_revision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.modelscope.client import SEGMENTS, Client
from hf2ms_tui.hubs.modelscope.revisions import Revisions
from hf2ms_tui.hubs.modelscope.rules import LIMITS
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change

COMMIT_PATIENCE = 10
"""How many times longer than for other answers to wait for that to a commit; 2,000 actions are slow to check."""


class Committer:
    """Makes commits through one client."""

    def __init__(self, client: Client, revisions: Revisions) -> None:
        self._client = client
        self._revisions = revisions

    def commit(
        self, ref: RepoRef, branch: str, message: str, changes: Sequence[Change], parent: str = ""
    ) -> str:
        """Make one commit on a branch and return its revision, read back from the branch.

        The hub has no guard of its own: the branch is compared with ``parent`` before and the commit's predecessor after;
        Conflict either way, and the second time the commit was made. When the answer is lost, the branch tells: the commit
        is there, or it is not (Unreachable), or somebody else's is (Conflict).
        """
        _check_request(ref, branch, changes)
        context = self._client.context(f"commit {len(changes):,} change{'s' * (len(changes) > 1)}", ref)
        before = self._revisions.resolve(ref, branch)
        if parent and before != parent:
            raise _moved(ref, branch, parent, before, "Nothing was committed.")
        body = {"commit_message": message, "actions": [_action(change) for change in changes]}
        try:
            found = self._client.legacy(
                context,
                "POST",
                f"repos/{SEGMENTS[ref.kind]}/{ref.id}/commit/{quote(branch)}",
                body=body,
                again=False,
                read_timeout=COMMIT_PATIENCE * self._client.timeouts.read,
            )
        except Unreachable as lost:
            return self._after_lost_answer(ref, branch, before, message, lost)
        return self._read_commit(ref, branch, before, found.get("Data"), context)

    def _after_lost_answer(
        self, ref: RepoRef, branch: str, before: str, message: str, lost: Unreachable
    ) -> str:
        """The revision if one commit with our message stands on ``before``; raises what else the branch tells."""
        context = self._client.context("see whether the commit was made", ref)
        try:
            rows, _ = self._revisions.commits(ref, branch, context, size=2)
        except (Unreachable, RateLimited):
            lost.meaning = f"{lost.meaning} The commit may have been made all the same."
            raise lost from None
        if rows and rows[0].id == before:
            raise lost
        if len(rows) == 2 and rows[1].id == before and rows[0].message.strip() == message.strip():
            return rows[0].id
        raise _moved(
            ref, branch, before, rows[0].id if rows else "", "The answer to the commit was lost as well."
        )

    def _read_commit(self, ref: RepoRef, branch: str, before: str, data: object, context: Context) -> str:
        rows, _ = self._revisions.commits(ref, branch, context, size=2)
        ids = [row.id for row in rows]
        said = data.get("oid") if isinstance(data, dict) else None
        made = said if isinstance(said, str) and is_revision(said) else ids[0] if ids else ""
        if made == before or ids[:1] == [before]:
            raise lied(context, f"it reports a commit, but {branch} has not moved")
        if ids[:1] != [made] or (len(ids) > 1 and ids[1] != before):
            raise _moved(ref, branch, before, ids[0] if ids else "", "Our commit was made, next to another.")
        return made


def _check_request(ref: RepoRef, branch: str, changes: Sequence[Change]) -> None:
    inline = sum(len(change.data) for change in changes if isinstance(change, AddInline))
    trouble = ""
    if not changes:
        trouble = "a commit needs at least one change"
    elif len(changes) > LIMITS.actions:
        trouble = f"{len(changes):,} changes are more than the {LIMITS.actions:,} of one commit"
    elif inline > LIMITS.inline_bytes:
        trouble = f"{inline:,} bytes inside one commit are more than {LIMITS.inline_bytes:,}"
    elif not branch or is_revision(branch):
        trouble = "commits go to a branch, not to a revision"
    if trouble:
        raise BadInput(
            f"This cannot be committed to ModelScope: {trouble}",
            way_out="This is a fault of the program; please report it.",
            repo=str(ref.id),
        )


def _moved(ref: RepoRef, branch: str, expected: str, found: str, meaning: str) -> Conflict:
    return Conflict(
        f"{branch} of {ref.id} is at {found[:12] or 'nothing'}, not at {expected[:12]}: somebody else committed to it",
        meaning=meaning,
        way_out="Read the repo again, then carry on.",
        repo=str(ref.id),
    )


def _action(change: Change) -> dict[str, object]:
    """One change on the wire. "create" also overwrites: the SDK sends nothing else, and a README is replaced that way."""
    if isinstance(change, AddBlob):
        return {
            "action": "create",
            "path": change.path,
            "type": "lfs",
            "size": change.blob.size,
            "sha256": change.blob.sha256,
            "content": "",
            "encoding": "",
        }
    if isinstance(change, AddInline):
        return {
            "action": "create",
            "path": change.path,
            "type": "normal",
            "size": len(change.data),
            "sha256": "",
            "content": base64.b64encode(change.data).decode("ascii"),
            "encoding": "base64",
        }
    return {
        "action": "delete",
        "path": change.path,
        "type": "normal",
        "size": 0,
        "sha256": "",
        "content": "",
        "encoding": "",
    }
