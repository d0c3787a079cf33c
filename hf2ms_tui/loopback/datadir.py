"""Real folders as repos: ``DIR/<hub>/<kind>/<owner>/<name>/…``, so that anybody can test with files of their own.

Hubs are ``hf`` and ``ms``; kinds ``models``, ``datasets`` and ``spaces`` (the singular works too). Files are read while
they are served and hashed when somebody asks; nothing is ever written into DIR: what arrives by the API stays in memory
and in the world's spool folder, and is gone with the world. Files above 10 MB and binary files are LFS, as the hubs' own
uploaders decide it. A repo's `.git` folder is left out, as are dot files beside the folders that lead to a repo.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml

from .content import FileContent
from .repo import Node
from .sample.accounts import add_accounts
from .sample.build import DEFAULT_BRANCH
from .sample.spec import HubName
from .world import World

KIND_FOLDERS = {
    "models": "model",
    "model": "model",
    "datasets": "dataset",
    "dataset": "dataset",
    "spaces": "space",
    "space": "space",
}
HUBS: tuple[HubName, ...] = ("hf", "ms")
LFS_ABOVE = 10_000_000
"""Bytes above which even a text file is LFS."""

_SNIFF = 8_192
_LEGAL = re.compile(r"(?![.-])[A-Za-z0-9._-]{1,96}(?<![.-])")
LAYOUT = "DIR/<hf|ms>/<models|datasets|spaces>/<owner>/<name>/…"


class DataDirError(Exception):
    """A folder that is not laid out as it must be, or holds what cannot be served. The text names the place."""


def data_org(folder: Path, *owners: str) -> Callable[[World], None]:
    """A function that fills an empty world with the repos under `folder`; a world may call it again to start over.

    All owners found, and `owners` besides, become orgs on both hubs. The folders are listed each time, so a reset
    shows what has changed. Raises DataDirError, now or then, if the layout is wrong or there is no repo.
    """
    found = list(_repos(folder))
    if not found:
        raise DataDirError(f"no repo under {folder}: it must look like {LAYOUT}")

    def fill(world: World) -> None:
        everyone = dict.fromkeys([*owners, *(owner for _, _, owner, _ in _repos(folder))])
        add_accounts(world, *everyone)
        for hub, kind, owner, path in _repos(folder):
            _add(world, hub, kind, owner, path)

    return fill


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataDirError(f"cannot read {folder}: {error.strerror}") from error


def _folders(folder: Path, level: str) -> Iterator[Path]:
    for path in _entries(folder):
        if not path.is_dir():
            raise DataDirError(f"{path} is a file where a folder for {level} must be: {LAYOUT}")
        yield path


def _repos(folder: Path) -> Iterator[tuple[HubName, str, str, Path]]:
    if not folder.is_dir():
        raise DataDirError(f"{folder} is not a folder")
    for hub_folder in _folders(folder, "a hub"):
        hub = next((name for name in HUBS if name == hub_folder.name), None)
        if hub is None:
            raise DataDirError(f"{hub_folder} is not a hub (hf or ms): {LAYOUT}")
        for kind_folder in _folders(hub_folder, "a kind"):
            kind = KIND_FOLDERS.get(kind_folder.name)
            if kind is None:
                raise DataDirError(f"{kind_folder} is not a kind (models, datasets or spaces): {LAYOUT}")
            for owner in _folders(kind_folder, "an owner"):
                for repo in _folders(owner, "a repo"):
                    _check_name(owner)
                    _check_name(repo)
                    yield hub, kind, owner.name, repo


def _check_name(path: Path) -> None:
    if not _LEGAL.fullmatch(path.name) or "--" in path.name or ".." in path.name:
        raise DataDirError(
            f"{path}: hubs allow letters, digits, '.', '_' and '-' in names (no '--', no '..')"
        )


def _add(world: World, hub_name: HubName, kind: str, owner: str, folder: Path) -> None:
    hub = world.hub(hub_name)
    repo_id = f"{owner}/{folder.name}"
    if hub.get(kind, repo_id) is not None:
        raise DataDirError(
            f"{folder}: {hub_name} has the {kind} {repo_id} already (singular and plural folder, or case)"
        )
    nodes = [_node(folder, path) for path in _files(folder)]
    changed = max((path.stat().st_mtime for path in _files(folder)), default=folder.stat().st_mtime)
    when = datetime.fromtimestamp(changed, UTC)
    front = _front_matter(folder / "README.md")
    licence = front.get("license")
    sdk = front.get("sdk")
    repo = hub.create(
        kind,
        repo_id,
        visibility="private",
        created_at=when,
        licence=licence if isinstance(licence, str) else "",
        sdk=sdk if isinstance(sdk, str) else ("static" if kind == "space" else ""),
        creator=owner,
    )
    repo.commit(nodes, message="Files as they lie in the folder", date=when, branch=DEFAULT_BRANCH[hub_name])


def _files(folder: Path) -> Iterator[Path]:
    """All files below `folder` in the order of their paths; links to files are followed, links to folders are not."""
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            if name != ".git":
                yield Path(place, name)


def _unreadable(error: OSError) -> None:
    raise DataDirError(f"cannot read {error.filename}: {error.strerror}") from error


def _node(folder: Path, path: Path) -> Node:
    relative = path.relative_to(folder).as_posix()
    try:
        relative.encode()
    except UnicodeEncodeError as error:
        raise DataDirError(f"{os.fsencode(path)!r}: hubs allow only UTF-8 in file names") from error
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataDirError(f"{path} is no regular file")
        lfs = status.st_size > LFS_ABOVE or _binary(path)
        return Node(relative, FileContent(path), lfs)
    except OSError as error:
        raise DataDirError(f"cannot read {path}: {error.strerror}") from error


def _binary(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_SNIFF)
    if b"\0" in head:
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the sample does not make a file binary.
        return error.start < len(head) - 3
    return False


def _front_matter(card: Path) -> dict[str, object]:
    """The card's YAML front matter; empty if there is none or it is not YAML."""
    try:
        head = card.read_bytes()[:65_536].decode(errors="replace")
    except OSError:
        return {}
    found = re.match(r"---\r?\n(.*?)\r?\n---\s*(?:\n|\Z)", head, re.DOTALL)
    if found is None:
        return {}
    try:
        data = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return {}
    return data if isinstance(data, dict) else {}
