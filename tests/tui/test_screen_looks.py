"""What the help and the messages look like at both sizes; the other screens' pictures stand in their own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.screen_text import assert_fits, assert_golden, masked
from support.screens import SMALL, WIDE, settled

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize(("key", "name"), [("question_mark", "help"), ("M", "messages")])
async def test_looks(open_app: OpenApp, size: tuple[int, int], key: str, name: str) -> None:
    app = open_app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press(key)
        await pilot.pause(0.3)
        assert_golden(app, GOLDENS / f"{name}-{size[0]}x{size[1]}.txt", masked)
        assert_fits(app)
