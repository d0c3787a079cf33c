"""Repos as wholes: create, delete, move, settings, and the question whether one may."""

from __future__ import annotations

import re

from ..content import BytesContent
from ..repo import KINDS, Node, RefConflict, Repo
from ..wire import Call, Reply, json_reply, text_reply
from .access import Viewer, open_files, repo_of, signed_in, writable
from .attributes import initial_attributes
from .errors import error_reply, refuse, repo_not_found
from .paging import endpoint

_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.endswith((".git", ".ipynb", ".")):
        raise refuse(
            400, f"Invalid repo name: {name} - repo names must match /^[\\w\\-.]{{1,96}}$/ without -- or .."
        )


def page_url(call: Call, repo: Repo) -> str:
    """The address of the repo's page."""
    return f"{endpoint(call)}/{'' if repo.kind == 'model' else repo.kind + 's/'}{repo.id}"


def _writer(call: Call) -> Viewer:
    who = signed_in(call)
    if not who.token_writes:
        raise refuse(403, "Forbidden: you must use a write token for this")
    return who


def _named(who: Viewer, kind: str, repo_id: str) -> Repo:
    repo = who.hub.get(kind, repo_id) if kind in KINDS else None
    if repo is None or not who.sees(repo):
        raise repo_not_found(anonymous=False)
    return repo


async def create(call: Call) -> Reply:
    """``POST /api/repos/create``: 409 with the address if it exists. The hub commits ``.gitattributes`` by itself."""
    who = _writer(call)
    data = await call.json()
    kind = str(data.get("type") or "model")
    name, owner = str(data.get("name", "")), str(data.get("organization") or who.name)
    if "/" in name and not data.get("organization"):
        owner, _, name = name.partition("/")
    if kind not in KINDS:
        raise refuse(400, f'"type" must be one of [{", ".join(KINDS)}]')
    _check_name(name)
    if not who.creates_in(owner):
        raise refuse(403, f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')
    if kind == "space" and data.get("sdk") not in {"gradio", "docker", "static", "streamlit"}:
        raise refuse(400, '"sdk" must be one of [gradio, docker, static, streamlit]')
    visibility = str(data.get("visibility") or ("private" if data.get("private") else "public"))
    if visibility not in {"public", "private", *(("protected",) if kind == "space" else ())}:
        raise refuse(400, '"visibility" must be one of [public, private]')
    repo_id = f"{owner}/{name}"
    try:
        repo = call.hub.create(
            kind, repo_id, visibility=visibility, sdk=data.get("sdk") or "", creator=who.name or ""
        )
    except RefConflict:
        existing = call.hub.get(kind, repo_id)
        assert existing is not None
        made = error_reply(409, f"You already created this {kind} repo: {existing.id}")
        body = {
            "error": f"You already created this {kind} repo: {existing.id}",
            "url": page_url(call, existing),
        }
        return json_reply(body, 409, made.headers)
    first = [Node(".gitattributes", BytesContent(initial_attributes(kind)))]
    if kind == "space":
        card = f"---\ntitle: {name}\nsdk: {repo.sdk}\npinned: false\n---\n"
        first.append(Node("README.md", BytesContent(card.encode())))
    repo.commit(first, message="initial commit", author=who.name or "")
    return json_reply({"url": page_url(call, repo), "name": repo.id, "id": repo.hex_id})


async def delete(call: Call) -> Reply:
    """``DELETE /api/repos/delete`` with a JSON body. Moved ids do not redirect here."""
    who = _writer(call)
    data = await call.json()
    owner, name = str(data.get("organization") or who.name), str(data.get("name", ""))
    repo = _named(who, str(data.get("type") or "model"), name if "/" in name else f"{owner}/{name}")
    if not who.writes(repo):
        raise refuse(403, f"You don't have the rights to delete {repo.kind} {repo.id}")
    call.hub.delete(repo)
    return text_reply("OK")


async def move(call: Call) -> Reply:
    """``POST /api/repos/move``: out of an owner only with its admin role; the old id redirects."""
    who = _writer(call)
    data = await call.json()
    kind, target = str(data.get("type") or "model"), str(data.get("toRepo", ""))
    repo = _named(who, kind, str(data.get("fromRepo", "")))
    owner, _, name = target.partition("/")
    _check_name(name)
    leaves = owner.lower() != repo.owner.lower()
    if not who.writes(repo) or not who.creates_in(owner) or (leaves and who.role(repo.owner) != "admin"):
        raise refuse(403, f"You don't have the rights to move {repo.id} to {target}")
    try:
        call.hub.move(repo, target)
    except RefConflict:
        raise refuse(409, f"A {kind} repository called {target} already exists") from None
    return text_reply("OK")


async def settings(call: Call) -> Reply:
    """``PUT /api/models/{id}/settings``: visibility and gate."""
    _, repo = writable(call)
    data = await call.json()
    visibility, gated = data.get("visibility"), data.get("gated", repo.gated)
    if visibility is None and "private" in data:
        visibility = "private" if data["private"] else "public"
    if visibility not in {None, "public", "private", *(("protected",) if repo.kind == "space" else ())}:
        raise refuse(400, '"visibility" must be one of [public, private]')
    if gated not in {None, False, "auto", "manual"}:
        raise refuse(400, '"gated" must be one of [auto, manual, false]')
    repo.visibility, repo.gated = visibility or repo.visibility, gated or None
    return json_reply({"private": repo.private, "gated": repo.gated or False})


async def auth_check(call: Call) -> Reply:
    """``GET /api/models/{id}/auth-check[/write]``."""
    if call.raw_path.endswith("/write"):
        writable(call)
    else:
        who, repo = repo_of(call)
        open_files(who, repo)
    return text_reply("OK")


async def no_xet(call: Call) -> Reply:
    """``GET /api/models/{id}/xet-*-token/{rev}``: Xet is not offered."""
    repo_of(call)
    return error_reply(501, "Xet is not offered by this hub")
