"""Small plain repos for the real program in a terminal, and waiting until it shows them."""

from __future__ import annotations

from collections.abc import Callable

from hf2ms_tui.loopback.content import Content, SeededContent
from hf2ms_tui.loopback.world import World
from support.terminal import Terminal
from support.transfers import CARD, MIB, add

FILES: dict[str, bytes | Content] = {"README.md": CARD, "one.bin": SeededContent("one", MIB)}


def plain(*names: str) -> Callable[[World], None]:
    """Small models of these names on Hugging Face."""

    def build(world: World) -> None:
        for name in names:
            add(world, "hf", name, FILES)

    return build


def ready(terminal: Terminal, repos: int) -> None:
    """Wait for so many rows, all read."""
    terminal.wait_for(rf"\b{repos} repos?\b")
    terminal.wait_for(lambda text: "reading" not in text)
