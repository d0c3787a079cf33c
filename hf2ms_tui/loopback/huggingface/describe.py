"""A repo as JSON, in lists and on its own: the fields of /api/models, /api/datasets and /api/spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..repo import Commit, Node, RefMissing, Repo
from ..world import Hub
from .cards import front_matter
from .dates import stamp
from .errors import refuse
from .settings import setting

Json = dict[str, Any]

_COMMON = (
    "author cardData createdAt disabled gated lastModified likes private resourceGroup sha siblings tags trendingScore "
    "usedStorage"
)
_MODEL = (
    "baseModels childrenModelCount config downloads downloadsAllTime evalResults gguf inference "
    "inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors spaces transformersInfo "
    "widgetData"
)
_DATASET = "citation description downloads downloadsAllTime mainSize paperswithcode_id"
_SPACE = "datasets models region runtime sdk subdomain"
EXPANDABLE = {
    "model": sorted(_COMMON.split() + _MODEL.split()),
    "dataset": sorted(_COMMON.split() + _DATASET.split()),
    "space": sorted(set(_COMMON.split() + _SPACE.split()) - {"gated"}),
}
"""The properties of `expand` per kind (huggingface_hub 2.4, hf_api.py, ExpandModelProperty_T and its kin)."""

_DEFAULT = {
    "model": ("private", "likes", "downloads", "tags", "library_name", "createdAt"),
    "dataset": (
        *(
            "author",
            "sha",
            "private",
            "gated",
            "disabled",
            "lastModified",
            "createdAt",
            "likes",
            "downloads",
            "tags",
        ),
        "description",
    ),
    "space": ("private", "likes", "tags", "sdk", "createdAt"),
}
_FULL = ("author", "sha", "lastModified", "gated", "disabled", "siblings")


def expansions(kind: str, asked: Sequence[str]) -> list[str]:
    """The properties asked for with ``expand`` (repeated, or separated by commas). Answers 400 to unknown ones."""
    names = [name for value in asked for name in value.split(",") if name]
    if any(name not in EXPANDABLE[kind] for name in names):
        raise refuse(400, f'"expand" must be one of [{", ".join(EXPANDABLE[kind])}]')
    return names


def tags(repo: Repo) -> list[str]:
    """What the hub computes from the card and adds by itself."""
    card = repo.extra.get("tags")
    made = [str(tag) for tag in card] if isinstance(card, list | tuple) else []
    if repo.licence:
        made.append(f"license:{repo.licence}")
    if repo.sdk and repo.kind == "space":
        made.insert(0, repo.sdk)
    return [*made, "region:us"]


def _sha(repo: Repo) -> str | None:
    return repo.branches.get("main")


def _card(repo: Repo) -> Json | None:
    try:
        node = repo.head().files.get("README.md")
    except RefMissing:
        return None
    return front_matter(node.content.read(0, node.size).decode(errors="replace")) if node else None


def _siblings(hub: Hub, repo: Repo) -> list[Json]:
    try:
        files = repo.head().files
    except RefMissing:
        return []
    return [{"rfilename": path} for path in sorted(files)[: setting(hub, "siblings_limit")]]


_VALUES: dict[str, Callable[[Hub, Repo], object]] = {
    "author": lambda hub, repo: repo.owner,
    "cardData": lambda hub, repo: _card(repo),
    "createdAt": lambda hub, repo: stamp(repo.created_at),
    "description": lambda hub, repo: repo.description,
    "disabled": lambda hub, repo: repo.disabled,
    "downloads": lambda hub, repo: repo.downloads,
    "downloadsAllTime": lambda hub, repo: repo.downloads,
    "gated": lambda hub, repo: repo.gated or False,
    "lastModified": lambda hub, repo: stamp(repo.last_modified),
    "likes": lambda hub, repo: repo.likes,
    "private": lambda hub, repo: repo.private,
    "runtime": lambda hub, repo: {
        "stage": "RUNNING",
        "hardware": {"current": "cpu-basic", "requested": None},
    },
    "sdk": lambda hub, repo: repo.sdk,
    "sha": lambda hub, repo: _sha(repo),
    "siblings": _siblings,
    "subdomain": lambda hub, repo: f"{repo.owner}-{repo.name}".lower().replace("_", "-").replace(".", "-"),
    "tags": lambda hub, repo: tags(repo),
    "trendingScore": lambda hub, repo: 0,
    "usedStorage": lambda hub, repo: repo.used_storage,
}


def describe(hub: Hub, repo: Repo, names: Sequence[str]) -> Json:
    """The repo with the properties `names`; those it has nothing to say about are left out, as the hub does."""
    made: Json = {"_id": repo.hex_id, "id": repo.id}
    for name in names:
        if name in _VALUES:
            made[name] = _VALUES[name](hub, repo)
    return made


def of_revision(hub: Hub, commit: Commit, names: Sequence[str]) -> Json:
    """Those of the properties `names` that belong to a revision rather than to the repo."""
    made: Json = {}
    if "sha" in names:
        made["sha"] = commit.id
    if "siblings" in names:
        made["siblings"] = [
            {"rfilename": path} for path in sorted(commit.files)[: setting(hub, "siblings_limit")]
        ]
    return made


def list_item(hub: Hub, repo: Repo, *, expand: Sequence[str], full: bool, card: bool) -> Json:
    """The repo as a row of a list: only what was asked for if anything was, else the usual few."""
    if expand:
        return describe(hub, repo, expand)
    names = dict.fromkeys((*_DEFAULT[repo.kind], *(_FULL if full else ()), *(("cardData",) if card else ())))
    made = describe(hub, repo, list(names))
    if repo.kind == "model":
        made["modelId"] = repo.id
    return made


def sibling(node: Node) -> Json:
    """A file with its hashes, as ``?blobs=true`` shows it."""
    made: Json = {"rfilename": node.path, "size": node.size, "blobId": node.oid}
    if node.lfs:
        made["lfs"] = {
            "sha256": node.content.sha256,
            "size": node.size,
            "pointerSize": node.content.pointer_size,
        }
    return made


def info(hub: Hub, repo: Repo, files: Sequence[Node], sha: str | None, *, blobs: bool) -> Json:
    """The repo on its own, with its siblings. May hash files if `blobs`."""
    names = [
        name
        for name in EXPANDABLE[repo.kind]
        if name in _VALUES and name not in {"siblings", "trendingScore"}
    ]
    made = describe(hub, repo, names)
    made["sha"] = sha
    shown = files[: setting(hub, "siblings_limit")]
    made["siblings"] = [sibling(node) if blobs else {"rfilename": node.path} for node in shown]
    if repo.kind == "model":
        made["modelId"] = repo.id
    if repo.kind == "space":
        made["host"] = f"https://{made['subdomain']}.hf.space"
        made["models"], made["datasets"] = [], []
    return made
