"""The half of ModelScope that creates repos and adds to them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from hf2ms_tui.domain.errors import (
    Conflict,
    Hf2msError,
    HubLied,
    NotFound,
    NotMigratable,
    NotPermitted,
    Unreachable,
    VisibilityRefused,
)
from hf2ms_tui.domain.licence import canonical
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Gating, Hub, Kind, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import refnames
from hf2ms_tui.hubs.errors import lied
from hf2ms_tui.hubs.modelscope.batch import Where, ask_missing
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, Client, failed
from hf2ms_tui.hubs.modelscope.commit import Committer
from hf2ms_tui.hubs.modelscope.errors import error_for, name_taken, refusal_of, sharpen
from hf2ms_tui.hubs.modelscope.read import ModelScopeReader
from hf2ms_tui.hubs.modelscope.revisions import Revisions
from hf2ms_tui.hubs.modelscope.rules import LIMITS, WIRE_LEVELS, wants_inline
from hf2ms_tui.hubs.modelscope.tags import make_tag
from hf2ms_tui.hubs.protocol import (
    ByteSource,
    Change,
    CommitLimits,
    Prepared,
    Ticket,
)

SETTLE = (0.3, 1.0, 3.0)
"""Seconds between looks for a repo that was just made."""


class ModelScopeWriter:
    """``HubWriter`` of ModelScope. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._read = ModelScopeReader(client)
        self._revisions = Revisions(client)
        self._committer = Committer(client, self._revisions)

    @property
    def hub(self) -> Hub:
        """ModelScope."""
        return Hub.MS

    @property
    def limits(self) -> CommitLimits:
        """What one commit may hold (``rules`` has the sources)."""
        return LIMITS

    def prepare(
        self, ref: RepoRef, *, visibility: Visibility, licence: str | None, sdk: str | None = None
    ) -> Prepared:
        """Create the repo if it is missing and read it back. Anything but public becomes private; no licence, ``other``.

        What the site puts into a new repo by itself is in the manifest of the returned revision. Raises VisibilityRefused,
        NotMigratable for a studio, Conflict when the name is taken by something this token cannot see.
        """
        if ref.kind is Kind.SPACE:
            raise NotMigratable(
                f"{ref.id} is a space, and spaces are not migrated",
                meaning="A studio needs another README, other settings and secrets that cannot be read.",
                way_out="Make the studio by hand.",
                repo=str(ref.id),
            )
        try:
            info, created = self._read.repo(ref), False
        except NotFound:
            created = self._create(ref, visibility, licence)
            info = self._read_back(ref, created)
        self._check_visibility(ref, info, visibility, created)
        return Prepared(info, created, self._revisions.resolve(ref))

    def _create(self, ref: RepoRef, visibility: Visibility, licence: str | None) -> bool:
        """Whether this call made it; False when somebody else did in the meantime.

        Not by ``HubApi.create_repo``: it declares Apache-2.0 and public where nothing is said. Not sent a second time, as a
        lost answer may have made the repo; the reading that follows tells.
        """
        from modelscope_hub import HubError

        context = self._client.context("create the repo", ref)
        body = {
            "Owner" if ref.kind is Kind.DATASET else "Path": ref.owner,
            "Name": ref.name,
            "Visibility": WIRE_LEVELS.get(visibility, 1),
            "License": canonical(licence) if licence else "other",
        }
        taken: Hf2msError | None = None

        def create(api: Any) -> object:
            nonlocal taken
            try:
                return api.legacy.create_repo(SDK_TYPES[ref.kind], body)
            except HubError as error:
                refusal = refusal_of(error)
                if refusal is None or not name_taken(refusal):
                    raise
                taken = error_for(refusal, context)
                return None

        try:
            self._client.sdk(context, create, again=False)
        except Unreachable:
            return self._was_made(ref)
        if taken is None:
            return True
        try:
            self._read.repo(ref)
        except NotFound:
            raise Conflict(
                f"The name {ref.id} is taken on ModelScope, but no {ref.kind.value} of that name is to be seen",
                meaning=taken.meaning,
                way_out="Choose another destination, or a token of an account that may see it.",
                repo=str(ref.id),
            ) from None
        return False

    def _was_made(self, ref: RepoRef) -> bool:
        """After a create whose answer was lost. Raises Unreachable when the repo is not there either."""
        try:
            self._read.repo(ref)
        except NotFound:
            raise Unreachable(
                f"ModelScope gave no answer when asked to create {ref.id}, and it is not there",
                way_out="Nothing is lost: try again.",
                repo=str(ref.id),
            ) from None
        return True

    def _read_back(self, ref: RepoRef, created: bool) -> RepoInfo:
        for pause in SETTLE if created else ():
            try:
                return self._read.repo(ref)
            except (NotFound, HubLied):
                time.sleep(pause)
        return self._read.repo(ref)

    def _check_visibility(self, ref: RepoRef, info: RepoInfo, wanted: Visibility, created: bool) -> None:
        if not info.visibility.wider_than(wanted):
            return
        raise VisibilityRefused(
            f"{ref.id} on ModelScope is {info.visibility.value}, the source is {wanted.value}",
            meaning="Nothing was uploaded." + (" It was just made, and is still empty." if created else ""),
            way_out=f"Make it private at {self._read.page(ref)}/settings, or choose another destination.",
            repo=str(ref.id),
        )

    def inline(self, path: str, size: int, kind: Kind) -> bool:
        """Whether the file goes inside the commit (``rules.wants_inline``)."""
        return wants_inline(path, size, kind)

    def missing(self, ref: RepoRef, blobs: Sequence[Blob]) -> tuple[Ticket, ...]:
        """A ticket for each blob ModelScope lacks (``batch``); blobs are shared by all its repos."""
        return ask_missing(self._client, ref, blobs)

    def put(self, ref: RepoRef, ticket: Ticket, source: ByteSource) -> None:
        """Upload one blob in a single PUT, which is all there is: no parts, no resuming.

        By our own client: the SDK's sends the token to whatever host it is told, waits up to an hour for an answer, and
        takes an empty one for a success.
        """
        if not isinstance(ticket.where, Where):
            raise TypeError("the ticket is of another hub")
        blob, href = ticket.blob, ticket.where.href
        context = self._client.context(f"store blob {blob.sha256[:12]}", ref)
        try:
            answer = self._client.bytes_at(href, context).put(
                href, source, blob.size, context, headers=self._client.auth_headers()
            )
        except Hf2msError as error:
            raise sharpen(error, context) from None
        body = answer.json(context)
        if not isinstance(body, dict) or body.get("Code") not in (200, "200") or failed(body):
            said = clean(str(body.get("Message", "")), 200) if isinstance(body, dict) else ""
            raise lied(context, f"it does not confirm the upload ({said})")

    def commit(
        self, ref: RepoRef, branch: str, message: str, changes: Sequence[Change], parent: str = ""
    ) -> str:
        """Make one commit on a branch and return its revision, read back from the branch (``commit``)."""
        return self._committer.commit(ref, branch, message, changes, parent)

    @property
    def ref_kinds(self) -> frozenset[str]:
        """Tags only: branches are made by git alone."""
        return refnames.KINDS[Hub.MS]

    def why_not_ref(self, kind: str, name: str) -> str:
        """See ``refnames.why_not``."""
        return refnames.why_not(Hub.MS, kind, name)

    def make_branch(self, ref: RepoRef, name: str, revision: str) -> None:
        """Always raises BadInput: there is no route for it."""
        raise refnames.cannot_hold(ref, "branch", name)

    def make_tag(self, ref: RepoRef, name: str, revision: str) -> None:
        """See ``tags.make_tag``."""
        make_tag(self._client, self._revisions, ref, name, revision)

    def gate(self, ref: RepoRef, gating: Gating) -> None:
        """Always raises NotPermitted: the route that gates a repo also says who sees it, and is not used (``interlock``)."""
        raise NotPermitted(
            f"{ref.id} was not gated: on ModelScope only a person can do that",
            way_out=f"Set it at {self._read.page(ref)}/settings.",
            repo=str(ref.id),
        )

    def check_card(self, kind: Kind, text: str) -> tuple[str, ...]:
        """Nothing: ModelScope has no known rules for a README's metadata."""
        return ()
