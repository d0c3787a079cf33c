"""Triage: one repo, the questions that decide it, one key, the next one."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import card, survey, words
from hf2ms_tui.services.decisions import why_not
from hf2ms_tui.services.survey import CardFacts
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.repo_table import DECISIONS
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.screens.inventory import gate_reason
from hf2ms_tui.tui.triage_order import next_key, position, queue_of, step
from hf2ms_tui.tui.widgets.cards import Fact, FactCard

_DECIDE = ("migrate", "delete", "keep", "later", "undo")
_ACTIONS = (
    *_DECIDE, "previous", "next", "why", "proof", "gate", "plan", "jobs", "copy", "redo", "inventory", "journal", "back",
)  # fmt: skip
KEPT_CARDS = 50
TALL = 30
"""lines from which the reasons of an advice are shown without asking"""


class TriageScreen(RoomScreen):
    """One card. A decision brings the next undecided repo; arrows browse."""

    NAME = "triage"
    ACTIONS = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings((*_ACTIONS, *GLOBAL)),
        Binding("enter", "act('proof')", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
    ]
    FIRST = (*_DECIDE, "previous", "next", "proof")
    TOGETHER = (("previous", "next"), "browse")
    CSS_PATH = "triage.tcss"
    HELP_TEXT = (
        "One repo at a time, with the questions that decide it. One key decides and brings the next undecided one; "
        "“later” brings it back when all others are done. A decision changes nothing remote and can be undone without "
        "limit. The order is that of the inventory, and only what its filter shows. A key that is held down or pasted "
        "decides one repo at most."
    )

    def __init__(self, ref: RepoRef | None = None) -> None:
        """Begin with ``ref``; without it, where triage was left, else with the first undecided repo."""
        super().__init__()
        self._key = ref.key if ref else ""
        self._order: list[str] = []
        self._facts: dict[str, CardFacts] = {}
        self._reading = ""
        self._asked_why: bool | None = None
        self._read_at: dict[str, int] = {}

    def compose_body(self) -> ComposeResult:
        """The card."""
        with VerticalScroll(id="card-body", can_focus=False):
            yield FactCard(id="card")

    def on_screen_resume(self) -> None:
        """Come back here after a restart."""
        self.house.memory.set("screen", self.NAME)

    @property
    def row(self) -> Row | None:
        """The repo on the card."""
        return self.house.model.rows.get(self._key)

    @property
    def shows_why(self) -> bool:
        """Whether the reasons are shown: as the person asked, else where there is room."""
        return self.size.height >= TALL if self._asked_why is None else self._asked_why

    # -- which repo ---------------------------------------------------------------------------------------------

    def model_changed(self, keys: frozenset[str] | None = None) -> None:
        """Keep the card on its repo; choose one when there is none, or it is gone."""
        model = self.house.model
        if keys is None or not self._order:
            self._order = queue_of(model)
        if self._key not in model.rows:
            left = str(self.house.memory.get("triage", ""))
            found = left if left in model.rows else next_key(model.rows, self._order, "")
            self._key = found or (self._order[0] if self._order else "")
        self._show()

    def _go(self, key: str | None) -> None:
        if key is None or key == self._key:
            return
        self._key = key
        self.query_one("#card-body", VerticalScroll).scroll_home(animate=False)
        self._show()
        self.refresh_head()
        self.refresh_keys()

    def _show(self) -> None:
        if self.row is not None:
            self.house.memory.set("triage", self._key)
            self.house.memory.set("cursor", self._key)
            self.house.model.at = self._key
            self._read()
        self._draw()

    # -- drawing ------------------------------------------------------------------------------------------------

    def head_parts(self) -> tuple[str, str]:
        """Where we are and how far it has come."""
        totals = self.house.model.totals
        at, count = position(self._order, self._key)
        place = f"{at:,} of {count:,}" if at else "triage"
        filtered = " filtered" if self.house.model.filter else ""
        full = f"{place}{filtered}   {totals.progress()}"
        brief = (
            f"{place}{filtered}   {totals.decided:,}/{totals.repos:,} decided   {words.size(totals.delete_size)} to free   "
            f"{totals.migrate:,} to migrate"
        )
        return (full if self.size.width >= 110 else brief), ""

    def _draw(self) -> None:
        shown = self.query_one("#card", FactCard)
        row, model = self.row, self.house.model
        if row is None:
            shown.set_titles("triage")
            shown.set_facts(self._nothing())
            return
        now = self.house.program.now()
        facts = self._facts.get(row.key)
        glyph, tone = DECISIONS[row.decision]
        shown.set_titles(card.title(row), str(row.info.ref.id))
        lines = [Fact("", line) for line in card.about(row, facts, now)]
        lines.append(Fact())
        lines += [Fact(each.question, each.text, each.tone) for each in card.answers(row, facts, now)]
        lines.append(Fact())
        lines.append(
            Fact("Decision", glyph if row.decision is not Decision.UNDECIDED else "─ undecided", tone)
        )
        why = self.house.action_of("why").key_text
        hint = "" if self.shows_why or row.advice is None else f"   why: {why}"
        lines.append(Fact("Advice", card.advice_words(row.advice) + hint, "note" if row.advice else "dim"))
        if self.shows_why and row.advice is not None:
            lines += [
                Fact(" " if number else "Why", reason) for number, reason in enumerate(row.advice.reasons)
            ]
        lines += [Fact("! trouble", text, "warn") for text in card.troubles(row, facts)]
        if model.rows and all(each.decision.decided for each in model.rows.values()):
            plan = self.house.action_of("plan").key_text
            lines += [Fact(), Fact("", f"✓ Every repo is decided. {plan} shows what that amounts to.", "ok")]
        shown.set_facts(lines)

    def _nothing(self) -> list[Fact]:
        model = self.house.model
        if model.loading:
            return [
                Fact(
                    "",
                    f"… Reading {self.house.program.settings.org}: the first card comes with the first rows.",
                    "busy",
                )
            ]
        if model.trouble:
            return [Fact("", f"✗ {model.trouble}", "bad"), Fact("", model.way_out)]
        return [Fact("", "There is no repo to decide about."), Fact("", "Esc goes back to the inventory.")]

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the card's facts in the background, one card at a time, again when other repos were looked into since."""
        row, looks = self.row, self.house.model.looks
        if row is None or self._reading or self._read_at.get(row.key) == looks:
            return
        key = self._reading = row.key
        self._read_at[key] = looks

        def done(facts: CardFacts) -> None:
            self._reading = ""
            self._facts.pop(key, None)
            while len(self._facts) >= KEPT_CARDS:
                gone = next(iter(self._facts))
                del self._facts[gone], self._read_at[gone]
            self._facts[key] = facts
            self._arrived(facts)

        def failed(error: Exception) -> None:
            self._reading = ""
            self._facts[key] = CardFacts(row, troubles=(sentence(error),))
            self._arrived(self._facts[key])

        self.house.background.run(lambda: survey.card_facts(self.house.program, row), done, failed)

    def _arrived(self, facts: CardFacts) -> None:
        if not self.here:
            return
        self.house.model.put([facts.row])
        self._draw()
        self._read()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_scroll(self, by: int) -> None:
        """Scroll a card that is higher than the screen."""
        self.query_one("#card-body", VerticalScroll).scroll_relative(y=by, animate=False)

    def knows_key(self, key: str) -> bool:
        """Enter opens the files here."""
        return key == "enter" or super().knows_key(key)

    def _no_row(self) -> str | None:
        return None if self.row is not None else "there is no repo on the card"

    why_not_delete = why_not_keep = why_not_later = why_not_proof = why_not_copy = _no_row

    def why_not_migrate(self) -> str | None:
        """Spaces are not migrated."""
        return why_not(self.row, Decision.MIGRATE) if self.row else self._no_row()

    def why_not_why(self) -> str | None:
        """Needs advice."""
        if self.row is None:
            return self._no_row()
        return None if self.row.advice else "nothing is advised for this repo, so there is no reason to show"

    def why_not_gate(self) -> str | None:
        """The gate is for repos that were decided to be deleted."""
        if self.row is None:
            return self._no_row()
        return gate_reason(
            self.row, self.house.program.settings.read_only, self.house.action_of("delete").key_text
        )

    def _decide(self, decision: Decision) -> None:
        row = self.row
        if row is None:
            return

        def on() -> None:
            if self.row is not None and self.row.key == row.key:
                self._go(next_key(self.house.model.rows, self._order, row.key))

        self.house.decide([row], decision, on)

    def do_migrate(self) -> None:
        """Decide: migrate."""
        self._decide(Decision.MIGRATE)

    def do_delete(self) -> None:
        """Decide: delete."""
        self._decide(Decision.DELETE)

    def do_keep(self) -> None:
        """Decide: keep."""
        self._decide(Decision.KEEP)

    def do_later(self) -> None:
        """Decide later."""
        self._decide(Decision.LATER)

    def do_next(self) -> None:
        """The next repo, decided or not."""
        self._go(step(self._order, self._key, 1))

    def do_previous(self) -> None:
        """The repo before."""
        self._go(step(self._order, self._key, -1))

    def do_why(self) -> None:
        """Show or hide the reasons of the advice."""
        self._asked_why = not self.shows_why
        self._draw()

    def do_copy(self) -> None:
        """Copy the id."""
        if self.row is not None:
            self.house.copy(str(self.row.info.ref.id))

    def do_proof(self) -> None:
        """File by file."""
        if self.row is not None:
            self.house.open_repo("proof", self.row.info.ref)

    def do_gate(self) -> None:
        """The gate."""
        if self.row is not None:
            self.house.open_repo("gate", self.row.info.ref)
