"""Whose repos are cleaned up: the accounts and organisations that a token can name, and choosing one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hf2ms_tui.domain.errors import NotAuthenticated
from hf2ms_tui.domain.repo import RepoId
from hf2ms_tui.services.knowledge import Knowledge
from hf2ms_tui.services.program import Program

_LAST = "org"


@dataclass(frozen=True, slots=True)
class Choice:
    """An owner whose repos can be listed, and what the token's account is there: ``admin``, ``your own account``."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Who the token is, whom it can name, and who was looked at last (empty when nobody was)."""

    account: str
    choices: tuple[Choice, ...]
    last: str = ""


def choices(program: Program) -> Choices:
    """Ask the source hub who the token is: its organisations in the hub's order, then the account itself.

    Raises NotAuthenticated, with what to do, when there is no token or the hub does not know it.
    """
    hub = program.settings.source
    if program.settings.token(hub) is None:
        variable = "HF_TOKEN" if hub.value == "hf" else "MODELSCOPE_TOKEN"
        raise NotAuthenticated(
            f"There is no {hub.title} token",
            meaning="Without one only public repos can be seen, and nothing can be migrated or deleted.",
            way_out=f"Set {variable} in the environment or in a file .env here, or type the name of an org below.",
        )
    who = program.identity(hub)
    last = program.view_state.get(f"{_LAST}:{hub.value}", "")
    orgs = [Choice(name, role) for name, role in who.orgs]
    return Choices(who.account, (*orgs, Choice(who.account, "your own account")), str(last))


def choose(program: Program, name: str) -> None:
    """Look at another owner from now on, and remember it for the next start. Raises BadInput for an impossible name."""
    owner = RepoId.parse(f"{name.strip()}/x").owner
    program.settings = replace(program.settings, org=owner)
    program.knowledge = Knowledge()
    program.view_state.set(f"{_LAST}:{program.settings.source.value}", owner)
