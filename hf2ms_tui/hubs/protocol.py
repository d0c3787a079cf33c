"""The protocol of a hub in three halves. A read-only program builds no write and no delete half at all.

Every method may block on the network and is called from threads, never from an event loop; every adapter is safe to share
between threads. All raise the errors of ``domain.errors`` and nothing of an SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hf2ms_tui.domain.chronicle import Chronicle
from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.manifest import Blob, FileEntry, Manifest
from hf2ms_tui.domain.repo import Gating, GitRef, Hub, Identity, Kind, RepoId, RepoInfo, RepoRef, Visibility
from hf2ms_tui.hubs.traffic import Traffic


class ByteSource(Protocol):
    """Bytes in order, pulled by the reader. ``read`` returns at most ``n`` bytes, ``b""`` at the end; it never seeks."""

    def read(self, n: int = -1, /) -> bytes:
        """Return up to ``n`` bytes; fewer only at the end of what was asked for."""

    def close(self) -> None:
        """Give the connection back. Idempotent."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to upload one blob, as the destination's batch answer gave it. ``where`` is opaque to everyone but its adapter."""

    blob: Blob
    where: object


@dataclass(frozen=True, slots=True)
class CommitLimits:
    """What one commit may hold: actions, bytes of inline content, and bytes of one inline file."""

    actions: int
    inline_bytes: int
    inline_file: int


@dataclass(frozen=True, slots=True)
class AddBlob:
    """Put an already stored blob at ``path``."""

    path: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class AddInline:
    """Put these bytes at ``path`` inside the commit itself."""

    path: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Remove:
    """Take ``path`` away."""

    path: str


Change = AddBlob | AddInline | Remove


@dataclass(frozen=True, slots=True)
class Prepared:
    """A destination that is ready: what the hub says of it now, whether it was made by this call, and its head revision."""

    info: RepoInfo
    created: bool
    revision: str


@dataclass(frozen=True, slots=True)
class DeleteRights:
    """Whether a token may delete a repo: None when the hub does not tell. ``page`` is where a person can do it by hand.

    ``at`` is when the oldest of what that rests on was read (UTC); None when nothing was read for it.
    """

    allowed: bool | None
    why: str
    page: str = ""
    at: datetime | None = None


class HubReader(Protocol):
    """The half that only reads."""

    @property
    def hub(self) -> Hub:
        """Which hub this is."""

    @property
    def endpoint(self) -> str:
        """The base URL, without a trailing slash."""

    def whoami(self, *, again: bool = False) -> Identity:
        """Who the token is; with ``again`` as the hub says now, where the answer is kept. Raises NotAuthenticated."""

    def inventory(self, owner: str) -> Iterator[tuple[RepoInfo, ...]]:
        """All repos of ``owner`` in batches as pages arrive. The generator returns when the listing is complete.

        A part that could not be listed raises; rows with a part missing carry it in ``trouble``. Raises NotFound when the
        owner does not exist. Costs 4 requests plus one for each further page (Hugging Face).
        """

    def repo(self, ref: RepoRef) -> RepoInfo:
        """What the hub says of one repo now. Raises NotFound, and Moved when the id answers for another repo."""

    def find(self, repo_id: RepoId) -> tuple[RepoRef, ...]:
        """Every repo of that id, one for each type that has it, in the order model, dataset, space."""

    def refs(self, ref: RepoRef) -> tuple[GitRef, ...]:
        """All branches, tags, conversions and pull requests, sorted by kind and name."""

    def resolve(self, ref: RepoRef, revision: str = "") -> str:
        """The 40-hex revision of a branch, tag or revision; of the default branch when empty. Raises NotFound."""

    def history(self, ref: RepoRef, revision: str) -> int | None:
        """How many commits lead to a revision; None where that cannot be told."""

    def chronicle(self, ref: RepoRef, heads: Sequence[str]) -> Chronicle:
        """What the repo has besides files, to be kept: description, the commits that lead to ``heads``, discussions.

        Never raises for a part that cannot be read: its ``troubles`` say so. A request for each 50 or 100 commits and for
        each discussion.
        """

    def manifest(self, ref: RepoRef, revision: str, on_page: Callable[[int], None] | None = None) -> Manifest:
        """All files at a pinned revision, sorted by path; ``on_page`` hears how many were read so far.

        A listing that may be cut short says so in ``incomplete`` instead of raising.
        """

    def open(
        self, ref: RepoRef, revision: str, entry: FileEntry, start: int = 0, end: int | None = None
    ) -> ByteSource:
        """Bytes ``start`` (inclusive) to ``end`` (exclusive, the file's size when None) of a file.

        The answer's range is checked; a hub that ignores it is read past ``start``. The source raises Unreachable when the
        connection drops and HubLied when the body is longer or shorter than promised; resuming is the caller's work.
        """

    def page(self, ref: RepoRef) -> str:
        """The address of the repo's page, for a person's browser."""


class HubWriter(Protocol):
    """The half that creates repos and adds to them. It never removes a repo."""

    @property
    def hub(self) -> Hub:
        """Which hub this is."""

    @property
    def limits(self) -> CommitLimits:
        """What one commit may hold."""

    def prepare(
        self, ref: RepoRef, *, visibility: Visibility, licence: str | None, sdk: str | None = None
    ) -> Prepared:
        """Create the repo if it is missing, with visibility and licence, and read both back.

        Raises VisibilityRefused when the repo that is there, or came to be, is visible to more people than ``visibility``.
        """

    def inline(self, path: str, size: int, kind: Kind) -> bool:
        """Whether this hub wants the file inside the commit rather than as a stored blob."""

    def missing(self, ref: RepoRef, blobs: Sequence[Blob]) -> tuple[Ticket, ...]:
        """Ask which of these blobs the hub does not hold; a ticket for each of those. Every answer is checked strictly.

        Costs one request per 500 blobs. Raises HubLied when the answer neither grants nor confirms a blob.
        """

    def put(self, ref: RepoRef, ticket: Ticket, source: ByteSource) -> None:
        """Upload one blob, streamed in order: one PUT, or parts where the hub asks for them, and what confirms it.

        ``source`` gives exactly ``ticket.blob.size`` bytes and raises by itself when they do not hash to the blob; its
        exceptions come through unchanged, and the upload is then not completed.
        """

    def commit(
        self, ref: RepoRef, branch: str, message: str, changes: Sequence[Change], parent: str = ""
    ) -> str:
        """Make one commit and return its revision. ``parent`` guards it where the hub can: Conflict when the branch moved."""

    @property
    def ref_kinds(self) -> frozenset[str]:
        """Which of ``branch`` and ``tag`` this hub can be given through its API."""

    def why_not_ref(self, kind: str, name: str) -> str:
        """Why this hub cannot hold a ``branch`` or ``tag`` of this name, as a sentence; empty when it can. No request."""

    def make_branch(self, ref: RepoRef, name: str, revision: str) -> None:
        """Make branch ``name`` at a 40-hex revision that the repo has, and read it back.

        Nothing happens when it is there already. Raises Conflict when it is at another revision (it is never moved),
        BadInput when the hub cannot hold it, NotFound when the revision is not there.
        """

    def make_tag(self, ref: RepoRef, name: str, revision: str) -> None:
        """Make tag ``name`` at a 40-hex revision, and read it back; see ``make_branch``."""

    def gate(self, ref: RepoRef, gating: Gating) -> None:
        """Hand the files of the repo out only on request from now on, ``auto`` or ``manual``, and read that back.

        Never opens a gate. Raises NotPermitted where the hub lets no token do so, HubLied when it did not happen.
        """

    def check_card(self, kind: Kind, text: str) -> tuple[str, ...]:
        """What this hub would refuse in a README's metadata, as sentences; empty when it is fine."""


class HubDeleter(Protocol):
    """The half that can delete a repo, with a pass."""

    @property
    def hub(self) -> Hub:
        """Which hub this is."""

    def rights(self, ref: RepoRef) -> DeleteRights:
        """Whether the token may delete the repo, found out without deleting."""

    def delete_repo(self, pass_: Pass) -> None:
        """Delete the repo that the pass names. Raises InterlockRefused without a valid pass, OutcomeUnknown when the answer
        was lost. Only ``services.deletion`` calls this.
        """


@dataclass(frozen=True, slots=True)
class HubSession:
    """One hub, with the halves that this program was allowed to build."""

    read: HubReader
    write: HubWriter | None = None
    delete: HubDeleter | None = None
    traffic: Traffic = field(default_factory=Traffic, repr=False, compare=False)
    """requests and bytes so far; shared by all sessions of this process with the same endpoint"""

    @property
    def hub(self) -> Hub:
        """Which hub this is."""
        return self.read.hub
