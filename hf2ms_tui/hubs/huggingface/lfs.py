"""Large files: asking which blobs a repo lacks, and uploading them.

Our own requests: the SDK's upload needs whole, seekable files and hashes each a second time; it sleeps through errors; and it
takes an LFS answer that says nothing about a blob for “already stored”. Wire: git-lfs batch API with Hugging Face's multipart
extension (huggingface_hub 2.4.0, lfs.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.hubs.body import Slice
from hf2ms_tui.hubs.data import origin
from hf2ms_tui.hubs.errors import Context, from_answer, lied
from hf2ms_tui.hubs.huggingface.client import SLOW, HuggingFaceClient
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.protocol import ByteSource, Ticket

BATCH = 500
"""blobs in one question; halved when the hub finds that too many"""
_JSON = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a blob goes: one address, or the addresses of its parts and what completes them. ``verify`` confirms it."""

    href: str
    part_size: int = 0
    parts: tuple[str, ...] = ()
    verify: str = ""

    def __repr__(self) -> str:
        return f"Upload({len(self.parts) or 1} part(s))"  # the addresses are signed


def missing(client: HuggingFaceClient, ref: RepoRef, blobs: Sequence[Blob]) -> tuple[Ticket, ...]:
    """A ticket for each of these blobs that the repo does not hold, in their order. See ``protocol.HubWriter.missing``."""
    context = client.context("ask which files it lacks", ref)
    asked = [
        blob for blob in dict.fromkeys(blobs) if blob.size
    ]  # an empty blob cannot be stored; it is committed inline
    return tuple(ticket for ticket in _ask_all(client, ref, asked, context) if ticket is not None)


def _ask_all(
    client: HuggingFaceClient, ref: RepoRef, blobs: Sequence[Blob], context: Context, size: int = BATCH
) -> Iterator[Ticket | None]:
    for at in range(0, len(blobs), size):
        group = blobs[at : at + size]
        try:
            answer = patiently(lambda group=group: _ask(client, ref, group, context))  # type: ignore[misc]
        except BadInput as error:
            if len(group) == 1 or error.status not in {400, 413, 422}:
                raise
            yield from _ask_all(client, ref, group, context, max(1, len(group) // 2))
            continue
        yield from _read(answer, group, client, ref, context)


def _ask(client: HuggingFaceClient, ref: RepoRef, blobs: Sequence[Blob], context: Context) -> Any:
    return client.post(
        client.git_url(ref, "info/lfs/objects/batch"),
        context,
        {
            "operation": "upload",
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": blob.sha256, "size": blob.size} for blob in blobs],
            "hash_algo": "sha256",
            "ref": {"name": Hub.HF.default_branch},
        },
        headers=_JSON,
    )


def _read(
    answer: Any, asked: Sequence[Blob], client: HuggingFaceClient, ref: RepoRef, context: Context
) -> Iterator[Ticket | None]:
    objects = answer.get("objects") if isinstance(answer, dict) else None
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise lied(context, "the answer names no objects")
    told: dict[str, dict[str, Any]] = {}
    for item in objects:
        oid = item.get("oid")
        if not isinstance(oid, str) or oid in told:
            raise lied(context, "the answer names an object twice or not at all")
        told[oid] = item
    for blob in asked:
        item = told.pop(blob.sha256, {})
        if not item:
            raise lied(context, f"it says nothing about {blob.sha256[:12]}…, which was asked for")
        yield _ticket(blob, item, client, ref, context)
    if told:
        raise lied(context, "it answers for an object that was not asked for")


def _ticket(
    blob: Blob, item: Mapping[str, Any], client: HuggingFaceClient, ref: RepoRef, context: Context
) -> Ticket | None:
    problem = item.get("error")
    if problem is not None:
        code = problem.get("code") if isinstance(problem, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 422
        raise from_answer(
            client.context(f"take in {blob.sha256[:12]}… ({blob.size:,} bytes)", ref),
            status,
            {},
            json.dumps(problem),
        )
    if item.get("size") != blob.size:
        raise lied(context, f"it holds {blob.sha256[:12]}… with another size than {blob.size:,} bytes")
    actions = item.get("actions")
    if not actions:
        return None
    upload = actions.get("upload") if isinstance(actions, dict) else None
    if not isinstance(upload, dict):
        raise lied(context, f"it neither holds {blob.sha256[:12]}… nor says where to put it")
    verify = actions.get("verify")
    return Ticket(
        blob,
        _multipart(
            blob,
            _address(upload.get("href"), client, context),
            upload.get("header") or {},
            _address(verify.get("href"), client, context) if isinstance(verify, dict) else "",
            client,
            context,
        ),
    )


def _multipart(
    blob: Blob, href: str, header: Mapping[str, Any], verify: str, client: HuggingFaceClient, context: Context
) -> Upload:
    if "chunk_size" not in header:
        return Upload(href, verify=verify)
    size = str(header["chunk_size"])
    numbers = sorted(int(name) for name in header if name.isdigit())
    by_number = {int(name): value for name, value in header.items() if name.isdigit()}
    if not size.isdigit() or int(size) < 1 or numbers != list(range(1, -(-blob.size // int(size)) + 1)):
        raise lied(context, f"it wants {blob.sha256[:12]}… in parts that do not add up to it")
    parts = tuple(_address(by_number[number], client, context) for number in numbers)
    return Upload(href, int(size), parts, verify)


def _address(href: object, client: HuggingFaceClient, context: Context) -> str:
    if not isinstance(href, str) or urlsplit(href).scheme not in {"http", "https"}:
        raise lied(context, "an upload address is none")
    if origin(client.endpoint)[0] == "https" and origin(href)[0] != "https":
        raise lied(context, "an upload address is plain http")
    return href


def put(client: HuggingFaceClient, ref: RepoRef, ticket: Ticket, source: ByteSource) -> None:
    """Upload one blob in order and have it confirmed. See ``protocol.HubWriter.put``.

    The signed storage addresses get no credentials; nor does the completion address, which is signed too.
    """
    blob, where = ticket.blob, ticket.where
    context = client.context(f"take in {blob.sha256[:12]}… ({blob.size:,} bytes)", ref)
    if not isinstance(where, Upload):
        raise TypeError("a ticket of another hub")
    if not where.parts:
        client.data.put(where.href, source, blob.size, context)
    else:
        _put_parts(client, blob, where, source, context)
    if where.verify:
        body = {"oid": blob.sha256, "size": blob.size}
        patiently(lambda: client.post(where.verify, context, body, headers=_JSON, read_timeout=SLOW))


def _put_parts(
    client: HuggingFaceClient, blob: Blob, where: Upload, source: ByteSource, context: Context
) -> None:
    done: list[dict[str, object]] = []
    for number, href in enumerate(where.parts, 1):
        size = min(where.part_size, blob.size - where.part_size * (number - 1))
        answer = client.data.put(href, Slice(source, size), size, context)
        etag = answer.headers.get("etag", "")
        if not etag:
            raise lied(context, f"part {number} of {len(where.parts)} was taken without a receipt")
        done.append({"partNumber": number, "etag": etag})
    body = {"oid": blob.sha256, "parts": done}
    patiently(lambda: client.post(where.href, context, body, headers=_JSON, read_timeout=SLOW, login=False))
