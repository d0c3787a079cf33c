"""Every verb and every screen of the program, from its own registries: a new one that nobody knows to reach is an error."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import click
import pexpect

from hf2ms_tui.cli import cli
from hf2ms_tui.tui.actions import REGISTRY
from hf2ms_tui.tui.screens import actions_of_screens
from support.terminal import Terminal

WAYS = {
    ("inventory",): [[], ["--contents"]],
    ("migrate",): [["REPO", "--to", "ms"]],
    ("verify",): [["REPO", "--level", "listed"], ["REPO", "--level", "read-back"]],
    ("jobs",): [[]],
    ("jobs", "follow"): [["JOB"]],
    ("jobs", "cancel"): [["JOB"]],
    ("jobs", "retry"): [["JOB"]],
    ("journal",): [[], ["--check"], ["--report", "REPO"], ["--export"], ["FOLDER/j.jsonl", "--export"]],
    ("doctor",): [[]],
    ("smoke",): [[]],
    ("tombstones",): [[], ["--check"]],
    ("restore",): [["REPO", "--dry-run"], ["REPO"]],
}
"""how each verb is called here; REPO, JOB and FOLDER stand for what there is"""
PATHS = {
    "inventory": "i",
    "triage": "it",
    "plan": "ip",
    "jobs": "ij",
    "proof": "if",
    "gate": "ixD",
    "journal": "iJ",
    "tombstones": "iT",
    "messages": "iM",
    "org": "io",
    "help": "i?",
    "actions": "i:",
    "full text": ("i", "J", "enter"),
}
"""keys that lead to each screen from anywhere; the gate wants a repo that is decided to be deleted"""
HEADS = {
    "inventory": "hugging face →",
    "triage": r"\d+ of \d+",
    "proof": "files of",
    "gate": r"\b(gate|delete)\b",
    "org": "whose repos",
    "full text": "journal entry",
}
"""what the head says of screens that do not begin with their name"""
LEAVING = {"quit"}
_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "escape": "esc",
    "space": " ",
    "f1": "\x1bOP",
    "f5": "\x1b[15~",
    "ctrl+p": "\x10",
    "ctrl+r": "\x12",
}


def verbs() -> set[tuple[str, ...]]:
    """The names of all verbs."""

    def walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            yield (*path, name)
            if isinstance(command, click.Group):
                yield from walk(command, (*path, name))

    return set(walk(cli, ()))


def command_lines(repo: str, job: str, folder: str) -> list[list[str]]:
    """Every verb, in all the ways it is called here, as text and as JSON."""
    if verbs() != set(WAYS):
        raise AssertionError(f"nobody knows how to call {verbs() ^ set(WAYS)}")
    stand = {"REPO": repo, "JOB": job}
    return [
        [*verb, *(stand.get(word, word.replace("FOLDER", folder)) for word in way), *end]
        for verb, ways in WAYS.items()
        for way in ways
        for end in ([], ["--json"])
    ]


def screens() -> dict[str, tuple[str, ...]]:
    """All screens with the ids of their actions."""
    found = actions_of_screens()
    if set(found) != set(PATHS):
        raise AssertionError(f"nobody knows the way to {set(found) ^ set(PATHS)}")
    return found


def key_for(action: str) -> str:
    """What a terminal sends for the first key of an action."""
    key = REGISTRY[action].keys[0]
    return _NAMES.get(key, key)


def walk(terminal: Terminal, *, actions: bool, pause: float = 0.25) -> Iterator[tuple[str, str]]:
    """Go to every screen and, with ``actions``, press the key of each of its actions; yields where and what was pressed.

    What is on the terminal may be looked at in between. Ends early when the program ended.
    """
    for name, ids in screens().items():
        for action in ("", *(ids if actions else ())):
            if action in LEAVING:
                continue
            with suppress(OSError, pexpect.EOF):
                terminal.press("esc", "esc", *PATHS[name], pause=pause)
                if action:
                    terminal.press(key_for(action), pause=pause)
                elif not reached(terminal, name):
                    terminal.press(
                        "esc", "esc", *PATHS[name], pause=0.8
                    )  # a busy machine had not drawn the last one yet
            if not terminal.process.isalive():
                terminal.pump()
                return
            yield name, action


def reached(terminal: Terminal, name: str, timeout: float = 4.0) -> bool:
    """Whether the head of the terminal comes to say that this screen is shown."""
    until = time.monotonic() + timeout
    while not re.search(HEADS.get(name, rf"\b{re.escape(name)}"), "\n".join(terminal.lines[:3]).lower()):
        if time.monotonic() > until:
            return False
        with suppress(OSError, pexpect.EOF):
            terminal.pump()
        time.sleep(0.05)
    return True
