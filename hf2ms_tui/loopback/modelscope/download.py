"""Handing out files: small ones at once, LFS files by a redirect to the CDN whose link is signed and runs out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from urllib.parse import parse_qs, quote, urlencode

from ..content import Content
from ..repo import Repo
from ..wire import Call, Reply, content_reply, text_reply
from .access import DEFAULT_BRANCH, commit_at, seen_repo, settings_of, site_of
from .envelopes import NO_TREE, refuse


async def by_query(call: Call) -> Reply:
    """GET and HEAD …/repo?Revision=&FilePath=."""
    return await _download(call, call.query.get("Revision") or DEFAULT_BRANCH, call.query.get("FilePath", ""))


async def by_path(call: Call) -> Reply:
    """GET and HEAD /{models,datasets}/owner/name/resolve/REVISION/PATH of the web site."""
    return await _download(call, call.params["revision"], call.params["path"])


async def looped(call: Call) -> Reply:
    """…/api/v1/repos/{models,datasets}/owner/name/repo, a mistake that the real one answers with 421."""
    return text_reply("mirror self-forwarded loop detected", 421)


async def _download(call: Call, revision: str, path: str) -> Reply:
    repo = seen_repo(call)
    commit = commit_at(repo, revision)
    if commit is None:
        raise refuse(404, NO_TREE, f"revision {revision} not found")
    node = commit.files.get(path.removeprefix("/"))
    if node is None:
        raise refuse(404, 404, f"file {path} not found in {repo.id}@{revision}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(node.path.rpartition('/')[2])}"}
    if call.method == "HEAD":
        return Reply(200, headers, bare=True)
    if not node.lfs:
        reply = content_reply(node.content, headers=headers)
        del reply.headers["Accept-Ranges"]
        return reply
    link = await call.off_loop(cdn_link, call, repo, node.content, node.path, commit.id)
    return Reply(302, {"Location": link, "Content-Type": "text/html; charset=utf-8"})


def cdn_link(call: Call, repo: Repo, content: Content, path: str, revision: str) -> str:
    """A link to the blob that is good for a while. May hash `content`."""
    sha = content.sha256
    place = f"/prod/lfs-objects/{sha[:2]}/{sha[2:4]}/{sha[4:]}"
    site = site_of(call)
    site.handed_out[sha] = content.size
    until = int(time.time() + settings_of(call).link_lifetime)
    key = sign(site.secret, place, str(until), secrets.token_hex(16))
    about = {
        "filename": path,
        "namespace": repo.owner,
        "repository": repo.name,
        "revision": revision,
        "tag": repo.kind,
    }
    return f"{site.origin('cdn').url}{place}?{urlencode({'auth_key': key, **about})}"


def sign(secret: bytes, place: str, until: str, salt: str) -> str:
    """The ``auth_key`` of a link: when it runs out, salt, ``0``, signature."""
    mark = hmac.new(secret, f"{place}-{until}-{salt}-0".encode(), hashlib.md5).hexdigest()
    return f"{until}-{salt}-0-{mark}"


async def blob(call: Call) -> Reply:
    """GET and HEAD on the CDN: no credentials, ranges honoured, gone when the link has run out."""
    until, _, rest = parse_qs(call.raw_query).get("auth_key", [""])[0].partition("-")
    salt = rest.partition("-")[0]
    site, place = site_of(call), call.raw_path
    good = hmac.compare_digest(sign(site.secret, place, until, salt), f"{until}-{rest}")
    if not good or not until.isdigit() or int(until) < time.time():
        return text_reply("denied by URL authentication: expired or invalid", 403)
    sha = call.params["a"] + call.params["b"] + call.params["rest"]
    size = site.handed_out.get(sha, -1)
    content = await call.off_loop(call.hub.blobs.find, sha, size)
    if content is None:
        return text_reply("NoSuchKey: the specified key does not exist", 404)
    reply = content_reply(
        content, range_header=call.headers.get("Range"), headers={"X-Linked-ETag": f'"{sha}"'}
    )
    if reply.status == 206:
        reply.status = settings_of(call).range_status
    return reply
