"""Hubs, repos and what an inventory row knows of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import unquote, urlsplit

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.text import clean


class Hub(Enum):
    """A platform that hosts repos."""

    HF = "hf"
    MS = "ms"

    @property
    def title(self) -> str:
        """The hub's name as people write it."""
        return "Hugging Face" if self is Hub.HF else "ModelScope"

    @property
    def other(self) -> Hub:
        """The hub on the other side of a migration."""
        return Hub.MS if self is Hub.HF else Hub.HF

    @property
    def default_branch(self) -> str:
        """``main`` on Hugging Face, ``master`` on ModelScope."""
        return "main" if self is Hub.HF else "master"


class Kind(Enum):
    """A repo's type. ModelScope calls its spaces studios."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"

    @property
    def plural(self) -> str:
        """The path segment in URLs: models, datasets, spaces."""
        return f"{self.value}s"


class Visibility(Enum):
    """Who can see a repo."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"
    UNKNOWN = "unknown"

    def wider_than(self, other: Visibility) -> bool:
        """Say whether more people can see this than ``other``; an unknown one counts as the widest here, narrowest there."""
        width = {Visibility.PRIVATE: 0, Visibility.INTERNAL: 1, Visibility.PUBLIC: 2}
        return width.get(self, 2) > width.get(other, 0)


class Gating(Enum):
    """Whether files of a visible repo are handed out only on request."""

    NONE = "none"
    AUTO = "auto"
    MANUAL = "manual"
    UNKNOWN = "unknown"


_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?|[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, order=True)
class RepoId:
    """``owner/name``: a repo's id, without hub and type."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> RepoId:
        """Read ``owner/name``. Raises BadInput for anything else, saying what is wrong."""
        owner, slash, name = text.strip().partition("/")
        if not slash or not owner or not name or "/" in name:
            raise BadInput(f"“{clean(text, 120)}” is not a repo id", way_out="Write it as owner/name.")
        for part in (owner, name):
            if not _SEGMENT.fullmatch(part) or "--" in part or ".." in part:
                raise BadInput(
                    f"“{clean(part, 120)}” cannot be part of a repo id",
                    meaning="Ids have letters, digits, “-”, “_” and “.”, at most 96, no “--” and no “..”.",
                )
        return cls(owner, name)


_HUB_WORDS = {hub: f"{hub.value}:" for hub in Hub}
_KIND_WORDS = {kind: f"{kind.value}:" for kind in Kind}
_WORDS: dict[tuple[Hub | str, Kind | str], tuple[Hub, Kind]] = {
    (hub.value, kind.value): (hub, kind) for hub in Hub for kind in Kind
}


@dataclass(frozen=True, slots=True)
class RepoRef:
    """One repo: which hub, which type, which id."""

    hub: Hub
    kind: Kind
    id: RepoId

    def __str__(self) -> str:
        # Made for every row again and again: enum values and nested formats would cost more than all else.
        return f"{_HUB_WORDS[self.hub]}{_KIND_WORDS[self.kind]}{self.id.owner}/{self.id.name}"

    @property
    def owner(self) -> str:
        """The user or organisation that owns the repo."""
        return self.id.owner

    @property
    def name(self) -> str:
        """The repo's name without its owner."""
        return self.id.name

    @property
    def key(self) -> str:
        """A stable text key, ``hub:kind:owner/name``, for tables and the journal; ``from_key`` reads it back."""
        return str(self)

    @classmethod
    def of(cls, hub: Hub | str, kind: Kind | str, repo_id: str) -> RepoRef:
        """Build a ref from plain words; for adapters and tests. Does not validate what a hub itself named."""
        owner, _, name = repo_id.partition("/")
        known = _WORDS.get((hub, kind))
        return cls(*(known or (Hub(hub), Kind(kind))), RepoId(owner, name))

    @classmethod
    def from_key(cls, key: str) -> RepoRef:
        """Read what ``key`` wrote. Raises BadInput when it is something else."""
        parts = key.split(":", 2)
        try:
            return cls.of(parts[0], parts[1], parts[2])
        except (ValueError, IndexError):
            raise BadInput(f"“{clean(key, 120)}” is not a repo key") from None


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What a person typed to name a repo: hub and type are None when they did not say."""

    hub: Hub | None
    kind: Kind | None
    id: RepoId


_HOSTS = {"huggingface.co": Hub.HF, "hf.co": Hub.HF, "modelscope.cn": Hub.MS, "modelscope.ai": Hub.MS}
_PAGE_KINDS = {"models": Kind.MODEL, "datasets": Kind.DATASET, "spaces": Kind.SPACE, "studios": Kind.SPACE}


def parse_source(text: str, endpoints: dict[str, Hub] | None = None) -> SourceSpec:
    """Read ``owner/name``, ``hf:owner/name``, ``ms:owner/name``, ``hf:dataset:owner/name`` or the URL of a repo's page.

    ``endpoints`` maps further ``host[:port]`` to their hub (self-hosted or loopback endpoints). Raises BadInput.
    """
    text = text.strip()
    if "://" in text:
        return _parse_url(text, endpoints or {})
    hub: Hub | None = None
    kind: Kind | None = None
    rest = text
    while ":" in rest:
        word, rest = rest.split(":", 1)
        if hub is None and word in {"hf", "ms"}:
            hub = Hub(word)
        elif kind is None and word.removesuffix("s") in {"model", "dataset", "space"}:
            kind = Kind(word.removesuffix("s"))
        else:
            raise BadInput(
                f"“{clean(text, 160)}” does not name a repo",
                way_out="Write owner/name, hf:owner/name, ms:owner/name or the address of the repo's page.",
            )
    for plural, page_kind in _PAGE_KINDS.items():
        if rest.startswith(f"{plural}/") and rest.count("/") == 2:
            kind, rest = page_kind, rest.removeprefix(f"{plural}/")
    return SourceSpec(hub, kind, RepoId.parse(rest))


def _parse_url(text: str, endpoints: dict[str, Hub]) -> SourceSpec:
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2].lower()
    hub = endpoints.get(host) or _HOSTS.get(host.partition(":")[0].removeprefix("www."))
    if hub is None:
        raise BadInput(
            f"“{clean(host, 120)}” is neither Hugging Face nor ModelScope",
            way_out="Give the address of a repo's page on one of the two, or owner/name.",
        )
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    kind = Kind.MODEL
    if segments and segments[0] in _PAGE_KINDS:
        kind = _PAGE_KINDS[segments.pop(0)]
    if len(segments) < 2:
        raise BadInput(f"“{clean(text, 160)}” is not the address of a repo's page")
    return SourceSpec(hub, kind, RepoId.parse(f"{segments[0]}/{segments[1]}"))


@dataclass(frozen=True, slots=True)
class GitRef:
    """A branch, tag, conversion or pull request of a repo and the revision it points at."""

    name: str
    kind: str
    """``branch``, ``tag``, ``convert`` or ``pull``"""
    revision: str

    @property
    def words(self) -> str:
        """Kind and name: ``tag v1.0``. Names are clean."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class RepoInfo:
    """One inventory row: what a hub tells of a repo. None means unknown and is never shown as zero.

    Sizes in bytes, dates in UTC. Texts are clean.
    """

    ref: RepoRef
    visibility: Visibility
    gating: Gating = Gating.UNKNOWN
    revision: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    size: int | None = None
    size_is_estimate: bool = False
    downloads: int | None = None
    likes: int | None = None
    licence: str | None = None
    tags: tuple[str, ...] = ()
    sdk: str | None = None
    trouble: str = ""
    """why something of this row is unknown or the repo is disabled; empty when all is well"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is: account, role of the token, and the role in each organisation it belongs to."""

    hub: Hub
    account: str
    token_role: str
    """``read``, ``write``, ``fineGrained`` or ``unknown`` (ModelScope does not tell)"""
    orgs: tuple[tuple[str, str], ...] = ()
    """pairs of organisation and role in it, in the hub's order; empty when the hub does not tell"""
