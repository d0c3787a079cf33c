"""How the proof screen draws: the summary, the files, the selected file in full."""

from __future__ import annotations

from textual.app import ComposeResult

from hf2ms_tui.domain.proof import FileVerdict, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import words
from hf2ms_tui.services.sheet import Sheet
from hf2ms_tui.tui.screens.base import RoomScreen
from hf2ms_tui.tui.text import elide, wrap
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.rule import Lines
from hf2ms_tui.tui.widgets.vtable import VTable

TONES = {
    Verdict.PROVEN: "ok",
    Verdict.MISMATCH: "bad",
    Verdict.MISSING: "bad",
    Verdict.UNKNOWN: "warn",
    Verdict.EXTRA: "dim",
    Verdict.EXCEPTED: "warn",
}
_WHY_LINES = 3


class ProofView(RoomScreen):
    """What of the proof screen only draws."""

    ref: RepoRef
    sheet: Sheet | None = None
    only_problems = False

    def compose_body(self) -> ComposeResult:
        """Summary, files, the selected file in full."""
        yield Lines(id="summary")
        yield VTable(
            (
                Column("verdict", "verdict", 12, sortable=False),
                Column("path", "file", 30, flex=1, min_width=20, elide="middle", sortable=False),
                Column("size", "size", 10, align="right", priority=2, sortable=False),
                Column("level", "evidence", 10, priority=1, sortable=False),
                Column("ours", "source", 13, priority=3, sortable=False),
                Column("theirs", "destination", 13, priority=3, sortable=False),
            ),
            self.cell,
            key=lambda file: file.path,
            markable=False,
            empty=("Never proven", "d compares both sides now; m and p in the inventory migrate it"),
            no_hits=("No problems", "p shows all files"),
            id="files",
        )
        yield Lines(id="whole")
        yield Lines(id="busy")

    @property
    def about(self) -> RepoRef:
        """The source."""
        return self.ref

    @property
    def proof(self) -> Proof | None:
        """The proof that is shown."""
        return self.sheet.proof if self.sheet is not None else None

    @property
    def table(self) -> VTable[FileVerdict]:
        """The files."""
        return self.query_one("#files", VTable)

    def head_parts(self) -> tuple[str, str]:
        """Whose proof it is and whether it holds."""
        if self.sheet is None:
            return f"files of {self.ref.id}", ""
        glyph = "✗" if not self.sheet.holds else "≈" if self.sheet.excepted else "✓"
        return f"files of {self.ref.id}", f"{glyph} {self.sheet.outcome}"

    def filter_rows(self) -> None:
        """Show all files, or those only that are not proven: problems and exceptions."""
        wanted = self.sheet.problems | self.sheet.excepted if self.sheet is not None else frozenset()
        self.table.set_filter((lambda file: file.path in wanted) if self.only_problems else None)

    def cell(self, file: FileVerdict, column: str) -> Cell:
        """One cell of the files."""
        match column:
            case "verdict":
                tone = TONES[file.verdict]
                problems = self.sheet.problems if self.sheet is not None else ()
                if file.verdict is Verdict.PROVEN and file.path in problems:
                    return Cell("! too weak", "warn")
                return Cell(f"{file.verdict.glyph} {file.verdict.value}", tone)
            case "path":
                return Cell(file.path)
            case "size":
                size = file.source_size if file.source_size is not None else file.destination_size
                return Cell(words.size(size))
            case "level":
                told = file.verdict in {Verdict.PROVEN, Verdict.EXCEPTED}
                return Cell(file.level.words if told else "", "dim")
            case "ours":
                return Cell(_short(file.source_sha256), "dim")
            case _:
                same = file.source_sha256 == file.destination_sha256
                return Cell(_short(file.destination_sha256), "dim" if same else "warn")

    def draw_summary(self) -> None:
        """What the proof says in all, and of which revisions."""
        found = self.sheet
        lines: list[list[tuple[str, str]]] = []
        if found is not None:
            proof = found.proof
            evidence, ours = (
                f" {proof.level.words}, {_age(proof)}   ",
                f"source {proof.source_revision[:10]}   ",
            )
            theirs = f"{proof.destination.hub.title} {proof.destination.id} {proof.destination_revision[:10]}"
            room = max(20, self.size.width - 1 - len(evidence) - len(ours))
            lines.append([(f" {found.summary}", "ok" if found.holds else "bad")])
            lines.append(
                [
                    (evidence, ""),
                    (ours, "dim"),
                    (elide(theirs, room, "middle"), "dim"),
                ]
            )
            if proof.doubt:
                lines.append([(f" in doubt: {proof.doubt}", "warn")])
        self.query_one("#summary", Lines).show(lines)

    def draw_whole(self) -> None:
        """The selected file with both hashes."""
        file = self.table.cursor_row
        lines: list[list[tuple[str, str]]] = []
        if file is not None:
            lines.append([(" ", ""), (file.path, "strong")])
            lines.append([(" source       ", "dim"), (whole(file.source_sha256, file.source_size), "")])
            lines.append(
                [(" destination  ", "dim"), (whole(file.destination_sha256, file.destination_size), "")]
            )
            if file.why:
                why = wrap(clean(file.why), max(20, self.size.width - 2))[:_WHY_LINES]
                lines += [[(f" {text}", TONES[file.verdict])] for text in why]
        self.query_one("#whole", Lines).show(lines)

    def on_vtable_row_highlighted(self, message: VTable.RowHighlighted) -> None:
        """Show the selected file in full."""
        self.draw_whole()


def _age(proof: Proof) -> str:
    age = words.ago(proof.at)
    return age if age == "now" else f"{age} ago"


def _short(sha256: str | None) -> str:
    return f"{sha256[:12]}" if sha256 else "?"


def whole(sha256: str | None, size: int | None) -> str:
    """A hash and a size in full; what is not there says so."""
    if size is None:
        return "not there"
    return f"{sha256 or 'SHA-256 unknown'}  {words.size(size, exact=True)}"
