"""The half that only reads Hugging Face."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hf2ms_tui.domain.chronicle import Chronicle
from hf2ms_tui.domain.errors import Moved, NotFound
from hf2ms_tui.domain.manifest import FileEntry, Manifest, is_revision
from hf2ms_tui.domain.repo import GitRef, Hub, Identity, Kind, RepoId, RepoInfo, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.body import Body
from hf2ms_tui.hubs.errors import Context, lied
from hf2ms_tui.hubs.huggingface import tree
from hf2ms_tui.hubs.huggingface.chronicle import chronicle
from hf2ms_tui.hubs.huggingface.client import PREFIX, HuggingFaceClient
from hf2ms_tui.hubs.huggingface.convert import from_info
from hf2ms_tui.hubs.huggingface.history import count, newest
from hf2ms_tui.hubs.huggingface.inventory import EXPAND, inventory
from hf2ms_tui.hubs.protocol import ByteSource

if TYPE_CHECKING:
    from huggingface_hub import HfApi


class HuggingFaceReader:
    """Implements ``protocol.HubReader``."""

    def __init__(self, client: HuggingFaceClient) -> None:
        self._client = client

    @property
    def hub(self) -> Hub:
        """Hugging Face."""
        return Hub.HF

    @property
    def endpoint(self) -> str:
        """The base URL, without a trailing slash."""
        return self._client.endpoint

    def whoami(self, *, again: bool = False) -> Identity:
        """Who the token is; asked once for each session, or ``again``. Raises NotAuthenticated."""
        said = self._client.whoami(again=again)
        access = (said.get("auth") or {}).get("accessToken") or {}
        orgs = [org for org in said.get("orgs") or () if isinstance(org, dict) and org.get("name")]
        return Identity(
            Hub.HF,
            clean(said["name"], 100),
            clean(str(access.get("role") or "unknown"), 40),
            tuple(
                (clean(str(org["name"]), 100), clean(str(org.get("roleInOrg") or "unknown"), 40))
                for org in orgs
            ),
        )

    def inventory(self, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
        """See ``inventory.inventory``."""
        return inventory(self._client, owner)

    def repo(self, ref: RepoRef) -> RepoInfo:
        """What the hub says of one repo now. Raises NotFound, and Moved when the id answers for another repo."""
        info = self._info(ref, None, EXPAND[ref.kind])
        return from_info(info, ref.kind, ref.owner)

    def find(self, repo_id: RepoId) -> tuple[RepoRef, ...]:
        """Every repo of that id, in the order model, dataset, space. Raises Moved when only a moved one answers."""
        found: list[RepoRef] = []
        moved: Moved | None = None
        for kind in Kind:
            ref = RepoRef(Hub.HF, kind, repo_id)
            try:
                self._info(ref, None, ["private"])
            except NotFound:
                continue
            except Moved as error:
                moved = moved or error
                continue
            found.append(ref)
        if moved is not None and not found:
            raise moved
        return tuple(found)

    def refs(self, ref: RepoRef) -> tuple[GitRef, ...]:
        """All branches, tags, conversions and pull requests, sorted by kind and name."""
        context = self._client.context("list the branches and tags", ref)
        said = self._client.sdk(
            context,
            lambda api: api.list_repo_refs(str(ref.id), repo_type=ref.kind.value, include_pull_requests=True),
        )
        found = [
            GitRef(clean(item.name), kind, item.target_commit)
            for kind, items in (
                ("branch", said.branches),
                ("convert", said.converts),
                ("pull", said.pull_requests or []),
                ("tag", said.tags),
            )
            for item in items
        ]
        if not all(is_revision(item.revision) for item in found):
            raise lied(context, "a branch or tag points at no commit")
        return tuple(sorted(found, key=lambda item: (item.kind, item.name)))

    def resolve(self, ref: RepoRef, revision: str = "") -> str:
        """The 40-hex revision of a branch, tag or revision; of the default branch when empty. Raises NotFound."""
        # by the newest commit: what info routes with `expand` say of another revision than main is not documented
        return newest(self._client, ref, revision or Hub.HF.default_branch).revision

    def history(self, ref: RepoRef, revision: str) -> int | None:
        """How many commits lead to a revision; None beyond about 1,000."""
        return count(self._client, ref, revision)

    def chronicle(self, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
        """See ``chronicle.chronicle``. Hugging Face keeps no description but the README."""
        return chronicle(self._client, ref, heads)

    def manifest(self, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None) -> Manifest:
        """See ``tree.manifest``."""
        return tree.manifest(self._client, ref, revision, on_page)

    def open(
        self, ref: RepoRef, revision: str, entry: FileEntry, start: int = 0, end: int | None = None
    ) -> ByteSource:
        """Bytes of a file, by range, from wherever the hub's redirect leads.

        Our own request: the SDK's streams share one client that any thread's failure closes, and GETs without a range fail
        for very large files. What the answers say of revision, size and digest is compared with ``entry`` before any byte.
        """
        context = self._client.context("read the file", ref, entry.path)
        source = self._client.data.open_range(
            self._client.file_url(ref, revision, entry.path),
            context,
            headers=self._client.headers(),
            start=start,
            end=entry.size if end is None else end,
            size=entry.size,
        )
        if isinstance(source, Body):
            try:
                for _, headers in source.hops:
                    _compare(headers, revision, entry, context)
            except Exception:
                source.close()
                raise
        return source

    def page(self, ref: RepoRef) -> str:
        """The address of the repo's page."""
        return f"{self.endpoint}/{PREFIX[ref.kind]}{ref.id}"

    def _info(self, ref: RepoRef, revision: str | None, expand: list[Any]) -> Any:
        def ask(api: HfApi) -> Any:
            name = str(ref.id)
            if ref.kind is Kind.MODEL:
                return api.model_info(name, revision=revision, expand=expand)
            if ref.kind is Kind.DATASET:
                return api.dataset_info(name, revision=revision, expand=expand)
            return api.space_info(name, revision=revision, expand=expand)

        context = self._client.context("read about the repo", ref)
        info = self._client.sdk(context, ask)
        if info.id != str(ref.id):
            from hf2ms_tui.hubs.huggingface.guard import moved

            raise moved(context, str(ref.id), str(info.id))
        return info


def _compare(headers: Mapping[str, str], revision: str, entry: FileEntry, context: Context) -> None:
    commit = headers.get("x-repo-commit", "")
    if is_revision(commit) and is_revision(revision) and commit != revision:
        raise lied(context, f"the file comes from revision {commit[:7]} instead of {revision[:7]}")
    digest = headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
    if len(digest) == 64 and entry.sha256 is not None and digest != entry.sha256:
        raise lied(context, "the file has another sha256 than the listing says")
    size = headers.get("x-linked-size", "")
    if size.isdigit() and int(size) != entry.size:
        raise lied(context, f"the file has {int(size):,} bytes, the listing says {entry.size:,}")
