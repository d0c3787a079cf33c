"""``.gitattributes`` and ``.gitignore``: which files go to LFS, and which the hub ignores."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

LFS_ATTRIBUTES = "filter=lfs diff=lfs merge=lfs -text"
_PATTERNS = (
    "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx "
    "*.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz "
    "*.wasm *.xz *.zip *.zst *tfevents*"
)
_DATASET_PATTERNS = "*.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp *.mp4 *.webm"


def initial_attributes(kind: str) -> bytes:
    """What the hub puts into a new repo."""
    patterns = _PATTERNS.split() + (_DATASET_PATTERNS.split() if kind == "dataset" else [])
    return "".join(f"{pattern} {LFS_ATTRIBUTES}\n" for pattern in patterns).encode()


def lfs_patterns(attributes: str) -> list[str]:
    """The patterns of a ``.gitattributes`` text that send files to LFS."""
    lines = (line.split() for line in attributes.splitlines())
    return [
        words[0].replace("[[:space:]]", " ")
        for words in lines
        if len(words) > 1 and "filter=lfs" in words[1:]
    ]


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern means the path: one without a slash means file names in any folder."""
    name = path.rpartition("/")[2]
    return any(
        fnmatchcase(path, pattern.strip("/").replace("**/", "*"))
        if "/" in pattern.strip("/")
        else fnmatchcase(name, pattern)
        for pattern in patterns
    )


def with_lfs_paths(attributes: str, paths: Iterable[str]) -> str:
    """The text with a line for every path that no pattern sends to LFS yet; the same text if there is none."""
    patterns = lfs_patterns(attributes)
    missing = [path for path in paths if path not in patterns and not matches(path, patterns)]
    if not missing:
        return attributes
    start = attributes if not attributes or attributes.endswith("\n") else attributes + "\n"
    return start + "".join(f"{path.replace(' ', '[[:space:]]')} {LFS_ATTRIBUTES}\n" for path in missing)


def ignored(path: str, ignore: str) -> bool:
    """Whether the ``.gitignore`` text means the path or one of its folders."""
    patterns = [
        line.strip() for line in ignore.splitlines() if line.strip() and not line.startswith(("#", "!"))
    ]
    steps = path.split("/")
    folders = ["/".join(steps[: number + 1]) for number in range(len(steps))]
    return any(matches(step, [pattern.rstrip("/") for pattern in patterns]) for step in folders)
