"""Commits: one request with small files inside and large ones by their sha256.

Our own requests: the SDK's ``create_commit`` leaves out files that a ``.gitignore`` in the same commit matches, without a
word; it cannot take a README that is not UTF-8; it hashes again what was uploaded; and it cannot tell a commit whose answer
was lost from one that failed. Wire: preupload and ndjson commit (huggingface_hub 2.4.0, _commit_api.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hf2ms_tui.domain.errors import BadInput, Conflict, Hf2msError, Unreachable
from hf2ms_tui.domain.manifest import Blob, git_blob_id, is_revision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.body import Memory
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.huggingface import lfs
from hf2ms_tui.hubs.huggingface.client import SLOW, HuggingFaceClient
from hf2ms_tui.hubs.huggingface.history import newest
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change, CommitLimits, Remove

LIMITS = CommitLimits(actions=1_000, inline_bytes=32 << 20, inline_file=10_000_000)
"""The hub takes 25,000 large files and 1 GB of small ones, but gives up after 60 s; the SDK sends up to 1,000 actions."""
SAMPLE = 512
_PREUPLOAD = 256


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What preupload says of an inline file: whether it must be a stored blob, and the id of what is there now."""

    lfs: bool
    oid: str


def commit(
    client: HuggingFaceClient,
    ref: RepoRef,
    branch: str,
    message: str,
    changes: Sequence[Change],
    parent: str = "",
) -> str:
    """Make one commit on ``branch`` and return its revision; see ``protocol.HubWriter.commit``.

    The hub decides with the true first bytes which small files it wants as stored blobs; those are uploaded first. Files that
    are there already are left out; when nothing is left, no commit is made and the head is returned.
    """
    context = client.context("commit", ref)
    _check(changes, context)
    inline = [
        AddInline(change.path, b"") if isinstance(change, AddBlob) else change
        for change in changes
        if isinstance(change, AddInline) or (isinstance(change, AddBlob) and not change.blob.size)
    ]
    verdicts, head = _preupload(client, ref, branch, inline, context)
    lines: list[dict[str, Any]] = []
    store: dict[Blob, bytes] = {}
    removed = {change.path for change in changes if isinstance(change, Remove)}
    for change in changes:
        if isinstance(change, Remove):
            lines.append({"key": "deletedFile", "value": {"path": change.path}})
            continue
        if isinstance(change, AddBlob) and change.blob.size:
            lines.append(_lfs_line(change.path, change.blob))
            continue
        data = change.data if isinstance(change, AddInline) else b""
        verdict = verdicts[change.path]
        if verdict.lfs and data:
            blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
            if verdict.oid != blob.sha256 or change.path in removed:
                store[blob] = data
                lines.append(_lfs_line(change.path, blob))
        elif verdict.oid != git_blob_id(data) or change.path in removed:
            content = base64.b64encode(data).decode()
            lines.append(
                {"key": "file", "value": {"content": content, "path": change.path, "encoding": "base64"}}
            )
    if not lines:
        return _unchanged(client, ref, branch, parent, head, context)
    for ticket in lfs.missing(client, ref, list(store)):
        lfs.put(client, ref, ticket, Memory(store[ticket.blob]))
    return _send(client, ref, branch, message, lines, parent, context)


def _check(changes: Sequence[Change], context: Context) -> None:
    adds = [change.path for change in changes if not isinstance(change, Remove)]
    for path in adds:
        parts = path.split("/")
        if not path or any(part in {"", ".", "..", ".git"} for part in parts):
            raise BadInput(
                f"“{clean(path, 160)}” cannot be a file's path on Hugging Face",
                way_out="Rename the file on the source.",
                repo=context.repo,
                path=clean(path),
            )
    if len(adds) != len(set(adds)):
        raise BadInput("One commit would put two files at the same path", repo=context.repo)


def _lfs_line(path: str, blob: Blob) -> dict[str, Any]:
    return {
        "key": "lfsFile",
        "value": {"path": path, "algo": "sha256", "oid": blob.sha256, "size": blob.size},
    }


def _preupload(
    client: HuggingFaceClient, ref: RepoRef, branch: str, files: Sequence[AddInline], context: Context
) -> tuple[dict[str, _Verdict], str]:
    found: dict[str, _Verdict] = {}
    head = ""
    for at in range(0, len(files), _PREUPLOAD):
        group = files[at : at + _PREUPLOAD]
        # no gitIgnore in it: what the source's history holds is copied whether or not a .gitignore matches
        body = {
            "files": [
                {
                    "path": file.path,
                    "sample": base64.b64encode(file.data[:SAMPLE]).decode(),
                    "size": len(file.data),
                }
                for file in group
            ]
        }
        url = client.api_url(ref, "preupload", branch)
        answer = patiently(lambda body=body, url=url: client.post(url, context, body))  # type: ignore[misc]
        told = answer.get("files") if isinstance(answer, dict) else None
        modes = {item.get("path"): item for item in told or () if isinstance(item, dict)}
        for file in group:
            mode = modes.get(file.path, {})
            if mode.get("uploadMode") not in {"lfs", "regular"}:
                raise lied(context, f"it does not say how it wants {clean(file.path, 80)}")
            found[file.path] = _Verdict(mode["uploadMode"] == "lfs", str(mode.get("oid") or ""))
        head = str(answer.get("commitOid") or head)
    return found, head


def _unchanged(
    client: HuggingFaceClient, ref: RepoRef, branch: str, parent: str, head: str, context: Context
) -> str:
    now = head if is_revision(head) else newest(client, ref, branch).revision
    if parent and now != parent:
        raise _moved_on(context, branch)
    return now


def _send(
    client: HuggingFaceClient,
    ref: RepoRef,
    branch: str,
    message: str,
    lines: list[dict[str, Any]],
    parent: str,
    context: Context,
) -> str:
    summary, _, description = message.partition("\n")
    header = {"summary": summary, "description": description.strip()}
    if parent:
        header["parentCommit"] = parent
    first = {"key": "header", "value": header}
    body = b"".join(json.dumps(line).encode() + b"\n" for line in (first, *lines))
    try:
        answer = client.post(
            client.api_url(ref, "commit", branch),
            context,
            body,
            headers={"Content-Type": "application/x-ndjson"},
            read_timeout=SLOW,
        )
    except Conflict as error:
        raise _moved_on(context, branch, error) from None
    except Unreachable as error:
        landed = _landed(client, ref, branch, summary, parent)
        if landed:
            return landed
        raise error
    made = answer.get("commitOid") if isinstance(answer, dict) else None
    if not isinstance(made, str) or not is_revision(made) or answer.get("success") is False:
        raise lied(context, "it confirms no commit")
    return made


def _landed(client: HuggingFaceClient, ref: RepoRef, branch: str, summary: str, parent: str) -> str:
    """The revision of our commit when it was made although its answer was lost; empty when it was not, or nobody can tell."""
    if not parent:
        return ""
    try:
        head = newest(client, ref, branch)
    except Hf2msError:
        return ""
    return head.revision if head.parent == parent and head.title == summary else ""


def _moved_on(context: Context, branch: str, error: Hf2msError | None = None) -> Conflict:
    return Conflict(
        f"Branch {clean(branch, 80)} of {context.repo} moved on while the commit was being prepared",
        meaning="Somebody else committed there; nothing of ours was changed."
        + (f" {error.meaning}" if error else ""),
        way_out="Run it again: it compares with what is there now.",
        repo=context.repo,
        status=error.status if error else None,
    )
