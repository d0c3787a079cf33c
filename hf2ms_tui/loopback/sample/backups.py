"""What stands on the ModelScope of the sample world: backups in every state, and a few repos that live only there.

| repo | state of the backup |
|---|---|
| `aurora-2.6m-train` | whole |
| `aurora-tokenizer` | whole, with a file more that the hub put there |
| `shards-repacked` | partial: 15 of 29 files |
| `eval-logs` | stale: as the source was three commits ago |
| `broken-upload` | one file differs, and the listing shows it |
| `aurora-depth-small` | one file is served with a wrong byte under the right hash: only reading back shows it |
| `aurora-faces` | whole but public, while the source is private |
| `finetune-q3` | exists and holds nothing |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from .datasets import eval_logs, faces, parent, repacked
from .files import MB, as_json, blob, card, raw, shards, text
from .models import broken_upload, depth, finetune, tokenizer_repo
from .spec import FileSpec, Kind, RepoSpec, Step, files_after

PARTIAL_FILES = 15
CORRUPT_PATH = "model-00002-of-00002.safetensors"
CORRUPT_OFFSET = 1_234_567
DIFFERING_PATH = "model-00002-of-00003.safetensors"

# Long enough not to count as unfinished: public repos with less than 200 characters are left out of lists.
SPEECH_CARD = (
    "普通话语音识别模型, 16 kHz. Streaming Mandarin recognition with a small language model for second-pass scoring.\n\n"
    "Give it mono audio at 16 kHz; longer recordings are cut at pauses. Word error rate on the in-house test set: 6.1 %. "
    "The licence in the front matter is written as this site writes it, which other hubs refuse."
)

# The names ModelScope gives to licences.
APACHE = "Apache License 2.0"
GPL = "GPL-3.0"


def _seen_by(public: bool) -> Literal["public", "private"]:
    return "public" if public else "private"


def _copy(
    source: RepoSpec, files: dict[str, FileSpec], age: float, *, licence: str = "other", public: bool = False
) -> RepoSpec:
    steps = (
        Step("Initialize repository", age + 0.01, {}),
        Step("Upload folder", age, files),
    )
    return RepoSpec(
        "ms",
        source.kind,
        source.name,
        steps,
        _seen_by(public),
        downloads=source.downloads // 9,
        licence=licence,
    )


def _differing() -> RepoSpec:
    files = broken_upload().head
    files[DIFFERING_PATH] = blob("broken/other bytes", files[DIFFERING_PATH].size)
    return _copy(broken_upload(), files, 184, licence=GPL)


def _rotten() -> RepoSpec:
    files = depth().head
    files[CORRUPT_PATH] = replace(files[CORRUPT_PATH], corrupt_at=CORRUPT_OFFSET)
    return _copy(depth(), files, 219)


def _partial() -> RepoSpec:
    files = dict(sorted(repacked().head.items())[:PARTIAL_FILES])
    return _copy(repacked(), files, 150)


def _tokenizer() -> RepoSpec:
    generated = {"configuration.json": as_json({"framework": "other", "task": "other"})}
    return _copy(tokenizer_repo(), {**tokenizer_repo().head, **generated}, 288, licence=APACHE, public=True)


def _empty() -> RepoSpec:
    steps = (Step("Initialize repository", 12, {}),)
    return RepoSpec("ms", "model", finetune().name, steps)


def _speech() -> RepoSpec:
    files = {
        "README.md": card("Aurora ASR", SPEECH_CARD, front=("license: Apache License 2.0", "language: zh")),
        "configuration.json": as_json({"framework": "pytorch", "task": "auto-speech-recognition"}),
        "am/asr.pt": blob("cn-asr/am", 9 * MB + 3),
        "lm/lm-small.bin": blob("cn-asr/lm", 4 * MB + 1),
        "示例/你好, 世界.wav": blob("cn-asr/example", 310_044),
        ".gitignore": text("*.tmp\n"),
    }
    return _own("model", "aurora-cn-asr", files, 140, public=True, licence=APACHE)


def _corpus() -> RepoSpec:
    files = {
        "README.md": text("---\nlicense: cc-by-sa-4.0\n---\n# 语料\n\n内部使用。\n"),
        **shards("zh-corpus", "data/分片-{:03d}.parquet", range(6), 2 * MB),
        "data/.gitkeep": raw(b""),
    }
    return _own("dataset", "aurora-zh-corpus", files, 91, licence="CC-BY-SA-4.0")


def _own(
    kind: Kind, name: str, files: dict[str, FileSpec], age: float, *, licence: str, public: bool = False
) -> RepoSpec:
    steps = (Step("Initialize repository", age + 1, {}), Step("上传模型文件", age, files))
    downloads, tags = (730, {"v1.0": 1}) if public else (3, {})
    return RepoSpec(
        "ms", kind, name, steps, _seen_by(public), downloads=downloads, likes=11, licence=licence, tags=tags
    )


def all_backups() -> tuple[RepoSpec, ...]:
    """All repos on the ModelScope side, in no particular order."""
    before = eval_logs().steps[:-3]
    return (
        _copy(parent(), parent().head, 20),
        _tokenizer(),
        _partial(),
        _copy(eval_logs(), files_after(before), 118, licence="CC-BY-4.0"),
        _differing(),
        _rotten(),
        _copy(faces(), faces().head, 200, public=True),
        _empty(),
        _speech(),
        _corpus(),
    )
