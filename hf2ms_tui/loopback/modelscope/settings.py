"""The knobs of the real service that differ between its sites, change without notice, or are not published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MB = 1024 * 1024
GITATTRIBUTES = "".join(
    f"{pattern} filter=lfs diff=lfs merge=lfs -text\n"
    for pattern in (
        "*.7z",
        "*.arrow",
        "*.bin",
        "*.bz2",
        "*.ckpt",
        "*.gz",
        "*.h5",
        "*.msgpack",
        "*.npy",
        "*.npz",
        "*.onnx",
        "*.parquet",
        "*.pb",
        "*.pt",
        "*.pth",
        "*.safetensors",
        "*.tar",
        "*.zip",
        "*.zst",
    )
)
README_MARK = "当前贡献者未提供更加详细的介绍"
"""A phrase of the README that a new repo gets; repos that still have it are not shown in lists."""

MODEL_README = f"""---
license: {{licence}}
---
### {README_MARK}。模型文件和权重，可浏览“模型文件”页面获取。
#### 您可以通过如下 git clone 命令来下载模型
```bash
git clone {{url}}/{{owner}}/{{name}}.git
```
#### 您也可以使用命令行工具下载
```bash
modelscope download --model {{owner}}/{{name}}
```
<p style="color: lightgrey;">如果您是本模型的贡献者，请完善卡片内容，说明用途、来源、许可和使用方法，以便他人了解。</p>
"""
DATASET_README = f"""---
license: {{licence}}
---
### {README_MARK}。数据集文件，可浏览“数据集文件”页面获取。
#### 您可以通过如下 git clone 命令来下载数据集
```bash
git clone {{url}}/datasets/{{owner}}/{{name}}.git
```
#### 您也可以使用命令行工具下载
```bash
modelscope download --dataset {{owner}}/{{name}}
```
<p style="color: lightgrey;">如果您是本数据集的贡献者，请完善卡片内容，说明用途、来源、许可和使用方法，以便他人了解。</p>
"""


def platform_files() -> dict[str, dict[str, str]]:
    """What the service puts into a new repo by itself: texts by path and kind; ``{owner}`` and the like are filled in.

    That it does so is documented (pre-release rule, "template files"); the exact texts differ per site.
    """
    return {
        "model": {
            ".gitattributes": GITATTRIBUTES,
            "README.md": MODEL_README,
            "configuration.json": '{{"framework":"Pytorch","task":"other"}}',
        },
        "dataset": {".gitattributes": GITATTRIBUTES, "README.md": DATASET_README},
        "space": {".gitattributes": GITATTRIBUTES},
    }


@dataclass(frozen=True, slots=True)
class MsSettings:
    """How this ModelScope behaves. Sizes in bytes, times in seconds.

    Numbers are overridden by those of the same name in `Hub.settings`, which tests and the control route change.
    """

    strict_auth: bool = False
    """Accept a credential only if it comes both as Bearer and as ``m_session_id`` cookie."""
    files_cap: int = 3000
    """Entries after which ``repo/files`` (models, studios) is cut without a word."""
    tree_page_cap: int = 100
    """Entries that a page of ``repo/tree`` (datasets) has at most, whatever PageSize says."""
    unknown_revision_status: int = 404
    """Status of a listing at a revision that does not exist: 404, or 200 without files; both have been seen."""
    range_status: int = 206
    """Status of a partial answer of the CDN: 206, or 200 with Content-Range; both have been seen."""
    link_lifetime: float = 1500.0
    """How long a redirect to the CDN stays good."""
    inline_limit: int = 5 * MB
    """Largest file inside a commit request."""
    blob_limit: int = 50 * 1024 * MB
    """Largest blob."""
    commit_body_limit: int = 512 * MB
    """Largest commit request."""
    actions_limit: int = 2000
    """Actions of one commit request."""
    commit_burst: int = 60
    """Commits to one repo that are accepted within `commit_window`."""
    commit_window: float = 60.0
    commit_retry_after: int = -1
    """Retry-After of a commit that came too early; none is sent if negative."""
    hide_fresh: bool = True
    """Leave public repos that look unfinished (the "pre-release" rule) out of the OpenAPI lists."""
    name_taken_code: int = 0
    """Code for a name that is taken; 0 for those of modelscope.cn, 10010202004 is that of modelscope.ai."""
    own_json: bool = False
    """Write ``configuration.json`` and ``dataset_infos.json`` anew in every commit, with a key of the service's own; that the
    second "cannot be modified" is documented."""
    platform_files: dict[str, dict[str, str]] = field(default_factory=platform_files)

    def under(self, overrides: Mapping[str, float]) -> MsSettings:
        """These settings with the numbers of `overrides` in place of those of the same name; others are ignored."""
        changed: dict[str, Any] = {}
        for name, value in overrides.items():
            default = getattr(self, name, None)
            if isinstance(default, bool | int | float):
                changed[name] = type(default)(value)
        return replace(self, **changed) if changed else self
