"""The screens, one module and one style sheet each. A screen draws the model and calls services through the background."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf2ms_tui.domain.repo import RepoRef
    from hf2ms_tui.tui.screens.base import RoomScreen


def make(name: str) -> RoomScreen:
    """Build a main screen by its name; its module is imported only now."""
    if name == "inventory":
        from hf2ms_tui.tui.screens.inventory import InventoryScreen

        return InventoryScreen()
    if name == "triage":
        from hf2ms_tui.tui.screens.triage import TriageScreen

        return TriageScreen()
    if name == "plan":
        from hf2ms_tui.tui.screens.plan import PlanScreen

        return PlanScreen()
    if name == "jobs":
        from hf2ms_tui.tui.screens.jobs import JobsScreen

        return JobsScreen()
    if name == "journal":
        from hf2ms_tui.tui.screens.journal import JournalScreen

        return JournalScreen()
    if name == "tombstones":
        from hf2ms_tui.tui.screens.tombstones import TombstonesScreen

        return TombstonesScreen()
    if name == "messages":
        from hf2ms_tui.tui.screens.messages import MessagesScreen

        return MessagesScreen()
    if name == "org":
        from hf2ms_tui.tui.screens.org import OrgScreen

        return OrgScreen()
    raise ValueError(f"there is no screen called {name}")


def actions_of_screens() -> dict[str, tuple[str, ...]]:
    """The ids of all actions of every screen by the screen's name; imports all of them."""
    from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen

    found: dict[str, tuple[str, ...]] = {}
    for module in pkgutil.iter_modules(__path__):
        for item in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(item, type) and issubclass(item, RoomScreen) and item.NAME:
                found[item.NAME] = (*item.ACTIONS, *GLOBAL)
    return found


def make_for(name: str, ref: RepoRef) -> RoomScreen:
    """Build a screen that is about one repo."""
    if name == "triage":
        from hf2ms_tui.tui.screens.triage import TriageScreen

        return TriageScreen(ref)
    if name == "proof":
        from hf2ms_tui.tui.screens.proof import ProofScreen

        return ProofScreen(ref)
    if name == "gate":
        from hf2ms_tui.tui.screens.gate import GateScreen

        return GateScreen(ref)
    raise ValueError(f"there is no screen called {name}")
