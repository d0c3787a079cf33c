"""Help: what a screen is for and every key of it, as this person has them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from hf2ms_tui.tui.actions import Action, bindings, key_name
from hf2ms_tui.tui.keymap import keymap_file
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.text import cells, fit, wrap
from hf2ms_tui.tui.widgets.line import LineBlock, Part

GROUPS = ("Decide", "Act", "Screen", "Marks", "Go to", "Always")
_MOVING = (
    ("↑ ↓", "Move"),
    ("PgUp PgDn", "Move by pages"),
    ("home end", "First and last"),
    ("shift+↑ ↓", "Mark while moving"),
    ("mouse", "Rows, headers, wheel and the footer's keys"),
)


class KeyList(LineBlock):
    """Text and keys, wrapped at any width, in two columns where there is room."""

    def __init__(self, text: str, groups: list[tuple[str, list[tuple[str, str, str]]]], foot: str) -> None:
        """Show ``text``, groups of (keys, what they do, id), and a last paragraph."""
        super().__init__(id="key-list")
        self._text, self._groups, self._foot = text, groups, foot

    def lines(self, width: int) -> list[list[Part]]:
        """The lines at ``width``."""
        out: list[list[Part]] = [[(line, "")] for line in wrap(self._text, width)]
        key_width = max(cells(keys) for _, rows in self._groups for keys, _, _ in rows) + 2
        id_width = max(cells(name) for _, rows in self._groups for _, _, name in rows) + 2
        with_ids = width >= 90
        room = width - key_width - 2 - (id_width if with_ids else 0)
        for title, rows in self._groups:
            out += [[], [(title, "head")]]
            for keys, text, name in rows:
                first, *rest = wrap(text, max(room, 10))
                line: list[Part] = [("  ", ""), (fit(keys, key_width), "warn")]
                line.append((fit(first, room), "") if with_ids and name else (first, ""))
                if with_ids and name:
                    line.append((fit(name, id_width, "right"), "dim"))
                out.append(line)
                out += [[(" " * (key_width + 2), ""), (more, "")] for more in rest]
        out += [[], *([(line, "dim")] for line in wrap(self._foot, width))]
        return out


class HelpScreen(RoomScreen):
    """The help of one screen."""

    NAME = "help"
    ACTIONS = ("back",)
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(("back", *GLOBAL)),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "ends(False)", show=False),
        Binding("end", "ends(True)", show=False),
    ]
    CSS_PATH = "help.tcss"

    def __init__(self, about: RoomScreen | None = None) -> None:
        super().__init__()
        self._about = about

    def compose_body(self) -> ComposeResult:
        """The text and the keys, scrolling."""
        with VerticalScroll(id="help-body", can_focus=False):
            yield KeyList(self._about.HELP_TEXT if self._about else "", self._keys(), self._foot())

    def _keys(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        by_group: dict[str, list[tuple[str, str, str]]] = {}
        for name in self._about.offered() if self._about else GLOBAL:
            action = self.house.action_of(name)
            by_group.setdefault(action.group, []).append((_key_text(action), action.help, action.id))
        found = [(group, by_group[group]) for group in GROUPS if group in by_group]
        return [*found, ("Moving", [(keys, text, "") for keys, text in _MOVING])]

    def _foot(self) -> str:
        import os

        file, home = keymap_file(os.environ), Path.home()
        shown = f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)
        return (
            f"Keys can be changed in {shown}, one line each, for example  migrate = “g”  with the "
            "action's id before the sign; in a wide window the ids stand at the right. A dim key in the footer does not "
            "apply now; pressing it says why."
        )

    def head_parts(self) -> tuple[str, str]:
        """Whose help this is."""
        return f"help   {self._about.NAME if self._about else ''}", ""

    def do_help(self) -> None:
        """The key that opened the help closes it."""
        self.do_back()

    def knows_key(self, key: str) -> bool:
        """Space scrolls here."""
        return key == "space" or super().knows_key(key)

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one("#help-body", VerticalScroll)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self._body.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self._body.scroll_relative(y=by * max(1, self._body.size.height - 1), animate=False)

    def action_ends(self, end: bool) -> None:
        """Go to an end."""
        if end:
            self._body.scroll_end(animate=False)
        else:
            self._body.scroll_home(animate=False)


def _key_text(action: Action) -> str:
    return " ".join(key_name(key) for key in action.keys)
