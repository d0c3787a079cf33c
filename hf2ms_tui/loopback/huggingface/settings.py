"""Numbers of the hub that tests may change (`Hub.settings`), with the values of the real one where they are known."""

from __future__ import annotations

from ..world import Hub

DEFAULTS: dict[str, float] = {
    "list_page": 1000,  # repos per page; the real default is not documented
    "storage_page": 1000,  # repos per page of an org's storage listing; not documented
    "tree_page": 1000,  # huggingface_hub 2.4, docstring of list_repo_tree
    "tree_page_expanded": 50,  # ditto
    "commits_page": 50,
    "siblings_limit": 1000,  # siblings are cut short on big repos: huggingface_hub pull requests 3122 and 3565
    "paths_limit": 1000,  # paths-info answers 413 beyond: comment in huggingface_hub's _commit_api
    "regular_limit": 10_000_000,  # larger files must be LFS
    "multipart_threshold": 64_000_000,  # LFS blobs below go up in a single PUT
    "part_size": 16_000_000,
    "signed_seconds": 3600,
    "rangeless_limit": 100_000_000_000,  # GET without Range of larger blobs is answered 400
    "commit_lfs_limit": 25_000,  # LFS files per commit: docstring of create_commit
    "rate_limit": 0,  # requests per five minutes and credential; 0 announces the free plan's but never enforces it
}


def setting(hub: Hub, name: str) -> int:
    """The number in force."""
    return int(hub.settings.get(name, DEFAULTS[name]))
