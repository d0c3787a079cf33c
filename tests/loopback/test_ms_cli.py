"""The command line that ModelScope ships, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.ms_world import ORG, TINY, Ms


class Cli:
    """``ms-hub`` with a home of its own."""

    def __init__(self, ms: Ms, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "MODELSCOPE_ENDPOINT": ms.url,
            "MODELSCOPE_API_TOKEN": ms.running.env["MODELSCOPE_API_TOKEN"],
        }

    def __call__(self, *arguments: str, code: int = 0, **more: str) -> str:
        program = Path(sys.executable).parent / "ms-hub"
        done = subprocess.run(
            [str(program), *arguments],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def cli(ms: Ms, tmp_path: Path) -> Cli:
    return Cli(ms, tmp_path / "home")


def test_a_repo_is_made_filled_listed_and_fetched(ms: Ms, cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in"
    for path, content in TINY.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content.read(0, content.size))
    assert "mira" in cli("whoami")
    cli("create", f"{ORG}/made", "--repo-type", "model", "--visibility", "private", "--license", "mit")
    assert ms.repo("model", "made").visibility == "private"
    cli("upload", f"{ORG}/made", str(source), "--repo-type", "model")
    assert f"{ORG}/made" in cli("list", "--repo-type", "model", "--owner", ORG)
    assert f"{ORG}/made" in cli("info", f"{ORG}/made", "--repo-type", "model")
    cli("download", f"{ORG}/made", "--local-dir", str(tmp_path / "out"))
    for path, content in TINY.items():
        assert (tmp_path / "out" / path).read_bytes() == content.read(0, content.size)


def test_deletion_is_refused_but_for_admins(ms: Ms, cli: Cli) -> None:
    said = cli("delete", f"{ORG}/secret", "--repo-type", "model", "--yes", code=2)
    assert "no longer supports deletion" in said and ms.repo("model", "secret")
    admin = ms.running.env["MODELSCOPE_ADMIN_TOKEN"]
    cli("delete", f"{ORG}/secret", "--repo-type", "model", "--yes", MODELSCOPE_API_TOKEN=admin)
    assert ms.world.ms.get("model", f"{ORG}/secret") is None


def test_login_with_a_token(ms: Ms, cli: Cli) -> None:
    assert "mira" in cli("login", "--token", ms.token() or "")
    cli("login", "--token", "ms-wrong", code=1)
