"""What headless verbs print, as lines for people or as JSON. A part of the command line; heavy imports are inside."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from hf2ms_tui.domain.text import is_clean

if TYPE_CHECKING:
    from hf2ms_tui.domain.job import JobView
    from hf2ms_tui.services.program import Program


def print_lines(lines: Iterable[str]) -> None:
    """One line each."""
    for line in lines:
        click.echo(line)


def print_json(value: object) -> None:
    """A value as JSON that no terminal obeys."""
    text = json.dumps(value, indent=2, ensure_ascii=not sys.stdout.isatty())
    # What a terminal would obey stays an escape, which JSON reads as the very same character.
    click.echo("\n".join(_escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    if is_clean(line):
        return line
    return "".join(char if is_clean(char) else json.dumps(char)[1:-1] for char in line)


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
            click.echo(sentence(view.error), err=True)
    program.close()
    return 0 if view.phase is Phase.DONE else 1


def sentence(error: dict[str, object]) -> str:
    """An error as text, from its JSON-ready form."""
    return " ".join(f"{error[key]}." for key in ("what", "meaning", "way_out") if error.get(key)).replace(
        "..", "."
    )
