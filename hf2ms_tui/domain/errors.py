"""Errors as people read them: what failed, for which repo and file, what it means, what to do next.

Hub adapters translate whatever their SDKs raise into these; nothing above ``hubs`` ever sees an SDK's exception.
"""

from __future__ import annotations

from typing import ClassVar


class Hf2msError(Exception):
    """Base of all errors of this program.

    ``what`` is one sentence naming the act that failed; ``meaning`` says what follows from it; ``way_out`` what to do next.
    ``repo`` and ``path`` name the place where known. ``transient`` says whether the same call may succeed later unchanged.
    All texts are already clean (see ``domain.text``) and free of secrets.
    """

    transient: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        meaning: str = "",
        way_out: str = "",
        repo: str = "",
        path: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.way_out = way_out
        self.repo = repo
        self.path = path
        self.status = status
        self.request_id = request_id

    def __str__(self) -> str:
        where = " ".join(part for part in (self.repo, self.path) if part and part not in self.what)
        parts = [f"{self.what} ({where})" if where else self.what, self.meaning, self.way_out]
        return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)

    def as_dict(self) -> dict[str, object]:
        """The error as JSON-ready values, for ``--json`` and the journal."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "meaning": self.meaning,
            "way_out": self.way_out,
            "repo": self.repo,
            "path": self.path,
            "status": self.status,
            "request_id": self.request_id,
            "transient": self.transient,
        }


class BadInput(Hf2msError):
    """What the person gave cannot be used: a malformed id, an unknown flag value, a broken configuration."""

    exit_code = 2


class AmbiguousRepo(BadInput):
    """The id exists with more than one type; the person must say which is meant."""


class NotAuthenticated(Hf2msError):
    """The hub does not know the token, or there is none."""


class NotPermitted(Hf2msError):
    """The hub knows the token but refuses the act: wrong role, gated, storage locked, deletion refused."""


class NotFound(Hf2msError):
    """The hub says that the repo, revision or file does not exist, or hides it from this token."""


class Moved(Hf2msError):
    """The id answers, but for another repo: it was moved or renamed. ``now`` is the id it has today."""

    def __init__(self, what: str, *, now: str, **more: str) -> None:
        super().__init__(
            what,
            meaning=more.get("meaning", ""),
            way_out=more.get("way_out", ""),
            repo=more.get("repo", ""),
        )
        self.now = now


class Conflict(Hf2msError):
    """The branch moved under a commit, or the name is taken."""


class QuotaExceeded(Hf2msError):
    """The account's storage or plan does not allow it."""


class Unreachable(Hf2msError):
    """No answer: connection refused or lost, a timeout, a 5xx."""

    transient = True


class RateLimited(Hf2msError):
    """The hub asks to slow down. ``retry_after`` is in seconds, None when it did not say."""

    transient = True

    def __init__(self, what: str, *, retry_after: float | None = None, **more: str) -> None:
        super().__init__(
            what,
            meaning=more.get("meaning", ""),
            way_out=more.get("way_out", ""),
            repo=more.get("repo", ""),
            path=more.get("path", ""),
            status=429,
        )
        self.retry_after = retry_after


class HubLied(Hf2msError):
    """An answer that contradicts itself or the protocol: 200 with a failure inside, a listing cut short, wrong lengths."""


class Corrupt(Hf2msError):
    """Bytes that do not have the digest or size they must have."""


class NotProven(Hf2msError):
    """A proof was made and does not hold: some file is missing, differs or is unknown."""


class CardRefused(BadInput):
    """The destination would refuse the repo's README metadata; found before bytes move."""

    exit_code = 1


class VisibilityRefused(Hf2msError):
    """The destination is, or would be, visible to more people than the source."""


class NotMigratable(Hf2msError):
    """This program declines to migrate the repo, with the reason."""


class InterlockRefused(Hf2msError):
    """A destructive request was about to leave without a pass; it was stopped."""


class OutcomeUnknown(Hf2msError):
    """The answer to a destructive request was lost; only re-reading can tell what happened."""


class Cancelled(Hf2msError):
    """The person cancelled the job."""


class StoreFailed(Hf2msError):
    """The local state could not be read or written: disk full, permissions, a newer version's file."""
