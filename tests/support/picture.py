"""Pictures of the screen for the eye: SVG by Textual, PNG by resvg with a font that has the glyphs."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import resvg_py
from textual.app import App

# Fira Code, which Textual's pictures name, lacks ✗ and draws the whole word in another font then.
FONT = "DejaVu Sans Mono"
FONT_FILE = "DejaVuSansMono.ttf"
HOW_TO_GET_FONT = (
    f"The font {FONT} was not found. On Debian: apt install fonts-dejavu-core; elsewhere: pip install matplotlib, which "
    "brings it, or name the folder with its .ttf files in HF2MS_FONTS."
)
_FAMILIES = f"'{FONT}', Menlo, Consolas, 'Liberation Mono', monospace"


def picture_of(app: App[Any]) -> str:
    """The screen as an SVG that fetches nothing: a browser draws it with the monospace font it has."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", app.export_screenshot(title="hf2ms-tui"), flags=re.DOTALL)
    svg = re.sub(r"font-family:\s*(Fira Code, monospace|arial)", f"font-family: {_FAMILIES}", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def png_of(svg: str, fonts: Path) -> bytes:
    """The picture in pixels, drawn with the fonts of a folder alone, so that it is the same on every machine."""
    svg = svg.replace(_FAMILIES, f"'{FONT}'")
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            font_dirs=[str(fonts)],
            font_family=FONT,
            monospace_family=FONT,
            skip_system_fonts=True,
        )
    )


def font_folder() -> Path | None:
    """The folder that holds the font and its bold face; None when no such folder is known."""
    return next(
        (path.parent for path in _fonts() if (path.parent / "DejaVuSansMono-Bold.ttf").exists()), None
    )


def _fonts() -> Iterator[Path]:
    if named := os.environ.get("HF2MS_FONTS"):
        yield Path(named) / FONT_FILE
        return
    for folder in (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path("/Library/Fonts"),
        Path("~/Library/Fonts").expanduser(),
        Path("~/.local/share/fonts").expanduser(),
    ):
        yield from sorted(folder.rglob(FONT_FILE))
    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin:
        yield Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / FONT_FILE
