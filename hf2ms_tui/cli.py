"""The command line: starts the screen, or runs a headless verb. Exit codes: 0 done and proven, 1 not proven or failed,
2 bad input or configuration, 130 interrupted.

Everything heavy is imported inside the verbs, so that ``--help`` answers at once. There is no headless delete.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from hf2ms_tui import __version__
from hf2ms_tui.domain.errors import BadInput, Hf2msError
from hf2ms_tui.domain.secret import redact
from hf2ms_tui.opening import HUBS, KINDS, LEVELS, Flags, common, merged, open_program
from hf2ms_tui.printing import (
    follow_job,
    print_json,
    print_lines,
    show_checkup,
    show_crash,
    show_job,
    show_journal,
    write_journal,
)
from hf2ms_tui.restoring import add_verbs


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hf2ms-tui")
@click.option("--org", metavar="ORG", help="The organisation (or user) to clean up.")
@click.option("--from", "source", type=HUBS, help="The hub its repos are on; default hf.")
@click.option("--demo", is_flag=True, help="Use two hubs on this machine; no account, no internet.")
@click.option("--read-only", is_flag=True, default=None, help="Build no write and no delete half at all.")
@click.option(
    "--engine",
    type=click.Choice(["local", "modal"]),
    help="Where jobs run; modal where there are credentials for it.",
)
@click.option("--containers", type=click.IntRange(1, 100), help="Containers at once on modal; default 50.")
@click.pass_context
def cli(
    context: click.Context,
    org: str | None,
    source: str | None,
    demo: bool,
    read_only: bool | None,
    engine: str | None,
    containers: int | None,
) -> None:
    """Clean up a Hugging Face organisation without fear.

    Alone, starts the full-screen program. Each verb below does one thing without a screen. Nothing is deleted
    without the screen's gate.
    """
    flags: Flags = {
        "org": org,
        "source": source,
        "read_only": read_only,
        "engine": engine,
        "containers": containers,
    }
    context.obj = (flags, demo)
    if context.invoked_subcommand is not None:
        return
    if (
        not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty())
        or os.environ.get("TERM") == "dumb"
    ):
        raise BadInput(
            "The full-screen program needs a terminal",
            way_out="Run it in one, or use a verb: hf2ms-tui inventory --org ORG [--json].",
        )
    # Nothing that a start makes is garbage, and looking for garbage takes a third of it; the screen begins to look again.
    gc.disable()
    program = open_program(flags, demo=demo)
    from hf2ms_tui.tui.app import run

    context.exit(run(program))


@cli.command()
@click.option("--org", metavar="ORG", help="The organisation (or user).")
@click.option("--from", "source", type=HUBS, help="The hub its repos are on; default hf.")
@click.option("--contents", is_flag=True, help="Look into the repos too: copies, subsets, listings compared.")
@common
@click.pass_context
def inventory(
    context: click.Context, org: str | None, source: str | None, contents: bool, demo: bool, as_json: bool
) -> None:
    """List every repo of an org with size, type, visibility, dates and backup status."""
    program = merged(context, demo, org=org, source=source)
    from hf2ms_tui.services import report
    from hf2ms_tui.services.inventory import refresh
    from hf2ms_tui.services.survey import survey

    if not program.settings.org:
        raise BadInput("No organisation was named", way_out="Add --org ORG.")
    rows = refresh(program)
    if contents:
        rows = survey(program, lambda some: None)
    if as_json:
        print_json([report.row_dict(row) for row in rows])
    else:
        print_lines(report.inventory_lines(rows))
    program.close()


@cli.command()
@click.argument("source")
@click.option("--to", type=HUBS, help="The destination hub; found out when SOURCE says its own hub.")
@click.option("--dest", metavar="OWNER/NAME", help="The destination's id; default the same as the source's.")
@click.option("--repo-type", type=KINDS, help="Needed only when an id has several types.")
@click.option("--level", type=LEVELS, help="How strong the proof must be; default read-back.")
@click.option("--detach", is_flag=True, help="Start the job and return; follow it with: jobs follow ID.")
@click.option(
    "--refs", is_flag=True, help="Bring over all branches and tags with content of their own as well."
)
@click.option(
    "--ref", "named", multiple=True, metavar="NAME", help="Bring over this branch or tag; again for more."
)
@common
@click.pass_context
def migrate(
    context: click.Context,
    source: str,
    to: str | None,
    dest: str | None,
    repo_type: str | None,
    level: str | None,
    detach: bool,
    refs: bool,
    named: tuple[str, ...],
    demo: bool,
    as_json: bool,
) -> None:
    """Migrate one repo and prove it. SOURCE is owner/name, hf:owner/name, ms:owner/name or a page URL."""
    program = merged(context, demo, level=level)
    from hf2ms_tui.domain.repo import Hub, Kind
    from hf2ms_tui.services import jobs
    from hf2ms_tui.services.bringing import Taken, take

    ref = jobs.find_repo(program, source, Kind(repo_type) if repo_type else None, Hub(to) if to else None)
    ends = jobs.direction(program, ref, dest)
    taken = Taken()
    if refs or named:
        taken = take(program, ends.source, ends.destination, named or None)
        for left, why in taken.left:
            click.echo(f"{left.words} stays behind: {why}", err=True)
    view = jobs.start(program, ends, refs=taken.moves)
    if detach:
        show_job(view, as_json)
        program.close()
        return
    context.exit(follow_job(program, view.id, as_json))


@cli.command()
@click.argument("source")
@click.option("--dest", metavar="OWNER/NAME", help="The destination's id; default the same as the source's.")
@click.option("--repo-type", type=KINDS, help="Needed only when an id has several types.")
@click.option(
    "--level", type=LEVELS, default="read-back", show_default=True, help="How strong the evidence must be."
)
@common
@click.pass_context
def verify(
    context: click.Context,
    source: str,
    dest: str | None,
    repo_type: str | None,
    level: str,
    demo: bool,
    as_json: bool,
) -> None:
    """Compare a repo with its destination, file by file, and record the proof. Moves nothing."""
    program = merged(context, demo)
    from hf2ms_tui.domain.proof import Level
    from hf2ms_tui.domain.repo import Kind
    from hf2ms_tui.services import jobs, proving, report

    ref = jobs.find_repo(program, source, Kind(repo_type) if repo_type else None)
    proof = proving.prove(program, jobs.direction(program, ref, dest), Level(level))
    if as_json:
        print_json(report.proof_dict(proof))
    else:
        print_lines(report.proof_lines(proof))
    program.close()
    context.exit(0 if proof.holds else 1)


@cli.group(name="jobs", invoke_without_command=True)
@common
@click.pass_context
def jobs_group(context: click.Context, demo: bool, as_json: bool) -> None:
    """List jobs; or follow, cancel or retry one."""
    group_flags, group_demo = context.obj
    context.obj = (group_flags, demo or group_demo)
    if context.invoked_subcommand is not None:
        return
    program = merged(context, demo)
    from hf2ms_tui.services import jobs, report

    views = jobs.listing(program)
    if as_json:
        print_json([report.job_dict(view) for view in views])
    else:
        print_lines(report.job_lines(views))
    program.close()


@jobs_group.command()
@click.argument("job_id", metavar="ID")
@common
@click.pass_context
def follow(context: click.Context, job_id: str, demo: bool, as_json: bool) -> None:
    """Show a job's log until it is over; the exit code is the job's."""
    context.exit(follow_job(merged(context, demo), job_id, as_json))


@jobs_group.command()
@click.argument("job_id", metavar="ID")
@common
@click.pass_context
def cancel(context: click.Context, job_id: str, demo: bool, as_json: bool) -> None:
    """Ask a job to stop. What arrived stays; nothing is deleted."""
    program = merged(context, demo)
    from hf2ms_tui.services import jobs

    show_job(jobs.cancel(program, job_id), as_json)
    program.close()


@jobs_group.command()
@click.argument("job_id", metavar="ID")
@click.option("--detach", is_flag=True, help="Start it again and return.")
@common
@click.pass_context
def retry(context: click.Context, job_id: str, detach: bool, demo: bool, as_json: bool) -> None:
    """Run a failed, cancelled or lost job again from where it stopped."""
    program = merged(context, demo)
    from hf2ms_tui.services import jobs

    view = jobs.retry(program, job_id)
    if detach:
        show_job(view, as_json)
        program.close()
        return
    context.exit(follow_job(program, view.id, as_json))


@cli.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--check", is_flag=True, help="Check the whole journal; exit 1 names the first bad entry.")
@click.option("--against", type=click.Path(path_type=Path), help="With --check: an export kept elsewhere.")
@click.option("--export", type=click.Choice(["jsonl"]), help="Write every entry to FILE, one JSON a line.")
@click.option("--report", metavar="OWNER/NAME", help="Write one repo's story to FILE, as Markdown.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N entries.")
@common
@click.pass_context
def journal(
    context: click.Context,
    file: Path | None,
    check: bool,
    against: Path | None,
    export: str | None,
    report: str | None,
    last: int | None,
    demo: bool,
    as_json: bool,
) -> None:
    """Print what was decided, moved, proven and deleted, oldest first. Without FILE, or with -, to standard output."""
    if (
        check + bool(export) + bool(report) > 1
        or (against and not check)
        or (file and not (export or report))
    ):
        raise BadInput("These flags do not go together", way_out="See: hf2ms-tui journal --help")
    program = merged(context, demo)
    try:
        if check:
            context.exit(show_checkup(program, against, as_json))
        if export or report:
            write_journal(program, file, report)
        else:
            show_journal(program, last, as_json)
    finally:
        program.close()


@cli.command()
@common
@click.pass_context
def doctor(context: click.Context, demo: bool, as_json: bool) -> None:
    """Check tokens, roles and reachability, each with what to do."""
    program = merged(context, demo)
    from hf2ms_tui.services import report
    from hf2ms_tui.services.doctor import Health, examine

    findings = examine(program)
    if as_json:
        print_json([report.finding_dict(finding) for finding in findings])
    else:
        print_lines(report.finding_lines(findings))
    program.close()
    context.exit(1 if any(finding.health is Health.FAILS for finding in findings) else 0)


@cli.command()
@common
@click.pass_context
def smoke(context: click.Context, demo: bool, as_json: bool) -> None:
    """Run a hello in a container of the Modal account; prints versions and the network it sees."""
    group_flags, _ = context.obj
    group_flags["engine"] = "modal"
    program = merged(context, demo)
    from hf2ms_tui.services import cloud, report

    said = cloud.smoke(program, lambda text: click.echo(text, err=True))
    if as_json:
        print_json(said)
    else:
        print_lines(report.smoke_lines(said))
    program.close()


add_verbs(cli)


def _leave_no_core() -> None:
    """No core file of this process or of those it starts: it would hold the tokens."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code. Errors are printed for people, or as JSON after ``--json``."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.excepthook = show_crash
    _leave_no_core()
    try:
        code = cli.main(args=arguments, prog_name="hf2ms-tui", standalone_mode=False)
    except Hf2msError as error:
        if "--json" in arguments:
            print_json(error.as_dict())
        else:
            click.echo(redact(f"Error: {error}"), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Jobs that were started go on; see: hf2ms-tui jobs", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader is gone; keep the interpreter quiet
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
