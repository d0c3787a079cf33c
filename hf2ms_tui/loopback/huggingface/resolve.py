"""File contents: resolve on the API origin, the cache of regular files, and the CDN of LFS blobs."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from ..repo import Node
from ..wire import Call, Refused, Reply, content_reply
from .access import commit_of, open_files, repo_of
from .errors import entry_not_found
from .settings import setting
from .signing import Signer, xml_error

_TEXT = ".json .jsonl .txt .md .csv .tsv .yaml .yml .py .html .xml .toml .cfg"
COMPRESSIBLE = frozenset(_TEXT.split())
"""Names of text that the CDN compresses for clients that accept it."""


def _disposition(path: str) -> str:
    name = quote(PurePosixPath(path).name)
    return f"inline; filename*=UTF-8''{name}; filename=\"{name}\";"


def _compressed(call: Call, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | None:
    if (
        "gzip" not in call.headers.get("Accept-Encoding", "")
        or PurePosixPath(path).suffix not in COMPRESSIBLE
    ):
        return None
    if len(body) < 1024:
        return None
    made = {
        **headers,
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
        "Content-Type": "text/plain; charset=utf-8",
    }
    return Reply(200, made, gzip.compress(body, 1), bare=True)


class Resolver:
    """Handlers that lead to bytes. `cdn` gives the CDN's address once it is bound."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def _node(self, call: Call, revision: str, path: str) -> tuple[Node, str, int]:
        who, repo = repo_of(call)
        open_files(who, repo)
        commit = commit_of(repo, revision)
        node = commit.files.get(path)
        if node is None:
            raise entry_not_found(commit.id)
        return node, commit.id, repo.serial

    async def resolve(self, call: Call) -> Reply:
        """``GET|HEAD /{id}/resolve/{rev}/{path}``: 307 to the cache for regular files, 302 to the CDN for LFS ones."""
        path = call.params["path"]
        node, sha, serial = self._node(call, call.params["rev"], path)
        headers = {
            "X-Repo-Commit": sha,
            "Accept-Ranges": "bytes",
            "Content-Disposition": _disposition(path),
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Expose-Headers": "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,"
            "X-Linked-Size,X-Linked-ETag",
        }
        if not node.lfs:
            oid = await call.off_loop(lambda: node.oid)
            kind = call.params.get("kind", "").strip("/") or "models"
            owner, name = quote(call.params["owner"]), quote(call.params["name"])
            place = f"/api/resolve-cache/{kind}/{owner}/{name}/{sha}/{quote(path, safe='')}"
            target = f"{place}?{quote(call.raw_path, safe='')}=&etag={quote(chr(34) + oid + chr(34))}"
            headers |= {"Location": target, "ETag": f'"{oid}"', "Content-Type": "text/plain; charset=utf-8"}
            return Reply(307, headers, f"Temporary Redirect. Redirecting to {target}".encode())
        oid = await call.off_loop(lambda: node.content.sha256)
        query = {"response-content-disposition": _disposition(path), "size": str(node.size)}
        target = self._signer.sign(
            call.site.origin("cdn").url, f"/repos/{serial}/{oid}", query, setting(call.hub, "signed_seconds")
        )
        headers |= {
            "Location": target,
            "X-Linked-Size": str(node.size),
            "X-Linked-ETag": f'"{oid}"',
            "ETag": f'"{oid}"',
            "Content-Type": "text/plain; charset=utf-8",
            "Vary": "Origin, Accept",
        }
        return Reply(302, headers, f"Found. Redirecting to {target}".encode())

    async def cached(self, call: Call) -> Reply:
        """``GET|HEAD /api/resolve-cache/{kind}/{id}/{sha}/{path}``: a regular file's bytes, compressed if text."""
        path = call.params["path"]
        node, sha, _ = self._node(call, call.params["rev"], path)
        oid = await call.off_loop(lambda: node.oid)
        headers = {"ETag": f'"{oid}"', "X-Repo-Commit": sha, "Content-Disposition": _disposition(path)}
        body = await call.off_loop(node.content.read, 0, node.size) if node.size < 10_000_000 else b""
        small = _compressed(call, path, body, headers)
        return small or content_reply(node.content, range_header=call.headers.get("Range"), headers=headers)

    async def blob(self, call: Call) -> Reply:
        """``GET|HEAD`` of a signed CDN address. No credentials; very large blobs only by Range."""
        query = self._signer.check(call)
        repo = call.hub.serials.get(int(call.params["serial"]))
        oid, size = call.params["oid"], int(query["size"])
        content = None if repo is None else await call.off_loop(repo.blobs.find, oid, size)
        if content is None:
            return xml_error(404, "NoSuchKey", "The specified key does not exist.")
        wanted = call.headers.get("Range")
        if call.method == "GET" and wanted is None and size > setting(call.hub, "rangeless_limit"):
            raise Refused(xml_error(400, "InvalidRequest", "Object too large for a request without Range"))
        headers = {"ETag": f'"{oid}"', "Content-Disposition": query["response-content-disposition"]}
        return content_reply(content, range_header=wanted, headers=headers)
