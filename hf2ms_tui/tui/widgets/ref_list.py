"""Every branch and tag of a repo with what becomes of it when the repo is deleted: a line for each, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from hf2ms_tui.tui.text import cells, elide, fit
from hf2ms_tui.tui.widgets.line import LineBlock, Part

SHOWN = 200
"""branches and tags that get a line; the others are counted"""
_ROOMY = 108
"""cells from which it is said in words where the files are"""
_LEAST_WORDS = 20
_LEAST_NAME = 12
_HEAD = ("branch or tag", "state", "files", "not carried over", "history lost")


class RefLine(NamedTuple):
    """One branch or tag: glyph and tone of its state, its name, the state in a word, files, what would be lost of them, the
    commits of its history, and where the files are or which is lost.
    """

    glyph: str
    tone: str
    name: str
    state: str
    files: str
    lost: str
    history: str
    words: str = ""


def ref_lines(refs: Sequence[RefLine], width: int) -> list[list[Part]]:
    """Return a head and a line for each, numbers right-aligned. The words give way first, then names, then the history."""
    shown = refs[:SHOWN]
    sizes = [
        max(cells(text) for text in (head, *(line[at + 2] for line in shown)))
        for at, head in enumerate(_HEAD)
    ]
    if width < _taken(sizes) + _LEAST_NAME:
        sizes.pop()
    fixed = _taken(sizes)
    sizes[0] = max(min(sizes[0], width - fixed), 1)
    room = width - fixed - sizes[0] - 2
    roomy = width >= _ROOMY and room >= _LEAST_WORDS
    lines: list[list[Part]] = [[(f"  {_columns(_HEAD, sizes)}", "head")]]
    for line in shown:
        name, state = fit(line.name, sizes[0], where="middle"), fit(line.state, sizes[1])
        figures = (line.files, line.lost, line.history)
        rest = "  ".join(fit(text, size, "right") for text, size in zip(figures, sizes[2:], strict=False))
        parts: list[Part] = [
            (f"{line.glyph} ", line.tone),
            (f"{name}  ", "strong" if line.tone in {"bad", "warn"} else ""),
            (f"{state}  ", line.tone),
            (rest, ""),
        ]
        if roomy and line.words:
            parts.append((f"  {elide(line.words, room)}", "dim"))
        lines.append(parts)
    if len(refs) > len(shown):
        lines.append([(f"  and {len(refs) - len(shown):,} more", "dim")])
    return lines


def _taken(sizes: Sequence[int]) -> int:
    """Cells besides the name: the glyph, the other columns, and two between any."""
    return 2 + sum(sizes[1:]) + 2 * (len(sizes) - 1)


def _columns(heads: Sequence[str], sizes: Sequence[int]) -> str:
    return "  ".join(
        fit(head, size, "left" if at < 2 else "right")
        for at, (head, size) in enumerate(zip(heads, sizes, strict=False))
    )


class RefList(LineBlock):
    """The branches and tags, in a border like a card's."""

    DEFAULT_CSS = """
    RefList {
        border: round $border-blurred;
        border-title-color: $text-primary;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        padding: 0 1;
    }
    """

    def __init__(self, title: str, *, id: str | None = None) -> None:
        """Make an empty list."""
        super().__init__(id=id)
        self.border_title = Content(title)
        self._refs: tuple[RefLine, ...] = ()
        self._drawn: dict[int, list[list[Part]]] = {}

    def set_refs(self, refs: Sequence[RefLine], subtitle: str = "") -> None:
        """Show others; ``subtitle`` stands at the right of the lower border."""
        self.border_subtitle = Content(subtitle)
        if tuple(refs) == self._refs:
            return
        self._refs = tuple(refs)
        self._drawn.clear()
        self.changed()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the branches and tags at ``width``."""
        if width not in self._drawn:
            self._drawn = {width: ref_lines(self._refs, width)}
        return self._drawn[width]
