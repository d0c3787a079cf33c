"""The ground that the line-drawing widgets share: tones, parts of a line, strips, bars.

A *part* is a piece of text with a tone; a line is a list of parts. Tones are component classes whose colours come from
theme variables only, so a theme changes all widgets at once and none of them names a colour.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.app import RenderResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from hf2ms_tui.tui.text import cells, inert

Part = tuple[str, str]
"""A text and its tone: ``ok warn bad busy note dim strong head found mark selected`` or ``""`` for plain."""

TONE_NAMES = ("ok", "warn", "bad", "busy", "note", "dim", "strong", "head", "found", "mark", "selected")
ROW_STATES = ("cursor", "cursor-blurred", "header")
_EIGHTHS = " ▏▎▍▌▋▊▉"
TRACK = "░"

TONE_CSS = """
    & > .tone--ok { color: $text-success; }
    & > .tone--warn { color: $text-warning; }
    & > .tone--bad { color: $text-error; }
    & > .tone--busy { color: $text-accent; }
    & > .tone--note { color: $text-primary; }
    & > .tone--dim { color: $text-muted; }
    & > .tone--strong { text-style: bold; }
    & > .tone--head { color: $text-muted; text-style: bold; }
    & > .tone--found { color: $found-foreground; background: $found-background; text-style: bold; }
    & > .tone--selected { color: $foreground; background: $cursor-row; }
    & > .tone--mark { color: $text-warning; text-style: bold; }
    & > .row--cursor { background: $cursor-row; text-style: bold; }
    & > .row--cursor-blurred { background: $cursor-row-blurred; }
    & > .row--header { background: $surface; color: $text-muted; text-style: bold; }
"""

COMPONENTS = {f"tone--{name}" for name in TONE_NAMES} | {f"row--{name}" for name in ROW_STATES}


def bar(fraction: float, width: int) -> tuple[str, str]:
    """Return the filled and the empty part of a bar of exactly ``width`` cells, in eighths of a cell.

    A bar is full only at 1.0 and empty only at 0.0: anything between shows at least an eighth and lacks at least one.
    """
    if width <= 0:
        return "", ""
    eighths = int(min(max(fraction, 0.0), 1.0) * width * 8)
    if 0.0 < fraction < 1.0:
        eighths = min(max(eighths, 1), width * 8 - 1)
    whole, rest = divmod(eighths, 8)
    filled = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return filled, TRACK * (width - len(filled))


def bar_parts(fraction: float | None, width: int, tone: str = "busy") -> list[Part]:
    """Return a bar as parts, for any line: jobs, chunks, totals. An unknown fraction (None) is a dotted track."""
    if fraction is None:
        return [("·" * max(width, 0), "dim")]
    filled, track = bar(fraction, width)
    return [(filled, tone), (track, "dim")]


class Tones:
    """The Rich styles of a widget's tones, worked out once: asking Textual for them costs more than drawing a line."""

    def __init__(self, widget: Widget) -> None:
        """Take the styles from ``widget``; it calls ``clear`` when they may have changed."""
        self._widget = widget
        self._styles: dict[tuple[str, str], Style] = {}

    def style(self, tone: str, row: str = "") -> Style:
        """Return the style of a tone, on the background of a row state (see ``ROW_STATES``) if one is named."""
        known = self._styles.get((tone, row))
        if known is not None:
            return known
        widget = self._widget
        style = widget.get_component_rich_style(f"row--{row}") if row else widget.rich_style
        if tone:
            style += widget.get_component_rich_style(f"tone--{tone}", partial=True)
        self._styles[tone, row] = style
        return style

    def clear(self) -> None:
        """Forget the styles."""
        self._styles.clear()

    def draw(self, parts: Iterable[Part], width: int, row: str = "") -> Strip:
        """Return one line, exactly ``width`` cells wide, cut or padded on the row's background."""
        segments: list[Segment] = []
        length = 0
        for text, tone in parts:
            shown = inert(text)
            if shown:
                segments.append(Segment(shown, self.style(tone, row)))
                length += cells(shown)
        strip = Strip(segments, length)
        return strip if length == width else strip.adjust_cell_length(width, self.style("", row))


def retone(parts: Iterable[Part], start: int, end: int, tone: str) -> list[Part]:
    """Return ``parts`` with the characters from ``start`` up to ``end`` in another tone."""
    out: list[Part] = []
    at = 0
    for text, before in parts:
        low, high = min(max(start - at, 0), len(text)), min(max(end - at, 0), len(text))
        out += [(text[:low], before), (text[low:high], tone), (text[high:], before)]
        at += len(text)
    return [part for part in out if part[0]]


class LineView(ScrollView, can_focus=True):
    """A scrolling widget that draws its own lines; base of tables, logs and chunk bars."""

    COMPONENT_CLASSES = COMPONENTS
    DEFAULT_CSS = (
        """
    LineView {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    """
        + TONE_CSS
        + "}"
    )

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make the widget with nothing drawn."""
        self.tones = Tones(self)
        super().__init__(id=id, classes=classes)

    @property
    def line_width(self) -> int:
        """Cells of a line: the content without the scrollbar, whose place is kept free when it is not shown."""
        return self.scrollable_content_region.width

    def draw(self, parts: Iterable[Part], width: int, row: str = "") -> Strip:
        """Return one line of parts in the tones of the theme."""
        return self.tones.draw(parts, width, row)

    def drop_drawn(self) -> None:
        """Forget drawn lines because content, size or style changed; subclasses clear their caches here."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget drawn lines when the theme or a rule changed."""
        super().notify_style_update()
        self.tones.clear()
        self.drop_drawn()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Redraw: the cursor row shows whether keys arrive here."""
        super().watch_has_focus(_has_focus)
        self.drop_drawn()


class LineBlock(Widget):
    """A block of lines as high as its content at the width it gets; base of cards and check lists."""

    COMPONENT_CLASSES = COMPONENTS
    DEFAULT_CSS = "LineBlock { height: auto; width: 1fr; color: $foreground;" + TONE_CSS + "}"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make the block with nothing drawn."""
        self.tones = Tones(self)
        super().__init__(id=id, classes=classes)

    def notify_style_update(self) -> None:
        """Draw anew when the theme or a rule changed."""
        super().notify_style_update()
        self.tones.clear()

    def lines(self, width: int) -> list[list[Part]]:
        """Return the lines at ``width`` cells; subclasses say what they are."""
        raise NotImplementedError

    def changed(self) -> None:
        """Lay out and draw again after the content changed."""
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines at ``width``."""
        return len(self.lines(width))

    def render(self) -> RenderResult:
        """Return nothing: lines are drawn one by one."""
        return ""

    def render_line(self, y: int) -> Strip:
        """Draw one line of the block."""
        width = self.size.width
        lines = self.lines(width)
        return self.tones.draw(lines[y] if y < len(lines) else [], width)
