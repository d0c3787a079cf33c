"""Proof: which file is proven, by what evidence? Problems first."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from hf2ms_tui.domain.proof import Level, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import exports, sheet
from hf2ms_tui.services.jobs import Direction, direction
from hf2ms_tui.services.proving import next_level
from hf2ms_tui.services.sheet import Sheet
from hf2ms_tui.tui.actions import bindings
from hf2ms_tui.tui.background import sentence
from hf2ms_tui.tui.proof_run import ProofRun
from hf2ms_tui.tui.screens.base import GLOBAL
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.proof_view import TONES, ProofView, whole
from hf2ms_tui.tui.text import wrap
from hf2ms_tui.tui.widgets.cards import Fact
from hf2ms_tui.tui.widgets.rule import Lines
from hf2ms_tui.tui.widgets.vtable import VTable

_ACTIONS = ("problems", "deeper", "stop", "details", "export", "copy", "gate", "jobs", "inventory", "back")


class ProofScreen(ProofView):
    """The proof that speaks for one repo, file by file."""

    NAME = "proof"
    HELP_TEXT = (
        "Every file of the source with its verdict and both SHA-256 values; what is not proven stands first. d proves at "
        "the next level: listed (both listings agree), stored (the destination, asked again, holds every blob), read back "
        "(every byte downloaded from the destination and hashed). Unknown never counts as proven. Excepted is a card that the "
        "destination refuses as it is, or a file that a hub rewrites: it differs for the reason given, and the original "
        "goes into the tombstone. Extra files are on the destination only and are never touched."
    )
    ACTIONS: ClassVar[tuple[str, ...]] = _ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings((*_ACTIONS, *GLOBAL))]
    FIRST = ("problems", "deeper", "gate", "export")
    CSS_PATH = "proof.tcss"

    def __init__(self, ref: RepoRef) -> None:
        super().__init__()
        self.ref = ref
        self.sheet: Sheet | None = None
        self._run: ProofRun | None = None
        self.only_problems = False
        self._trouble = ""

    def on_mount(self) -> None:
        """Read the proof that stands."""
        self.table.show_loading("Reading the proof…")
        self.table.focus()
        program, ref = self.house.program, self.ref
        self.house.background.run(lambda: sheet.standing(program, ref), self._read, self._not_read)

    def on_unmount(self) -> None:
        """What nobody waits for ends."""
        if self._run is not None:
            self._run.stop()

    def _read(self, found: Sheet | None) -> None:
        self.sheet = found
        if not self.here:
            return
        self.table.set_rows(found.files if found is not None else ())
        self.filter_rows()
        self.draw_summary()
        self.draw_whole()
        self.refresh_head()
        self.refresh_keys()

    def _not_read(self, error: Exception) -> None:
        self.house.failed(error)
        if self.here:
            self.table.show_error("The proof could not be read", sentence(error))

    def on_vtable_row_selected(self, message: VTable.RowSelected) -> None:
        """Open the file's facts."""
        self.action_act("details")

    # -- keys ---------------------------------------------------------------------------------------------------

    def _none(self) -> str | None:
        return (
            None
            if self.table.cursor_row is not None
            else "there is no file to choose: d compares both sides now"
        )

    why_not_details = why_not_copy = _none

    def why_not_problems(self) -> str | None:
        """Needs a proof."""
        return None if self.proof is not None else "never proven: d compares both sides now"

    why_not_export = why_not_problems

    def do_problems(self) -> None:
        """Only what is not proven, or all."""
        self.only_problems = not self.only_problems
        self.filter_rows()
        self.house.say("only problems" if self.only_problems else "all files", "note")

    def do_details(self) -> None:
        """Everything that is known of the file."""
        file = self.table.cursor_row
        if file is None:
            return
        facts = [
            Fact("file", file.path),
            Fact("verdict", f"{file.verdict.glyph} {file.verdict.value}", TONES[file.verdict]),
            Fact(
                "evidence", file.level.words if file.verdict in {Verdict.PROVEN, Verdict.EXCEPTED} else "none"
            ),
            Fact("why", file.why),
            Fact("source", whole(file.source_sha256, file.source_size)),
            Fact("destination", whole(file.destination_sha256, file.destination_size)),
        ]
        self.app.push_screen(FullTextScreen(f"file of {self.ref.id}", [fact for fact in facts if fact.text]))

    def do_copy(self) -> None:
        """Copy the source's hash and the path, as sha256sum writes them."""
        if (file := self.table.cursor_row) is not None:
            self.app.copy_to_clipboard(f"{file.source_sha256 or '?'}  {clean(file.path)}")
            self.house.say("copied hash and path", "ok")

    def do_export(self) -> None:
        """Write the proof as JSON to the current folder."""
        if (proof := self.proof) is not None:
            self.house.background.run(
                lambda: exports.export_proof(proof, Path.cwd()),
                lambda path: self.house.say(f"written: {path}", "ok"),
                self.house.failed,
            )

    def do_gate(self) -> None:
        """The gate of this repo."""
        self.house.open_repo("gate", self.ref)

    def why_not_deeper(self) -> str | None:
        """One proof at a time."""
        return "a proof is being made: c stops it" if self._run is not None else None

    def do_deeper(self) -> None:
        """Prove at the next level, in the background."""
        program = self.house.program
        ends: Direction = direction(program, self.ref)
        if self.proof is not None:
            ends = Direction(self.ref, self.proof.destination)
        level: Level = next_level(program, self.proof)
        run = ProofRun(program, self.house.background, ends, level)
        self._trouble = ""
        if run.start(self._progress, self._proven, self._failed):
            self._run = run
        else:
            self.house.say("a proof of this repo is being made already", "warn")
        self._progress()

    def why_not_stop(self) -> str | None:
        """Only what runs can be stopped."""
        return None if self._run is not None else "nothing is being proven"

    def do_stop(self) -> None:
        """Stop at the next block of bytes."""
        if self._run is not None:
            self._run.stop()
            self._progress()

    def _progress(self) -> None:
        if not self.here:
            return
        line: list[tuple[str, str]] = [(" ", "")]
        if self._run is not None:
            line += self._run.parts(self.size.width)
        elif self._trouble:
            line = [(f" {text}", "bad") for text in wrap(f"✗ {self._trouble}", max(self.size.width - 2, 20))]
        self.query_one("#busy", Lines).show(
            [line] if self._run is not None else [[part] for part in line][:3]
        )
        self.refresh_keys()

    def _proven(self, proof: Proof) -> None:
        self._run = None
        self.house.read_rows([self.ref])
        self.house.background.run(lambda: sheet.lay_out(proof), self._laid_out, self.house.failed)

    def _laid_out(self, found: Sheet) -> None:
        proof = found.proof
        self.house.say(
            f"{self.ref.id}: {found.outcome} ({proof.level.words}): {found.summary}",
            "ok" if found.holds else "bad",
        )
        if self.here:
            self._progress()
            self._read(found)

    def _failed(self, error: Exception) -> None:
        self._run = None
        self._trouble = sentence(error)
        self.house.failed(error)
        if self.here:
            self._progress()
