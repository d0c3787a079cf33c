"""The field in which a person types the full name of what is to be deleted."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class TypedName(Input):
    """An input that only says whether its text is exactly the expected name: case, spaces, every character.

    It has no placeholder to copy from, suggests nothing, and Enter does nothing at all: it neither submits nor presses
    what is next to it. A new expected name empties the field.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ignore", "Nothing", show=False, id="typed-name.ignore")
    ]

    class Matched(Message):
        """Whether the text is the name has changed."""

        def __init__(self, field: TypedName, matches: bool) -> None:
            """Name the field and say whether it matches now."""
            super().__init__()
            self.field = field
            self.matches = matches

        @property
        def control(self) -> TypedName:
            """The field."""
            return self.field

    def __init__(self, expected: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        """Expect ``expected``; nothing matches while that is empty."""
        super().__init__(placeholder="", id=id, classes=classes, select_on_focus=False)
        self._expected = expected
        self._said = False

    @property
    def matches(self) -> bool:
        """Whether the text is exactly the expected name."""
        return bool(self._expected) and self.value == self._expected

    def expect(self, expected: str) -> None:
        """Expect another name and empty the field."""
        self._expected = expected
        self.value = ""
        self._say()

    def watch_value(self, _value: str) -> None:
        """Tell the screen when the text begins or ceases to be the name."""
        self._say()

    def _say(self) -> None:
        if self.matches != self._said:
            self._said = self.matches
            self.post_message(self.Matched(self, self._said))

    def action_ignore(self) -> None:
        """Do nothing: Enter never deletes."""

    async def action_submit(self) -> None:
        """Do nothing, by whatever way submitting is asked for."""
