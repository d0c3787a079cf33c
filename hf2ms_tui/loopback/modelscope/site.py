"""ModelScope as servers: API, blob upload host, and a CDN on another address."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ..wire import Call, Handler, Origin, Reply, Route, Site, text_reply
from ..world import World
from . import account, commit, download, lfs, listing, openapi, pages, refs, repos
from .envelopes import fail, open_fail, page_not_found
from .settings import MsSettings

API = "/api/v1"
OPEN = "/openapi/v1"
BOTH = "{segment:models|datasets}"
ALL = "{segment:models|datasets|studios}"
ID = "{owner}/{name}"
BY_NUMBER = "{segment:datasets|models}/{number:[0-9]+}"


def _table() -> Sequence[tuple[str, str, str, Handler]]:
    by_id = f"{API}/{ALL}/{ID}"
    by_number = f"{API}/{BY_NUMBER}"
    return (
        ("GET", f"{OPEN}/users/me", "me", account.me),
        ("GET", f"{OPEN}/{BOTH}", "list", openapi.list_repos),
        ("GET", f"{OPEN}/{{segment:studios}}", "list-studios", openapi.list_studios),
        ("GET", f"{OPEN}/{ALL}/{ID}", "info", openapi.get_repo),
        ("POST", f"{API}/login", "login", account.login),
        ("GET", f"{API}/repos/internalAccelerationInfo", "acceleration", account.acceleration),
        ("POST", f"{API}/repos/{ALL}/{ID}/info/lfs/objects/batch", "lfs-batch", lfs.batch),
        ("POST", f"{API}/repos/{ALL}/{ID}/commit/{{branch+}}", "commit", commit.commit),
        ("GET,HEAD", f"{API}/repos/{ALL}/{ID}/repo", "looped", download.looped),
        ("GET", f"{API}/datasets", "legacy-list", repos.list_datasets),
        ("PUT", f"{API}/models/", "legacy-list", repos.list_models),
        ("POST", f"{API}/models", "create", repos.create_model),
        ("POST", f"{API}/datasets", "create", repos.create_dataset),
        ("GET", f"{by_number}/repo/tree", "tree", listing.tree),
        ("GET", f"{by_number}/repo/files", "files", listing.files),
        ("GET,HEAD", f"{by_number}/repo", "download", download.by_query),
        ("PUT", f"{API}/{{segment:datasets}}/{{number:[0-9]+}}", "settings", repos.change),
        ("DELETE", f"{API}/{{segment:datasets}}/{{number:[0-9]+}}", "delete", repos.delete),
        ("GET", by_id, "legacy-info", repos.get_repo),
        ("PUT", by_id, "settings", repos.change),
        ("DELETE", by_id, "delete", repos.delete),
        ("GET", f"{API}/{{segment:models|studios}}/{ID}/repo/files", "files", listing.files),
        ("GET", f"{API}/{{segment:datasets}}/{ID}/repo/tree", "tree", listing.tree),
        ("GET,HEAD", f"{by_id}/repo", "download", download.by_query),
        ("DELETE", f"{by_id}/repo", "delete-file", repos.delete_file),
        ("DELETE", f"{by_id}/file", "delete-file", repos.delete_file),
        ("GET", f"{by_id}/commits", "commits", refs.commits),
        ("GET", f"{by_id}/revisions", "revisions", refs.revisions),
        ("POST", f"{by_id}/repo/tag", "tag", refs.create_tag),
        ("GET,HEAD", f"/{BOTH}/{ID}/resolve/{{revision}}/{{path+}}", "resolve", download.by_path),
        ("GET", f"/{ALL}/{ID}/settings", "settings-page", pages.settings_page),
        ("POST", f"/{ALL}/{ID}/settings", "settings-page", pages.delete_by_page),
        ("GET", f"/{ALL}/{ID}", "page", pages.page),
    )


class ModelScopeSite(Site):
    """ModelScope.

    `settings` hold unless the hub's state overrides them. `handed_out` maps the sha256 of blobs that redirects lead to
    to their sizes, `secret` signs those redirects.
    """

    hub = "ms"

    def __init__(self, world: World, settings: MsSettings | None = None) -> None:
        self.world = world
        self.settings = settings or MsSettings()
        self.secret = secrets.token_bytes(16)
        self.handed_out: dict[str, int] = {}
        blob_path = f"{API}/repos/{ALL}/{ID}/blobs/{{oid:[0-9a-f]{{64}}}}/{{size:[0-9]+}}"
        cdn_path = "/prod/lfs-objects/{a:[0-9a-f]{2}}/{b:[0-9a-f]{2}}/{rest:[0-9a-f]{60}}"
        self.origins = (
            Origin(
                "api",
                "api",
                [Route(methods, path, name, handler) for methods, path, name, handler in _table()],
            ),
            Origin("lfs", "storage", [Route("PUT", blob_path, "blob-put", lfs.put_blob)]),
            Origin(
                "cdn", "storage", [Route("GET,HEAD", cdn_path, "blob-get", download.blob)], host="127.0.0.2"
            ),
        )

    def environ(self) -> dict[str, str]:
        """Endpoint and tokens (MODELSCOPE_API_TOKEN is the name that the SDK reads).

        Tokens labelled write, read, outsider and admin get names of their own.
        """
        names = {"MODELSCOPE_ENDPOINT": self.origin("api").url}
        labels = {"write": "", "read": "READ_", "outsider": "OUTSIDER_", "admin": "ADMIN_"}
        for token in self.world.ms.tokens.values():
            if token.label in labels:
                names[f"MODELSCOPE_{labels[token.label]}TOKEN"] = token.value
            if token.label == "write":
                names["MODELSCOPE_API_TOKEN"] = token.value
        return names

    def failure(self, call: Call, status: int, message: str) -> Reply:
        """An error in the envelope of the API that was asked; status 200 makes a success that says it failed."""
        if call.origin.role == "cdn":
            return text_reply(message, status)
        if call.raw_path.startswith(OPEN):
            return open_fail(status, message)
        return fail(status, 500 if status == 200 else status, message)

    def unknown_route(self, call: Call) -> Reply:
        """Plain text."""
        return page_not_found()
