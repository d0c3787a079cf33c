"""The half of ModelScope that only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from hf2ms_tui.domain.chronicle import Chronicle
from hf2ms_tui.domain.errors import Hf2msError, Moved, NotAuthenticated, NotFound
from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.repo import GitRef, Hub, Identity, Kind, RepoId, RepoInfo, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.body import Empty
from hf2ms_tui.hubs.errors import lied
from hf2ms_tui.hubs.modelscope.chronicle import chronicle
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, SEGMENTS, Client
from hf2ms_tui.hubs.modelscope.errors import sharpen
from hf2ms_tui.hubs.modelscope.inventory import list_owner
from hf2ms_tui.hubs.modelscope.listing import list_files
from hf2ms_tui.hubs.modelscope.revisions import Revisions
from hf2ms_tui.hubs.modelscope.rows import legacy_row, open_row, with_details
from hf2ms_tui.hubs.modelscope.unlisted import unlisted
from hf2ms_tui.hubs.protocol import ByteSource


class ModelScopeReader:
    """``HubReader`` of ModelScope. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._revisions = Revisions(client)

    @property
    def hub(self) -> Hub:
        """ModelScope."""
        return Hub.MS

    @property
    def endpoint(self) -> str:
        """The base URL, without a trailing slash."""
        return self._client.endpoint

    def whoami(self, *, again: bool = False) -> Identity:
        """Whose token it is. ModelScope tells neither a token's tier nor organisations. Raises NotAuthenticated."""
        context = self._client.context("tell whose token this is")
        if not self._client.token:
            raise NotAuthenticated(
                "There is no ModelScope token",
                meaning="Without one only public repos can be read, and nothing can be written.",
                way_out="Make one on the site's access token page and set MODELSCOPE_TOKEN.",
            )
        account = self._client.sdk(context, lambda api: api.whoami()).username
        if not isinstance(account, str) or not account:
            raise lied(context, "the answer names no account")
        return Identity(Hub.MS, clean(account, 120), "unknown")

    def inventory(self, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
        """All repos of ``owner`` that the lists show, models, datasets, then studios; each once.

        Ends by raising HubLied when a list is known to be short, NotFound when there is nothing at all. A repo that is
        missing here may exist all the same (``inventory``): ask ``repo``.
        """
        return list_owner(self._client, owner)

    def repo(self, ref: RepoRef) -> RepoInfo:
        """What ModelScope says of one repo now, from both APIs. Raises NotFound only when both do not know it."""
        row = self._open_row(ref)
        if ref.kind is Kind.SPACE:
            if row is None:
                raise self._unknown(ref)
            return row
        try:
            return with_details(row, self._details(ref))
        except NotFound:
            if row is None:
                raise
            context = self._client.context("describe the repo", ref)
            raise lied(context, "one of its two APIs knows the repo, the other does not") from None

    def _open_row(self, ref: RepoRef) -> RepoInfo | None:
        context = self._client.context("describe the repo", ref)
        try:
            data = self._client.openapi(context, f"/{SEGMENTS[ref.kind]}/{ref.id}")
        except NotFound:
            return None
        row = open_row(data, ref.kind) if isinstance(data, dict) else None
        if row is None:
            raise lied(context, "the answer names no repo")
        return self._same(row, ref)

    def _details(self, ref: RepoRef) -> RepoInfo:
        context = self._client.context("describe the repo", ref)
        data = self._client.sdk(
            context, lambda api: api.legacy.get_repo_info(str(ref.id), SDK_TYPES[ref.kind])
        )
        row = legacy_row(data, ref.kind) if isinstance(data, dict) else None
        if row is None:
            raise lied(context, "the answer names no repo")
        return self._same(row, ref)

    def _same(self, row: RepoInfo, ref: RepoRef) -> RepoInfo:
        if row.ref != ref:
            raise Moved(
                f"{ref.id} on ModelScope now leads to {row.ref.id}",
                now=str(row.ref.id),
                way_out="It was moved or renamed: refresh the inventory.",
                repo=str(ref.id),
            )
        return row

    def _unknown(self, ref: RepoRef) -> NotFound:
        return NotFound(
            f"ModelScope knows no {SDK_TYPES[ref.kind]} {ref.id}",
            meaning="It says the same of repos that this token may not see.",
            way_out="Check the id and the type; doctor tells whose token this is.",
            repo=str(ref.id),
            status=404,
        )

    def find(self, repo_id: RepoId) -> tuple[RepoRef, ...]:
        """Every repo of that id, one for each type that has it, in the order model, dataset, space."""
        found: list[RepoRef] = []
        for kind in Kind:
            ref = RepoRef(Hub.MS, kind, repo_id)
            try:
                self.repo(ref)
            except NotFound:
                continue
            found.append(ref)
        return tuple(found)

    def refs(self, ref: RepoRef) -> tuple[GitRef, ...]:
        """All branches and tags, sorted by kind and name; one request for each besides the list."""
        return self._revisions.refs(ref)

    def resolve(self, ref: RepoRef, revision: str = "") -> str:
        """The 40-hex revision of a branch, tag or revision; of ``master`` when empty. Raises NotFound."""
        return self._revisions.resolve(ref, revision)

    def history(self, ref: RepoRef, revision: str) -> int | None:
        """How many commits lead to a revision; None where that cannot be told."""
        return self._revisions.history(ref, revision)

    def chronicle(self, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
        """See ``chronicle.chronicle``."""
        return chronicle(self._client, self._revisions, ref, heads)

    def manifest(self, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None) -> Manifest:
        """All files at a 40-hex revision, sorted by path. No file at all is never taken for a whole listing.

        ModelScope answers with an empty list for revisions it does not have; then NotFound is raised.
        """
        found = list_files(self._client, ref, revision, on_page)
        if not found.files:
            self._revisions.resolve(ref, revision)
        elif found.complete and ref.kind is not Kind.DATASET:
            # The pages of datasets are read until one is empty, which a cut does not bring about.
            name = unlisted(self._client, ref, revision, {entry.path for entry in found.files})
            if name:
                return replace(found, incomplete=f"it serves {name}, which it does not list")
        return found

    def open(
        self, ref: RepoRef, revision: str, entry: FileEntry, start: int = 0, end: int | None = None
    ) -> ByteSource:
        """Bytes of a file, by our own client: the SDK's stream has no large blocks and raises exceptions of ``requests``.

        Small files come at once, whatever the range; LFS files by a redirect to a CDN, which gets no credentials. An empty
        file costs no request, as the service has no content for it.
        """
        stop = entry.size if end is None else end
        if not 0 <= start <= stop <= entry.size:
            raise ValueError(f"bytes {start} to {stop} are not in a file of {entry.size}")
        if start == stop:
            return Empty()
        context = self._client.context("read the file", ref, entry.path)
        url = self._client.api.legacy.get_download_url(str(ref.id), SDK_TYPES[ref.kind], entry.path, revision)
        try:
            return self._client.bytes_at(url, context).open_range(
                url, context, headers=self._client.auth_headers(), start=start, end=stop, size=entry.size
            )
        except Hf2msError as error:
            raise sharpen(error, context) from None

    def page(self, ref: RepoRef) -> str:
        """The address of the repo's page."""
        return f"{self.endpoint}/{SEGMENTS[ref.kind]}/{ref.id}"
