"""Who a token is, logging in, and the question whether the client sits in the service's own cloud."""

from __future__ import annotations

import hashlib

from ..wire import Call, Reply
from .access import json_object, session_for, token_of
from .envelopes import BAD_ACCESS_TOKEN, fail, ok, open_ok, open_refuse


async def me(call: Call) -> Reply:
    """GET /openapi/v1/users/me: the only place that says whether a token is good."""
    token = token_of(call)
    if token is None:
        raise open_refuse(401, "invalid authentication credentials")
    account = call.hub.accounts[token.account]
    return open_ok(
        {
            "username": account.name,
            "nickname": account.fullname or account.name,
            "description": "",
            "email": f"{account.name}@loopback.invalid",
            "avatar_url": "",
        }
    )


async def login(call: Call) -> Reply:
    """POST /api/v1/login: a token for a session cookie and a git token. Tokens that may only read get neither."""
    wanted = str((await json_object(call)).get("AccessToken") or "")
    token = call.hub.tokens.get(wanted)
    if token is None or token.expired:
        return fail(400, BAD_ACCESS_TOKEN, "AccessToken is invalid or expired")
    if token.role == "read":
        return fail(403, 403, "the token has no permission for this operation")
    account = call.hub.accounts[token.account]
    git_token = hashlib.sha256(f"git token of {token.value}".encode()).hexdigest()[:40]
    reply = ok(
        {"AccessToken": git_token, "Username": account.name, "Email": f"{account.name}@loopback.invalid"}
    )
    reply.headers["Set-Cookie"] = f"m_session_id={session_for(call, token)}; Path=/; HttpOnly"
    return reply


async def acceleration(call: Call) -> Reply:
    """GET …/internalAccelerationInfo: this client is not inside the cloud."""
    return ok({"InternalRegionQueryAddress": ""})
