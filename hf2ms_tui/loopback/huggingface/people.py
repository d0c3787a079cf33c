"""Accounts: who a token belongs to, and overviews of owners."""

from __future__ import annotations

from typing import Any

from ..wire import Call, Reply, json_reply
from ..world import Account, Hub, Token
from .access import Viewer, signed_in, viewer
from .errors import refuse


def _avatar(account: Account) -> str:
    return f"/avatars/{account.id}.svg"


def _access_token(hub: Hub, token: Token) -> dict[str, Any]:
    made: dict[str, Any] = {
        "displayName": token.label,
        "role": token.role,
        "createdAt": "2026-01-05T09:00:00.000Z",
    }
    if token.role == "fineGrained":
        scoped = [
            {
                "entity": {
                    "_id": hub.accounts[name].id,
                    "type": hub.accounts[name].kind,
                    "name": name,
                },
                "permissions": list(token.scopes),
            }
            for name in sorted(token.orgs or ())
            if name in hub.accounts
        ]
        made["fineGrained"] = {"canReadGatedRepos": False, "global": [], "scoped": scoped}
    return made


async def whoami(call: Call) -> Reply:
    """``GET /api/whoami-v2``."""
    who = signed_in(call)
    token = who.token
    assert token is not None
    account = who.hub.accounts.get(token.account) or Account(token.account)
    orgs = [org for org in who.hub.accounts.values() if org.kind == "org" and account.name in org.members]
    if token.orgs is not None:
        orgs = [org for org in orgs if org.name in token.orgs]
    return json_reply(
        {
            "type": "user",
            "id": account.id,
            "name": account.name,
            "fullname": account.fullname or account.name,
            "email": f"{account.name}@example.org",
            "emailVerified": True,
            "canPay": False,
            "billingMode": "prepaid",
            "periodEnd": None,
            "isPro": False,
            "avatarUrl": _avatar(account),
            "orgs": [
                {
                    "type": "org",
                    "id": org.id,
                    "name": org.name,
                    "fullname": org.fullname or org.name,
                    "email": None,
                    "canPay": False,
                    "periodEnd": None,
                    "avatarUrl": _avatar(org),
                    "roleInOrg": org.members[account.name],
                    "isEnterprise": False,
                }
                for org in orgs
            ],
            "auth": {"type": "access_token", "accessToken": _access_token(who.hub, token)},
        }
    )


def _counts(who: Viewer, owner: str) -> dict[str, int]:
    repos = [repo for repo in who.hub.repos.values() if repo.owner == owner and who.sees(repo)]
    return {
        name: sum(repo.kind == kind for repo in repos)
        for name, kind in (("numModels", "model"), ("numDatasets", "dataset"), ("numSpaces", "space"))
    }


def _account(call: Call, name: str, kind: str) -> Account:
    account = call.hub.accounts.get(name)
    if account is None or account.kind != kind:
        raise refuse(404, "This organization does not exist" if kind == "org" else "This user does not exist")
    return account


async def organization(call: Call) -> Reply:
    """``GET /api/organizations/{org}/overview``: counts of what this person sees."""
    who, account = viewer(call), _account(call, call.params["org"], "org")
    return json_reply(
        {
            "_id": account.id,
            "avatarUrl": _avatar(account),
            "name": account.name,
            "fullname": account.fullname or account.name,
            "numUsers": len(account.members),
            "numFollowers": 0,
            "numPapers": 0,
            "isVerified": False,
            "isFollowing": False,
            **_counts(who, account.name),
        }
    )


async def members(call: Call) -> Reply:
    """``GET /api/organizations/{org}/members``."""
    account = _account(call, call.params["org"], "org")
    rows = [
        {"user": name, "fullname": name, "avatarUrl": _avatar(Account(name)), "isPro": False, "type": "user"}
        for name in sorted(account.members)
    ]
    return json_reply(rows)


async def user(call: Call) -> Reply:
    """``GET /api/users/{user}/overview``."""
    who, account = viewer(call), _account(call, call.params["user"], "user")
    return json_reply(
        {
            "_id": account.id,
            "avatarUrl": _avatar(account),
            "user": account.name,
            "fullname": account.fullname or account.name,
            "isPro": False,
            "type": "user",
            "orgs": [],
            **_counts(who, account.name),
        }
    )


async def harnesses(call: Call) -> Reply:
    """``GET /api/agent-harnesses``: the registry that the client asks for at its first request; empty here."""
    return json_reply({"standardEnvVars": [], "harnesses": {}})
