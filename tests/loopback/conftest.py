from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.ms_world import Ms, serve

if TYPE_CHECKING:
    from support.modal_session import ModalSession


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def ms(tmp_path: Path) -> Iterator[Ms]:
    """A served ModelScope; no handler of it may have failed by the end."""
    with serve() as running:
        yield Ms(running, tmp_path / "cache")
        assert running.log.errors == []


@pytest.fixture(scope="session")
def modal_plane() -> Iterator[ModalSession]:
    """A Modal control plane with the app of `support.modal_app`, shared so that its containers stay warm."""
    from support.modal_session import modal_session

    # Patient, for the machine may be busy; nothing that is tested here depends on these.
    with modal_session(idle=120.0, line_patience=2.0) as session:
        yield session


@pytest.fixture
def here(modal_plane: ModalSession) -> Iterator[ModalSession]:
    """The shared control plane; faults and settings are those of the beginning again after each test."""
    settings = modal_plane.plane.settings
    before = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    yield modal_plane
    modal_plane.plane.faults.clear()
    for name, value in before.items():
        setattr(settings, name, value)


@pytest.fixture(autouse=True)
def unguarded_sdk() -> Iterator[None]:
    """The SDK as it comes: where another test of this process put the program's guard on it, it is taken off meanwhile."""
    guard = sys.modules.get("hf2ms_tui.hubs.huggingface.guard")
    if guard is None or not guard._done:
        yield
        return
    from huggingface_hub import set_async_client_factory, set_client_factory
    from huggingface_hub.utils import _http

    set_client_factory(_http.default_client_factory)
    set_async_client_factory(_http.default_async_client_factory)
    yield
    guard._done = False
    guard.install()
