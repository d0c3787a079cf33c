"""Pictures of the screen for the eye: SVG by Textual, PNG by resvg with a font that has the glyphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import resvg_py
from textual.app import App

# Fira Code, which Textual's pictures name, lacks ✗ and draws the whole word in another font then.
FONT = "DejaVu Sans Mono"


def save_picture(app: App[Any], path: Path, font_dirs: list[str]) -> None:
    """Write the screen as ``path`` (.png) and the SVG beside it, drawn with the font ``FONT`` found in ``font_dirs``."""
    svg = app.export_screenshot()
    path.with_suffix(".svg").write_text(svg, encoding="utf-8")
    svg = svg.replace("Fira Code", FONT)
    png = resvg_py.svg_to_bytes(
        svg_string=svg, font_dirs=font_dirs, font_family=FONT, monospace_family=FONT, skip_system_fonts=True
    )
    path.write_bytes(bytes(png))
