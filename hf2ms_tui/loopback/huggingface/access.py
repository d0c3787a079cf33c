"""Who asks, what they may do, and which repo they mean (moved ones redirect)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from ..repo import Commit, RefMissing, Repo
from ..wire import Call, Refused, Reply
from ..world import Hub, Token
from .errors import STORAGE_LOCKED, refuse, repo_not_found, revision_not_found

KIND_OF = {"models": "model", "datasets": "dataset", "spaces": "space"}
READERS = frozenset({"admin", "write", "contributor", "read"})


@dataclass(frozen=True)
class Viewer:
    """The person behind a request; `token` None means nobody in particular."""

    hub: Hub
    token: Token | None

    @property
    def name(self) -> str | None:
        """The account's name."""
        return self.token.account if self.token else None

    def role(self, owner: str) -> str | None:
        """The role in `owner`, as far as the token reaches."""
        if self.token is None or (self.token.orgs is not None and owner not in self.token.orgs):
            return None
        return self.hub.role_in(self.token.account, owner)

    def sees(self, repo: Repo) -> bool:
        """Whether the repo exists as far as this person can tell."""
        return not repo.private or self.role(repo.owner) in READERS

    def reads_files(self, repo: Repo) -> bool:
        """Whether the gate of a gated repo is open (members of the owner pass)."""
        return repo.gated is None or self.role(repo.owner) in READERS or self.name in repo.granted

    @property
    def token_writes(self) -> bool:
        """Whether the token may write anything at all."""
        if self.token is None:
            return False
        return self.token.role == "write" or (
            self.token.role == "fineGrained" and "repo.write" in self.token.scopes
        )

    def writes(self, repo: Repo) -> bool:
        """Whether the role allows changing the repo (contributors: only what they made)."""
        role = self.role(repo.owner)
        return role in {"admin", "write"} or (role == "contributor" and repo.creator == self.name)

    def creates_in(self, owner: str) -> bool:
        """Whether the role allows new repos under `owner`."""
        return self.role(owner) in {"admin", "write", "contributor"}


def viewer(call: Call) -> Viewer:
    """Who asks. A credential that is unknown or expired is refused whatever it asks for."""
    token = call.hub.token_for(call.credential)
    if call.credential is not None and (token is None or token.expired):
        raise refuse(401, "Invalid credentials in Authorization header")
    return Viewer(call.hub, token)


def signed_in(call: Call) -> Viewer:
    """Who asks; nobody in particular is refused."""
    who = viewer(call)
    if who.token is None:
        raise refuse(401, "Invalid username or password.")
    return who


def kind_of(call: Call) -> str:
    """The kind of repo a path such as ``/api/models/…`` or ``/datasets/…`` names; models if it names none."""
    return KIND_OF[call.params.get("kind", "").strip("/") or "models"]


def repo_of(call: Call) -> tuple[Viewer, Repo]:
    """Who asks and the repo the path names. Moved repos answer 307, missing and invisible ones 401 or 404."""
    who, kind = viewer(call), kind_of(call)
    owner = call.params.get("owner", "")
    name = call.params["name"]
    repo_id = f"{owner}/{name}" if owner else name
    repo = who.hub.get(kind, repo_id)
    if repo is None and (target := who.hub.moved_to(kind, repo_id)) is not None:
        moved = who.hub.get(kind, target)
        if moved is not None and who.sees(moved):
            raise Refused(_redirect(call, owner, name, target))
    if repo is None or not who.sees(repo):
        raise repo_not_found(anonymous=who.token is None)
    if repo.disabled:
        raise refuse(403, "Access to this resource is disabled.")
    return who, repo


def _redirect(call: Call, owner: str, name: str, target: str) -> Reply:
    path = call.raw_path.replace(f"/{quote(owner)}/{quote(name)}", f"/{quote(target)}", 1)
    query = f"?{call.raw_query}" if call.raw_query else ""
    return Reply(307, {"Location": path + query, "Content-Type": "text/plain"}, f"Moved to {target}".encode())


def writable(call: Call) -> tuple[Viewer, Repo]:
    """`repo_of` for a request that changes the repo."""
    who, repo = repo_of(call)
    if who.token is None:
        raise refuse(401, "Invalid username or password.")
    if not who.token_writes:
        raise refuse(403, "Forbidden: you must use a write token to upload to a repository.")
    if not who.writes(repo):
        raise refuse(403, "You don't have the required permissions to perform this action on this repository")
    return who, repo


def open_files(who: Viewer, repo: Repo) -> None:
    """Refuse file contents of gated repos to those without access, and of storage-locked ones to everybody."""
    if not who.reads_files(repo):
        status = 401 if who.token is None else 403
        message = f"Access to {repo.kind} {repo.id} is restricted" + (
            " and you are not in the authorized list."
            if who.token
            else ". You must be authenticated to access it."
        )
        raise refuse(status, f"{message} Visit the repo's page to ask for access.", "GatedRepo")
    unlocked(who, repo)


def unlocked(who: Viewer, repo: Repo) -> None:
    """Refuse what a storage lock stops: the repo's own, or its owner's for private repos."""
    owner = who.hub.accounts.get(repo.owner)
    if repo.storage_locked or (repo.private and owner is not None and owner.storage_locked):
        raise refuse(403, STORAGE_LOCKED)


def commit_of(repo: Repo, revision: str) -> Commit:
    """The commit that `revision` means, or 404 RevisionNotFound (also for a repo without any commit)."""
    try:
        return repo.resolve(revision)
    except RefMissing:
        raise revision_not_found(revision) from None
