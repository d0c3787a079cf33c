"""The real program among enemies: bad accounts, silent hubs, hostile texts, echoed tokens, faults of its own."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.sample.accounts import PERSON
from hf2ms_tui.loopback.world import Account, World
from support.desk import HF_CANARY, MS_CANARY, Desk, assert_no_canary, desk
from support.plain import FILES, plain, ready
from support.transfers import ORG, add

INJECTED = "\x1b]0;PWNED\x07\x1b[31m\x9b31m\u202eexe.\u2066\u2028[red]🧨[/red]"
FORBIDDEN = [text.encode() for text in ("\x1b]0;PWNED", "\x9b", "\u202e", "\u2066", "\u2028")]
HOSTILE_CARD = (
    '---\nlicense: mit\ntags:\n- "\\e]0;PWNED\\a\\x9b31m\\u202etag [red]"\n---\n# \x1b]0;PWNED\x07\u202e\n'
).encode()


def people(world: World) -> None:
    """An org without repos besides the usual one."""
    world.hf.add_account(Account("bare", "org", "Bare", members={PERSON: "admin"}))


def hostile(world: World) -> None:
    """Names, paths, tags, branches and commit titles that would take over a terminal."""
    files = {
        "README.md": HOSTILE_CARD,
        f"a{INJECTED}.txt": b"1",
        "[bold]b[/bold].txt": b"2",
        "long" + "x" * 200 + "🧨" * 10 + ".txt": b"3",
    }
    for hub in ("hf", "ms"):
        repo = add(world, hub, "tiny", files)
        repo.create_branch(f"br{INJECTED}", world.hub(hub).default_branch)
    theirs = Node(f"a{INJECTED}.txt", BytesContent(b"differs"))
    repo.commit([theirs], message=INJECTED, author=PERSON, branch="master")
    add(world, "hf", "z" + INJECTED, FILES, licence=INJECTED)
    add(world, "hf", "[red]zz[blink]", FILES)


def assert_inert(raw: bytes) -> None:
    for sequence in FORBIDDEN:
        assert sequence not in raw, raw[max(0, raw.find(sequence) - 80) : raw.find(sequence) + 80]


def message(body: str, status: int = 403) -> tuple[int, str, dict[str, str]]:
    """An error answer as both hubs write them."""
    data = {
        "error": body,
        "Code": status,
        "Message": body,
        "message": body,
        "Success": False,
        "success": False,
    }
    headers = {"X-Error-Message": body} if body.isascii() and body.isprintable() else {}
    return status, json.dumps(data), headers


def spoil(here: Desk, hub: str, route: str, body: str, status: int = 403, method: str = "*") -> None:
    code, text, headers = message(body, status)
    here.running.faults.add(Fault("status", code, hub, method, route, headers, text))


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        ((), {"HF_TOKEN": "hf_wrong"}, ("missing, wrong or has expired", "settings/tokens", "HF_TOKEN")),
        (("--org", "nosuchorg"), {}, ("There is no organisation or user “nosuchorg”", "Check the spelling")),
        (("--org", "bare"), {}, ("bare", "[Nn]o repos")),
    ],
)
def test_a_bad_account_is_said_with_the_way_out(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], words: tuple[str, ...]
) -> None:
    with desk(tmp_path, people, plain("one")) as here, here.open(*arguments, **env) as terminal:
        for word in words:
            terminal.wait_for(word)
        terminal.press(*"tpjJi", pause=0.1)
        terminal.press("q", pause=0)
        assert terminal.ended() == 0
        assert terminal.restored
        assert b"Traceback" not in terminal.raw
        assert_no_canary(tmp_path, terminal.raw)


@pytest.mark.parametrize("when", ["from the start", "while proving"])
def test_a_stalled_hub_does_not_hold_whoever_wants_to_leave(tmp_path: Path, when: str) -> None:
    with desk(tmp_path, plain("one"), lambda world: add(world, "ms", "one", FILES)) as here:
        if when == "from the start":
            here.running.faults.add("*:*:.*:stall=forever")
        with here.open() as terminal:
            if when == "from the start":
                terminal.wait_for("Reading|reading|Asking")
            else:
                ready(terminal, 1)
                here.running.faults.add("*:*:.*:stall=forever")
                terminal.press("f")
                terminal.wait_for("Never proven")
                terminal.press("d", pause=0.6)
            asked = time.monotonic()
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
            assert time.monotonic() - asked < 2.0
            assert terminal.restored
        here.running.faults.clear()


@pytest.mark.slow
def test_hostile_texts_reach_no_terminal_from_the_screens(tmp_path: Path) -> None:
    with desk(tmp_path, hostile) as here:
        spoil(here, "ms", "lfs-batch|commit", INJECTED + "y" * 10_000, method="POST")
        here.verb("migrate", f"{ORG}/tiny", "--to", "ms")
        with here.open() as terminal:
            ready(terminal, 3)
            assert "PWNED" in terminal.text
            assert "[red]zz[blink]" in terminal.text
            seen = ""
            for keys in ("t", "x", "i", "p", "j", "J", "i"):
                terminal.press(keys, pause=0.5)
                seen += terminal.text
            terminal.press("/")
            terminal.type("tiny")
            terminal.press("enter")
            terminal.wait_for("1 of 3 shown")
            terminal.press("f")
            terminal.wait_for("Never proven|not proven|proof")
            terminal.press("d")
            terminal.wait_for("mismatch 1")
            seen += terminal.text
            terminal.press("enter", pause=0.5)
            terminal.press("esc", pause=0.5)
            terminal.press("i", pause=0.5)
            terminal.press("D", pause=1.5)
            seen += terminal.text
            terminal.press("esc", pause=0.3)
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
            assert seen.count("PWNED") >= 3
            assert "[bold]b[/bold]" in seen
            assert_inert(terminal.raw)
            assert_no_canary(tmp_path, terminal.raw, here.said)


def test_hostile_texts_reach_no_terminal_from_the_verbs(tmp_path: Path) -> None:
    with desk(tmp_path, hostile) as here:
        spoil(here, "ms", "lfs-batch|commit", INJECTED + "y" * 10_000, method="POST")
        raw = b""
        for verb in (
            f"migrate {ORG}/tiny --to ms",
            "jobs",
            "journal",
            "journal --json",
            "inventory",
            f"verify {ORG}/tiny --level listed",
            f"verify {ORG}/tiny --level listed --json",
        ):
            with here.open(*verb.split(), size=(24, 400)) as terminal:
                code = terminal.ended(40)
                assert code == (1 if verb.startswith(("verify", "migrate")) else 0), terminal.text
                assert b"Traceback" not in terminal.raw
                assert_inert(terminal.raw)
                raw += terminal.raw
        assert raw.count(b"PWNED") >= 6
        assert b"\\u202e" in raw
        assert_no_canary(tmp_path, raw)
        # What is printed as JSON still says exactly what the hub said.
        code, out, _ = here.verb("verify", f"{ORG}/tiny", "--level", "listed", "--json")
        assert f"a{INJECTED}.txt" in {file["path"] for file in json.loads(out)["files"]}
        assert all(is_clean(line) for line in out.splitlines())


@pytest.mark.slow
def test_a_hub_that_repeats_the_token_is_not_repeated(tmp_path: Path) -> None:
    with desk(tmp_path, plain("one")) as here, here.open() as terminal:
        ready(terminal, 1)
        spoil(here, "ms", ".*", f"the token {MS_CANARY} may not do that, nor {HF_CANARY} of the other hub")
        code, out, _ = here.verb("migrate", f"{ORG}/one", "--to", "ms")
        assert code == 1
        assert "may not do that" in out, "a job ran, and its log says why it failed"
        spoil(here, "hf", "tree|info|list|refs", f"the token {HF_CANARY} may not do that, nor {MS_CANARY}")
        assert here.verb("migrate", f"{ORG}/one", "--to", "ms")[0] == 1
        for verb in ("inventory", "doctor", f"verify {ORG}/one --json", "jobs", "journal"):
            assert here.verb(*verb.split())[0] in {0, 1}
        terminal.press("R", "r", pause=1.0)
        terminal.press("f", pause=0.5)
        terminal.press("d", pause=1.5)
        terminal.press("i", "j", "J", pause=0.6)
        terminal.press("q", pause=0)
        assert terminal.ended() == 0
        assert "may not do that" in here.said.decode()
        assert_no_canary(tmp_path, terminal.raw, here.said)


BROKEN = """
import os
from hf2ms_tui.tui.frame import Frame

def broken(self):
    local = os.environ["HF_TOKEN"]
    raise RuntimeError(f"went wrong with {local} at hand")

Frame.do_plan = broken
"""


def test_a_fault_of_the_program_itself_tells_no_token(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN)
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join((str(tmp_path / "broken"), root))
    with desk(tmp_path, plain("one")) as here, here.open(PYTHONPATH=path) as terminal:
        ready(terminal, 1)
        terminal.press("p", pause=0)
        assert terminal.ended() == 1
        assert terminal.restored
        (crash,) = (here.state / "crashes").iterdir()
        assert crash.name in re.sub(r"\s", "", terminal.text)
        assert "went wrong with ‹token› at hand" in crash.read_text()
        assert crash.stat().st_mode & 0o077 == 0
        assert b"Traceback" not in terminal.raw
        assert_no_canary(tmp_path, terminal.raw)
