"""What a person asks of their Modal account without starting a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.engines.modal.engine import ModalEngine
from hf2ms_tui.services.program import Program


def engine_of(program: Program) -> ModalEngine:
    """The engine for Modal, whether new jobs go there or not."""
    found = program.engine.member("modal")
    assert isinstance(found, ModalEngine)
    return found


def smoke(program: Program, say: Callable[[str], None]) -> dict[str, Any]:
    """Deploy if need be, run a hello in a container, and return what it is and sees. ``say`` hears how it goes.

    Raises BadInput without credentials, and what Modal says.
    """
    return engine_of(program).hello([_address(program.settings.endpoint(hub)) for hub in Hub], say)


def _address(endpoint: str) -> str:
    """``host:port`` of an address."""
    parts = urlsplit(endpoint)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
