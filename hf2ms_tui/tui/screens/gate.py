"""The gate: everything that must be true before a repo may be deleted, and the one act. What its keys do."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Button

from hf2ms_tui.domain.gate import GateFacts, GateShut
from hf2ms_tui.domain.gate.refs import loss_name
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import bringing, byhand, deletion, words
from hf2ms_tui.services.outcome import Deletion, Gone
from hf2ms_tui.tui.actions import Action, bindings
from hf2ms_tui.tui.ref_rows import ref_rows
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.screens.gate_reading import GateReading
from hf2ms_tui.tui.widgets.door import Door
from hf2ms_tui.tui.widgets.typed_name import TypedName

_ACTIONS = (
    *("name", "prove", "bring", "accept", "refs", "recheck", "stop"),
    *("proof", "jobs", "tombstones", "inventory", "back"),
)
GLYPHS = {Gone.GONE: "✓", Gone.STILL_THERE: "✗", Gone.UNKNOWN: "?"}


class GateScreen(GateReading):
    """The gate of one repo. Nothing is deleted but by the button, when every check holds and the full name is typed."""

    NAME = "gate"
    HELP_TEXT = (
        "What must be true before this repo may be deleted, read from both hubs now, and once more at the moment of "
        "deletion: any change closes the gate. Tab goes to the name field; when every check holds and the name is typed in "
        "full, Tab reaches the button. Enter in the field does nothing. The hub keeps no bin; what is not gone for ever can be "
        "restored from the tombstone (T), which is written here before the deletion."
    )
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    FIRST = ("name", "prove", "bring", "accept", "back")
    CSS_PATH = "gate.tcss"

    def __init__(self, ref: RepoRef) -> None:
        super().__init__(ref)
        self._asked = ""

    def _hint(self, name: str) -> Action:
        """The footer has room for one of them: what is being proven can be stopped, else there may be refs to look at."""
        action = super()._hint(name)
        first, last = ("stop", "refs") if self._run is not None else ("refs", "stop")
        return replace(action, rank={first: 0, last: 9}.get(name, action.rank))

    # -- bringing over, accepting a loss, typing the name ----------------------------------------------------------------------

    def why_not_bring(self) -> str | None:
        """Only for branches and tags that would be lost and that the destination can hold."""
        if self.over:
            return "the repo is gone"
        if self.busy:
            return f"wait: {self.busy}"
        if self.house.program.settings.read_only:
            return "the program runs read-only"
        if self.look is None or not bringing.failing(self.look.facts):
            cannot = next((item.cannot for item in self.look.losing if item.cannot), "") if self.look else ""
            return cannot or "no branch or tag needs to be brought over"
        return None

    def do_bring(self) -> None:
        """Start a job for those branches and tags; when it ends this screen looks again by itself."""
        if self.look is None:
            return
        program, facts = self.house.program, self.look.facts
        self.work_on("starting a job for the branches and tags")
        self.house.background.run(
            lambda: bringing.bring_over(program, facts),
            self._bringing,
            self._failed,
            only=f"bring {self.ref.key}",
        )

    def _bringing(self, job: JobView) -> None:
        count = words.count(len(job.spec.refs), "branch or tag", "branches and tags")
        self.house.say(f"job {job.id} brings over {count}; j shows it", "note")
        if self.here:
            self.work_on("")
            self.do_recheck()

    def why_not_accept(self) -> str | None:
        """Only for branches and tags with files that exist nowhere else."""
        if self.busy:
            return f"wait: {self.busy}"
        return (
            None if self.look and self.look.losing else "no branch or tag would be lost that was not accepted"
        )

    def do_accept(self) -> None:
        """Ask for the name of the branch or tag."""
        if self.look is not None:
            self._asked = loss_name(self.look.losing[0].ref, self.look.facts.refs)
            self.ask_for_ref(self.look.losing[0], self._asked)

    @on(TypedName.Matched, "#ref")
    def _accept(self, event: TypedName.Matched) -> None:
        if not event.matches or not self._asked:
            return
        self._accepted |= {self._asked}
        self.house.say(f"the loss of {self._asked} is accepted for this deletion", "warn")
        self._asked = ""
        self.close_ref()
        self._judge()

    def why_not_name(self) -> str | None:
        """The field stays closed while the gate is shut."""
        if self.over:
            return "the repo is gone"
        if self.busy:
            return f"wait: {self.busy}"
        return None if self.may_type else "the gate is shut: first mend what does not hold"

    def do_name(self) -> None:
        """Put the keys on the name field."""
        self.name_field.focus()

    @on(TypedName.Matched, "#name")
    def _matched(self, event: TypedName.Matched) -> None:
        self.draw_buttons()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.do_back()

    def why_not_refs(self) -> str | None:
        """Needs more than the default branch."""
        if self.over:
            return "the repo is gone"
        if self.look is None:
            return "nothing was read yet"
        return None if ref_rows(self.look) else "there is no branch or tag besides the default branch"

    def do_refs(self) -> None:
        """Show or hide each branch and tag by itself."""
        self._asked_refs = not self.shows_refs
        self.draw_refs()
        if self.shows_refs:
            self.call_after_refresh(self.refs.scroll_visible, animate=False)

    def do_proof(self) -> None:
        """The proof that this gate looks at, file by file."""
        self.house.open_repo("proof", self.ref)

    def do_back(self) -> None:
        """Leave; what is about a repo that is gone is left with it."""
        if self.ref_open:
            self._asked = ""
            self.close_ref()
            return
        house = self.house
        super().do_back()
        while self.over and isinstance(house.screen, RoomScreen) and house.screen.about == self.ref:
            house.go_back()

    # -- the act ------------------------------------------------------------------------------------------------

    @on(Door.TooFast)
    def _too_fast(self) -> None:
        self.house.say("too fast: a burst of keys presses nothing; wait a moment and press it again", "warn")

    @on(Button.Pressed, "#delete")
    def _pressed(self) -> None:
        seen = self.look
        if seen is None or self.busy or self.over or not self.name_field.matches:
            return
        if seen.open:
            self._delete(seen.facts)
        elif seen.by_hand:
            self._hand_over(seen.facts)

    def _delete(self, facts: GateFacts) -> None:
        program, ref, accepted = self.house.program, self.ref, self._accepted
        typed = self.name_field.value
        self.work_on("reading everything once more")
        self.house.background.run(
            lambda: deletion.delete(program, ref, typed, accepted, self._step, seen=facts),
            self._deleted,
            self._refused,
            only=f"delete {ref.key}",
        )

    def _deleted(self, found: Deletion) -> None:
        tone = {Gone.GONE: "ok", Gone.STILL_THERE: "bad", Gone.UNKNOWN: "warn"}[found.state]
        text = f"{found.ref.id}: {found.state.value}; {found.evidence}"
        self.house.say(text, tone)
        if found.state is Gone.GONE:
            self.house.model.drop(found.ref.key)
        else:
            self.house.read_rows([found.ref])
        if not self.here:
            return
        self.over = found.state is Gone.GONE
        self.work_on("")
        self.outcome(f"{GLYPHS[found.state]} {text}", tone)
        self.body.focus()
        self.draw()
        if not self.over:
            self.do_recheck()

    def _refused(self, error: Exception) -> None:
        if isinstance(error, GateShut):
            why = "; ".join(f"{check.name.value}: {check.evidence}" for check in error.failing)
            text = f"Nothing was deleted, the gate closed: {why or 'the typed name differs'}"
            self.house.say(text, "bad")
            if self.here:
                self.work_on("")
                self.outcome(f"✗ {text}", "bad")
                self.do_recheck()
            return
        self._failed(error)
        if self.here:
            self.do_recheck()

    def _hand_over(self, facts: GateFacts) -> None:
        program, ref, accepted = self.house.program, self.ref, self._accepted
        typed = self.name_field.value
        self.work_on("reading everything once more")
        self.house.background.run(
            lambda: byhand.hand_over(program, ref, typed, accepted, self._step, seen=facts),
            self._handed_over,
            self._refused,
            only=f"delete {ref.key}",
        )

    def _handed_over(self, over: byhand.HandOver) -> None:
        if not self.here:
            return
        self.app.copy_to_clipboard(over.page)
        self.outcome(f"Delete it there: {over.page}  (copied). This screen waits until it is gone.", "note")
        self.work_on("waiting for it to disappear")
        program, leaving = self.house.program, self._leaving
        self.house.background.run(
            lambda: byhand.watch(
                program, over, lambda found: self._step(f"waiting: {found.evidence}"), leaving.is_set
            ),
            lambda found: self._deleted(found) if found is not None else None,
            self._failed,
            only=f"watch {over.ref.key}",
        )
