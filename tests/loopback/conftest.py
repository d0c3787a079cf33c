from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ms_world import Ms, serve


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
