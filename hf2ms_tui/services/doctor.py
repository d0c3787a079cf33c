"""doctor: tokens, roles and reachability, each with what to do; every check ends within seconds."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from enum import Enum

from hf2ms_tui import __version__
from hf2ms_tui.domain.errors import Hf2msError, NotAuthenticated
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.engines.modal.account import within
from hf2ms_tui.engines.modal.engine import ModalEngine
from hf2ms_tui.services.program import Program

PATIENCE = 12.0
"""seconds after which a check counts as unanswered"""


class Health(Enum):
    """How a finding stands."""

    OK = "ok"
    WARNING = "warning"
    FAILS = "fails"

    @property
    def glyph(self) -> str:
        """One cell that tells them apart without colour."""
        return {"ok": "✓", "warning": "!", "fails": "✗"}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of doctor with its evidence and, unless all is well, the way out."""

    name: str
    health: Health
    evidence: str
    way_out: str = ""


def examine(program: Program) -> tuple[Finding, ...]:
    """Run all checks at once and return them in a fixed order; none raises, none waits longer than ``PATIENCE``."""
    steps: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("program", lambda: [_program(program)]),
        ("state", lambda: [_state(program)]),
        ("journal", lambda: [_journal(program)]),
        (Hub.HF.title, lambda: _hub(program, Hub.HF)),
        (Hub.MS.title, lambda: _hub(program, Hub.MS)),
        ("Modal", lambda: [_modal(program)]),
    ]
    pool = ThreadPoolExecutor(len(steps), thread_name_prefix="doctor")
    found: list[Finding] = []
    for name, future in [(name, pool.submit(step)) for name, step in steps]:
        try:
            found += future.result(timeout=PATIENCE)
        except NotInTime:
            found.append(
                Finding(
                    name, Health.FAILS, f"no answer within {PATIENCE:.0f} s", "Check the network and proxies."
                )
            )
        except Hf2msError as error:
            found.append(Finding(name, Health.FAILS, error.what, error.way_out))
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(found)


def _program(program: Program) -> Finding:
    python = ".".join(str(part) for part in sys.version_info[:3])
    mode = "read-only" if program.settings.read_only else f"engine {program.engine.name}"
    return Finding("program", Health.OK, f"hf2ms-tui {__version__}, Python {python}, {mode}")


def _state(program: Program) -> Finding:
    folder = program.places.state
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        return Finding(
            "state", Health.FAILS, f"{folder} cannot be written", "Give yourself the right to write there."
        )
    if free < 50 * 2**20:
        return Finding(
            "state", Health.FAILS, f"{folder}: {free:,} bytes free", "Free some space on that disk."
        )
    return Finding("state", Health.OK, f"{folder}, {free / 2**30:,.1f} GiB free; repo data never rests there")


def _journal(program: Program) -> Finding:
    broken = program.journal.check()
    if broken:
        return Finding(
            "journal", Health.FAILS, str(broken), "Somebody edited it: keep a copy and look at that entry."
        )
    return Finding("journal", Health.OK, "every entry follows from the one before")


def _modal(program: Program) -> Finding:
    credentials = program.settings.modal
    needed = program.settings.engine == "modal"
    if credentials is None:
        return Finding(
            "Modal",
            Health.FAILS if needed else Health.OK,
            "no credentials; jobs run on this machine" if not needed else "no credentials",
            "Run: modal token new; or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET." if needed else "",
        )
    engine = program.engine.member("modal")
    assert isinstance(engine, ModalEngine)
    try:
        who = within(PATIENCE - 2, engine.account.who, "asking who you are")
    except Hf2msError as error:
        health = Health.FAILS if needed else Health.WARNING
        return Finding("Modal", health, f"{error.what} (token from {credentials.origin})", error.way_out)
    return Finding(
        "Modal",
        Health.OK,
        f"workspace {who.workspace} at {who.server}, token from {credentials.origin}, "
        f"at most {program.settings.containers} containers",
    )


def _hub(program: Program, hub: Hub) -> list[Finding]:
    settings = program.settings
    variable = "HF_TOKEN" if hub is Hub.HF else "MODELSCOPE_TOKEN"
    if not settings.token(hub):
        return [
            Finding(
                hub.title,
                Health.WARNING,
                f"no token; {settings.endpoint(hub)} can be read anonymously only",
                f"Set {variable} in the environment or in .env.",
            )
        ]
    try:
        who = program.hub(hub).read.whoami()
    except NotAuthenticated as error:
        return [
            Finding(
                hub.title,
                Health.FAILS,
                error.what,
                f"Make a new token on {settings.endpoint(hub)}, set {variable}.",
            )
        ]
    found = [Finding(hub.title, Health.OK, f"{who.account} at {settings.endpoint(hub)}")]
    role = who.token_role
    if role == "read":
        found.append(
            Finding(
                f"{hub.title} token",
                Health.WARNING,
                "may only read: enough for inventory and verify, not to migrate here or to delete",
                f"Make a token with write rights and set {variable}.",
            )
        )
    elif role == "unknown":
        found.append(
            Finding(f"{hub.title} token", Health.OK, "rights are not told by the hub before they are used")
        )
    else:
        found.append(Finding(f"{hub.title} token", Health.OK, f"role {role}"))
    if settings.org and who.orgs:
        roles = dict(who.orgs)
        if settings.org in roles:
            found.append(Finding(f"{hub.title} org", Health.OK, f"{roles[settings.org]} of {settings.org}"))
        elif settings.org != who.account:
            found.append(
                Finding(
                    f"{hub.title} org",
                    Health.WARNING,
                    f"{who.account} is not a member of {settings.org}",
                    "Private repos of the org will not be seen; ask its admin, or use another token.",
                )
            )
    return found
