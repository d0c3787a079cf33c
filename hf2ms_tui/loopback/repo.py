"""One repo of a hub as plain state: commits, references, files. No HTTP, no rules about who may do what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .blobs import ContentIndex
from .content import Content

KINDS = ("model", "dataset", "space")


@dataclass(frozen=True, slots=True)
class Node:
    """A file of a commit."""

    path: str
    content: Content
    lfs: bool = False

    @property
    def oid(self) -> str:
        """Git blob id of what the tree holds: of the pointer text for an LFS file, else of the bytes."""
        return self.content.pointer_oid if self.lfs else self.content.git_oid

    @property
    def size(self) -> int:
        """Bytes of the file (never of its pointer)."""
        return self.content.size


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of all files. `files` maps paths to nodes and must not be changed."""

    id: str
    parent: str | None
    title: str
    message: str
    author: str
    date: datetime
    files: Mapping[str, Node]


class RefConflict(Exception):
    """A reference that exists already, or whose parent moved on."""


class RefMissing(Exception):
    """A branch, tag or commit that does not exist."""


@dataclass(slots=True, eq=False)
class Repo:
    """A repo and its whole history. `visibility` is ``public`` or ``private`` (ModelScope also ``internal``).

    `serial` is a number that is never used twice on a hub; it seeds ids, so that equal histories have equal ids.
    `branches`, `tags`, `pulls` and `converts` map short names (``main``, ``v1``, ``1``, ``parquet``) to commit ids.
    """

    kind: str
    owner: str
    name: str
    serial: int
    visibility: str = "public"
    gated: str | None = None
    granted: set[str] = field(default_factory=set)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    likes: int = 0
    downloads: int = 0
    licence: str = ""
    sdk: str = ""
    display_name: str = ""
    description: str = ""
    creator: str = ""
    disabled: bool = False
    storage_locked: bool = False
    unlisted: bool = False
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, str] = field(default_factory=dict)
    converts: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    blobs: ContentIndex = field(default_factory=ContentIndex)
    extra: dict[str, object] = field(default_factory=dict)
    _storage: tuple[int, int] = (-1, 0)

    @property
    def id(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def private(self) -> bool:
        """Whether only people with rights may see it."""
        return self.visibility != "public"

    @property
    def hex_id(self) -> str:
        """A 24-digit internal id as Hugging Face has it."""
        return hashlib.sha1(f"repo {self.serial}".encode(), usedforsecurity=False).hexdigest()[:24]

    def resolve(self, revision: str) -> Commit:
        """The commit that a branch, tag, full reference, or commit id (at least 7 digits) means. Raises RefMissing."""
        for prefix, table in (
            ("refs/heads/", self.branches),
            ("refs/tags/", self.tags),
            ("refs/pr/", self.pulls),
            ("refs/convert/", self.converts),
        ):
            if revision.startswith(prefix):
                target = table.get(revision[len(prefix) :])
                if target is None:
                    raise RefMissing(revision)
                return self.commits[target]
        target = self.branches.get(revision) or self.tags.get(revision)
        if target is None and revision in self.commits:
            target = revision
        if target is None and len(revision) >= 7:
            matches = [known for known in self.commits if known.startswith(revision)]
            target = matches[0] if len(matches) == 1 else None
        if target is None:
            raise RefMissing(revision)
        return self.commits[target]

    def head(self, branch: str = "main") -> Commit:
        """The newest commit of `branch`. Raises RefMissing."""
        return self.resolve(f"refs/heads/{branch}")

    def history(self, commit: Commit) -> list[Commit]:
        """`commit` and its ancestors, newest first."""
        line = [commit]
        while line[-1].parent is not None:
            line.append(self.commits[line[-1].parent])
        return line

    def commit(
        self,
        adds: Iterable[Node] = (),
        deletes: Iterable[str] = (),
        *,
        message: str = "",
        description: str = "",
        author: str = "",
        date: datetime | None = None,
        branch: str = "main",
        parent: str | None = None,
    ) -> Commit:
        """Make the next commit of `branch` (created if the repo has none yet) and move the branch to it.

        A path in `deletes` that ends in ``/`` means the whole folder. LFS contents become known to `blobs`.
        Raises RefConflict if `parent` is given and is not the branch's newest commit, RefMissing for a path to delete
        that does not exist.
        """
        tip = self.branches.get(branch)
        if parent is not None and parent != tip:
            raise RefConflict(f"{branch} is at {tip}, not at {parent}")
        before = self.commits[tip] if tip else None
        commit = self._build(before, list(adds), list(deletes), message, description, author, date)
        self.branches[branch] = commit.id
        return commit

    def commit_pull(
        self,
        base: Commit,
        adds: Iterable[Node],
        deletes: Iterable[str],
        *,
        message: str = "",
        description: str = "",
        author: str = "",
        number: str | None = None,
    ) -> tuple[str, Commit]:
        """Put a commit on top of `base` in pull request `number` (default: a new one); gives number and commit."""
        number = number or str(len(self.pulls) + 1)
        commit = self._build(base, list(adds), list(deletes), message, description, author, None)
        self.pulls[number] = commit.id
        return number, commit

    def _build(
        self,
        before: Commit | None,
        adds: list[Node],
        deletes: list[str],
        message: str,
        description: str,
        author: str,
        date: datetime | None,
    ) -> Commit:
        files = dict(before.files) if before else {}
        digest = hashlib.sha1(
            f"{self.kind} {self.serial} {len(self.commits)} {message}".encode(), usedforsecurity=False
        )
        digest.update((before.id if before else "root").encode())
        for path in deletes:
            gone = [known for known in files if known.startswith(path)] if path.endswith("/") else [path]
            if not gone or any(name not in files for name in gone):
                raise RefMissing(path)
            for name in gone:
                del files[name]
            digest.update(f"- {path}\n".encode())
        for node in adds:
            files[node.path] = node
            digest.update(f"+ {node.path} {node.lfs} {node.content.identity}\n".encode())
            if node.lfs:
                self.blobs.add(node.content)
        when = date or datetime.now(UTC)
        commit = Commit(
            digest.hexdigest(),
            before.id if before else None,
            message,
            description,
            author or self.owner,
            when,
            files,
        )
        self.commits[commit.id] = commit
        self.last_modified = when
        return commit

    def create_branch(self, branch: str, at: str | None = None, *, exist_ok: bool = False) -> None:
        """Start `branch` at revision `at` (default: main). Raises RefConflict if there, RefMissing if `at` is not."""
        if branch in self.branches and not exist_ok:
            raise RefConflict(f"Reference refs/heads/{branch} already exists")
        self.branches[branch] = self.resolve(at or "main").id

    def delete_branch(self, branch: str) -> None:
        """Remove `branch`. Raises RefMissing."""
        if self.branches.pop(branch, None) is None:
            raise RefMissing(branch)

    def create_tag(self, tag: str, at: str | None = None) -> None:
        """Put `tag` on revision `at` (default: main). Raises RefConflict if there, RefMissing if `at` is not."""
        if tag in self.tags:
            raise RefConflict(f"Tag reference exists already: refs/tags/{tag}")
        self.tags[tag] = self.resolve(at or "main").id

    def delete_tag(self, tag: str) -> None:
        """Remove `tag`. Raises RefMissing."""
        if self.tags.pop(tag, None) is None:
            raise RefMissing(tag)

    def squash(self, branch: str, message: str, author: str) -> Commit:
        """Replace the history of `branch` by one commit with the same files. Raises RefMissing."""
        tip = self.head(branch)
        commit = self._build(None, list(tip.files.values()), [], message, "", author, None)
        self.branches[branch] = commit.id
        return commit

    @property
    def used_storage(self) -> int:
        """Bytes of all distinct contents in the whole history (what the settings page of an org shows)."""
        if self._storage[0] == len(self.commits):
            return self._storage[1]
        seen: dict[str, int] = {}
        for commit in self.commits.values():
            for node in commit.files.values():
                seen[node.content.identity] = node.size
        self._storage = (len(self.commits), sum(seen.values()))
        return self._storage[1]
