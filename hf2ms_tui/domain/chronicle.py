"""What a repo has besides files: settings in words, its list of commits, its discussions. Kept to be read, not restored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CommitLine:
    """One commit as a hub lists it. ``at`` is UTC, None where the hub does not tell; texts are clean."""

    revision: str
    title: str
    at: datetime | None = None
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """One thing said in a discussion."""

    author: str
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Discussion:
    """One discussion or pull request. ``state`` is the hub's word: open, closed, merged, draft."""

    number: int
    title: str
    state: str
    author: str
    at: datetime | None = None
    pull: bool = False
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Chronicle:
    """What could be read. ``commits`` holds each commit once, newest first within a branch; ``discussions`` oldest first.

    ``troubles`` are whole sentences about what could not be read, empty when everything was.
    """

    description: str = ""
    commits: tuple[CommitLine, ...] = ()
    discussions: tuple[Discussion, ...] | None = None
    """None: not readable, ``troubles`` says why"""
    troubles: tuple[str, ...] = ()
