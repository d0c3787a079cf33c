"""Every action that a screen offers is one that somebody carries out: a key must never end the program."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from hf2ms_tui.tui import screens
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen

ROOMS = {
    item
    for module in pkgutil.iter_modules(screens.__path__)
    for item in vars(importlib.import_module(f"{screens.__name__}.{module.name}")).values()
    if isinstance(item, type) and issubclass(item, RoomScreen) and item.NAME
}


@pytest.mark.parametrize("room", sorted(ROOMS, key=lambda room: room.NAME))
def test_every_action_of_a_screen_is_carried_out_by_it_or_by_the_frame(room: type[RoomScreen]) -> None:
    offered = (*room.ACTIONS, *GLOBAL)
    assert [
        name for name in offered if not (hasattr(room, f"do_{name}") or hasattr(CleanupApp, f"do_{name}"))
    ] == []
