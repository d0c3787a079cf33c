"""The dark and the light theme, and the meaning of their status colours.

Status never rests on colour: glyph and word say it first. The colours repeat it on a blue to orange axis that people
with a red-green weakness tell apart (after Okabe and Ito, "Color Universal Design", 2008), with a contrast of at least
4.5 (WCAG 2.1, 1.4.3) on every background that the widgets use, the cursor row included; the theme tests measure both.

===========  ==============  =====================================
tone         variable        means
===========  ==============  =====================================
ok           text-success    proven, done, holds (blue)
warn         text-warning    stale, partial, stalled (yellow/ochre)
bad          text-error      failed, mismatch, closed (orange-red)
busy         text-accent     moving, proving (violet)
note         text-primary    headings, keys, advice (light blue)
dim          text-muted      secondary facts
===========  ==============  =====================================
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.theme import Theme

DARK = Theme(
    name="hf2ms-dark",
    dark=True,
    primary="#5b8def",
    secondary="#7f9cc9",
    accent="#b79cf2",
    success="#45b0f7",
    warning="#ffe08a",
    error="#ff8552",
    foreground="#dfe3ea",
    background="#10141b",
    surface="#161b24",
    panel="#1e2530",
    variables={
        "text": "#dfe3ea",
        "text-success": "#45b0f7",
        "text-warning": "#ffe08a",
        "text-error": "#ff8552",
        "text-accent": "#dccdff",
        "text-primary": "#8fb4ff",
        "text-muted": "#9aa5b5",
        "cursor-row": "#24395f",
        "cursor-row-blurred": "#232c3b",
        "found-background": "#5d4a00",
        "found-foreground": "#ffe9a3",
        "border": "#5b8def",
        "border-blurred": "#35404f",
        "footer-key-foreground": "#ffe08a",
        "scrollbar": "#39475c",
        "scrollbar-background": "#161b24",
    },
)
"""The dark theme, the default."""

LIGHT = Theme(
    name="hf2ms-light",
    dark=False,
    primary="#1f55b5",
    secondary="#4a6285",
    accent="#44188f",
    success="#005fa9",
    warning="#755800",
    error="#901820",
    foreground="#1a202a",
    background="#fbfaf7",
    surface="#f3f2ee",
    panel="#e8e7e1",
    variables={
        "text": "#1a202a",
        "text-success": "#005fa9",
        "text-warning": "#755800",
        "text-error": "#901820",
        "text-accent": "#44188f",
        "text-primary": "#1a4796",
        "text-muted": "#4d5662",
        "cursor-row": "#cddcf7",
        "cursor-row-blurred": "#e0e2e4",
        "found-background": "#ffe08a",
        "found-foreground": "#332600",
        "border": "#1f55b5",
        "border-blurred": "#bcbab2",
        "footer-key-foreground": "#755800",
        "scrollbar": "#b5b9c0",
        "scrollbar-background": "#f3f2ee",
    },
)
"""The light theme."""

TONES = {
    "ok": "text-success",
    "warn": "text-warning",
    "bad": "text-error",
    "busy": "text-accent",
    "note": "text-primary",
    "dim": "text-muted",
}
"""Theme variable behind each tone of the widgets."""


def variable_defaults(dark: bool = True) -> dict[str, str]:
    """Return the variables the widgets need beyond Textual's own, for themes that lack them.

    An app returns this from ``get_theme_variable_defaults`` so that the built-in themes of Textual work as well.
    """
    theme = DARK if dark else LIGHT
    own = ("cursor-row", "cursor-row-blurred", "found-background", "found-foreground")
    return {name: theme.variables[name] for name in own}


def install(app: App[Any], light: bool = False) -> None:
    """Register both themes with ``app`` and put one of them on."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    app.theme = LIGHT.name if light else DARK.name
