"""The storage origin: PUT of whole blobs and of parts, to signed addresses, checked while they arrive."""

from __future__ import annotations

from ..blobs import BlobRefused, Intake
from ..wire import Call, Reply
from .lfs import Upload, Uploads
from .signing import xml_error


class Storage:
    """Handlers of the storage origin."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    async def put(self, call: Call) -> Reply:
        """``PUT`` of a blob or a part. 411 without Content-Length; 400 if length, size or sha256 are wrong."""
        query = self._uploads.signer.check(call)
        upload = self._uploads.get(call, query["uploadId"])
        if upload is None or (upload.done and upload.part_size):
            return xml_error(404, "NoSuchUpload", "The specified upload does not exist")
        length = call.headers.get("Content-Length")
        if length is None or "chunked" in call.headers.get("Transfer-Encoding", ""):
            return xml_error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        number = int(query.get("partNumber", "0"))
        offset = (number - 1) * upload.part_size if number else 0
        expected = min(upload.part_size, upload.size - offset) if number else upload.size
        if int(length) != expected:
            return xml_error(400, "InvalidRequest", f"{length} bytes announced, {expected} belong here")
        return await (self._part(call, upload, number, offset) if number else self._whole(call, upload))

    async def _whole(self, call: Call, upload: Upload) -> Reply:
        intake = await call.off_loop(call.runtime.world.intake, upload.oid, upload.size)
        try:
            await _receive(call, intake, 0)
            content = await call.off_loop(intake.finish)
        except BlobRefused as refused:
            return xml_error(400, "BadDigest", str(refused))
        except BaseException:
            intake.abandon()
            raise
        upload.repo.blobs.add(content)
        upload.done = True
        return Reply(200, {"ETag": f'"{upload.oid[:32]}"'})

    async def _part(self, call: Call, upload: Upload, number: int, offset: int) -> Reply:
        async with upload.opening:
            if upload.intake is None:
                upload.intake = await call.off_loop(call.runtime.world.intake, upload.oid, upload.size)
        try:
            await _receive(call, upload.intake, offset)
        except BlobRefused as refused:
            return xml_error(400, "EntityTooLarge", str(refused))
        etag = f'"{upload.id[:24]}-{number:05d}"'
        upload.etags[number] = etag
        return Reply(200, {"ETag": etag})


async def _receive(call: Call, intake: Intake, offset: int) -> None:
    part = intake.part(offset)
    async for piece in call.chunks():
        part.write(piece)
    part.close()
