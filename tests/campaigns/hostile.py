"""Hostile text through every verb and every screen in a real terminal: ``python tests/campaigns/hostile.py [--seed N]``.

Names, paths, branches, tags, descriptions, people, READMEs, commit titles and the hubs' errors carry markup, escape sequences,
C1 controls, bidirectional and invisible characters, newlines, NUL, lone surrogates, invalid UTF-8 and lines of 10 kB. Nothing
of it may be obeyed by the terminal or taken for markup, nothing may crash, JSON stays JSON, and each screen keeps its head.
Verbs and screens come from the program's own registries. Exits 1 when a promise was broken.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pexpect

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.loopback.content import BytesContent, SeededContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.sample.accounts import PERSON
from hf2ms_tui.loopback.world import Account, World
from support import surfaces
from support.campaign import Findings, drawn, options
from support.desk import Desk, desk
from support.terminal import Terminal
from support.transfers import ORG, add

COLUMNS = ("shown", "with hostile text", "kilobytes", "broken")
MARK = "PWNED"
TEXTS = {
    "markup": f"[red]{MARK}[/red][link=http://x.example]{MARK}",
    "unbalanced": f"[/][{MARK}[bold]{MARK}[",
    "title": f"\x1b]0;{MARK}\x07]{MARK}",
    "colour": f"\x1b[31m]{MARK}\x1b[2J\x1b[H",
    "C1": f"\x9b31m]{MARK}\x9d0;{MARK}\x9c\x85",
    "bidi": f"\u202egpj.\u2066]{MARK}\u2069\u200f\u061c",
    "invisible": f"\u200b\u2060\ufeff]{MARK}\u2028\u2029\u00ad",
    "controls": f"a\tb\rc\x00d\x08]{MARK}\x7f\x0b\x0c",
    "emoji": f"👨‍👩‍👧‍👦🏳️‍🌈]{MARK}é́́́́",
    "wide": f"漢字カナ한글]{MARK}" * 3,
    "long": f"]{MARK}" + "x" * 300,
    "device": f"\x1b[c\x1b[6n\x1bP+q544e\x1b\\]{MARK}\x1b_G{MARK}\x1b\\",
}
HUGE = f"]{MARK} " + "y" * 10_000
FORBIDDEN = re.compile(
    "[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b\u2060\ufeff\ud800-\udfff]"
)
"""what no output may hold; of ESC only what no foreign text brought is allowed, see ``OWN``"""
OWN = re.compile(r"\x1b(?:\[[0-9:;<=>?$ ]*[@-~]|[78=>]|\([B0]|P\+q[0-9a-fA-F]+\x1b\\)")
"""control sequences of a terminal program"""
BROUGHT = tuple(text for text in ("\x1b[31m]", "\x1b]0;", "\x1b[2J\x1b[H\x1b", "\x1b_G"))


def hostile(world: World) -> None:
    """Two hubs full of it."""
    readme = b"---\nlicense: mit\ntags:\n" + b"".join(
        b"- %s\n" % json.dumps(text).encode() for text in TEXTS.values()
    )
    readme += b"---\n# \xff\xfe\x1b]0;PWNED\x07\n" + HUGE.encode() + b"\n\xed\xa0\x80"
    plain = b"---\nlicense: mit\n---\n# Fine\n"
    paths = {f"{n}-{text}.txt": b"%d" % n for n, text in enumerate(TEXTS.values()) if "/" not in text}
    for hub in ("hf", "ms"):
        state = world.hub(hub)
        for person in (PERSON, ORG):
            state.accounts[person].fullname = TEXTS["colour"]
        made = add(world, hub, "tiny", {"README.md": plain, "w.bin": SeededContent("w", 40_000), **paths})
        for name in ("markup", "colour", "bidi", "C1"):
            made.create_branch(f"b{TEXTS[name]}", state.default_branch)
            made.create_tag(f"t{TEXTS[name]}", state.default_branch)
        made.commit(
            [Node("w.txt", BytesContent(hub.encode()))],
            message=TEXTS["title"] + "\n" + HUGE,
            author=TEXTS["bidi"],
            branch=state.default_branch,
        )
    for name, text in TEXTS.items():
        if name != "device":
            add(world, "hf", f"n{text}", {"README.md": readme}, licence=text)
    world.hf.add_account(Account(f"o{TEXTS['markup']}", "org", TEXTS["colour"], members={PERSON: "admin"}))


def spoil(here: Desk, chance: random.Random) -> None:
    """Let some requests fail with hostile words."""
    text = chance.choice([*TEXTS.values(), HUGE, f"\ud800]{MARK}\udfff"])
    body = json.dumps({"error": text, "Code": 403, "Message": text, "message": text, "Success": False})
    route = chance.choice(
        ("lfs-batch", "commit", "download|resolve|blob.*", "info|legacy-info", "refs|revisions")
    )
    here.running.faults.add(Fault("status", 403, chance.choice(("hf", "ms")), "*", route, {}, body))


def wrong(raw: bytes, *, own: bool) -> Iterator[str]:
    """What a terminal would have obeyed, or what was taken for markup. ``own``: a screen, with sequences of its own."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        yield f"no UTF-8: {raw[max(0, error.start - 20) : error.start + 10]!r}"
        text = raw.decode("utf-8", "replace")
    for sequence in BROUGHT:
        if sequence in text:
            yield f"a sequence from outside: {sequence!r}"
    bare = OWN.sub("", text) if own else text
    if own:
        bare = re.sub(
            r"\x1b\](?:0|2|8|22|52);[^\x07\x1b]*(?:\x07|\x1b\\)", lambda m: MARK * (MARK in m[0]), bare
        )
    found = FORBIDDEN.search(bare)
    if found:
        yield f"{found[0]!r} in …{bare[max(0, found.start() - 30) : found.end() + 10]!r}"
    if "\x1b" in bare:
        at = bare.index("\x1b")
        yield f"an escape in …{bare[max(0, at - 30) : at + 20]!r}"
    if b"Traceback" in raw or b"met a fault" in raw:
        yield f"it crashed: {text[-300:]!r}"


def taken_for_markup(text: str) -> bool:
    """Whether a marked text lost the bracket before it: then somebody read it as markup."""
    return bool(re.search(rf"[A-Za-z0-9/.]{MARK}", text.replace(f"0;{MARK}", "").replace(f"G{MARK}", "")))


def look(findings: Findings, row: str, where: str, raw: bytes, *, own: bool) -> None:
    """Judge what came out at one place."""
    found = [f"{where}: {what}" for what in wrong(raw, own=own)]
    if not own and taken_for_markup(raw.decode("utf-8", "replace")):
        found.append(f"{where}: taken for markup")
    findings.count(row, "shown")
    findings.count(row, "with hostile text", int(MARK.encode() in raw))
    findings.count(row, "kilobytes", len(raw) // 1000)
    findings.count(row, "broken", len(found))
    findings.broken += found


def verbs(here: Desk, findings: Findings, chance: random.Random, limit: int) -> None:
    """Every verb in a terminal, as text and as JSON."""
    here.verb("migrate", f"{ORG}/tiny", "--to", "ms")
    lines = surfaces.command_lines(f"{ORG}/tiny", here.jobs()[0]["job"], str(here.folder))
    chance.shuffle(lines)
    for line in lines[: limit or None]:
        findings.cases += 1
        if chance.random() < 0.5:
            spoil(here, chance)
        words = " ".join(line)
        with here.open(*line, size=(24, 200)) as terminal:
            try:
                code = terminal.ended(60)
            except AssertionError:
                code = -1
                findings.broken.append(f"{words}: did not end")
            raw = terminal.raw
        here.running.faults.clear()
        look(findings, "verbs", words, raw, own=False)
        if code not in {-1, 0, 1, 2}:
            findings.broken.append(f"{words}: ended with {code}")
        if "--json" in line and not ("follow" in line or "--export" in line or "--report" in line):
            try:
                text = raw.decode("utf-8", "replace")
                json.loads(text[re.search(r"^[\[{]", text, re.M).start() :])  # type: ignore[union-attr]
            except (ValueError, AttributeError):
                findings.broken.append(f"{words}: no JSON: {raw[-200:]!r}")


def screens(here: Desk, findings: Findings, chance: random.Random, *, actions: bool) -> None:
    """Every screen in a terminal of 80×24, and with ``actions`` the keys of all of its actions."""
    with here.open("--org", ORG) as terminal:
        terminal.wait_for("acme")
        before = 0
        for name, action in surfaces.walk(terminal, actions=actions, pause=0.1):
            findings.cases += 1
            where = f"screen {name}{f', {action}' if action else ''}"
            look(findings, f"screen {name}", where, terminal.raw[before:], own=True)
            before = len(terminal.raw)
            _markup(findings, terminal, where)
            if not action and not surfaces.reached(terminal, name):
                findings.broken.append(f"{where}: its head is not shown: {terminal.lines[:2]}")
            if not action:
                here.running.faults.clear()
                spoil(here, chance)
        here.running.faults.clear()
        if not terminal.process.isalive():
            findings.broken.append(f"the screen ended: {terminal.text[-300:]}")
        else:
            _refs(terminal, findings)
        with suppress(OSError, pexpect.EOF, AssertionError):
            terminal.press("esc", "esc", "i", "q", pause=0.3)
            terminal.ended()


def _refs(terminal: Terminal, findings: Findings) -> None:
    """The gate of the repo whose branches and tags have hostile names, each on a line of its own, and the field for one."""
    before = len(terminal.raw)
    findings.cases += 1
    try:
        terminal.press("esc", "esc", "i", "/", pause=0.4)
        terminal.type("tiny")
        terminal.press("enter", "x", "D", pause=0.4)
        terminal.wait_for(r"delete acme/tiny")
        terminal.wait_for(lambda text: "reading" not in text and "other branches" in text, 60)
        terminal.press_until("r", "history lost")
        terminal.press(*["down"] * 12, "a", pause=0.1)
        shown = terminal.raw[before:]
    except (AssertionError, OSError, pexpect.EOF) as error:
        findings.broken.append(f"the gate's branches and tags were not shown: {error}")
        return
    look(findings, "gate's refs", "the gate's branches and tags", shown, own=True)
    _markup(findings, terminal, "the gate's branches and tags")
    if MARK.encode() not in shown:
        findings.broken.append("no branch or tag with a hostile name was shown")


def _markup(findings: Findings, terminal: Terminal, where: str) -> None:
    if taken_for_markup(terminal.text):
        findings.broken.append(f"{where}: taken for markup: {terminal.text!r}")


def files(here: Desk, findings: Findings) -> None:
    """What was exported: lines that no terminal obeys, JSON Lines that are JSON."""
    for path in sorted(here.folder.iterdir()):
        if not path.is_file() or path.suffix not in {".jsonl", ".md", ".txt", ".csv", ".json", ".tsv"}:
            continue
        findings.cases += 1
        raw = path.read_bytes()
        look(findings, "exports", path.name, raw, own=False)
        for line in raw.decode("utf-8", "replace").split("\n"):
            if path.suffix == ".jsonl" and line:
                json.loads(line)
            if not is_clean(line.replace("\t", "")):
                findings.broken.append(f"{path.name}: a line that a terminal obeys: {line[:80]!r}")


def campaign(findings: Findings, seed: int, *, short: bool = False) -> None:
    """All of it on one desk; the short form only some verbs, and of the screens only the screens."""
    chance = drawn(seed, "hostile")
    with tempfile.TemporaryDirectory(prefix="hf2ms-hostile-") as folder, desk(Path(folder), hostile) as here:
        verbs(here, findings, chance, 4 if short else 0)
        screens(here, findings, chance, actions=not short)
        files(here, findings)
        # Names that no hub would allow are too much for the loopback's own servers at some places.
        for error in dict.fromkeys(text.strip().splitlines()[-1] for text in here.running.log.errors):
            print(f"the loopback itself: {error[:200]}")
        here.running.log.errors.clear()


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer surfaces")
    given = parser.parse_args(arguments)
    findings = Findings(COLUMNS)
    campaign(findings, given.seed, short=given.short)
    return findings.report("hostile", given.seed, f"shown {findings.total('shown'):,}")


if __name__ == "__main__":
    sys.exit(main())
