"""The LFS protocol on the API origin: batch, completion of multipart uploads, verify, and the list of all blobs."""

from __future__ import annotations

import asyncio
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

from ..blobs import BlobRefused, Intake
from ..repo import Repo
from ..wire import Call, Refused, Reply, json_reply
from .access import open_files, repo_of, unlocked, writable
from .dates import stamp
from .errors import error_reply, refuse
from .paging import endpoint, page
from .settings import setting
from .signing import Signer

LFS_JSON = {"Content-Type": "application/vnd.git-lfs+json; charset=utf-8"}


@dataclass(eq=False)
class Upload:
    """A blob that a client announced and may send, in one piece or (`part_size` > 0) in parts.

    It stays known when it is `done`: a client whose answer got lost sends the last request again.
    """

    id: str
    repo: Repo
    oid: str
    size: int
    part_size: int = 0
    done: bool = False
    intake: Intake | None = None
    etags: dict[int, str] = field(default_factory=dict)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def parts(self) -> int:
        """How many parts make the blob."""
        return max(math.ceil(self.size / self.part_size), 1) if self.part_size else 1


class Uploads:
    """Announced uploads by id, shared between the API and the storage origin."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.open: dict[str, Upload] = {}
        self._count = 0

    def announce(self, repo: Repo, oid: str, size: int, part_size: int) -> Upload:
        """A new upload."""
        self._count += 1
        name = hashlib.sha256(f"{self._count} {repo.serial} {oid}".encode()).hexdigest()[:32]
        upload = Upload(name, repo, oid, size, part_size)
        self.open[name] = upload
        return upload

    def get(self, call: Call, name: str) -> Upload | None:
        """The upload, if it is still open and its repo still exists."""
        upload = self.open.get(name)
        return upload if upload and call.hub.serials.get(upload.repo.serial) is upload.repo else None


class Lfs:
    """Handlers of the LFS routes."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    async def batch(self, call: Call) -> Reply:
        """``POST /{id}.git/info/lfs/objects/batch`` for upload and download."""
        data = await call.json()
        upload = data.get("operation") == "upload"
        try:
            who, repo = (writable if upload else repo_of)(call)
        except Refused as refused:
            if refused.reply.status == 401:
                refused.reply.headers |= {
                    "LFS-Authenticate": 'Basic realm="Hugging Face"',
                    "WWW-Authenticate": 'Basic realm="Authentication required", charset="UTF-8"',
                }
            raise
        if upload:
            unlocked(who, repo)
        else:
            open_files(who, repo)
        objects, multipart = [], "multipart" in data.get("transfers", ())
        for wanted in data.get("objects", []):
            oid, size = str(wanted.get("oid", "")), int(wanted.get("size", -1))
            if len(oid) != 64 or size < 0:
                objects.append(
                    {"oid": oid, "size": size, "error": {"code": 422, "message": "Invalid object"}}
                )
                continue
            stored = await call.off_loop(repo.blobs.find, oid, size) is not None
            make = self._upload if upload else self._download
            objects.append(
                {
                    "oid": oid,
                    "size": size,
                    "authenticated": True,
                    **make(call, repo, oid, size, stored, multipart),
                }
            )
        chosen = "multipart" if any("chunk_size" in _header(entry) for entry in objects) else "basic"
        body = {"transfer": chosen, "objects": objects, "hash_algo": "sha256"}
        return json_reply(body, headers=LFS_JSON)

    def _upload(
        self, call: Call, repo: Repo, oid: str, size: int, stored: bool, multipart: bool
    ) -> dict[str, Any]:
        if stored:
            return {}
        seconds = setting(call.hub, "signed_seconds")
        parts = multipart and size >= setting(call.hub, "multipart_threshold")
        upload = self._uploads.announce(repo, oid, size, setting(call.hub, "part_size") if parts else 0)
        path, storage = f"/repos/{repo.serial}/{oid}", call.site.origin("storage").url
        sign = self._uploads.signer.sign
        if parts:
            header = {"chunk_size": str(upload.part_size)}
            for number in range(1, upload.parts + 1):
                query = {"uploadId": upload.id, "partNumber": str(number)}
                header[f"{number:05d}"] = sign(storage, path, query, seconds)
            done = sign(endpoint(call), "/api/complete_multipart", {"uploadId": upload.id}, seconds)
            action: dict[str, Any] = {"href": done, "header": header}
        else:
            action = {"href": sign(storage, path, {"uploadId": upload.id}, seconds), "expires_in": seconds}
        verify = f"{endpoint(call)}{call.raw_path.removesuffix('/batch')}/verify"
        return {"actions": {"upload": action, "verify": {"href": verify, "header": {}}}}

    def _download(
        self, call: Call, repo: Repo, oid: str, size: int, stored: bool, multipart: bool
    ) -> dict[str, Any]:
        if not stored:
            return {"error": {"code": 404, "message": "Object does not exist on the server"}}
        seconds = setting(call.hub, "signed_seconds")
        query = {"response-content-disposition": f'inline; filename="{oid}"', "size": str(size)}
        cdn = call.site.origin("cdn").url
        href = self._uploads.signer.sign(cdn, f"/repos/{repo.serial}/{oid}", query, seconds)
        return {"actions": {"download": {"href": href, "expires_in": seconds}}}

    async def complete(self, call: Call) -> Reply:
        """``POST`` of a signed completion address: all parts must be there, and the whole must have its sha256."""
        query = self._uploads.signer.check(call)
        data = await call.json()
        upload = self._uploads.get(call, query["uploadId"])
        if upload is None or data.get("oid") != upload.oid:
            return error_reply(404, "No such multipart upload")
        if upload.done:
            return json_reply({"success": True})
        given = {int(part["partNumber"]): str(part["etag"]) for part in data.get("parts", [])}
        if upload.intake is None or given != upload.etags or set(given) != set(range(1, upload.parts + 1)):
            return error_reply(400, "InvalidPart: one or more of the specified parts could not be found")
        try:
            content = await call.off_loop(upload.intake.finish)
        except BlobRefused as refused:
            upload.intake = None
            upload.etags.clear()
            return error_reply(400, f"BadDigest: {refused}")
        upload.repo.blobs.add(content)
        upload.done, upload.intake = True, None
        return json_reply({"success": True})

    async def verify(self, call: Call) -> Reply:
        """``POST /{id}.git/info/lfs/objects/verify``: 200 only if exactly this blob is stored."""
        _, repo = writable(call)
        data = await call.json()
        found = await call.off_loop(repo.blobs.find, str(data.get("oid")), int(data.get("size", -1)))
        if found is None:
            raise refuse(404, "Object does not exist on the server")
        return json_reply({"success": True}, headers=LFS_JSON)

    async def files(self, call: Call) -> Reply:
        """``GET /api/models/{id}/lfs-files``: every blob of the whole history, newest first."""
        _, repo = writable(call)

        def collect() -> list[dict[str, Any]]:
            rows: dict[str, dict[str, Any]] = {}
            heads = {commit: f"refs/heads/{branch}" for branch, commit in repo.branches.items()}
            for commit in repo.commits.values():
                for node in commit.files.values():
                    if not node.lfs:
                        continue
                    row = rows.setdefault(
                        node.content.sha256,
                        {
                            "fileOid": hashlib.sha256(f"{repo.serial} {node.oid}".encode()).hexdigest(),
                            "oid": node.content.sha256,
                            "filename": node.path,
                            "size": node.size,
                            "pushedAt": stamp(commit.date),
                        },
                    )
                    if commit.id in heads:
                        row["ref"] = heads[commit.id]
            return list(reversed(rows.values()))

        shown, headers = page(call, await call.off_loop(collect), 1000)
        return json_reply(shown, headers=headers)


def _header(entry: dict[str, Any]) -> dict[str, Any]:
    actions: dict[str, dict[str, Any]] = entry.get("actions", {})
    return actions.get("upload", {}).get("header") or {}
