"""Which hubs a world is served as."""

from __future__ import annotations

from .huggingface.site import HuggingFaceSite
from .modelscope.site import ModelScopeSite
from .wire import Site
from .world import World


def all_sites(world: World) -> list[Site]:
    """The sites of `world`, in the order in which their origins get ports."""
    return [HuggingFaceSite(world), ModelScopeSite(world)]
