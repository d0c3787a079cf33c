"""A repo on ModelScope whose card Hugging Face refuses, with its corrected copy there."""

from __future__ import annotations

from hf2ms_tui.loopback.content import Content
from hf2ms_tui.loopback.world import World
from support.gate_world import FILES
from support.transfers import add

EXCEPTED = "excepted"
REFUSED_CARD = b"---\nlicense: Apache License 2.0\ntags:\n- x\n---\n# Kept \xff\n"
MENDED_CARD = b"---\nlicense: apache-2.0\ntags:\n- x\n---\n# Kept \xff\n"


def excepted(world: World) -> None:
    """``acme/excepted`` on both hubs; the copy on Hugging Face has the card that it takes."""
    files: dict[str, bytes | Content] = {**FILES, "README.md": REFUSED_CARD}
    add(world, "ms", EXCEPTED, files)
    add(world, "hf", EXCEPTED, {**files, "README.md": MENDED_CARD})
