"""Which branches and tags each hub can be given through its API, and under which names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hf2ms_tui.domain.errors import BadInput, Conflict
from hf2ms_tui.domain.manifest import is_revision
from hf2ms_tui.domain.repo import GitRef, Hub, RepoRef
from hf2ms_tui.domain.text import clean, is_clean

KINDS: Mapping[Hub, frozenset[str]] = {
    Hub.HF: frozenset({"branch", "tag"}),
    Hub.MS: frozenset({"tag"}),
}
"""Hugging Face: ``create_branch`` and ``create_tag``. ModelScope: ``repo/tag``; for branches there is only git."""

LONGEST = 200
"""bytes of a name; a component of a path on most file systems may have 255, and git adds to it"""
_FORBIDDEN = re.compile(r"[ ~^:?*\[\\]|\.\.|@\{|//")


def why_not(hub: Hub, kind: str, name: str) -> str:
    """Why ``hub`` cannot be given a branch or tag of this name, as a sentence without its full stop; empty when it can.

    The rules for names are git's (git-check-ref-format(1)), and what each hub adds: Hugging Face takes no ``refs/…``,
    ModelScope no tag that is called like a default branch. A name of 40 hex digits would be read as a revision on both.
    """
    if kind not in KINDS[hub]:
        return f"{hub.title} has no way to make a {kind} but git"
    shown = clean(name, 80)
    if not name or not is_clean(name):
        return "the name has characters that cannot be read"
    if (
        _FORBIDDEN.search(name)
        or name.startswith(("-", "/"))
        or name.endswith(("/", "."))
        or name == "@"
        or any(part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
    ):
        return f"git does not allow the name {shown}"
    if len(name.encode()) > LONGEST:
        return f"the name is longer than {LONGEST} bytes"
    if is_revision(name) or name == "HEAD":
        return f"the name {shown} would be read as a revision"
    if name.startswith("refs/"):
        return f"{hub.title} keeps names that begin with refs/ for itself"
    if hub is Hub.MS and name in {"main", "master"}:
        return f"ModelScope takes no tag called {name}"
    return ""


def cannot_hold(ref: RepoRef, kind: str, name: str) -> BadInput:
    """The error for a branch or tag that the hub cannot be given."""
    return BadInput(
        f"{ref.id} on {ref.hub.title} cannot get the {kind} {clean(name, 80)}: {why_not(ref.hub, kind, name)}",
        way_out="Make it by hand with git, or under another name.",
        repo=str(ref.id),
    )


def check(ref: RepoRef, wanted: GitRef) -> None:
    """Raises BadInput when the hub cannot hold ``wanted``, or when it names no pinned revision."""
    if why_not(ref.hub, wanted.kind, wanted.name):
        raise cannot_hold(ref, wanted.kind, wanted.name)
    if not is_revision(wanted.revision):
        raise BadInput(
            f"{wanted.kind} {clean(wanted.name, 80)} needs a revision of 40 hex digits",
            way_out="This is a fault of the program; please report it.",
            repo=str(ref.id),
        )


def elsewhere(ref: RepoRef, wanted: GitRef, found: str) -> Conflict:
    """The error for a branch or tag that is there, at another revision."""
    return Conflict(
        f"{wanted.kind} {clean(wanted.name, 80)} of {ref.id} on {ref.hub.title} is at {found[:7]}, "
        f"not at {wanted.revision[:7]}",
        meaning="Nothing was changed: this program moves no branch or tag that is there.",
        way_out=f"If it may go, remove it on {ref.hub.title} by hand, then try again.",
        repo=str(ref.id),
    )
