"""The files of a repo at a pinned revision, with everything that can tell a listing cut short from a whole one.

Our own requests: the SDK's ``list_repo_tree`` hides where one page ends and the next begins, and ``siblings`` of the info
routes are cut short on big repos (huggingface_hub pull requests 3122 and 3565). Git helps: a folder's id is the hash of
its entries, so that one that matches proves the folder whole; nothing is ever stored under a folder that does not exist;
and git has no empty folders.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.domain.errors import NotFound, NotPermitted
from hf2ms_tui.domain.manifest import FileEntry, Manifest, is_revision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient

_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_RELISTED = 200
"""folders listed a second time, one request each at least, because their id does not match their entries"""


@dataclass(slots=True)
class _Listing:
    """What the pages said: files and folders (with their ids) by path, entries by folder, doubts in the order found."""

    files: dict[str, FileEntry] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    children: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    doubts: list[str] = field(default_factory=list)


def manifest(
    client: HuggingFaceClient, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None
) -> Manifest:
    """All files at ``revision``, sorted by path; ``incomplete`` says why the listing may be cut short.

    One request per 1,000 entries, one that cross-checks, and one for each folder whose id does not match its entries
    (executable files do that too). Raises NotFound, Moved, HubLied for entries nobody can read.
    """
    context = client.context("list the files", ref)
    if not is_revision(revision):
        raise NotFound(
            f"“{clean(revision, 80)}” is not a pinned revision",
            way_out="Resolve the branch first.",
            repo=str(ref.id),
        )
    listing = _Listing()
    for page in _pages(client, client.api_url(ref, "tree", revision), context, recursive=True):
        for item in page:
            _take(listing, item, context)
        if on_page is not None:
            on_page(len(listing.files))
    _check_shape(listing)
    if not listing.doubts:
        _check_folders(client, ref, revision, listing, context)
    if not listing.doubts:
        _check_root(client, ref, revision, listing, context)
    return Manifest(
        ref,
        revision,
        tuple(listing.files[path] for path in sorted(listing.files)),
        incomplete="; ".join(listing.doubts[:3]),
        listed_at=datetime.now(UTC),
    )


def _pages(
    client: HuggingFaceClient, url: str, context: Context, *, recursive: bool
) -> Iterator[list[dict[str, Any]]]:
    url = f"{url}?recursive={'true' if recursive else 'false'}&expand=false"
    seen: set[str] = set()
    while url:
        if url in seen:
            raise lied(context, "the pages of the listing go in circles")
        seen.add(url)
        page, answer = client.get(url, context)
        if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
            raise lied(context, "a page of the listing is not a list")
        url = client.next_page(answer, context)
        if url and not page:
            raise lied(context, "a page of the listing is empty although another follows")
        yield page


def _take(listing: _Listing, item: dict[str, Any], context: Context) -> None:
    path, kind, oid = item.get("path"), item.get("type"), item.get("oid")
    if not isinstance(path, str) or not path or not isinstance(oid, str) or not is_revision(oid):
        raise lied(context, "an entry of the listing has no path or no id")
    if path in listing.files or path in listing.folders:
        listing.doubts.append(f"{clean(path, 80)} is listed twice, so the pages overlap")
        return
    folder, _, name = path.rpartition("/")
    listing.children[folder].add(name)
    if kind == "directory":
        listing.folders[path] = oid
    elif kind == "file":
        listing.files[path] = _entry(path, oid, item, context)
    else:
        listing.doubts.append(
            f"{clean(path, 80)} is a {clean(str(kind), 20)}, which cannot be read as a file"
        )


def _entry(path: str, oid: str, item: dict[str, Any], context: Context) -> FileEntry:
    lfs = item.get("lfs")
    size = lfs.get("size") if isinstance(lfs, dict) else item.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise lied(context, f"{clean(path, 80)} has no size")
    if not isinstance(lfs, dict):
        return FileEntry(path, size, git_oid=oid)
    sha256 = lfs.get("oid") or lfs.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise lied(context, f"{clean(path, 80)} has no sha256")
    return FileEntry(path, size, sha256=sha256, git_oid=oid, lfs=True)


def _check_shape(listing: _Listing) -> None:
    """Every entry's folder is listed, no folder is empty: both hold for any git tree."""
    for folder in listing.children:
        if folder and folder not in listing.folders:
            listing.doubts.append(f"files of {clean(folder, 80)} are listed, the folder itself is not")
    for folder in listing.folders:
        if folder not in listing.children:
            listing.doubts.append(f"nothing of the folder {clean(folder, 80)} is listed")


def _check_folders(
    client: HuggingFaceClient, ref: RepoRef, revision: str, listing: _Listing, context: Context
) -> None:
    """Compare every folder's id with the hash of its entries; list those again that differ, on their own."""
    odd = [folder for folder, oid in listing.folders.items() if _tree_oid(listing, folder) != oid]
    if len(odd) > MAX_RELISTED:
        listing.doubts.append(f"{len(odd):,} folders do not match their ids")
        return
    for folder in odd:
        _relist(client, ref, revision, listing, folder, context)


def _check_root(
    client: HuggingFaceClient, ref: RepoRef, revision: str, listing: _Listing, context: Context
) -> None:
    """The root's own id is not told. ``siblings`` may be cut short, but a file that it has and the listing lacks is missing.

    Where it is cut short itself, the root is listed a second time without its folders.
    """
    # without `expand`: the plain route is known to list the files of the revision in the address
    about, _ = client.get(client.api_url(ref, "revision", revision), context)
    if not isinstance(about, dict) or about.get("sha") != revision:
        raise lied(context, "it tells about another revision than the one asked for")
    names = about.get("siblings")
    told = {item.get("rfilename") for item in names or () if isinstance(item, dict)}
    lacking = sorted(name for name in told if isinstance(name, str) and name not in listing.files)
    if lacking:
        listing.doubts.append(
            f"{len(lacking):,} file{'' if len(lacking) == 1 else 's'} of the repo are not in the listing, "
            f"e.g. {clean(lacking[0], 80)}"
        )
    elif len(told) < len(listing.files):
        _relist(client, ref, revision, listing, "", context)


def _relist(
    client: HuggingFaceClient, ref: RepoRef, revision: str, listing: _Listing, folder: str, context: Context
) -> None:
    url = client.api_url(ref, "tree", revision, *([folder] if folder else []))
    names: set[str] = set()
    try:
        for page in _pages(client, url, context, recursive=False):
            names |= {str(item.get("path")).rpartition("/")[2] for item in page}
    except (NotFound, NotPermitted) as error:
        listing.doubts.append(error.what)
        return
    if names != listing.children[folder]:
        differ = sorted(names ^ listing.children[folder])
        listing.doubts.append(
            f"two listings of {clean(folder, 80) or 'the top folder'} differ, e.g. in {clean(differ[0], 80)}"
        )


def _tree_oid(listing: _Listing, folder: str) -> str:
    """The id git gives to a folder of plain files and folders: sha1 over its sorted entries (gitformat-tree)."""
    lines: list[tuple[bytes, bytes]] = []
    for name in listing.children[folder]:
        raw = name.encode("utf-8", "surrogatepass")
        path = f"{folder}/{name}"
        if path in listing.folders:
            line, key = b"40000 %b\0" % raw + bytes.fromhex(listing.folders[path]), raw + b"/"
        else:
            entry = listing.files.get(path)
            line, key = b"100644 %b\0" % raw + bytes.fromhex((entry and entry.git_oid) or ""), raw
        lines.append((key, line))
    body = b"".join(line for _, line in sorted(lines))
    return hashlib.sha1(b"tree %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
