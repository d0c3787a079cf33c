"""The half that can delete a repo on Hugging Face, with a pass."""

from __future__ import annotations

from typing import Any

from hf2ms_tui.domain.errors import HubLied, InterlockRefused, NotPermitted, OutcomeUnknown, Unreachable
from hf2ms_tui.domain.gate import Pass
from hf2ms_tui.domain.repo import Hub, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.huggingface.client import PREFIX, HuggingFaceClient
from hf2ms_tui.hubs.interlock import armed
from hf2ms_tui.hubs.protocol import DeleteRights

_DELETING = frozenset({"admin", "write"})
_WRITE = frozenset({"repo.write"})


class HuggingFaceDeleter:
    """Implements ``protocol.HubDeleter``."""

    def __init__(self, client: HuggingFaceClient) -> None:
        self._client = client

    @property
    def hub(self) -> Hub:
        """Hugging Face."""
        return Hub.HF

    def rights(self, ref: RepoRef) -> DeleteRights:
        """Whether the token may delete the repo: its role or scope, the account's role, and the hub's own write check.

        Roles: hub docs, organizations-security (2026-08): write and admin delete any repo of the organisation, contributor
        only what the account made itself. Whether a fine-grained ``repo.write`` covers deletion is not documented.
        """
        page = f"{self._client.endpoint}/{PREFIX[ref.kind]}{ref.id}/settings"
        before = self._client.who_at
        allowed, why = _by_roles(self._client.whoami(), ref)
        if not allowed and before is not None:
            # A person who gave the token more rights since must not have to start the program again. Whoever may delete by
            # what was known is asked nothing twice: the hub's own check follows, and the deletion itself.
            allowed, why = _by_roles(self._client.whoami(again=True), ref)
        if not allowed:
            return DeleteRights(False, why, page, self._client.who_at)
        try:
            self._client.sdk(
                self._client.context("tell whether this token may write", ref),
                lambda api: api.auth_check(str(ref.id), repo_type=ref.kind.value, write=True),
            )
        except NotPermitted as error:
            return DeleteRights(False, error.what, page, self._client.who_at)
        return DeleteRights(True, why, page, self._client.who_at)

    def delete_repo(self, pass_: Pass) -> None:
        """Delete the repo that the pass names; see ``protocol.HubDeleter.delete_repo``.

        The request is sent once and never repeated. A hub that answers 5xx may have deleted all the same.
        """
        if not isinstance(pass_, Pass) or pass_.ref.hub is not Hub.HF:
            raise InterlockRefused("This is not a pass for a repo on Hugging Face")
        ref = pass_.ref
        try:
            with armed(pass_, "DELETE", f"{self._client.endpoint}/api/repos/delete"):
                self._client.sdk(
                    self._client.context("delete the repo", ref),
                    lambda api: api.delete_repo(str(ref.id), repo_type=ref.kind.value),
                )
        except (Unreachable, HubLied) as error:
            raise OutcomeUnknown(
                f"Whether {ref.id} was deleted is not known",
                meaning=f"No answer came that can be relied on: {error.what}.",
                way_out="Do not send it again: read the repo. A 404 with this token means that it is gone.",
                repo=str(ref.id),
                status=error.status,
                request_id=error.request_id,
            ) from None


def _by_roles(who: dict[str, Any], ref: RepoRef) -> tuple[bool, str]:
    """Whether the token's role or scope and the account's role allow deleting the repo, and why or why not."""
    token_ok, token_why = _token(who, ref)
    if not token_ok:
        return False, token_why
    role = _role(who, ref.owner)
    if role in _DELETING | {"contributor"}:
        return True, f"{token_why}, role {role}"
    shown = f"has the role “{clean(role, 40)}” in {ref.owner}" if role else f"is not in {ref.owner}"
    return False, f"{clean(str(who['name']), 80)} {shown}"


def _token(who: dict[str, Any], ref: RepoRef) -> tuple[bool, str]:
    access = (who.get("auth") or {}).get("accessToken") or {}
    role = str(access.get("role") or "unknown")
    if role == "fineGrained":
        scoped = (access.get("fineGrained") or {}).get("scoped") or ()
        for scope in scoped:
            entity = scope.get("entity") or {}
            name = str(entity.get("name", "")).lower()
            if name in {ref.owner.lower(), str(ref.id).lower()} and _WRITE & set(
                scope.get("permissions") or ()
            ):
                return True, "fine-grained token with repo.write"
        return False, f"the fine-grained token has no repo.write for {ref.owner}"
    if role == "write":
        return True, "write token"
    return False, f"the token's role is “{clean(role, 40)}”, deleting needs write"


def _role(who: dict[str, Any], owner: str) -> str:
    if str(who.get("name", "")).lower() == owner.lower():
        return "admin"
    for org in who.get("orgs") or ():
        if isinstance(org, dict) and str(org.get("name", "")).lower() == owner.lower():
            return str(org.get("roleInOrg") or "unknown")
    return ""
