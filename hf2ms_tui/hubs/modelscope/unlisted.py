"""A second witness of whole listings: files that most repos have are asked for by name; one that is served must be listed.

``repo/files`` tells neither how many entries there are nor whether more follow, so a listing that is cut the same way every
time agrees with itself. Files that are asked for by name come by another way. A cut that spares all of these names, and that
no other check notices, is still not seen: no answer of this service would show it.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.hubs.errors import from_answer
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, Client, failed
from hf2ms_tui.hubs.patience import patiently

USUAL = (
    ".gitattributes",
    "README.md",
    "config.json",
    "configuration.json",
    "model.safetensors",
    "tokenizer.json",
)
"""ModelScope itself puts the first, second and fourth into new repos; the others are the usual ones of models"""


def unlisted(client: Client, ref: RepoRef, revision: str, listed: Collection[str]) -> str:
    """The first usual file that is served at ``revision`` and not ``listed``; empty when there is none.

    One request for each that is not listed. Raises what a request may raise, but NotFound, which is the good answer.
    """
    return next((name for name in USUAL if name not in listed and _served(client, ref, revision, name)), "")


def _served(client: Client, ref: RepoRef, revision: str, name: str) -> bool:
    context = client.context("look for a file that is not listed", ref, name)
    url = client.api.legacy.get_download_url(str(ref.id), SDK_TYPES[ref.kind], name, revision)
    headers = {**client.auth_headers(), "Range": "bytes=0-0"}

    def ask() -> bool:
        answer = client.bytes_at(url, context).request("GET", url, context, headers=headers)
        if answer.status == 404:
            return False
        if answer.status == 416:
            return True  # it is there, and empty
        if answer.status >= 400:
            raise from_answer(context, answer.status, answer.headers, answer.body)
        return not _is_refusal(answer.body)

    return patiently(ask)


def _is_refusal(body: bytes) -> bool:
    """Whether a success is a refusal in disguise, as this service's envelopes may be."""
    try:
        read = json.loads(body)
    except ValueError:
        return False
    return isinstance(read, dict) and "RequestId" in read and failed(read)
