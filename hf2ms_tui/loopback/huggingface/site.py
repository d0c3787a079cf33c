"""The hub as servers: an API origin, and storage and CDN on origins of their own."""

from __future__ import annotations

import re
import secrets
import time
import uuid

from ..wire import Call, Handler, Origin, Reply, Route, Site
from ..world import World
from . import cards, commits, discussions, listing, people, refs, repos, tree
from .errors import error_reply
from .lfs import Lfs, Uploads
from .resolve import Resolver
from .settings import setting
from .signing import Signer
from .storage import Storage

WINDOW = 300
FREE_PLAN = 1000
"""Requests per `WINDOW` seconds that the hub's documentation grants free accounts on the API."""

_ONE_SEGMENT = re.compile(
    r"(/api)?/(models|datasets|spaces)/[^/]+"
    r"(/(auth-check|branch|commit|commits|paths-info|preupload|refs|resolve|revision|settings|tag|tree)(/.*)?)?"
)
KIND = "{kind:models|datasets|spaces}"
REPO = f"/api/{KIND}/{{owner}}/{{name}}"
PAGE = "/{kind:(?:datasets/|spaces/)?}{owner:(?!api/)[^/]+}/{name}"


class HuggingFaceSite(Site):
    """Hugging Face. Environment names: HF_ENDPOINT, and a token per role the world has."""

    hub = "hf"

    def __init__(self, world: World) -> None:
        self.world = world
        self._windows: dict[str, tuple[float, int]] = {}
        signer = Signer(secrets.token_bytes(32))
        uploads = Uploads(signer)
        resolver, lfs, storage = Resolver(signer), Lfs(uploads), Storage(uploads)
        self.origins = (
            Origin("api", "api", _api_routes(resolver, lfs)),
            Origin("storage", "storage", [Route("PUT", "/repos/{serial:[0-9]+}/{oid}", "put", storage.put)]),
            Origin(
                "cdn", "storage", [Route("GET,HEAD", "/repos/{serial:[0-9]+}/{oid}", "blob", resolver.blob)]
            ),
        )

    def environ(self) -> dict[str, str]:
        """Endpoint and tokens. Tokens labelled write, read and outsider get names of their own."""
        names = {"HF_ENDPOINT": self.origin("api").url}
        labels = {"write": "HF_TOKEN", "read": "HF_READ_TOKEN", "outsider": "HF_OUTSIDER_TOKEN"}
        for token in self.world.hf.tokens.values():
            if token.label in labels:
                names[labels[token.label]] = token.value
        return names

    def failure(self, call: Call, status: int, message: str) -> Reply:
        """``{"error": message}`` and the same in X-Error-Message."""
        return error_reply(status, message)

    def unknown_route(self, call: Call) -> Reply:
        """404; ids of one segment are repos that do not exist."""
        if call.origin.role == "api" and _ONE_SEGMENT.fullmatch(call.raw_path):
            return error_reply(404, "Repository not found", "RepoNotFound")
        return error_reply(404, "Sorry, we can't find the page you are looking for.")

    def common_headers(self, call: Call) -> dict[str, str]:
        """A request id that contains the client's own, and on the API what is left of the rate limit."""
        trace = call.headers.get("X-Request-Id") or call.headers.get("X-Amzn-Trace-Id")
        made = {"X-Request-Id": trace or str(uuid.uuid4())}
        if call.origin.role == "api":
            left, seconds, limit = self._budget(call)
            made["RateLimit"] = f'"api";r={max(left, 0)};t={seconds}'
            made["RateLimit-Policy"] = f'"fixed window";"api";q={limit};w={WINDOW}'
        return made

    def admit(self, call: Call) -> Reply | None:
        """429 once the rate limit is used up, if the world enforces one."""
        if call.origin.role != "api":
            return None
        key = call.credential or "anonymous"
        began, used = self._windows.get(key, (0.0, 0))
        now = time.monotonic()
        self._windows[key] = (began, used + 1) if now < began + WINDOW and began else (now, 1)
        left, seconds, _ = self._budget(call)
        if left >= 0 or not setting(call.hub, "rate_limit"):
            return None
        return error_reply(429, "We had to rate limit you", None, {"Retry-After": str(seconds)})

    def _budget(self, call: Call) -> tuple[int, int, int]:
        limit = setting(call.hub, "rate_limit") or FREE_PLAN
        began, used = self._windows.get(call.credential or "anonymous", (time.monotonic(), 0))
        return limit - used, max(int(began + WINDOW - time.monotonic()), 1), limit


def _api_routes(resolver: Resolver, lfs: Lfs) -> list[Route]:
    table: list[tuple[str, str, str, Handler]] = [
        ("GET", "/api/whoami-v2", "whoami", people.whoami),
        ("GET", "/api/agent-harnesses", "agent-harnesses", people.harnesses),
        ("GET", "/api/organizations/{org}/overview", "org-overview", people.organization),
        ("GET", "/api/organizations/{org}/members", "org-members", people.members),
        ("GET", "/api/organizations/{org}/settings/repositories", "storage-listing", listing.storage_listing),
        ("GET", "/api/settings/repositories", "storage-listing", listing.storage_listing),
        ("GET", "/api/users/{user}/overview", "user-overview", people.user),
        ("GET", f"/api/{KIND}", "list", listing.list_repos),
        ("POST", "/api/repos/create", "repo-create", repos.create),
        ("DELETE", "/api/repos/delete", "repo-delete", repos.delete),
        ("POST", "/api/repos/move", "repo-move", repos.move),
        ("POST", "/api/validate-yaml", "validate-yaml", cards.validate_yaml),
        ("POST", "/api/complete_multipart", "lfs-complete", lfs.complete),
        (
            "GET,HEAD",
            f"/api/resolve-cache/{KIND}/{{owner}}/{{name}}/{{rev}}/{{path+}}",
            "resolve-cache",
            resolver.cached,
        ),
        ("GET", REPO, "info", listing.repo_info),
        ("GET", f"{REPO}/revision/{{rev}}", "info", listing.repo_info),
        ("GET", f"{REPO}/tree/{{rev}}", "tree", tree.tree),
        ("GET", f"{REPO}/tree/{{rev}}/{{path+}}", "tree", tree.tree),
        ("POST", f"{REPO}/paths-info/{{rev}}", "paths-info", tree.paths_info),
        ("GET", f"{REPO}/refs", "refs", refs.refs),
        ("GET", f"{REPO}/commits/{{rev}}", "commits", refs.commits),
        ("GET", f"{REPO}/discussions", "discussions", discussions.discussions),
        ("GET", f"{REPO}/discussions/{{num:[0-9]+}}", "discussion", discussions.discussion),
        ("POST", f"{REPO}/branch/{{ref}}", "branch-create", refs.create_branch),
        ("DELETE", f"{REPO}/branch/{{ref}}", "branch-delete", refs.delete_branch),
        ("POST", f"{REPO}/tag/{{ref}}", "tag-create", refs.create_tag),
        ("DELETE", f"{REPO}/tag/{{ref}}", "tag-delete", refs.delete_tag),
        ("POST", f"{REPO}/super-squash/{{ref}}", "squash", refs.squash),
        ("PUT", f"{REPO}/settings", "settings", repos.settings),
        ("GET", f"{REPO}/auth-check", "auth-check", repos.auth_check),
        ("GET", f"{REPO}/auth-check/write", "auth-check", repos.auth_check),
        ("GET", f"{REPO}/xet-{{mode:read|write}}-token/{{rev}}", "xet-token", repos.no_xet),
        ("GET", f"{REPO}/lfs-files", "lfs-files", lfs.files),
        ("POST", f"{REPO}/preupload/{{rev}}", "preupload", commits.preupload),
        ("POST", f"{REPO}/commit/{{rev}}", "commit", commits.commit),
        ("GET,HEAD", f"{REPO}/resolve/{{rev}}/{{path+}}", "resolve", resolver.resolve),
        ("POST", f"{PAGE}.git/info/lfs/objects/batch", "lfs-batch", lfs.batch),
        ("POST", f"{PAGE}.git/info/lfs/objects/verify", "lfs-verify", lfs.verify),
        ("GET,HEAD", f"{PAGE}/resolve/{{rev}}/{{path+}}", "resolve", resolver.resolve),
    ]
    return [Route(*row) for row in table]
