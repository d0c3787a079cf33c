"""LFS blobs on their way in: asking which are wanted, and uploading one to the blob host.

Blobs are stored once for all repos, known by sha256 and size. What is stored already is not mentioned in the answer.
"""

from __future__ import annotations

import re
from typing import Any

from ..blobs import BlobRefused, ContentIndex
from ..wire import Call, Reply
from .access import SEGMENTS, json_object, settings_of, site_of, writable_repo
from .envelopes import COMMIT_REFUSED, fail, ok, refuse

_SHA = re.compile(r"[0-9a-f]{64}")


async def batch(call: Call) -> Reply:
    """POST …/info/lfs/objects/batch for uploads: an address for each object that is not stored yet."""
    repo = writable_repo(call, code=COMMIT_REFUSED)
    wanted = await json_object(call)
    if wanted.get("operation") != "upload":
        raise refuse(400, 400, f"unsupported operation: {wanted.get('operation')}")
    objects = wanted.get("objects")
    if not isinstance(objects, list):
        raise refuse(400, 400, "objects must be a list")
    pairs = [_pair(each) for each in objects]
    missing = await call.off_loop(_missing, call.hub.blobs, pairs)
    site, limit = site_of(call), settings_of(call).blob_limit
    base = f"{site.origin('lfs').url}/api/v1/repos/{SEGMENTS[repo.kind]}/{repo.id}/blobs"
    return ok({"objects": [_answer(base, oid, size, limit) for oid, size in missing], "reused-objects": []})


def _pair(entry: Any) -> tuple[str, int]:
    oid, size = (entry.get("oid"), entry.get("size")) if isinstance(entry, dict) else (None, None)
    if not isinstance(oid, str) or not _SHA.fullmatch(oid) or not isinstance(size, int) or size < 0:
        raise refuse(400, 400, f"invalid object: {entry}")
    return oid, size


def _missing(blobs: ContentIndex, pairs: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [pair for pair in dict.fromkeys(pairs) if blobs.find(*pair) is None]


def _answer(base: str, oid: str, size: int, limit: int) -> dict[str, Any]:
    if size > limit:
        error = {"code": 413, "message": f"object is larger than {limit} bytes"}
        return {"oid": oid, "size": size, "error": error}
    upload = {
        "href": f"{base}/{oid}/{size}",
        "offset": 0,
        "upload_header": {"Range": "bytes=0-"},
        "upload_parameters": {},
    }
    return {"oid": oid, "size": size, "actions": {"upload": upload}}


async def put_blob(call: Call) -> Reply:
    """PUT …/blobs/SHA256/SIZE on the blob host: one body of exactly that size, checked while it arrives."""
    writable_repo(call, code=COMMIT_REFUSED)
    oid, size = call.params["oid"], int(call.params["size"])
    length = call.headers.get("Content-Length")
    if length != str(size) or "Transfer-Encoding" in call.headers:
        message = f"malformed request: Content-Length is {length}, announced were {size} bytes in one piece"
        return fail(400, 400, message, {"Connection": "close"})
    if size > settings_of(call).blob_limit:
        return fail(413, 413, "object is too large", {"Connection": "close"})
    intake = await call.off_loop(call.runtime.world.intake, oid, size)
    writer = intake.part()
    try:
        async for piece in call.chunks():
            writer.write(piece)
        writer.close()
        content = await call.off_loop(intake.finish)
    except BlobRefused as refused:
        return fail(400, 400, f"blob refused: {refused}", {"Connection": "close"})
    except BaseException:
        # Whatever ends it, the client's hanging up or the server's end: half a blob is nothing.
        intake.abandon()
        raise
    call.hub.blobs.add(content)
    return ok({})
