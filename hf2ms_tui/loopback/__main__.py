"""``python -m hf2ms_tui.loopback``: serve a Hugging Face hub and a ModelScope on this machine until told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from .daemon import DaemonError, announce, live_in
from .datadir import DataDirError, data_org
from .faults import Fault
from .runner import Servers
from .sample.accounts import OWNER
from .sample.build import DEFAULT_SEED, sample_org
from .sample.bulk import bulk_org
from .shape import Link, parse_amount
from .world import World

_MOST_PORTS = 16


def _amount(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        amount = parse_amount(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    if amount <= 0:
        raise click.BadParameter("must be more than 0", ctx, param)
    return amount


def _rules(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Fault, ...]:
    try:
        return tuple(Fault.parse(value) for value in values)
    except (ValueError, TypeError, re.error) as error:
        raise click.BadParameter(str(error), ctx, param) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--port", type=click.IntRange(0, 65535 - _MOST_PORTS), default=0, show_default="any free ones",
    help="First of a few consecutive ports.",
)  # fmt: skip
@click.option(
    "--size",
    type=click.IntRange(0, 200_000),
    help="An org of that many generated repos instead of the sample.",
)
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="Serve real folders, DIR/<hf|ms>/<models|datasets|spaces>/<owner>/<name>/…; nothing is written there.",
)  # fmt: skip
@click.option("--seed", metavar="TEXT", help="Other bytes and revisions, the same for the same seed.")
@click.option("--owner", metavar="NAME", help=f"Name of the org on both hubs.  [default: {OWNER}]")
@click.option(
    "--latency", type=click.FloatRange(0), default=0, metavar="MS", help="Milliseconds before each answer."
)
@click.option(
    "--rate",
    callback=_amount,
    metavar="BYTES/S",
    help="Bytes per second of each connection, each way (250000, 20MB, 1.5G).",
)
@click.option(
    "--total-rate",
    callback=_amount,
    metavar="BYTES/S",
    help="Bytes per second of all connections to one hub's storage (or API).",
)
@click.option(
    "--fault", "faults", callback=_rules, metavar="RULE", multiple=True,
    help="Break something: hub:method:route:kind[=value][:option…], such as hf:GET:resolve:status=503:count=2. "
    "May be given more than once.",
)  # fmt: skip
@click.option(
    "--idle-exit",
    type=click.FloatRange(0.1),
    metavar="SECONDS",
    help="End after that long without a request.",
)
@click.option("--modal", is_flag=True, help="Serve a Modal control plane too; its containers are processes.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), hidden=True)
def main(
    port: int,
    size: int | None,
    data: Path | None,
    seed: str | None,
    owner: str | None,
    latency: float,
    rate: float | None,
    total_rate: float | None,
    faults: tuple[Fault, ...],
    idle_exit: float | None,
    modal: bool,
    state: Path | None,
) -> None:
    """Serve a Hugging Face hub and a ModelScope on 127.0.0.x, until SIGTERM or SIGINT.

    Prints NAME=value lines (HF_ENDPOINT, HF_TOKEN, MODELSCOPE_ENDPOINT, MODELSCOPE_TOKEN, with --modal also
    MODAL_SERVER_URL, and more; LOOPBACK_INSTANCE is the last), which any client of the real ones can use as its
    environment. What clients change is kept in memory and is gone at the end.
    """
    if data is not None and (size is not None or seed is not None):
        raise click.UsageError("--data serves what lies in the folder; --size and --seed do not go with it")
    holds = {"size": size, "seed": seed, "owner": owner, "data": str(data.resolve()) if data else None}
    with ExitStack() as stack:
        try:
            build = _builder(size, data, seed or DEFAULT_SEED, owner)
            if state is not None:
                stack.enter_context(live_in(state))
            # Nothing that is made here is garbage, and looking for garbage takes a third of the start of a large org.
            gc.disable()
            world = World(build, data_dir=data)
            gc.freeze()
            gc.enable()
        except DataDirError as error:
            raise click.UsageError(str(error)) from error
        except DaemonError as error:
            raise click.ClickException(str(error)) from error
        stack.callback(world.close)
        link = Link(latency / 1000, total_rate, total_rate, rate, rate)
        try:
            asyncio.run(_serve(world, port, link, faults, idle_exit, modal, state, holds, stack))
        except OSError as error:
            raise click.UsageError(f"cannot listen at port {port}: {error.strerror or error}") from error


def _builder(size: int | None, data: Path | None, seed: str, owner: str | None) -> Callable[[World], None]:
    if data is not None:
        return data_org(data, *([owner] if owner else []))
    if size is not None:
        return bulk_org(size, seed, owner or OWNER)
    return sample_org(seed, owner or OWNER)


async def _serve(
    world: World,
    port: int,
    link: Link,
    faults: tuple[Fault, ...],
    idle_exit: float | None,
    modal: bool,
    state: Path | None,
    holds: Mapping[str, object],
    stack: ExitStack,
) -> None:
    servers = Servers(world)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, servers.stopping.set)
    env = await servers.start(port)
    if modal:
        env = await servers.start_modal(port)
    if link != Link():
        servers.runtime.shaper.set("*", "*", link)
    for fault in faults:
        servers.runtime.faults.add(fault)
    instance = secrets.token_hex(8)
    env |= {"LOOPBACK_INSTANCE": instance}
    touched = announce(state, instance, env, holds) if state is not None else None
    if touched is None:
        # A world in the background has told its file; its log is no place for tokens.
        for name, value in env.items():
            click.echo(f"{name}={value}")
        sys.stdout.flush()
    watcher = asyncio.create_task(_end_when_idle(servers, idle_exit, touched)) if idle_exit else None
    await servers.stopping.wait()
    if watcher is not None:
        watcher.cancel()
    await servers.stop()
    stack.close()
    sys.stdout.flush()
    # A thread may be hashing a file of any size for a client that is gone; nothing of it is worth waiting for.
    os._exit(0)


def _stamp(path: Path | None) -> int | None:
    try:
        return path.stat().st_mtime_ns if path is not None else None
    except FileNotFoundError:
        return None


async def _end_when_idle(servers: Servers, seconds: float, touched: Path | None) -> None:
    """Set `stopping` after so many seconds in which no request came, nothing ran, and nobody touched `touched`."""
    log = servers.runtime.log
    seen, since, mark = (-1, -1), time.monotonic(), None
    while time.monotonic() - since < seconds:
        now = (log.count(), await asyncio.to_thread(servers.cloud.activity))
        stamp = _stamp(touched)
        if log.active or now != seen or stamp != mark or now[1] < 0:
            seen, since, mark = now, time.monotonic(), stamp
        await asyncio.sleep(min(seconds / 10, 1.0))
    servers.stopping.set()


if __name__ == "__main__":
    main(prog_name="python -m hf2ms_tui.loopback")
