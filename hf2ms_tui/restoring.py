"""The verbs of tombstones: list them, and restore a deleted repo from one. A part of the command line."""

from __future__ import annotations

import click

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.opening import HUBS, KINDS, common, merged
from hf2ms_tui.printing import follow_job, print_json, print_lines, show_job


def add_verbs(group: click.Group) -> None:
    """Give the command line its verbs ``tombstones`` and ``restore``."""
    group.add_command(tombstones)
    group.add_command(restore)


@click.command()
@click.option("--check", is_flag=True, help="Verify every byte of each; exit 1 when one is damaged.")
@common
@click.pass_context
def tombstones(context: click.Context, check: bool, demo: bool, as_json: bool) -> None:
    """List what is kept of deleted repos, newest first."""
    program = merged(context, demo)
    from hf2ms_tui.services import stones

    found = stones.listing(program, check=check)
    if as_json:
        print_json([stones.stone_dict(each) for each in found])
    else:
        print_lines(stones.stone_lines(found))
    program.close()
    context.exit(1 if any(each.damage for each in found) else 0)


@click.command()
@click.argument("repo", metavar="OWNER/NAME")
@click.option("--hub", type=HUBS, help="The hub it was deleted from; needed only when both had it.")
@click.option("--repo-type", type=KINDS, help="Needed only when the id had several types.")
@click.option("--from", "stone", metavar="TOMBSTONE", help="A tombstone's id or folder; default the newest.")
@click.option("--dry-run", is_flag=True, help="Only say what would come back and what would not.")
@click.option("--detach", is_flag=True, help="Start the job and return; follow it with: jobs follow ID.")
@common
@click.pass_context
def restore(
    context: click.Context,
    repo: str,
    hub: str | None,
    repo_type: str | None,
    stone: str | None,
    dry_run: bool,
    detach: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Make a deleted repo again on its hub, from its tombstone and its destination, and prove it.

    Run again after an interruption, it carries on. Overwrites nothing: an id that exists is refused.
    """
    program = merged(context, demo)
    from hf2ms_tui.domain.repo import Hub, Kind, RepoId
    from hf2ms_tui.services import restore as restoring
    from hf2ms_tui.services import stones

    try:
        if stone:
            row = program.tombstones.named(stone)
            if row.ref.id != RepoId.parse(repo) or (hub and row.ref.hub is not Hub(hub)):
                raise BadInput(
                    f"That tombstone is of {row.ref.key}, not of {repo}",
                    way_out=f"hf2ms-tui restore {row.ref.id} --from {row.id}",
                )
        else:
            row = restoring.find(
                program, repo, Hub(hub) if hub else None, Kind(repo_type) if repo_type else None
            )
        found = restoring.survey(program, row)
        if dry_run:
            if as_json:
                print_json(stones.survey_dict(found))
            else:
                print_lines(stones.survey_lines(found))
            context.exit(1 if found.refused or found.missing else 0)
        if not as_json:
            print_lines(stones.survey_lines(found))
        view = restoring.start(program, row, found)
        if detach:
            show_job(view, as_json)
            return
        context.exit(follow_job(program, view.id, as_json))
    finally:
        program.close()
