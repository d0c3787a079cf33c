"""The whole world as plain state: two hubs with accounts, tokens and repos. No HTTP."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .blobs import ContentIndex, Intake
from .repo import KINDS, Commit, Node, RefConflict, RefMissing, Repo

__all__ = ["KINDS", "Account", "Commit", "Hub", "Node", "RefConflict", "RefMissing", "Repo", "Token", "World"]


@dataclass(slots=True, eq=False)
class Account:
    """A person or an organisation. `members` of an org: user name to role (admin, write, contributor, read, no_access)."""

    name: str
    kind: str = "user"
    fullname: str = ""
    members: dict[str, str] = field(default_factory=dict)
    storage_locked: bool = False

    @property
    def id(self) -> str:
        """A 24-digit internal id."""
        return hashlib.sha1(f"account {self.name}".encode(), usedforsecurity=False).hexdigest()[:24]


@dataclass(slots=True, eq=False)
class Token:
    """A credential of `account`. `role` is read, write or fineGrained; `orgs` narrows it to these owners (None: all)."""

    value: str
    account: str
    role: str = "write"
    orgs: frozenset[str] | None = None
    label: str = "token"
    expired: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(eq=False)
class Hub:
    """One platform: ``hf`` (ids are case-insensitive, blobs belong to a repo) or ``ms`` (blobs are global).

    `settings` are numbers a hub's servers look up (page sizes, thresholds), with defaults of their own.
    """

    name: str
    fold_case: bool = False
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    blobs: ContentIndex = field(default_factory=ContentIndex)
    _last_serial: int = 0
    settings: dict[str, float] = field(default_factory=dict)
    serials: dict[int, Repo] = field(default_factory=dict)

    def key(self, kind: str, repo_id: str) -> tuple[str, str]:
        """How `repos` and `moved` are keyed."""
        return kind, repo_id.lower() if self.fold_case else repo_id

    @property
    def default_branch(self) -> str:
        """``main`` on Hugging Face, ``master`` on ModelScope."""
        return "master" if self.name == "ms" else "main"

    def get(self, kind: str, repo_id: str) -> Repo | None:
        """The repo now called `repo_id`, or None; does not follow moves."""
        return self.repos.get(self.key(kind, repo_id))

    def add_account(self, account: Account) -> Account:
        """Register an account under its name."""
        self.accounts[account.name] = account
        return account

    def add_token(self, token: Token) -> Token:
        """Register a token under its value."""
        self.tokens[token.value] = token
        return token

    def token_for(self, value: str | None) -> Token | None:
        """The token behind a credential (a token's value or a session of one), expired or not; None if unknown."""
        if value is None:
            return None
        return self.tokens.get(value) or self.tokens.get(self.sessions.get(value, ""))

    def create(self, kind: str, repo_id: str, **about: object) -> Repo:
        """A new, entirely empty repo; `about` are further fields of `Repo`. Raises RefConflict if the id is taken.

        Repos of ModelScope share the hub's blobs.
        """
        key = self.key(kind, repo_id)
        if key in self.repos:
            raise RefConflict(repo_id)
        if self.name == "ms":
            about.setdefault("blobs", self.blobs)
        owner, _, name = repo_id.partition("/")
        self._last_serial += 1
        repo = Repo(kind, owner, name, self._last_serial, **about)  # type: ignore[arg-type]
        self.repos[key] = repo
        self.serials[repo.serial] = repo
        self.moved.pop(key, None)
        return repo

    def delete(self, repo: Repo) -> None:
        """Remove the repo and everything that redirects to it."""
        del self.repos[self.key(repo.kind, repo.id)]
        del self.serials[repo.serial]
        gone = [key for key, target in self.moved.items() if key[0] == repo.kind and target == repo.id]
        for key in gone:
            del self.moved[key]

    def move(self, repo: Repo, repo_id: str) -> None:
        """Rename the repo; the old id redirects from now on. Raises RefConflict if the new id is taken."""
        new = self.key(repo.kind, repo_id)
        old = self.key(repo.kind, repo.id)
        if new in self.repos and self.repos[new] is not repo:
            raise RefConflict(repo_id)
        del self.repos[old]
        previous = repo.id
        repo.owner, _, repo.name = repo_id.partition("/")
        self.repos[new] = repo
        for key, target in list(self.moved.items()):
            if key[0] == repo.kind and target == previous:
                self.moved[key] = repo_id
        self.moved[old] = repo_id
        self.moved.pop(new, None)

    def moved_to(self, kind: str, repo_id: str) -> str | None:
        """The new id of a repo that moved away from `repo_id`, or None."""
        return self.moved.get(self.key(kind, repo_id))

    def role_in(self, account: str, owner: str) -> str | None:
        """The role of `account` in `owner`: ``admin`` for itself, the member's role in an org, or None."""
        if account == owner:
            return "admin"
        org = self.accounts.get(owner)
        return org.members.get(account) if org else None


class World:
    """Both hubs, the recipes of all seeded contents, and the folder where unknown uploads are spooled.

    `build` fills an empty world; `reset` empties it and runs `build` again. Close it to remove the spool folder.
    """

    def __init__(self, build: Callable[[World], None] | None = None, *, data_dir: Path | None = None) -> None:
        self.data_dir = data_dir
        self._build = build
        self.spool = Path(tempfile.mkdtemp(prefix="hf2ms-loopback-"))
        try:
            self.reset()
        except BaseException:
            self.close()
            raise

    def reset(self) -> None:
        """Go back to the beginning: forget all changes and uploads and build the world anew."""
        self.hf = Hub("hf", fold_case=True)
        self.ms = Hub("ms")
        self.recipes = ContentIndex()
        shutil.rmtree(self.spool, ignore_errors=True)
        self.spool.mkdir(parents=True, exist_ok=True)
        if self._build is not None:
            self._build(self)

    def hub(self, name: str) -> Hub:
        """The hub called ``hf`` or ``ms``. Raises KeyError for another name."""
        return {"hf": self.hf, "ms": self.ms}[name]

    def intake(self, sha256: str, size: int) -> Intake:
        """The way in for a blob of that hash and size. May hash recipes of that size."""
        return Intake(sha256, size, recipe=self.recipes.find(sha256, size), spool=self.spool)

    def close(self) -> None:
        """Remove the spool folder."""
        shutil.rmtree(self.spool, ignore_errors=True)
