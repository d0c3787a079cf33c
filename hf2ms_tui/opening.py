"""How verbs open the program: the options they share, the configuration, and the demo's hubs when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hf2ms_tui.services.program import Program

F = TypeVar("F", bound=Callable[..., Any])
Flags = dict[str, Any]

LEVELS = click.Choice(["listed", "stored", "read-back"])
KINDS = click.Choice(["model", "dataset", "space"])
HUBS = click.Choice(["hf", "ms"])


def common(command: F) -> F:
    """The options that every verb has."""
    for option in (
        click.option("--demo", is_flag=True, help="Use two hubs on this machine; no account, no internet."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines."),
    ):
        command = option(command)
    return command


def open_program(flags: Flags, *, demo: bool) -> Program:
    """Read the configuration and open the program; with ``demo`` find or start the hubs on this machine first."""
    from hf2ms_tui.services.program import Program
    from hf2ms_tui.services.settings import load

    environ = dict(os.environ)
    flags = {name: value for name, value in flags.items() if value is not None}
    if demo:
        from hf2ms_tui.loopback.daemon import ensure
        from hf2ms_tui.services.settings import demo_state

        cloud = (flags.get("engine") or environ.get("HF2MS_ENGINE", "")) == "modal"
        world = ensure(demo_state(environ), modal=cloud)
        # Nothing of the demo may reach the person's own Modal account.
        environ = {name: value for name, value in environ.items() if not name.startswith("MODAL_")}
        environ.update(world.env)
        environ.setdefault("MODAL_CONFIG_PATH", os.devnull)
        flags |= {"demo": True, "demo_instance": world.instance}
        flags.setdefault("org", world.env.get("LOOPBACK_OWNER", "aurora-labs"))
    return Program(load(flags, environ, Path.cwd()))


def merged(context: click.Context, demo: bool, **flags: object) -> Program:
    """The program for a verb: its own flags win over those of the group."""
    group_flags, group_demo = context.obj
    return open_program(
        group_flags | {k: v for k, v in flags.items() if v is not None}, demo=demo or group_demo
    )
