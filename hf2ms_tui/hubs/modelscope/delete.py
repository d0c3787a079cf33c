"""The half of ModelScope that could delete, if the service let tokens do so."""

from __future__ import annotations

from hf2ms_tui.domain.errors import NotPermitted, OutcomeUnknown, Unreachable
from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.hubs import interlock
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, SEGMENTS, Client
from hf2ms_tui.hubs.protocol import DeleteRights


class ModelScopeDeleter:
    """``HubDeleter`` of ModelScope."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def hub(self) -> Hub:
        """ModelScope."""
        return Hub.MS

    def settings_page(self, ref: RepoRef) -> str:
        """Where a person can delete the repo by hand."""
        return f"{self._client.endpoint}/{SEGMENTS[ref.kind]}/{ref.id}/settings"

    def rights(self, ref: RepoRef) -> DeleteRights:
        """That the token may not: the service refuses ordinary ones, and does not tell which ones are not ordinary."""
        return DeleteRights(
            False,
            "ModelScope does not let tokens delete repos; an admin of the owner can, on the settings page",
            self.settings_page(ref),
        )

    def delete_repo(self, pass_: Pass) -> None:
        """Ask to delete the repo that the pass names; sent once. Raises NotPermitted with the page to go to, as is usual.

        By ``LegacyClient.delete_repo``: the public method adds nothing but a warning on stderr. InterlockRefused without a
        valid pass; OutcomeUnknown when the answer was lost.
        """
        ref = pass_.ref if isinstance(pass_, Pass) else None
        context = self._client.context("delete the repo", ref)
        url = (
            f"{self._client.endpoint}/api/v1/{SEGMENTS[ref.kind]}/{ref.id}" if ref else self._client.endpoint
        )
        with interlock.armed(pass_, "DELETE", url):
            assert ref is not None
            try:
                self._client.sdk(
                    context, lambda api: api.legacy.delete_repo(str(ref.id), SDK_TYPES[ref.kind]), again=False
                )
            except NotPermitted as error:
                error.way_out = (
                    f"Delete it by hand at {self.settings_page(ref)}; it is watched for to disappear."
                )
                raise
            except Unreachable as error:
                raise OutcomeUnknown(
                    f"The answer to deleting {ref.id} on ModelScope was lost",
                    meaning=f"It may be gone or not. {error.what}.",
                    way_out="Refresh: only reading it again tells.",
                    repo=str(ref.id),
                ) from None
