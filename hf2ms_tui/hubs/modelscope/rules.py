"""What ModelScope is known, reported or guessed to accept: limits of commits and which files go inside one."""

from __future__ import annotations

from hf2ms_tui.domain.repo import Kind, Visibility
from hf2ms_tui.hubs.protocol import CommitLimits

MIB = 1 << 20

LIMITS = CommitLimits(actions=2_000, inline_bytes=6 * MIB, inline_file=5 * MIB)
"""2,000 actions: enforced with 422 (``modelscope_hub.constants.COMMIT_MAX_ACTIONS_PER_REQUEST``). 5 MiB in one file: the
documentation's limit without LFS, confirmed by another client. Bytes in one commit: no limit is published; the SDK stays near
8 MiB of request (``UPLOAD_COMMIT_MAX_INLINE_BYTES``), which is 6 MiB before base64. More would save commits, which are
throttled, but a request that is too large fails for good and one commit more only waits."""

LFS_ABOVE = 64 * 1024
"""Bytes; the SDK's threshold since 2026 (``UPLOAD_LFS_FORCE_THRESHOLD_BYTES``), whatever its environment says."""

BATCH = 500
"""Blobs asked for in one request. The SDK asks for 64; a refusal of that many is answered by halving."""

PARSED_BY_SITE = frozenset(
    {
        "readme.md",
        ".gitattributes",
        ".gitignore",
        "configuration.json",
        "configuration.yaml",
        "configuration.yml",
        "dataset_infos.json",
        "config.json",
        ".msc",
        ".mdl",
    }
)
"""Names, at any depth, that the site reads itself and could not behind a pointer (``UPLOAD_INLINE_METADATA_PATHS``)."""

WIRE_LEVELS = {Visibility.PUBLIC: 5}
"""Visibility in a create; everything that is not public becomes private (1): whether 3, internal, is still accepted is not
known, and private is seen by no more people."""


def wants_inline(path: str, size: int, kind: Kind) -> bool:
    """Whether a file belongs inside the commit: the SDK's own rule (``modelscope_hub._upload._is_lfs``), a guess at the hub's.

    Names the site parses always, up to the size that fits; then nothing above 64 KiB and nothing with a suffix that the
    type's list names. An empty file has no bytes to store (git-lfs makes no pointer of one either).
    """
    if size == 0:
        return True
    name = path.rpartition("/")[2].lower()
    if name in PARSED_BY_SITE:
        return size <= LIMITS.inline_file
    if size > LFS_ABOVE:
        return False
    from modelscope_hub.constants import DATASET_LFS_SUFFIX, MODEL_LFS_SUFFIX

    suffixes = {Kind.MODEL: MODEL_LFS_SUFFIX, Kind.DATASET: DATASET_LFS_SUFFIX}.get(kind, [])
    stem, dot, suffix = name.rpartition(".")
    return not (stem and dot and f".{suffix}" in suffixes)
