"""Who lives in the world: one person, her org, a colleague who may only read, and a stranger.

Tokens are the same on every start, worth nothing elsewhere, and say so in their text.
"""

from __future__ import annotations

from ..world import Account, Hub, Token, World

OWNER = "aurora-labs"
PERSON = "mira"
READER = "noor"
STRANGER = "otto"

# Roles of tokens by the word that is part of their value; `token` gives the value.
ROLES = ("write", "read", "outsider", "expired", "admin")


def token(hub: str, role: str) -> str:
    """The token of `hub` (hf or ms) for `role`.

    ``write``: the admin of the org · ``read``: the same person, reading only · ``outsider``: writes, but knows nothing of
    the org · ``expired``: no longer good · ``admin`` (ModelScope only): may also delete repos.
    """
    if role not in ROLES:
        raise ValueError(f"no token of role {role!r}; one of {', '.join(ROLES)}")
    words = "LoopbackOnly" + role.capitalize()
    return f"hf_{words}" if hub == "hf" else f"ms-{words}"


def add_accounts(world: World, owner: str = OWNER, *others: str) -> None:
    """Put the people, the org `owner`, further orgs and all tokens on both hubs."""
    for hub in (world.hf, world.ms):
        _people(hub, (owner, *others))
        hub.add_token(Token(token(hub.name, "write"), PERSON, "write", label="write"))
        hub.add_token(Token(token(hub.name, "read"), PERSON, "read", label="read"))
        hub.add_token(Token(token(hub.name, "outsider"), STRANGER, "write", label="outsider"))
        hub.add_token(Token(token(hub.name, "expired"), PERSON, "write", label="expired", expired=True))
    world.ms.add_token(Token(token("ms", "admin"), PERSON, "admin", label="admin"))
    world.ms.add_token(Token(token("ms", "admin"), PERSON, "admin", label="admin"))


def _people(hub: Hub, owners: tuple[str, ...]) -> None:
    for name, fullname in ((PERSON, "Mira Lind"), (READER, "Noor Haddad"), (STRANGER, "Otto Weiss")):
        hub.add_account(Account(name, fullname=fullname))
    for owner in owners:
        if owner in hub.accounts:
            continue
        title = owner.replace("-", " ").title()
        hub.add_account(Account(owner, "org", title, members={PERSON: "admin", READER: "read"}))
