"""From descriptions to a world: makes repos, commits, branches and tags, and registers what can be generated.

Bytes, hashes and revisions follow from the seed alone and are the same in every run; only dates follow the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..content import BytesContent, Content, CorruptContent, SeededContent
from ..repo import Commit, Node, Repo
from ..world import Hub, World
from .accounts import OWNER, add_accounts
from .backups import all_backups
from .datasets import all_datasets
from .known import seeded
from .models import all_models
from .spec import FileSpec, HubName, RepoSpec, Step

DEFAULT_SEED = "0"
DEFAULT_BRANCH: dict[HubName, str] = {"hf": "main", "ms": "master"}


class Shelf:
    """Every content once: files with equal bytes share one object, so that each is hashed at most once."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._literal: dict[bytes, BytesContent] = {}
        self._seeded: dict[tuple[str, int], SeededContent] = {}
        self._corrupt: dict[tuple[str, int, int], CorruptContent] = {}

    def content(self, spec: FileSpec) -> Content:
        """The content of `spec`."""
        if spec.data is not None:
            return self._literal.setdefault(spec.data, BytesContent(spec.data))
        key = (spec.seed, spec.size)
        made = self._seeded.get(key)
        if made is None:
            made = self._seeded[key] = seeded(f"{self._seed}/{spec.seed}", spec.size)
        if spec.corrupt_at is None:
            return made
        return self._corrupt.setdefault((*key, spec.corrupt_at), CorruptContent(made, spec.corrupt_at))

    @property
    def recipes(self) -> list[SeededContent]:
        """All generated contents so far, in the order of their first use."""
        return list(self._seeded.values())


def specs() -> tuple[RepoSpec, ...]:
    """All repos of the sample org on both hubs."""
    return (*all_datasets(), *all_models(), *all_backups())


def sample_org(seed: str = DEFAULT_SEED, owner: str = OWNER) -> Callable[[World], None]:
    """A function that fills an empty world with the sample org; a world may call it again to start over.

    `owner` is the name of the org on both hubs. Contents, and so their hashes, are kept between calls.
    """
    shelf = Shelf(seed)
    planned = specs()

    def fill(world: World) -> None:
        now = datetime.now(UTC)
        add_accounts(world, owner)
        for spec in planned:
            add_repo(world.hub(spec.hub), spec, owner, shelf, now)
        for old, new in (("aurora-preview", "aurora-xl-1.0"),):
            world.hf.moved[world.hf.key("model", f"{owner}/{old}")] = f"{owner}/{new}"
        for content in shelf.recipes:
            world.recipes.add(content)

    return fill


def add_repo(hub: Hub, spec: RepoSpec, owner: str, shelf: Shelf, now: datetime) -> Repo:
    """Make the repo that `spec` describes. Raises RefConflict if its id is taken."""
    repo = hub.create(
        spec.kind,
        f"{owner}/{spec.name}",
        visibility=spec.visibility,
        gated=spec.gated,
        created_at=now - timedelta(days=spec.created),
        likes=spec.likes,
        downloads=spec.downloads,
        licence=spec.licence or "",
        sdk=spec.sdk or "",
        creator=owner,
    )
    main = DEFAULT_BRANCH[spec.hub]
    made = [_commit(repo, step, main, shelf, now) for step in spec.steps]
    for branch in spec.branches:
        repo.create_branch(branch.name, made[branch.base].id)
        for step in branch.steps:
            _commit(repo, step, branch.name, shelf, now)
    for tag, step_number in spec.tags.items():
        repo.create_tag(tag, made[step_number].id)
    repo.last_modified = now - timedelta(days=spec.updated)
    return repo


def _commit(repo: Repo, step: Step, branch: str, shelf: Shelf, now: datetime) -> Commit:
    nodes = [Node(path, shelf.content(spec), spec.lfs) for path, spec in step.put.items()]
    when = now - timedelta(days=step.age)
    return repo.commit(nodes, step.drop, message=step.title, date=when, branch=branch)
