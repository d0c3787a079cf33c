"""A card of facts and a list of checks: blocks that wrap at any width and are as high as they need to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from textual.content import Content

from hf2ms_tui.domain.gate import Check, CheckState
from hf2ms_tui.tui.text import cells, fit, inert, wrap
from hf2ms_tui.tui.units import since_text
from hf2ms_tui.tui.widgets.line import LineBlock, Part


class Fact(NamedTuple):
    """A line of a card. Without a label it spans the card; with neither label nor text it is a blank line."""

    label: str = ""
    text: str = ""
    tone: str = ""


def hanging(
    head: Sequence[Part], text: str, tone: str, width: int, indent: int, kept: int = 0
) -> list[list[Part]]:
    """Return ``text`` wrapped behind ``head``, which is ``indent`` cells wide; later lines start below the text.

    The last ``kept`` cells of the first line stay free.
    """
    room = max(width - indent, 8)
    shown = inert(text).lstrip(" ")
    first, *rest = wrap(shown, max(room - kept, 8))
    if kept and rest:
        rest = wrap(shown[len(first) :].lstrip(" "), room)
    return [[*head, (first, tone)], *([(" " * indent, ""), (line, tone)] for line in rest)]


def fact_lines(facts: Iterable[Fact], width: int) -> list[list[Part]]:
    """Return the lines of a card: labels in one column, texts wrapped beside them; below them when it is narrow."""
    facts = list(facts)
    label_width = max((cells(fact.label) for fact in facts if fact.label), default=0) + 2
    below = label_width > width // 2
    lines: list[list[Part]] = []
    for fact in facts:
        if not fact.label:
            lines += hanging((), fact.text, fact.tone, width, 0)
        elif below:
            lines += hanging((), fact.label, "dim", width, 0)
            lines += hanging([("  ", "")], fact.text, fact.tone, width, 2)
        else:
            lines += hanging(
                [(fit(fact.label, label_width), "dim")], fact.text, fact.tone, width, label_width
            )
    return lines


class FactCard(LineBlock):
    """A bordered panel of facts with a title on the border; foreign text in title and facts is drawn as it is."""

    DEFAULT_CSS = """
    FactCard {
        border: round $border-blurred;
        border-title-color: $text-primary;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        padding: 0 1;
    }
    """

    def __init__(
        self,
        title: str = "",
        facts: Iterable[Fact] = (),
        subtitle: str = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a card; ``subtitle`` stands at the right of the lower border."""
        super().__init__(id=id, classes=classes)
        self._facts = tuple(facts)
        self.set_titles(title, subtitle)

    def set_titles(self, title: str, subtitle: str = "") -> None:
        """Name the card."""
        # A Content is drawn as it is; a string would be read as markup.
        self.border_title = Content(inert(title))
        self.border_subtitle = Content(inert(subtitle))

    def set_facts(self, facts: Iterable[Fact]) -> None:
        """Show other facts."""
        self._facts = tuple(facts)
        self.changed()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the facts at ``width``."""
        return fact_lines(self._facts, width)


class CheckLine(NamedTuple):
    """One check: glyph and tone of its state, its name, the evidence and when it was read (UTC), and the way out if it does
    not hold.
    """

    glyph: str
    tone: str
    name: str
    evidence: str = ""
    way_out: str = ""
    at: datetime | None = None


_TONES = {
    CheckState.OK: "ok",
    CheckState.FAILS: "bad",
    CheckState.UNKNOWN: "warn",
    CheckState.WAITS: "dim",
}
_WORDS = {
    CheckState.OK: "",
    CheckState.FAILS: "fails: ",
    CheckState.UNKNOWN: "unknown: ",
    CheckState.WAITS: "waits: ",
}


def check_line(check: Check) -> CheckLine:
    """Return a gate's check as it is drawn: state as glyph, word and tone."""
    evidence = _WORDS[check.state] + check.evidence
    return CheckLine(
        check.state.glyph, _TONES[check.state], check.name.value, evidence, check.way_out, check.at
    )


AGE = 10
"""cells that the longest age takes; its place does not depend on how long it is, so that nothing jumps when it grows"""


def check_lines(checks: Sequence[CheckLine], width: int, now: datetime | None = None) -> list[list[Part]]:
    """Return checks as lines: name and evidence in columns, the way out of a failing one below its evidence.

    With ``now`` the age of the evidence stands at the right end of its first line. Checks that hold and have no evidence to
    show share lines, after all others.
    """
    brief = [check for check in checks if not check.evidence and not check.way_out]
    full = [check for check in checks if check.evidence or check.way_out]
    name_width = max((cells(check.name) for check in full), default=0)
    below = name_width > width // 2 - 4
    indent = 4 if below else name_width + 4
    lines: list[list[Part]] = []
    for check in full:
        name_tone = "" if check.tone == "ok" else "strong"
        head: list[Part] = [(f"{check.glyph} ", check.tone), (fit(check.name, name_width) + "  ", name_tone)]
        first, kept = len(lines), AGE + 2 if now is not None and check.at is not None else 0
        if below:
            lines += hanging(head[:1], check.name, name_tone, width, 2, kept)
            head = [(" " * indent, "")]
        tone = "" if check.tone == "ok" else check.tone
        lines += hanging(head, check.evidence, tone, width, indent, 0 if below else kept)
        if kept and now is not None:
            used = sum(cells(text) for text, _ in lines[first])
            lines[first].append((since_text(check.at, now).rjust(max(width - used, 0)), "dim"))
        if check.way_out:
            lines += hanging([(" " * indent + "→ ", "note")], check.way_out, "note", width, indent + 2)
    line: list[Part] = []
    used = 0
    for check in brief:
        size = cells(check.name) + 5
        if line and used + size > width:
            lines.append(line)
            line, used = [], 0
        line += [(f"{check.glyph} ", check.tone), (f"{check.name}   ", "")]
        used += size
    return [*lines, line] if line else lines


class CheckList(LineBlock):
    """The checks of the gate, or of the doctor: what holds, by what evidence, and what to do where it does not."""

    def __init__(
        self, checks: Iterable[CheckLine] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Make a list of checks in the order given."""
        super().__init__(id=id, classes=classes)
        self._checks = tuple(checks)
        self._now: datetime | None = None
        self._drawn: dict[int, list[list[Part]]] = {}

    def set_checks(self, checks: Iterable[CheckLine | Check], now: datetime | None = None) -> None:
        """Show other checks; a gate's own are translated. With ``now`` (UTC) also how old the evidence of each is."""
        self._checks = tuple(check_line(check) if isinstance(check, Check) else check for check in checks)
        self._now = now
        self._drawn.clear()
        self.changed()

    def set_now(self, now: datetime) -> None:
        """Let the ages grow; draws again only where one is told otherwise by now. No line moves."""
        before = self._now
        if before is None or all(
            since_text(check.at, before) == since_text(check.at, now) for check in self._checks
        ):
            return
        self._now = now
        self._drawn.clear()
        self.refresh()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the checks at ``width``."""
        if width not in self._drawn:
            self._drawn = {width: check_lines(self._checks, width, self._now)}
        return self._drawn[width]
