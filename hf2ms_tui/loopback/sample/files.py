"""Building blocks of the sample org: cards, shards, checkpoints and the small files that come with them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .spec import FileSpec

MB = 1_000_000

# What the hub writes into every new repo, shortened to the patterns that the sample uses.
GITATTRIBUTES = "".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n"
    for suffix in ("7z", "bin", "mp4", "npz", "parquet", "pt", "safetensors", "spm", "tar", "webp", "zip")
)


def text(content: str) -> FileSpec:
    """A small file kept in git, UTF-8."""
    return raw(content.encode())


def raw(content: bytes) -> FileSpec:
    """A small file kept in git, byte for byte."""
    return FileSpec(size=len(content), data=content)


def as_json(content: object) -> FileSpec:
    """A small JSON file with sorted keys, so that its hash is the same in every run."""
    return text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def blob(seed: str, size: int) -> FileSpec:
    """A large file: `size` bytes that follow from `seed`. Equal seeds and sizes are equal blobs, whatever their paths."""
    return FileSpec(size=size, seed=seed, lfs=True)


def start() -> dict[str, FileSpec]:
    """What a freshly made repo on Hugging Face holds."""
    return {".gitattributes": text(GITATTRIBUTES)}


def card(title: str, body: str, *, front: Iterable[str] = ()) -> FileSpec:
    """A README with YAML front matter; `front` are its lines, none means a README without front matter."""
    lines = list(front)
    head = "\n".join(["---", *lines, "---", "", ""]) if lines else ""
    return text(f"{head}# {title}\n\n{body}\n")


def uneven(base: int, number: int) -> int:
    """A size near `base` bytes that differs from file to file (within ±17 %), the same in every run."""
    return base + base * ((number * 37) % 35 - 17) // 100 + number * 13 + 7


def shards(seed: str, pattern: str, numbers: Iterable[int], base: int) -> dict[str, FileSpec]:
    """Archives of about `base` bytes each; `pattern` is formatted with the number, `seed` and number make the bytes."""
    return {pattern.format(n): blob(f"{seed}/{n}", uneven(base, n)) for n in numbers}


def checkpoint(seed: str, sizes: Iterable[int], *, model_type: str) -> dict[str, FileSpec]:
    """A checkpoint in safetensors shards of `sizes` bytes with its index and configuration."""
    parts = list(sizes)
    names = [f"model-{i:05d}-of-{len(parts):05d}.safetensors" for i in range(1, len(parts) + 1)]
    files = {name: blob(f"{seed}/{i}", size) for i, (name, size) in enumerate(zip(names, parts, strict=True))}
    weights = {f"blocks.{i}.weight": name for i, name in enumerate(names)}
    files["model.safetensors.index.json"] = as_json(
        {"metadata": {"total_size": sum(parts)}, "weight_map": weights}
    )
    files["config.json"] = as_json(
        {
            "model_type": model_type,
            "hidden_size": 1024,
            "num_layers": 24,
            "torch_dtype": "bfloat16",
            "seed": seed,
        }
    )
    return files


def tokenizer(seed: str) -> dict[str, FileSpec]:
    """The small files of a tokenizer."""
    return {
        "tokenizer_config.json": as_json(
            {"model_max_length": 77, "tokenizer_class": "AuroraTokenizer", "seed": seed}
        ),
        "special_tokens_map.json": as_json({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}),
        "added_tokens.json": as_json({f"<aurora-{i}>": 32_000 + i for i in range(16)}),
    }
