from __future__ import annotations

from itertools import combinations

import pytest
from textual.color import Color
from textual.theme import Theme

from hf2ms_tui.tui.theme import DARK, LIGHT, TONES
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable
from support.screen_text import style_at
from support.widget_app import WidgetApp

# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009.
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}


def linear(color: Color) -> list[float]:
    parts = (value / 255 for value in color.rgb)
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    def luminance(name: str) -> float:
        red, green, blue = linear(Color.parse(name))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: list[float]) -> tuple[float, float, float]:
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in matrix]
    ratios = [max(value, 0.0) / white for value, white in zip(xyz, (0.9505, 1.0, 1.089), strict=True)]
    x, y, z = (ratio ** (1 / 3) if ratio > 0.008856 else 7.787 * ratio + 16 / 116 for ratio in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_tone_is_readable_on_every_background(theme: Theme) -> None:
    rows = [theme.variables["cursor-row"], theme.variables["cursor-row-blurred"]]
    for tone in ("text", *TONES.values()):
        for background in (theme.background, theme.surface, theme.panel, *rows):
            assert background is not None
            assert contrast(theme.variables[tone], background) >= 4.5, (tone, background)
    assert contrast(theme.variables["found-foreground"], theme.variables["found-background"]) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_status_colours_stay_apart_for_weak_colour_sight(theme: Theme, sight: str) -> None:
    seen = {}
    for tone in ("ok", "warn", "bad", "busy"):
        rgb = linear(Color.parse(theme.variables[TONES[tone]]))
        mixed = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in SIGHT[sight]]
        seen[tone] = lab([min(max(value, 0.0), 1.0) for value in mixed])
    for one, other in combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        good_or_bad = "ok" in (one, other) and {one, other} & {"warn", "bad"}
        assert distance >= (60 if good_or_bad else 9), (one, other, distance)


@pytest.mark.parametrize("light", [False, True])
async def test_a_tone_on_screen_is_the_themes_colour(light: bool) -> None:
    table = VTable[str]([Column("a", "a", 10)], lambda row, _: Cell(row, "bad"), key=str)
    app = WidgetApp(table, light=light)
    async with app.run_test(size=(40, 6)) as pilot:
        table.set_rows(["failed", "failed too"])
        await pilot.pause()
        theme = LIGHT if light else DARK
        style = style_at(app, 4, 2)
        assert style.color is not None and style.color.triplet is not None
        assert style.color.triplet.hex == theme.variables["text-error"]
        app.theme = (DARK if light else LIGHT).name
        await pilot.pause()
        other = style_at(app, 4, 2)
        assert other.color is not None and other.color != style.color, "a new theme redraws what was drawn"
