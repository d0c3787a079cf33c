"""The real program among enemies: bad accounts, silent hubs, hostile texts, echoed tokens, full disks, itself twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.job import JobSpec, Phase
from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.sample.accounts import PERSON
from hf2ms_tui.loopback.world import Account, World
from hf2ms_tui.services import jobs
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support.desk import HF_CANARY, MS_CANARY, Desk, assert_no_canary, desk
from support.terminal import Terminal
from support.transfers import CARD, MIB, ORG, add, ref

INJECTED = "\x1b]0;PWNED\x07\x1b[31m\x9b31m\u202eexe.\u2066\u2028[red]🧨[/red]"
FORBIDDEN = [text.encode() for text in ("\x1b]0;PWNED", "\x9b", "\u202e", "\u2066", "\u2028")]
FILES: dict[str, bytes | Content] = {"README.md": CARD, "one.bin": SeededContent("one", MIB)}
HOSTILE_CARD = (
    '---\nlicense: mit\ntags:\n- "\\e]0;PWNED\\a\\x9b31m\\u202etag [red]"\n---\n# \x1b]0;PWNED\x07\u202e\n'
).encode()


def people(world: World) -> None:
    """An org without repos besides the usual one."""
    world.hf.add_account(Account("bare", "org", "Bare", members={PERSON: "admin"}))


def plain(*names: str) -> Callable[[World], None]:
    """Small models of these names on Hugging Face."""

    def build(world: World) -> None:
        for name in names:
            add(world, "hf", name, FILES)

    return build


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


def ready(terminal: Terminal, repos: int) -> None:
    terminal.wait_for(rf"\b{repos} repos?\b")
    terminal.wait_for(lambda text: "reading" not in text)


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
        ((), {"HF_TOKEN": "hf_wrong"}, ("missing, wrong or has expired", "Make a new token")),
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


def test_a_hub_that_repeats_the_token_is_not_repeated(tmp_path: Path) -> None:
    with desk(tmp_path, plain("one")) as here, here.open() as terminal:
        ready(terminal, 1)
        spoil(here, "ms", ".*", f"the token {MS_CANARY} may not do that")
        code, out, _ = here.verb("migrate", f"{ORG}/one", "--to", "ms")
        assert code == 1
        assert "may not do that" in out, "a job ran, and its log says why it failed"
        spoil(here, "hf", "tree|info|list|refs", f"the token {HF_CANARY} may not do that")
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


def test_two_programs_keep_each_others_decisions(tmp_path: Path) -> None:
    with desk(tmp_path, plain("one", "three", "two")) as here:
        with here.open() as left, here.open() as right:
            ready(left, 3)
            ready(right, 3)
            right.press("down", pause=0.3)
            left.press("m", pause=0)
            right.press("k", pause=0)
            left.wait_for("undecided → migrate")
            right.wait_for("undecided → keep")
            right.press("down", "l", pause=0.5)
            right.wait_for("undecided → later")
            for terminal in (left, right):
                terminal.press("q", pause=0)
                assert terminal.ended() == 0
        code, out, err = here.verb("inventory", "--json")
        assert code == 0, err
        assert sorted(row["decision"] for row in json.loads(out)) == ["keep", "later", "migrate"]
        assert here.verb("journal", "--check")[0] == 0


def test_two_programs_start_one_job_per_repo(tmp_path: Path) -> None:
    files = {"README.md": CARD, **{f"{n}.bin": SeededContent(f"part {n}", MIB) for n in range(6)}}
    with desk(tmp_path, lambda world: add(world, "hf", "big", files)) as here:
        here.running.shaper.set_text("ms:storage:up=500K")
        programs = [Program(load({}, here.env, tmp_path)) for _ in range(4)]
        barrier = threading.Barrier(len(programs))
        started: list[str] = []
        refused: list[str] = []

        def begin(program: Program) -> None:
            ends = jobs.direction(program, ref("hf", "big"))
            barrier.wait()
            try:
                started.append(jobs.start(program, ends).id)
            except BadInput as error:
                refused.append(str(error))

        threads = [threading.Thread(target=begin, args=(program,)) for program in programs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(started) == 1, (started, refused)
        assert len(refused) == 3
        assert all(f"Job {started[0]} already migrates" in text for text in refused)
        assert len([job for job in here.jobs() if job["alive"]]) == 1
        # Nor can the program's own screens or verbs get around it.
        code, _, err = here.verb("migrate", f"{ORG}/big", "--to", "ms", "--detach")
        assert code == 2
        assert started[0] in err
        store = programs[0].jobs
        store.create(JobSpec("before", ref("hf", "big"), ref("ms", "big")))
        board = store.board("before")
        board.phase(Phase.FAILED)
        board.close()
        with pytest.raises(BadInput, match=f"Job {started[0]} already migrates"):
            jobs.retry(programs[0], "before")
        assert store.view("before").phase is Phase.FAILED
        for program in programs:
            program.close()


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, as the state folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)):
        pytest.skip("needs the right to mount a small disk of its own")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Use up the disk to its last byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return ballast


def decisions_of(here: Desk) -> Mapping[str, str]:
    code, out, err = here.verb("inventory", "--json")
    assert code == 0, err
    return {row["id"]: row["decision"] for row in json.loads(out)}


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, disk: Path) -> None:
    with desk(tmp_path, plain("one", "two"), state=disk) as here:
        with here.open() as terminal:
            ready(terminal, 2)
            terminal.press("m", pause=0.8)
            terminal.wait_for("undecided → migrate")
            ballast = fill(disk)
            terminal.press("down", "x", pause=0.8)
            terminal.wait_for("disk")
            assert "full" in terminal.text
            assert "delete" not in terminal.lines[-3], "what could not be stored is not shown as decided"
            code, out, err = here.verb("migrate", f"{ORG}/one", "--to", "ms", "--detach")
            assert code == 1, out + err
            assert re.search("full|No space left", err), err
            assert "Traceback" not in err
            ballast.unlink()
            terminal.press("k", pause=0.8)
            terminal.wait_for("undecided → keep")
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
            assert_no_canary(tmp_path, terminal.raw, here.said)
        assert decisions_of(here) == {f"{ORG}/one": "migrate", f"{ORG}/two": "keep"}
        assert here.verb("journal", "--check")[0] == 0
        assert here.running.log.entries(method="DELETE") == []


def test_a_disk_that_cannot_be_written_is_said_and_loses_nothing(tmp_path: Path, disk: Path) -> None:
    with desk(tmp_path, plain("one"), state=disk) as here:
        with here.open() as terminal:
            ready(terminal, 1)
            terminal.press("m", pause=0.8)
            terminal.wait_for("undecided → migrate")
            terminal.press("q", pause=0)
            assert terminal.ended() == 0
        assert mount("-o", "remount,ro", str(disk))
        for arguments in (("jobs",), ("migrate", f"{ORG}/one", "--to", "ms")):
            code, _, err = here.verb(*arguments)
            assert code == 1
            assert "Read-only file system" in err
            assert "HF2MS_STATE" in err
        with here.open() as terminal:
            assert terminal.ended() == 1
            assert "HF2MS_STATE" in terminal.text
            assert terminal.restored
        assert mount("-o", "remount,rw", str(disk))
        assert decisions_of(here) == {f"{ORG}/one": "migrate"}
