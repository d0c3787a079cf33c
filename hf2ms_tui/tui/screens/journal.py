"""The journal: what was decided, moved, proven and deleted, newest first; it outlives the program."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from hf2ms_tui.services import audit, journalcheck, journalexport, repostory, words
from hf2ms_tui.services.exports import slug, write_text
from hf2ms_tui.services.journalcheck import Checkup
from hf2ms_tui.store.journal import Broken, Entry
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.screens.base import GLOBAL, RoomScreen
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.widgets.cards import Fact
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.vtable import VTable

_ACTIONS = (
    "open",
    "find",
    "check",
    "export",
    "story",
    "refresh",
    "copy",
    "inventory",
    "triage",
    "plan",
    "jobs",
    "tombstones",
    "back",
)
_TONES = {"done": "ok", "failed": "bad", "unknown": "warn"}


class JournalScreen(RoomScreen):
    """All entries of the journal, newest first, and whether its chain of digests is whole."""

    NAME = "journal"
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    CSS_PATH = "journal.tcss"
    HELP_TEXT = (
        "Everything that was decided, moved, proven and deleted, newest first. An act is two entries: “begun” before it was "
        "sent, and how it ended; an act that was begun and has no end is looked at again at the next start. Entries are never "
        "changed: each carries a digest that follows from the one before, and the head line says whether all do. That "
        "newest ones were cut off is told by copies of its head: a file beside it, the tombstones, and exports kept elsewhere."
    )

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self._chain = "reading"
        self._texts: dict[int, str] = {}

    def compose_body(self) -> ComposeResult:
        """The list, and the selected entry in full."""
        yield VTable(
            (
                Column("seq", "#", 6, align="right", sortable=False, priority=3),
                Column("at", "when (UTC)", 19, sortable=False, priority=1),
                Column("act", "what", 20, sortable=False),
                Column("repo", "repo", 20, flex=1, min_width=14, elide="middle", sortable=False),
                Column("says", "says", 40, flex=4, min_width=20, sortable=False, priority=2),
            ),
            self._cell,
            key=lambda entry: entry.seq,
            markable=False,
            empty=("The journal is empty", "Nothing was decided, moved or deleted yet. Esc goes back"),
            no_hits=("No entry has these words", "Esc shows all"),
            id="entries",
        )
        yield Input(id="words", placeholder="words; Esc shows all", select_on_focus=False)
        yield Static(id="whole", markup=False)

    def on_mount(self) -> None:
        """Read it."""
        self._table.show_loading("Reading the journal…")
        self._table.focus()
        self.do_refresh()

    @property
    def _table(self) -> VTable[Entry]:
        return self.query_one("#entries", VTable)

    def _cell(self, entry: Entry, column: str) -> Cell:
        match column:
            case "seq":
                return Cell(f"{entry.seq:,}", "dim")
            case "at":
                return Cell(f"{entry.at:%Y-%m-%d %H:%M:%S}", "dim")
            case "act":
                state = entry.state if entry.role == "outcome" else ""
                glyph = {"done": "✓ ", "failed": "✗ ", "unknown": "? "}.get(state, "  ")
                return Cell(glyph + audit.act(entry), _TONES.get(state, ""))
            case "repo":
                return Cell(entry.ref.name if entry.ref else "")
            case _:
                return Cell(audit.says(entry), "dim")

    def head_parts(self) -> tuple[str, str]:
        """How many entries, and whether each follows from the one before."""
        return f"journal   {words.count(len(self._entries), 'entry', 'entries')}   {self._chain}", ""

    def do_refresh(self) -> None:
        """Read the journal again and check its chain."""
        program = self.house.program

        def read() -> tuple[list[Entry], dict[int, str], Broken | None]:
            found = audit.entries(program)
            texts = {entry.seq: audit.entry_line(entry).casefold() for entry in found}
            return found, texts, program.journal.check()

        self.house.background.run(read, self._read, self._not_read, only="journal")

    def _read(self, found: tuple[list[Entry], dict[int, str], Broken | None]) -> None:
        if not self.here:
            return
        self._entries, self._texts, broken = found
        self._chain = f"✗ {broken}" if broken else "✓ every entry follows from the one before"
        self._table.set_rows(reversed(self._entries))
        self.refresh_head()
        self.refresh_keys()

    def _not_read(self, error: Exception) -> None:
        self.house.failed(error)
        if self.here:
            self._chain = "? not read"
            self._table.show_error("The journal could not be read", sentence(error))
            self.refresh_head()

    def jobs_changed(self) -> None:
        """A job that ended wrote something."""
        self.do_refresh()

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Show the selected entry below."""
        entry = self._table.cursor_row
        self.query_one("#whole", Static).update(audit.says(entry) if entry else "")
        self.refresh_keys()

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Open the entry in full."""
        self.do_open()

    # -- filter -------------------------------------------------------------------------------------------------

    def why_not_find(self) -> str | None:
        """Needs entries."""
        return None if self._entries else "the journal has no entry yet"

    def do_find(self) -> None:
        """Open the filter."""
        self.add_class("-finding")
        self.query_one("#words", Input).focus()

    @on(Input.Changed, "#words")
    def _find(self, event: Input.Changed) -> None:
        wanted = event.value.casefold().split()
        texts = self._texts

        def holds(entry: Entry) -> bool:
            text = texts.get(entry.seq, "")
            return all(word in text for word in wanted)

        hits = self._table.set_filter(holds if wanted else None)
        if wanted:
            self.house.say(f"{words.count(hits, 'entry', 'entries')} of {len(self._entries):,}", "note")

    @on(Input.Submitted, "#words")
    def _found(self) -> None:
        self._table.focus()

    def do_back(self) -> None:
        """Close the filter, else leave."""
        if not self.has_class("-finding"):
            super().do_back()
            return
        self.query_one("#words", Input).value = ""
        self.remove_class("-finding")
        self._table.focus()

    # -- one entry ----------------------------------------------------------------------------------------------

    def why_not_open(self) -> str | None:
        """Needs an entry."""
        return None if self._table.cursor_row else "the journal has no entry yet"

    why_not_copy = why_not_open

    def do_open(self) -> None:
        """Everything the entry holds."""
        if (entry := self._table.cursor_row) is not None:
            facts = [Fact(label, text) for label, text in audit.facts(entry)]
            self.app.push_screen(FullTextScreen(f"journal entry {entry.seq:,}", facts))

    # -- the whole journal --------------------------------------------------------------------------------------

    def why_not_check(self) -> str | None:
        """Needs entries."""
        return None if self._entries else "the journal has no entry yet"

    why_not_export = why_not_check

    def do_check(self) -> None:
        """Check the chain and every copy of its head, and say what that found."""
        program = self.house.program
        self.house.background.run(
            lambda: journalcheck.check(program), self._checked, self.house.failed, only="journal check"
        )

    def _checked(self, found: Checkup) -> None:
        self.house.say(found.summary, "bad" if found.broken else "ok")
        for each in found.trouble:
            self.house.say(f"not compared: {each}", "warn")

    def do_export(self) -> None:
        """Write all entries as JSON Lines, named by the newest."""
        program, newest = self.house.program, self._entries[-1].seq
        folder = Path.cwd()
        self.house.background.run(
            lambda: write_text(folder / f"journal-{newest}.jsonl", journalexport.text(program)),
            self._written,
            self.house.failed,
            only="journal export",
        )

    def why_not_story(self) -> str | None:
        """Needs an entry that is about one repo."""
        entry = self._table.cursor_row
        return None if entry and entry.ref else "this entry is not about one repo"

    def do_story(self) -> None:
        """Write the story of the selected entry's repo as Markdown."""
        entry, program, folder = self._table.cursor_row, self.house.program, Path.cwd()
        if entry is None or entry.ref is None:
            return
        ref = entry.ref
        self.house.background.run(
            lambda: write_text(folder / f"report-{slug(ref.key)}.md", repostory.story(program, [ref])),
            self._written,
            self.house.failed,
            only="journal report",
        )

    def _written(self, path: Path) -> None:
        self.house.say(f"written: {path.name}", "ok")

    def do_copy(self) -> None:
        """Copy the entry as one line."""
        if (entry := self._table.cursor_row) is not None:
            self.app.copy_to_clipboard(audit.entry_line(entry))
            self.house.say("copied", "ok")
