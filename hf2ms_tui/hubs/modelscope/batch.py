"""Asking which blobs ModelScope lacks, strictly.

The SDK's ``validate_blobs`` takes an object with an error, one without an address and HTTP 200 with a failure inside all for
"already stored", and would then commit a pointer to bytes that were never sent. Here a blob counts as stored only when the
hub leaves it out of an answer that is otherwise whole: that is how it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hf2ms_tui.domain.errors import BadInput, HubLied, QuotaExceeded
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.modelscope.client import SEGMENTS, Client, trusted
from hf2ms_tui.hubs.modelscope.rules import BATCH
from hf2ms_tui.hubs.protocol import Ticket


@dataclass(frozen=True, slots=True)
class Where:
    """Where a blob is to be PUT."""

    href: str


def ask_missing(client: Client, ref: RepoRef, blobs: Sequence[Blob]) -> tuple[Ticket, ...]:
    """A ticket for each blob the hub does not hold, in the order given; each blob once.

    One request for 500 blobs. Where some of those are wanted and others left out, the left out are asked for once more, as an
    answer cut short would look the same. Raises HubLied for an answer that neither grants nor confirms a blob.
    """
    context = client.context("ask which blobs it lacks", ref)
    unique = list(dict.fromkeys(blobs))
    tickets: list[Ticket] = []
    for at in range(0, len(unique), BATCH):
        asked = unique[at : at + BATCH]
        granted = _ask(client, ref, asked, context)
        rest = [blob for blob in asked if blob not in granted]
        if granted and rest:
            granted |= _ask(client, ref, rest, context)
        tickets += [Ticket(blob, Where(granted[blob])) for blob in asked if blob in granted]
    return tuple(tickets)


def _ask(client: Client, ref: RepoRef, blobs: list[Blob], context: Context) -> dict[Blob, str]:
    objects = [{"oid": blob.sha256, "size": blob.size} for blob in blobs]
    try:
        body = client.legacy(
            context,
            "POST",
            f"repos/{SEGMENTS[ref.kind]}/{ref.id}/info/lfs/objects/batch",
            body={"operation": "upload", "objects": objects},
        )
    except (QuotaExceeded, BadInput) as error:
        if len(blobs) == 1 or error.status not in {400, 413, 422}:
            raise
        half = len(blobs) // 2
        return _ask(client, ref, blobs[:half], context) | _ask(client, ref, blobs[half:], context)
    return _read(body.get("Data"), set(blobs), client.endpoint, context)


def _read(data: object, asked: set[Blob], endpoint: str, context: Context) -> dict[Blob, str]:
    objects = data.get("objects") if isinstance(data, dict) else None
    if not isinstance(objects, list):
        raise lied(context, "the answer has no list of objects")
    granted: dict[Blob, str] = {}
    for entry in objects:
        blob = _blob(entry)
        if blob is None or blob not in asked or blob in granted:
            raise lied(context, "the answer names an object that was not asked for")
        granted[blob] = _href(entry, blob, endpoint, context)
    return granted


def _blob(entry: object) -> Blob | None:
    if not isinstance(entry, dict):
        return None
    oid, size = entry.get("oid"), entry.get("size")
    return Blob(oid, size) if isinstance(oid, str) and isinstance(size, int) else None


def _href(entry: dict[str, Any], blob: Blob, endpoint: str, context: Context) -> str:
    short = blob.sha256[:12]
    error = entry.get("error")
    if error:
        code = error.get("code") if isinstance(error, dict) else None
        said = str(error.get("message", "")) if isinstance(error, dict) else str(error)
        kind = QuotaExceeded if code in {413, 422, 507} else HubLied
        raise kind(
            f"ModelScope does not take blob {short} of {blob.size:,} bytes",
            meaning=f"It said: {context.clean(said)}",
            way_out="A file may have 50 GB at most." if kind is QuotaExceeded else "Try again.",
            repo=context.repo,
            status=code if isinstance(code, int) else None,
        )
    actions = entry.get("actions")
    upload = actions.get("upload") if isinstance(actions, dict) else None
    href = upload.get("href") if isinstance(upload, dict) else None
    if not isinstance(href, str) or not href:
        raise lied(
            context, f"blob {short} is mentioned without an address, so it is neither stored nor wanted"
        )
    if not trusted(endpoint, href):
        raise lied(context, f"the address for blob {short} is not ModelScope's; no token goes there")
    return href
