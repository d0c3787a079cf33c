"""A log that can be read while it is written.

It follows by default. Scrolling up holds the text still, whatever arrives or is dropped, and a badge counts what is
new; End follows again. Filter, search, wrap and copy work on what is kept (a bounded number of lines). Feed it in
batches, some ten a second: a batch costs one repaint however many lines it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from hf2ms_tui.tui.text import cells, inert
from hf2ms_tui.tui.widgets.line import LineView, Part, retone
from hf2ms_tui.tui.widgets.log_draw import keep_for, line_parts, pattern, rule_parts
from hf2ms_tui.tui.widgets.log_model import Keep, LogEntry, LogModel

_SIDE_STEP = 16


class LogPane(LineView):
    """Lines that arrive in batches, with a rule on top that says what is shown and whether the pane follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "line(-1)", "Up", show=False, id="log.up"),
        Binding("down", "line(1)", "Down", show=False, id="log.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="log.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="log.page-down"),
        Binding("home", "oldest", "Oldest line", show=False, id="log.oldest"),
        Binding("end", "follow", "Follow", show=False, id="log.follow"),
        Binding("left", "sideways(-1)", "Left", show=False, id="log.left"),
        Binding("right", "sideways(1)", "Right", show=False, id="log.right"),
        Binding("n", "next_hit(1)", "Next hit", show=False, id="log.next"),
        Binding("N", "next_hit(-1)", "Previous hit", show=False, id="log.previous"),
        Binding("w", "wrap", "Wrap", show=False, id="log.wrap"),
        Binding("y", "copy", "Copy", show=False, id="log.copy"),
    ]

    class Copied(Message):
        """Lines were copied to the clipboard."""

        def __init__(self, count: int) -> None:
            """Say how many lines."""
            super().__init__()
            self.count = count

    def __init__(
        self,
        title: str = "log",
        *,
        limit: int = 10_000,
        everything: str = "all workers",
        empty: str = "No line yet",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a pane that keeps ``limit`` lines; ``everything`` is what the rule says when nothing is filtered."""
        super().__init__(id=id, classes=classes)
        self.title = title
        self.model = LogModel(limit)
        self.following = True
        self.wrapping = False
        self.new = 0
        """Shown lines that arrived since the pane stopped following."""
        self._everything = everything
        self._empty = empty
        self._keep: Keep | None = None
        self._filter_label = ""
        self._search: re.Pattern[str] | None = None
        self._hit: int | None = None  # running number of the line found last
        self._side = 0
        self._placing = False

    @property
    def allow_select(self) -> bool:
        """Let the mouse select text."""
        return True

    # -- what is shown ------------------------------------------------------------------------------------------

    def extend(self, lines: Iterable[LogEntry | str]) -> None:
        """Add a batch of lines, oldest first."""
        hold = None if self.following else (self._top, self._top + self._page - 1)
        top = self._top
        added = self.model.extend((LogEntry(x) if isinstance(x, str) else x for x in lines), hold)
        if not self.following:
            self.new += added
        self._place(top)

    def clear(self) -> None:
        """Forget all lines and follow."""
        self.model.clear()
        self._hit = None
        self.action_follow()

    def set_filter(self, keep: Keep | None, label: str = "") -> None:
        """Show only lines for which ``keep`` holds (None: all); ``label`` says it on the rule."""
        self._keep, self._filter_label = keep, label
        self._arrange()

    def filter_by(self, text: str = "", worker: str = "", chunk: str = "") -> None:
        """Show only lines that contain ``text`` and are of this worker and chunk; empty means any."""
        self.set_filter(*keep_for(text, worker, chunk))

    def _arrange(self) -> None:
        """Show anew after a change of filter, wrap or width; the line on top stays on top."""
        if self.text_selection is not None:
            self.screen.clear_selection()  # its rows have other numbers now
        number = self.model.number_at(self._top)
        self.model.arrange(self._keep, max(self._width, 2) if self.wrapping else 0)
        self._place(self.model.row_of(self.model.index_of(number)))

    @property
    def _width(self) -> int:
        return self.line_width - 2

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def _top(self) -> int:
        return self.model.first_row + self.scroll_offset.y

    def _place(self, top: int) -> None:
        """Scroll to the end when following, else keep row ``top`` at the top."""
        self._placing = True
        try:
            rows = self.model.end_row - self.model.first_row
            self.virtual_size = Size(0, rows + 1)
            y = rows - self._page if self.following else top - self.model.first_row
            self.scroll_to(y=max(0, min(y, rows - self._page)), animate=False, immediate=True, force=True)
        finally:
            self._placing = False
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following when the reader scrolls away from the end, follow when they are back."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and self.is_mounted:
            self._set_following(
                self.scroll_offset.y >= self.model.end_row - self.model.first_row - self._page
            )

    def _set_following(self, following: bool) -> None:
        self.following = following
        if following:
            self.new = 0
        self.refresh()

    def on_resize(self) -> None:
        """Wrap anew and keep the place."""
        if self.wrapping:
            self._arrange()
        else:
            self._place(self._top)

    # -- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw the rule or one row."""
        width = self.line_width
        if y == 0:
            return self.draw(self._rule(width), width)
        row = self._top + y - 1
        found = self.model.row_text(row)
        if found is None:
            empty = "No line matches the filter" if self.model.filtered else self._empty
            return self.draw([(f" {empty}", "dim")] if y == 2 and not self.model.shown else [], width)
        line, text, start = found
        parts = line_parts(line, text, start, self._search)
        if (span := self._selected(row)) is not None:
            parts = retone(parts, span[0], len(text) if span[1] < 0 else span[1], "selected")
        return self._framed(parts, text, row, width)

    def _framed(self, parts: list[Part], text: str, row: int, width: int) -> Strip:
        """Return the row with the pointer to the hit before it and, where it is cut, a sign behind it."""
        room = width - 2
        length = cells(text)
        plain = self.tones.style("")
        body = self.draw(parts, max(length, self._side + room)).apply_offsets(0, row)
        strips = [self.draw([("▸" if self._is_hit(row) else " ", "note")], 1)]
        strips.append(body.crop_extend(self._side, self._side + room, plain))
        strips.append(self.draw([("›" if length > self._side + room else " ", "dim")], 1))
        return Strip.join(strips)

    def _is_hit(self, row: int) -> bool:
        return self._hit is not None and self.model.number_at(row) == self._hit

    def _rule(self, width: int) -> list[Part]:
        shown = self._filter_label or self._everything
        filtered = self.model.filtered
        return rule_parts(width, self.title, shown, filtered, self.following, self.wrapping, self.new)

    # -- reading ------------------------------------------------------------------------------------------------

    def action_line(self, by: int) -> None:
        """Scroll by rows; away from the end the text holds still."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, immediate=True, force=True)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.action_line(by * self._page)

    def action_follow(self) -> None:
        """Go to the end and follow."""
        self._set_following(True)
        self._place(0)

    def action_oldest(self) -> None:
        """Go to the oldest line that is kept."""
        self._set_following(self.model.end_row - self.model.first_row <= self._page)
        self._place(self.model.first_row)

    def action_sideways(self, by: int) -> None:
        """Show what stands further left or right of long lines."""
        most = max(0, self.model.widest - self._width)
        self._side = 0 if self.wrapping else max(0, min(self._side + by * _SIDE_STEP, most))
        self.refresh()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping
        self._side = 0
        self._arrange()

    def search(self, needle: str) -> int:
        """Light up plain text (no capitals: any case) and go to its last occurrence; returns the lines that have it."""
        self._search = pattern(needle) if needle else None
        self._hit = None
        self.refresh()
        if self._search is None:
            return 0
        hits = self.model.find(self._search)
        if hits:
            self._show_hit(hits[-1])
        return len(hits)

    def action_next_hit(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) line that has the text searched for, around the ends."""
        if self._search is None or not (hits := self.model.find(self._search)):
            return
        numbers = [self.model.number_at(self.model.row_of(index)) for index in hits]
        here = self._hit if self._hit is not None else self.model.number_at(self._top)
        later = [place for place, number in enumerate(numbers) if number > here]
        earlier = [place for place, number in enumerate(numbers) if number < here]
        place = (later[0] if later else 0) if by > 0 else (earlier[-1] if earlier else -1)
        self._show_hit(hits[place])

    def _show_hit(self, index: int) -> None:
        row = self.model.row_of(index)
        self._hit = self.model.number_at(row)
        self._set_following(False)  # a line that was looked for must not run away
        if not self._top <= row < self._top + self._page:
            self._place(row - self._page // 2)

    # -- copying ------------------------------------------------------------------------------------------------

    def _selected(self, row: int) -> tuple[int, int] | None:
        selection = self.text_selection
        return None if selection is None else selection.get_span(row)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text; rows of a wrapped line are put together again."""
        first = self.model.first_row if selection.start is None else selection.start.y
        last = self.model.end_row - 1 if selection.end is None else selection.end.y
        out = ""
        for row in range(max(first, self.model.first_row), min(last, self.model.end_row - 1) + 1):
            found, span = self.model.row_text(row), selection.get_span(row)
            if found is not None and span is not None:
                _, text, start = found
                out += ("\n" if out and start == 0 else "") + text[span[0] : None if span[1] < 0 else span[1]]
        return out, "\n"

    def copy_text(self) -> str:
        """Return what copying takes: the selection, else the line found last, else the lines in view."""
        if (selection := self.text_selection) is not None and (chosen := self.get_selection(selection)):
            return chosen[0]
        if self._hit is not None and self.model.shown:
            line = self.model.shown[self.model.index_of(self._hit)]
            return inert(line.whole)
        first = self.model.index_at(self._top)
        last = self.model.index_at(self._top + self._page - 1)
        return "\n".join(inert(line.whole) for line in self.model.shown[first : last + 1])

    def action_copy(self) -> None:
        """Copy to the clipboard of the terminal and say how many lines."""
        if text := self.copy_text():
            self.app.copy_to_clipboard(text)
            self.post_message(self.Copied(text.count("\n") + 1))
