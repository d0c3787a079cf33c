"""The whole story in a terminal of 80×24: see, decide, plan, migrate, watch, prove, delete through the gate, gone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import urllib3

if TYPE_CHECKING:
    from conftest import Demo
    from support.terminal import Terminal

REPO = "poc-tokenizer-v0"
SLOW = 60.0
"""seconds for what moves bytes"""


def status(demo: Demo, hub: str, path: str) -> int:
    """What a hub of the demo answers to its owner's token."""
    env = demo.world.env
    token = env["HF_TOKEN" if hub == "hf" else "MODELSCOPE_TOKEN"]
    base = env["HF_ENDPOINT" if hub == "hf" else "MODELSCOPE_ENDPOINT"]
    return urllib3.request("GET", base + path, headers={"Authorization": f"Bearer {token}"}).status


def narrow_to(terminal: Terminal, name: str) -> None:
    """Leave only one repo in the inventory."""
    terminal.wait_for("26 repos|1.53 GB")
    terminal.press("/")
    terminal.type(name)
    terminal.press("enter")
    terminal.wait_for("1 of 26 shown")


@pytest.mark.parametrize(
    "engine", ["local", pytest.param("modal", marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_from_the_first_look_to_gone_from_the_hub(demo: Demo, engine: str) -> None:
    with demo.open("--engine", engine) as terminal:
        narrow_to(terminal, REPO)
        assert "DEMO" in terminal.text
        terminal.press("m", pause=1.5)
        terminal.wait_for(f"{REPO}: undecided → migrate")
        terminal.press("p")
        terminal.wait_for("plan   migrate 1   delete 0")
        terminal.press_until("g", "Start 1 migration")
        terminal.press("enter")
        assert "Start 1 migration" in terminal.text, "Enter starts nothing"
        terminal.press("y", pause=0.5)
        terminal.wait_for("jobs   ")
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.wait_for("proven: proven 48")
        assert status(demo, "ms", f"/api/v1/models/aurora-labs/{REPO}") == 200

        terminal.press("i")
        terminal.wait_for("1 of 26 shown")
        terminal.wait_for("✓ proven", timeout=SLOW)
        terminal.press("x", pause=1.5)
        terminal.wait_for(f"{REPO}: migrate → delete")
        assert status(demo, "hf", f"/api/models/aurora-labs/{REPO}") == 200, "a decision deletes nothing"

        terminal.press("D")
        terminal.wait_for("other branches and tags")
        terminal.wait_for("exp1")
        assert "1 check fails" in terminal.text
        terminal.press("a")
        terminal.wait_for(r"Type exp1 to accept")
        terminal.type("exp1")
        terminal.wait_for("✓ open")

        terminal.press("t")
        terminal.type("aurora-labs/poc-tokenizer")
        terminal.press("enter", "enter")
        terminal.type("-v0")
        terminal.press("enter", "enter")
        assert status(demo, "hf", f"/api/models/aurora-labs/{REPO}") == 200, (
            "Enter in the field deletes nothing"
        )
        terminal.press("tab", "tab")
        terminal.press("enter", pause=0.5)
        terminal.wait_for(f"{REPO}: gone", timeout=SLOW)
        assert status(demo, "hf", f"/api/models/aurora-labs/{REPO}") == 404
        assert status(demo, "ms", f"/api/v1/models/aurora-labs/{REPO}") == 200

        terminal.press("esc")
        terminal.wait_for("25|no repo|0 of")
        terminal.press("J")
        terminal.wait_for("✓ delete done")
        terminal.wait_for("every entry follows")
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.restored
        assert not re.search(rb"hf_[A-Za-z0-9]{10,}", terminal.raw), "no token was ever drawn"


def test_a_file_that_differs_keeps_the_gate_shut_and_is_named(demo: Demo) -> None:
    with demo.open() as terminal:
        narrow_to(terminal, "aurora-depth-small")
        terminal.press("f")
        terminal.wait_for("Never proven")
        for level in ("listed", "stored", "read back"):
            terminal.press("d", pause=0.5)
            terminal.wait_for(rf"(proven|not proven) \({level}\)", timeout=SLOW)
        terminal.wait_for("mismatch 1")
        terminal.wait_for("model-00002-of-00002")
        terminal.press("esc")
        terminal.wait_for("1 of 26 shown")
        terminal.press("x", pause=1.5)
        terminal.press("D")
        terminal.wait_for(r"mismatch: +(\d+ s ago|now)\s+model-00002-of-00002")
        terminal.press("t")
        terminal.wait_for("the gate is shut")
        terminal.press("tab")
        terminal.type("aurora-labs/aurora-depth-small")
        terminal.press("tab", "tab", "enter", "enter")
        terminal.pump(1.0)
        assert "gone" not in terminal.text
        assert status(demo, "hf", "/api/models/aurora-labs/aurora-depth-small") == 200
