"""Foreign text in a grid of cells: made inert, measured, cut and wrapped by the cells it takes on a terminal.

Text is cleaned where it enters the program; here it is cleaned once more, because a control character that slipped
through would reach the terminal, and because a few harmless characters still break a grid: terminals disagree about
the width of joined and variation-selected emoji, and a leading combining mark would sit on the cell before it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len

from hf2ms_tui.domain.text import clean

ELLIPSIS = "…"
Align = Literal["left", "right", "center"]
Elide = Literal["end", "middle"]

# Rich counts a joined sequence as its first emoji, most terminals as the sum; without joiner all agree.
_JOINERS = str.maketrans("", "", "\u200d\ufe0e\ufe0f")
# Blank but not space: two names that differ only in these would look the same.
_FILLERS = re.compile("[\u115f\u1160\u3164\uffa0\u2800]")
_MAX_MARKS = 4


def inert(text: str) -> str:
    """Return ``text`` as it may be drawn in one line: no control character, no layout surprise. Idempotent.

    Tabs and line ends become spaces and control pictures; invisible and bidirectional controls become U+FFFD; emoji
    joiners are dropped; a combining mark without a letter gets a dotted circle, and a pile of marks is cut to four.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = clean(text.replace("\t", " ")).translate(_JOINERS)
    if shown.isascii():
        return shown
    return _tame_marks(_FILLERS.sub("\ufffd", shown))


def _tame_marks(text: str) -> str:
    out: list[str] = []
    marks = _MAX_MARKS
    for char in text:
        if cell_len(char) == 0:
            if not out:
                out.append("◌")
                marks = 0
            elif unicodedata.category(char) == "Cf":
                char = "\ufffd"
            marks += 1
            if marks > _MAX_MARKS:
                continue
        else:
            marks = 0
        out.append(char)
    return "".join(out)


def cells(text: str) -> int:
    """Return how many terminal cells ``text`` takes once it is inert."""
    if text.isascii() and text.isprintable():
        return len(text)
    return cell_len(inert(text))


def _clusters(text: str) -> list[tuple[str, int]]:
    """Split inert text into letters with their combining marks, each with its width in cells."""
    out: list[tuple[str, int]] = []
    for char in text:
        width = cell_len(char)
        if width == 0 and out:
            last, last_width = out[-1]
            out[-1] = (last + char, last_width)
        else:
            out.append((char, width))
    return out


def _take(clusters: list[tuple[str, int]], width: int) -> list[str]:
    """Return the longest run of leading clusters that fits ``width`` cells."""
    taken: list[str] = []
    for text, size in clusters:
        if size > width:
            break
        width -= size
        taken.append(text)
    return taken


def elide(text: str, width: int, where: Elide = "end") -> str:
    """Return ``text`` inert and at most ``width`` cells wide; what is cut is replaced by ``…`` at the end or middle."""
    shown = inert(text)
    if cell_len(shown) <= width:
        return shown
    if width <= 1:
        return ELLIPSIS[:width] if width > 0 else ""
    if shown.isascii():
        head = width - 1 if where == "end" else width // 2
        tail = width - 1 - head
        return shown[:head] + ELLIPSIS + (shown[-tail:] if tail else "")
    parts = _clusters(shown)
    if where == "end":
        return "".join(_take(parts, width - 1)) + ELLIPSIS
    head_parts = _take(parts, width // 2)
    tail_parts = _take(parts[::-1], width - 1 - width // 2)
    return "".join(head_parts) + ELLIPSIS + "".join(reversed(tail_parts))


@lru_cache(maxsize=4096)
def fit(text: str, width: int, align: Align = "left", where: Elide = "end") -> str:
    """Return ``text`` inert and exactly ``width`` cells wide: padded with spaces or cut with ``…``."""
    shown = elide(text, width, where)
    space = width - cell_len(shown)
    if space <= 0:
        return shown
    if align == "right":
        return " " * space + shown
    if align == "center":
        return " " * (space // 2) + shown + " " * (space - space // 2)
    return shown + " " * space


def chop(text: str, width: int) -> list[str]:
    """Split ``text`` into pieces of at most ``width`` cells, anywhere; joined they are the inert text. Never empty."""
    shown = inert(text)
    width = max(width, 2)  # a wide character must fit, or the split would never end
    if cell_len(shown) <= width:
        return [shown]
    if shown.isascii():
        return [shown[at : at + width] for at in range(0, len(shown), width)]
    pieces: list[str] = []
    rest = _clusters(shown)
    while rest:
        taken = _take(rest, width)
        pieces.append("".join(taken))
        rest = rest[len(taken) :]
    return pieces


def wrap(text: str, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` cells, at spaces where possible; long words are chopped."""
    lines: list[str] = []
    line = ""
    for word in inert(text).split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = chop(word, width)
        lines.extend(full)
    lines.append(line)
    return lines
