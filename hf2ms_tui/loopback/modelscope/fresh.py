"""New repos: what the service puts into them, and when it deems one finished enough to be shown in lists."""

from __future__ import annotations

from ..content import BytesContent
from ..repo import Node, Repo
from .access import DEFAULT_BRANCH
from .settings import README_MARK, MsSettings

TEMPLATE_NAMES = frozenset({".gitattributes", "readme.md", "config.json", "configuration.json"})
SHORT_README = 200
"""Characters below which a README does not count as one."""


def initialise(repo: Repo, settings: MsSettings, url: str) -> None:
    """The first commit of a new repo: the files that the service adds by itself."""
    names = {"owner": repo.owner, "name": repo.name, "licence": repo.licence, "url": url}
    nodes = [
        Node(path, BytesContent(text.format(**names).encode()))
        for path, text in settings.platform_files.get(repo.kind, {}).items()
    ]
    repo.commit(
        nodes, message="Initialize repository", author=repo.creator or repo.owner, branch=DEFAULT_BRANCH
    )


def looks_unfinished(repo: Repo) -> bool:
    """Whether the "pre-release" rule holds back a repo: no README worth the name, only template files, or named test."""
    if repo.name.lower() == "test" or DEFAULT_BRANCH not in repo.branches:
        return True
    files = repo.head(DEFAULT_BRANCH).files
    if all(path.lower() in TEMPLATE_NAMES for path in files):
        return True
    readme = files.get("README.md")
    if readme is None:
        return True
    text = readme.content.read(0, 64 * 1024).decode(errors="replace")
    return len(text) < SHORT_README or README_MARK in text
