"""All files of a repo at a pinned revision, past the places where ModelScope's listings are cut without a word.

``repo/files`` (models, studios) ends after 3,000 entries whatever is asked, so the tree is walked folder by folder. The
pages of ``repo/tree`` (datasets) may be shorter than asked for, so pages are read until one brings nothing new. The SDK does
the first, but tells only a log and a private thread-local when a folder stays cut; at the second it stops at the first
short page; and to both an answer without a list is an empty repo. Hence requests of our own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from hf2ms_tui.domain.errors import NotPermitted
from hf2ms_tui.domain.manifest import FileEntry, Manifest, is_revision
from hf2ms_tui.domain.repo import Kind, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.modelscope.client import SEGMENTS, Client
from hf2ms_tui.hubs.patience import ATTEMPTS

FILES_CAP = 3_000
"""Entries after which ``repo/files`` is cut (``modelscope_hub.constants.REPO_FILES_TRUNCATION_LIMIT``)."""
PAGE = 100
"""Entries per page of ``repo/tree``; more may be asked for, but some answers stop at 100 all the same."""
MAX_REQUESTS = 20_000
"""Requests for one listing; beyond, it is given as incomplete."""
WALKERS = 4
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Listing:
    """One listing under way: entries by path, doubts, progress."""

    def __init__(
        self, client: Client, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None
    ) -> None:
        self._client = client
        self._ref = ref
        self._revision = revision
        self._on_page = on_page
        self._context = client.context("list the files", ref)
        self._requests = 0
        self._may_read = False
        self._walked = False
        self.files: dict[str, FileEntry] = {}
        self.folders: set[str] = set()
        self.doubts: list[str] = []

    def run(self) -> Manifest:
        """List everything. Doubts about completeness are in ``incomplete``; raises what makes the listing useless."""
        if self._ref.kind is Kind.DATASET:
            self._page_through()
        else:
            self._walk()
        if not self.files and not self.doubts:
            self.doubts.append("it lists no file at all, which it also does for revisions it does not have")
        self._check_folders()
        if not self.doubts and not self._walked:
            self._check_root()
        files = tuple(self.files[path] for path in sorted(self.files))
        return Manifest(
            self._ref, self._revision, files, incomplete="; ".join(self.doubts), listed_at=datetime.now(UTC)
        )

    def _walk(self) -> None:
        """List recursively; where that is cut, the folder alone and then each of its folders recursively."""
        frontier = [""]
        with ThreadPoolExecutor(WALKERS, thread_name_prefix="ms-walk") as pool:
            while frontier:
                cut: list[str] = []
                for root, entries in zip(frontier, self._all(pool, frontier, recursive=True), strict=True):
                    self._take(entries)
                    if len(entries) >= FILES_CAP:
                        cut.append(root)
                self._walked = self._walked or bool(cut)
                below: list[str] = []
                for root, entries in zip(cut, self._all(pool, cut, recursive=False), strict=True):
                    children = self._take(entries)
                    if len(entries) >= FILES_CAP:
                        where = f"folder {clean(root, 80)}" if root else "the top folder"
                        self.doubts.append(
                            f"{where} holds {FILES_CAP:,} entries or more, and it lists no more than that"
                        )
                    below += children
                if self._requests + len(below) > MAX_REQUESTS:
                    self.doubts.append(f"more than {MAX_REQUESTS:,} requests would be needed")
                    return
                frontier = below

    def _all(
        self, pool: ThreadPoolExecutor, roots: list[str], *, recursive: bool
    ) -> Iterable[list[dict[str, Any]]]:
        def one(root: str) -> list[dict[str, Any]]:
            params: dict[str, object] = {"Revision": self._revision, "Recursive": str(recursive)}
            if root:
                params["Root"] = root
            return self._page("repo/files", params)

        if len(roots) == 1:
            return [one(roots[0])]
        return pool.map(one, roots)

    def _page_through(self) -> None:
        """Read pages until one brings nothing new, in the size that the first one shows to be the real one."""
        size = PAGE
        entries = self._tree_page(1, size)
        if 0 < len(entries) < size:
            if not self._tree_page(2, size):
                self._take(entries)
                return
            size = len(
                entries
            )  # pages are shorter than asked for; ask for that, so that none overlaps or is skipped
            entries = self._tree_page(1, size)
        page, short = 1, False
        while entries:
            before = len(self.files) + len(self.folders)
            self._take(entries)
            if len(self.files) + len(self.folders) == before:
                if len(entries) == size:
                    self.doubts.append(f"page {page} repeats earlier ones, and it is full")
                return
            if short:
                self.doubts.append(f"page {page - 1} was shorter than others before the end")
                short = False
            short = len(entries) < size
            page += 1
            if page > MAX_REQUESTS:
                self.doubts.append(f"more than {MAX_REQUESTS:,} pages would be needed")
                return
            entries = self._tree_page(page, size)

    def _tree_page(self, page: int, size: int) -> list[dict[str, Any]]:
        params = {"Revision": self._revision, "Recursive": "True", "PageNumber": page, "PageSize": size}
        return self._page("repo/tree", params)

    def _page(self, route: str, params: dict[str, object]) -> list[dict[str, Any]]:
        """One answer, strictly read. A 403 after a page was already given is one of the service's hiccups and tried again."""
        path = f"{SEGMENTS[self._ref.kind]}/{self._ref.id}/{route}"
        self._requests += 1
        for attempt in range(1, ATTEMPTS + 1):
            try:
                body = self._client.legacy(self._context, "GET", path, params=params)
                break
            except NotPermitted:
                if not self._may_read or attempt == ATTEMPTS:
                    raise
                time.sleep(0.2 * 2**attempt)
        self._may_read = True
        data = body.get("Data")
        files = data.get("Files") if isinstance(data, dict) else None
        if not isinstance(files, list) or not all(isinstance(entry, dict) for entry in files):
            raise lied(self._context, "the answer has no list of files")
        return files

    def _take(self, entries: Iterable[dict[str, Any]]) -> list[str]:
        """Remember entries; give the folders among them."""
        folders: list[str] = []
        for entry in entries:
            path, type_ = entry.get("Path"), entry.get("Type")
            if not isinstance(path, str) or not path:
                raise lied(self._context, "an entry has no path")
            if type_ == "tree":
                folders.append(path)
                self.folders.add(path)
            elif type_ == "blob":
                self._take_file(path, entry)
            else:
                self.doubts.append(
                    f"{clean(path, 80)} is neither file nor folder but {clean(str(type_), 20)}"
                )
        if self._on_page is not None:
            self._on_page(len(self.files))
        return folders

    def _take_file(self, path: str, entry: dict[str, Any]) -> None:
        read = entry_of(path, entry, self._context)
        before = self.files.setdefault(path, read)
        if before != read:
            self.doubts.append(f"{clean(path, 80)} is listed twice, with different contents")

    def _check_folders(self) -> None:
        """Git knows no empty folders, so one without files, or a file whose folder is not listed, means a cut listing."""
        parents = {parent for path in self.files for parent in _parents(path)}
        bare = sorted(self.folders - parents)
        if bare:
            self.doubts.append(f"folder {clean(bare[0], 80)} is listed without any file in it")
        if self.folders and not parents <= self.folders:
            missing = min(parents - self.folders)
            self.doubts.append(f"folder {clean(missing, 80)} has files but is not listed itself")

    def _check_root(self) -> None:
        """List the top folder once more, without what is in its folders: an answer that was cut by accident differs.

        No answer says how many entries there are, so that one which is cut the same way every time, in a repo without
        folders, is not seen; only those caps that are known are.
        """
        params: dict[str, object] = {"Revision": self._revision, "Recursive": "False"}
        dataset = self._ref.kind is Kind.DATASET
        if dataset:
            params |= {"PageNumber": 1, "PageSize": PAGE}
        entries = self._page("repo/tree" if dataset else "repo/files", params)
        told = {str(entry.get("Path")) for entry in entries}
        known = {path for path in self.files if "/" not in path}
        known |= self.folders if self.folders else {path.partition("/")[0] for path in self.files}
        known = {path for path in known if "/" not in path}
        whole = len(entries) < (PAGE if dataset else FILES_CAP)
        differ = sorted(told - known) or (sorted(known - told) if whole else [])
        if differ:
            self.doubts.append(f"two listings of the top folder differ, e.g. in {clean(differ[0], 80)}")


def _parents(path: str) -> Iterable[str]:
    at = path.find("/")
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)


def entry_of(path: str, entry: dict[str, Any], context: Context) -> FileEntry:
    """One file. Its SHA-256 may be null, which is unknown and not empty; no git blob id is given."""
    size = entry.get("Size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise lied(context, f"{clean(path, 120)} has no size")
    sha = entry.get("Sha256")
    known = isinstance(sha, str) and _SHA256.fullmatch(sha) is not None
    if sha and not known:
        raise lied(context, f"the SHA-256 of {clean(path, 120)} is none")
    lfs = entry.get("IsLFS", entry.get("Lfs"))
    return FileEntry(path, size, str(sha).lower() if known else None, lfs=lfs is True)


def list_files(
    client: Client, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None
) -> Manifest:
    """All files of ``ref`` at a 40-hex ``revision``. Raises NotFound, HubLied and what any request may raise."""
    if not is_revision(revision):
        raise ValueError("a manifest is of a pinned revision")
    return Listing(client, ref, revision, on_page).run()
