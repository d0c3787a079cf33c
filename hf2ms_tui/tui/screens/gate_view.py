"""What the gate shows: the checks, what is lost and kept, the name field and the buttons."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import HorizontalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from hf2ms_tui.domain.gate import RefCoverage
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import words
from hf2ms_tui.services.gatelook import GateLook
from hf2ms_tui.tui.ref_rows import ref_rows
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.widgets.cards import CheckList, Fact, FactCard
from hf2ms_tui.tui.widgets.door import Door
from hf2ms_tui.tui.widgets.line import Part
from hf2ms_tui.tui.widgets.ref_list import RefList
from hf2ms_tui.tui.widgets.typed_name import TypedName

TALL = 30
"""lines from which each branch and tag is shown without asking"""


class GateView(RoomScreen):
    """The parts; what the keys do stands on it.

    ``look`` is what was read last, None before; ``busy`` says what is under way, empty when nothing is; ``over`` is True
    once the repo is known to be gone.
    """

    def __init__(self, ref: RepoRef) -> None:
        super().__init__()
        self.ref = ref
        self.look: GateLook | None = None
        self.busy = ""
        self.over = False
        self._asked_refs: bool | None = None

    def compose_body(self) -> ComposeResult:
        """Checks and losses scroll; the name field and the buttons keep their place below them."""
        with VerticalScroll(id="body"):
            yield CheckList(id="checks")
            yield RefList("branches and tags", id="refs")
            yield FactCard("what goes, what stays", id="losses")
        yield Static(id="outcome", markup=False)
        yield Static(id="busy", markup=False)
        with HorizontalGroup(id="accepting"):
            yield Static(id="ref-label", markup=False)
            yield TypedName(id="ref")
        yield Static(id="label", markup=False)
        with HorizontalGroup(id="act"):
            yield TypedName(str(self.ref.id), id="name")
            yield Button("Cancel", id="cancel", compact=True)
            yield Door(
                "Delete repository",
                self.house.quiet,
                variant="error",
                id="delete",
                compact=True,
                disabled=True,
            )

    def head_parts(self) -> tuple[str, str]:
        """Whose gate it is and how many checks do not hold."""
        what = f"{self.ref.id} ({self.ref.kind.value}) from {self.ref.hub.title}"
        return f"gone: {what}" if self.over else f"delete {what}?", self._verdict()

    def _verdict(self) -> str:
        if self.look is None or self.over:
            return ""
        if not self.look.shut:
            return "✓ open"
        return f"✗ {words.count(self.look.shut, 'check')} {'fails' if self.look.shut == 1 else 'fail'}"

    # -- parts --------------------------------------------------------------------------------------------------

    @property
    def body(self) -> VerticalScroll:
        """The scrolling part, where the keys begin."""
        return self.query_one("#body", VerticalScroll)

    @property
    def checks(self) -> CheckList:
        """What must hold."""
        return self.query_one("#checks", CheckList)

    @property
    def refs(self) -> RefList:
        """Each branch and tag by itself."""
        return self.query_one("#refs", RefList)

    @property
    def shows_refs(self) -> bool:
        """Whether each branch and tag has a line: as the person asked, else where there is room."""
        return self.size.height >= TALL if self._asked_refs is None else self._asked_refs

    @property
    def name_field(self) -> TypedName:
        """Where the full name is typed."""
        return self.query_one("#name", TypedName)

    @property
    def ref_open(self) -> bool:
        """Whether the name of a branch or tag is being asked for."""
        return self.has_class("-accepting")

    @property
    def may_type(self) -> bool:
        """Whether the name may be typed: every check holds, or all but the token's right where there is a page."""
        return (
            self.look is not None
            and not self.over
            and not self.busy
            and (self.look.open or self.look.by_hand)
        )

    # -- drawing ------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw everything from the facts."""
        seen = self.look
        if seen is not None and not self.over:
            self.checks.set_checks(seen.checks, self.house.program.now())
            self.draw_refs()
            self.query_one("#losses", FactCard).set_facts(
                [
                    Fact("Gone for ever", "; ".join(seen.loss.gone), "warn"),
                    Fact("Stays", "; ".join(seen.loss.kept) or "nothing: there is no proof", ""),
                    Fact("Undo", "no bin on the hub; T restores the rest from the tombstone", "dim"),
                ]
            )
        self.set_class(self.over, "-over")
        self.refresh_head()
        self.draw_buttons()
        self.refresh_keys()

    def on_resize(self) -> None:
        """Where there is room by now, each branch and tag has a line."""
        super().on_resize()
        self.draw_refs()

    def draw_refs(self) -> None:
        """Draw each branch and tag, if they are shown and there are any besides the default branch."""
        rows = ref_rows(self.look) if self.look is not None else []
        key = self.house.action_of("refs").key_text
        self.refs.set_refs(rows, f"{key} hides them")
        self.set_class(bool(rows) and self.shows_refs, "-refs")

    def draw_buttons(self) -> None:
        """The field is open only at an open gate, the button only when the name is typed as well."""
        allowed = self.may_type
        field, button = self.name_field, self.query_one("#delete", Button)
        field.disabled = not allowed
        if not allowed and field.value:
            field.value = ""
        by_hand = self.look is not None and self.look.by_hand
        button.label = "Show the page" if by_hand else "Delete repository"
        button.disabled = not (allowed and field.matches)
        self.query_one("#label", Static).update(self._label(allowed, by_hand))

    def _label(self, allowed: bool, by_hand: bool) -> Content:
        if self.over:
            return Content("Esc goes back; T shows its tombstone, which restores it.").stylize("$text-muted")
        if self.look is None:
            return Content("")
        if not allowed:
            why = self.busy or "The gate is shut: mend what does not hold, then R looks again"
            return Content(f"{why}.").stylize("$text-muted")
        act = "be shown the page where to delete it" if by_hand else "delete it for ever"
        return Content(f"Type the full name to {act}: {self.ref.id}   (Tab goes to the field)")

    def work_on(self, what: str, parts: Sequence[Part] = ()) -> None:
        """Say what is under way; with ``parts`` drawn in tones."""
        if not self.here:
            return
        changed = bool(self.busy) != bool(what)
        self.busy = what
        line = Content("")
        if parts:
            for text, tone in parts:
                line = line.append(Content(clean(text)).stylize(self.house.tone_style(tone) if tone else ""))
        elif what:
            line = Content(f"● {clean(what)}…").stylize(self.house.tone_style("busy"))
        self.query_one("#busy", Static).update(line)
        if changed:
            self.draw_buttons()
            self.refresh_keys()

    def outcome(self, text: str, tone: str) -> None:
        """Say how it ended; it stays on the screen."""
        self.query_one("#outcome", Static).update(
            Content(clean(text)).stylize(f"{self.house.tone_style(tone)} bold")
        )

    def ask_for_ref(self, losing: RefCoverage, name: str) -> None:
        """Open the field in which ``name``, that of a branch or tag, is typed."""
        self.add_class("-accepting")
        count = words.count(len(losing.lost), "file")
        text = (
            f"{count} ({words.size(losing.lost_bytes)}) of {clean(losing.ref.words)} exist nowhere else, "
            f"e.g. {clean(losing.lost[0])}. Type {clean(name)} to accept that they are lost; Esc does not."
        )
        self.query_one("#ref-label", Static).update(Content(text).stylize(self.house.tone_style("warn")))
        field = self.query_one("#ref", TypedName)
        field.expect(name)
        field.focus()

    def close_ref(self) -> None:
        """Close that field."""
        self.remove_class("-accepting")
        self.query_one("#ref", TypedName).expect("")
        self.body.focus()
