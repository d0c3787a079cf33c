"""What headless verbs print, as lines for people or as JSON. A part of the command line; heavy imports are inside."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from hf2ms_tui.domain.secret import redact
from hf2ms_tui.domain.text import is_clean

if TYPE_CHECKING:
    from hf2ms_tui.domain.job import JobView
    from hf2ms_tui.services.program import Program


def print_lines(lines: Iterable[str]) -> None:
    """One line each."""
    for line in lines:
        click.echo(redact(line))


def print_json(value: object) -> None:
    """A value as JSON that no terminal obeys."""
    text = redact(json.dumps(value, indent=2, ensure_ascii=not sys.stdout.isatty()))
    # What a terminal would obey stays an escape, which JSON reads as the very same character.
    click.echo("\n".join(_escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    if is_clean(line):
        return line
    return "".join(char if is_clean(char) else json.dumps(char)[1:-1] for char in line)


def show_crash(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """A fault of the program itself, as Python tells it but without tokens, whatever its text quotes."""
    click.echo(redact("".join(traceback.format_exception(kind, fault, trace))), err=True)


def show_job(view: JobView, as_json: bool) -> None:
    """One job, and how to follow it."""
    from hf2ms_tui.services import report

    if as_json:
        print_json(report.job_dict(view))
    else:
        click.echo(
            f"job {view.id}  {view.spec.source.id} → {view.spec.destination.hub.title}: {report.job_words(view)}"
        )
        if not view.phase.final:
            click.echo(f"follow it with: hf2ms-tui jobs follow {view.id}")


def follow_job(program: Program, job_id: str, as_json: bool) -> int:
    """Follow a job to its end: lines to stderr with ``--json``, to stdout without; the exit code is the outcome."""
    from hf2ms_tui.domain.job import Phase
    from hf2ms_tui.services import jobs, report

    def show(lines: list[Any]) -> None:
        for line in lines:
            click.echo(f"{line.at:%H:%M:%S}  {line.worker:<4} {line.text}", err=as_json)

    view = jobs.follow(program, job_id, show, lambda current: None)
    if as_json:
        print_json(report.job_dict(view))
    elif view.phase is not Phase.DONE:
        click.echo(f"job {view.id}: {report.job_words(view)}", err=True)
        if view.error:
            click.echo(redact(sentence(view.error)), err=True)
    program.close()
    return 0 if view.phase is Phase.DONE else 1


def sentence(error: dict[str, object]) -> str:
    """An error as text, from its JSON-ready form."""
    return " ".join(f"{error[key]}." for key in ("what", "meaning", "way_out") if error.get(key)).replace(
        "..", "."
    )


def show_journal(program: Program, last: int | None, as_json: bool) -> None:
    """The journal's entries, or the newest of them."""
    from hf2ms_tui.services import audit

    entries = audit.entries(program, last)
    if as_json:
        print_json([audit.entry_dict(entry) for entry in entries])
        return
    print_lines(audit.entry_line(entry) for entry in entries)
    if not entries:
        click.echo("The journal is empty: nothing was decided, moved or deleted yet.")


def show_checkup(program: Program, against: Path | None, as_json: bool) -> int:
    """What a check of the journal found; the exit code."""
    from hf2ms_tui.services import journalcheck

    found = journalcheck.check(program, against)
    if as_json:
        print_json(journalcheck.checkup_dict(found))
    else:
        click.echo(found.summary)
    for each in found.trouble:
        click.echo(f"not compared: {each}", err=True)
    if found.broken:
        click.echo(f"The journal was edited: {found.broken}", err=True)
    return 1 if found.broken else 0


def write_journal(program: Program, path: Path | None, report: str | None) -> None:
    """The whole journal as JSON Lines, or the story of the repo that ``report`` names, to a file or to standard output."""
    from hf2ms_tui.services import journalexport, repostory
    from hf2ms_tui.services.exports import write_text

    if report is not None:
        text = repostory.story(program, repostory.refs_named(program, report))
    else:
        text = journalexport.text(program)
    if path is None or str(path) == "-":
        click.echo(text, nl=False)
    else:
        click.echo(f"written: {write_text(path, text)}", err=True)
