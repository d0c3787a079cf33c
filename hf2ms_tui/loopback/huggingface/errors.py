"""The hub's errors: status, ``{"error": …}``, and the X-Error headers that clients tell them apart by."""

from __future__ import annotations

from collections.abc import Mapping

from ..wire import Refused, Reply, json_reply

STORAGE_LOCKED = "Private repository storage limit reached, please upgrade your plan to increase your private storage limit."


def error_reply(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """An error with an optional X-Error-Code."""
    known = {"X-Error-Message": message.encode("ascii", "replace").decode(), **(headers or {})}
    if code is not None:
        known["X-Error-Code"] = code
    return json_reply({"error": message}, status, known)


def refuse(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
) -> Refused:
    """`error_reply` to raise."""
    return Refused(error_reply(status, message, code, headers))


def repo_not_found(*, anonymous: bool) -> Refused:
    """What a missing repo and one without rights look like: 401 to nobody in particular, 404 to a known person.

    The 401 of the real hub has no X-Error-Code, but clients infer it from https addresses only.
    """
    if anonymous:
        return refuse(401, "Invalid username or password.", "RepoNotFound")
    return refuse(404, "Repository not found", "RepoNotFound")


def revision_not_found(revision: str) -> Refused:
    """A branch, tag or commit that is not there."""
    return refuse(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(commit: str | None = None, message: str = "Entry not found") -> Refused:
    """A path that is not in the revision."""
    return refuse(404, message, "EntryNotFound", {"X-Repo-Commit": commit} if commit else None)
