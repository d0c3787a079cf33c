"""Large payloads: uploaded and downloaded over HTTP at addresses that the control plane hands out."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from aiohttp import web
from modal_proto import api_pb2

from .ids import new_id
from .rpc import Caller, missing, rpc
from .settings import Settings

PART = 16 * 1024 * 1024
"""Bytes of a part of a multipart upload."""


class BlobStore:
    """Blobs as files of a folder, and the HTTP server before them: PUT, GET, and POST to join parts, as S3 has it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder / "blobs"
        self._folder.mkdir()
        self._settings = settings
        self._announced: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.failures: list[int] = []
        """Statuses that the next uploads and downloads are answered with instead of being done, in order."""

    async def start(self) -> None:
        """Listen at any port of 127.0.0.1."""
        app = web.Application(client_max_size=1024**3)
        app.router.add_put("/{blob}", self._put)
        app.router.add_put("/{blob}/{part}", self._put)
        app.router.add_post("/{blob}", self._join)
        app.router.add_get("/{blob}", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _path(self, blob_id: str, part: str = "") -> Path:
        if not re.fullmatch(r"bl-[A-Za-z0-9]{22}", blob_id) or not re.fullmatch(r"\d{0,5}", part):
            raise web.HTTPNotFound
        return self._folder / (f"{blob_id}.{part}" if part else blob_id)

    def _spoil(self) -> None:
        if self.failures:
            status = self.failures.pop(0)
            error = web.HTTPServiceUnavailable() if status == 503 else web.HTTPInternalServerError()
            error.set_status(status)
            raise error

    async def _put(self, request: web.Request) -> web.Response:
        self._spoil()
        blob_id, part = request.match_info["blob"], request.match_info.get("part", "")
        if blob_id not in self._announced:
            raise web.HTTPForbidden
        data = await request.read()
        digest = hashlib.md5(data, usedforsecurity=False)
        announced = request.headers.get("Content-MD5")
        if announced is not None and base64.b64decode(announced) != digest.digest():
            raise web.HTTPBadRequest(text="The Content-MD5 you specified did not match what we received.")
        self._path(blob_id, part).write_bytes(data)
        return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})

    async def _join(self, request: web.Request) -> web.Response:
        self._spoil()
        blob_id = request.match_info["blob"]
        numbers = re.findall(r"<PartNumber>(\d+)</PartNumber>", await request.text())
        parts = [self._path(blob_id, number).read_bytes() for number in numbers]
        self._path(blob_id).write_bytes(b"".join(parts))
        digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        return web.Response(
            text=f"<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>"
        )

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self._spoil()
        path = self._path(request.match_info["blob"])
        if not path.exists():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    def read(self, blob_id: str) -> bytes:
        """An uploaded blob. Raises GRPCError NOT_FOUND."""
        if blob_id not in self._announced or not self._path(blob_id).exists():
            raise missing(f"No blob with ID '{blob_id}' found.")
        return self._path(blob_id).read_bytes()

    def announce(self, sha256_base64: str) -> str:
        """A new blob's id."""
        blob_id = new_id("bl")
        self._announced[blob_id] = sha256_base64
        return blob_id


class BlobService:
    """RPCs of blobs."""

    def __init__(self, settings: Settings, store: BlobStore) -> None:
        self._settings = settings
        self._store = store

    @rpc
    async def blob_create(
        self, request: api_pb2.BlobCreateRequest, caller: Caller
    ) -> api_pb2.BlobCreateResponse:
        """Where to upload."""
        blob_id = self._store.announce(request.content_sha256_base64)
        url = f"{self._store.url}/{blob_id}"
        made = api_pb2.BlobCreateResponse(blob_id=blob_id, blob_ids=[blob_id])
        if request.content_length > self._settings.multipart_above:
            count = -(-request.content_length // PART)
            made.multiparts.items.add(
                part_length=PART,
                upload_urls=[f"{url}/{number}" for number in range(1, count + 1)],
                completion_url=url,
            )
        else:
            made.upload_urls.items.append(url)
        return made

    @rpc
    async def blob_get(self, request: api_pb2.BlobGetRequest, caller: Caller) -> api_pb2.BlobGetResponse:
        """Where to download."""
        self._store.read(request.blob_id)
        return api_pb2.BlobGetResponse(download_url=f"{self._store.url}/{request.blob_id}")
