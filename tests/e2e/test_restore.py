"""Delete through the screen, then restore through the screen, in a terminal of 80×24: the same bytes, and no token drawn."""

from __future__ import annotations

from pathlib import Path

from hf2ms_tui.loopback.world import World
from support.desk import Desk, assert_no_canary, desk
from support.gate_world import FILES, NAME, ORG
from support.transfers import add, put

FULL = f"{ORG}/{NAME}"
SLOW = 60.0
"""seconds for what moves bytes"""


def both(world: World) -> None:
    repo = add(world, "hf", NAME, {"old.txt": b"only in the first version\n"})
    repo.create_tag("v0.1", repo.head().id)
    repo.commit([], ["old.txt"], author="mira", message="remove")
    put(world, repo, FILES, "main")
    add(world, "ms", NAME, FILES)


def states(here: Desk) -> dict[str, dict[str, str]]:
    """SHA-256 by path of every branch and tag on Hugging Face."""

    def work(world: World) -> dict[str, dict[str, str]]:
        repo = world.hf.get("model", FULL)
        if repo is None:
            return {}
        return {
            name: {path: node.content.sha256 for path, node in repo.commits[commit].files.items()}
            for name, commit in {**repo.branches, **repo.tags}.items()
        }

    return here.running.call(work)


def test_deleted_through_the_gate_and_restored_from_its_tombstone(tmp_path: Path) -> None:
    with desk(tmp_path, both) as here:
        before = states(here)
        assert set(before) == {"main", "v0.1"}
        with here.open() as terminal:
            terminal.wait_for(NAME)
            terminal.wait_for("exists")
            terminal.press("x", pause=1.5)
            terminal.wait_for("→ delete")
            terminal.press_until("D", "every file proven")
            terminal.press_until("v", "read back|proving")
            terminal.wait_for("4 of 4 read back", timeout=SLOW)
            terminal.wait_for("v0.1")
            terminal.wait_for("1 check fails", timeout=SLOW)
            terminal.press("a")
            terminal.wait_for(r"Type v0\.1")
            terminal.type("v0.1")
            terminal.wait_for("✓ open", timeout=SLOW)
            terminal.wait_for("tombstone written")
            terminal.press("t")
            terminal.type(FULL)
            terminal.press("tab", "tab")
            terminal.press("enter", pause=0.5)
            terminal.wait_for(f"{NAME}: gone", timeout=SLOW)
            assert states(here) == {}

            terminal.press("esc")
            terminal.press_until("T", "tombstones   1 tombstone")
            terminal.wait_for(FULL)
            terminal.press("enter")
            terminal.wait_for("Comes back", timeout=SLOW)
            terminal.wait_for("Does not")
            assert states(here) == {}, "looking makes nothing"
            terminal.press("r")
            terminal.wait_for(f"Restore {FULL} on Hugging Face, private", timeout=SLOW)
            terminal.press("enter", pause=0.5)
            assert states(here) == {}, "Enter restores nothing"
            terminal.press("y", pause=0.5)
            terminal.wait_for("jobs   ", timeout=SLOW)
            terminal.wait_for("✓ proven", timeout=SLOW)
            assert states(here) == before
            terminal.press("q")
            assert terminal.ended() == 0
            assert terminal.restored
            raw = terminal.raw
    assert_no_canary(tmp_path, raw)
