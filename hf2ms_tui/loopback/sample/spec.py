"""What a repo of the sample org consists of, before it becomes part of a world.

Plain descriptions: no content is made here, no hash is taken, no clock is read. Ages are days before the moment at which
the world starts, so that the org looks equally old whenever somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

HubName = Literal["hf", "ms"]
Kind = Literal["model", "dataset", "space"]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file: either literal `data`, or `size` bytes that follow from `seed` and are made only while they are served.

    `corrupt_at` is an offset (bytes) at which the served byte is wrong while the listing keeps telling the right hash.
    """

    size: int
    seed: str = ""
    data: bytes | None = None
    lfs: bool = False
    corrupt_at: int | None = None


Files = Mapping[str, FileSpec]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit: what it puts and drops, `age` days ago."""

    title: str
    age: float
    put: Files
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that leaves the default branch after step number `base` (from 0) and goes on by itself."""

    name: str
    base: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class RepoSpec:
    """One repo on one hub. `steps` are the commits of its default branch, oldest first; `tags` maps names to steps."""

    hub: HubName
    kind: Kind
    name: str
    steps: tuple[Step, ...]
    visibility: Literal["public", "private"] = "private"
    gated: Literal["auto", "manual"] | None = None
    downloads: int = 0
    likes: int = 0
    licence: str | None = None
    sdk: str | None = None
    branches: tuple[Branch, ...] = ()
    tags: Mapping[str, int] = field(default_factory=dict)

    @property
    def head(self) -> dict[str, FileSpec]:
        """The files of the default branch after its last step, by path, in the order in which they came."""
        return files_after(self.steps)

    @property
    def created(self) -> float:
        """Age of the repo in days."""
        return self.steps[0].age

    @property
    def updated(self) -> float:
        """Age in days of the youngest commit on any branch."""
        return min(step.age for steps in (self.steps, *(b.steps for b in self.branches)) for step in steps)


def files_after(steps: tuple[Step, ...]) -> dict[str, FileSpec]:
    """The files that stand after `steps`, by path."""
    files: dict[str, FileSpec] = {}
    for step in steps:
        files.update(step.put)
        for path in step.drop:
            del files[path]
    return files
