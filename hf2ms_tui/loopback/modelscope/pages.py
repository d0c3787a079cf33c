"""The few web pages that matter: a repo's own, and its settings, where people delete what tokens may not.

The real site knows who looks by a browser session; here whoever types the repo's name is believed.
"""

from __future__ import annotations

from html import escape

from ..wire import Call, Reply
from .access import KINDS, SEGMENTS
from .envelopes import page_not_found

STYLE = "font-family: sans-serif; max-width: 40em; margin: 3em auto; line-height: 1.5"


async def page(call: Call) -> Reply:
    """GET /{models,datasets,studios}/owner/name: says what it is; nothing of a private repo."""
    repo = call.hub.get(KINDS[call.params["segment"]], f"{call.params['owner']}/{call.params['name']}")
    if repo is None or repo.private:
        return page_not_found()
    return _html(f"<h1>{escape(repo.id)}</h1><p>{escape(repo.description)}</p>")


async def settings_page(call: Call) -> Reply:
    """GET …/settings: a form that deletes the repo."""
    repo = call.hub.get(KINDS[call.params["segment"]], f"{call.params['owner']}/{call.params['name']}")
    if repo is None:
        return page_not_found()
    place = f"/{SEGMENTS[repo.kind]}/{repo.id}/settings"
    return _html(
        f"<h1>Settings of {escape(repo.id)}</h1><p>Loopback ModelScope, nothing here is real. To delete this "
        f"{repo.kind}, type its id.</p><form method='post' action='{escape(place)}'>"
        "<input name='confirm' autocomplete='off'> <button>Delete</button></form>"
    )


async def delete_by_page(call: Call) -> Reply:
    """POST …/settings with ``confirm=owner/name``: deletes the repo."""
    repo = call.hub.get(KINDS[call.params["segment"]], f"{call.params['owner']}/{call.params['name']}")
    if repo is None:
        return page_not_found()
    if (await call.form()).get("confirm") != repo.id:
        return _html("<p>That is not the id. Nothing was deleted.</p>", 400)
    call.hub.delete(repo)
    return _html(f"<p>{escape(repo.id)} is deleted.</p>")


def _html(body: str, status: int = 200) -> Reply:
    text = f"<!doctype html><meta charset='utf-8'><body style='{STYLE}'>{body}"
    return Reply(status, {"Content-Type": "text/html; charset=utf-8"}, text.encode())
