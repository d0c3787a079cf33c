"""The older API's repos: details, lists, creating, settings, and the deletion that ordinary tokens are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from ..repo import RefConflict, Repo
from ..wire import Call, Reply
from .access import (
    LEVELS,
    VISIBILITIES,
    json_object,
    logged_in,
    may_manage,
    may_see,
    number_param,
    role_of,
    seen_repo,
    settings_of,
    site_of,
    token_of,
)
from .envelopes import COMMIT_REFUSED, NAME_TAKEN, ok, refuse
from .fresh import initialise
from .openapi import readme_of, size_of

DELETION_REFUSED = (
    "the current token no longer supports deletion operations. "
    "Please go to the site page : https://www.modelscope.cn to delete"
)
TAKEN = "该名称已被注册使用，请重新命名"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


async def get_repo(call: Call) -> Reply:
    """GET /api/v1/{models,datasets,studios}/owner/name."""
    repo = seen_repo(call)
    return ok({**details(repo), "ReadMeContent": readme_of(repo)})


def details(repo: Repo) -> dict[str, Any]:
    """A repo as the older API describes it. Times are seconds since the epoch, sizes bytes."""
    data: dict[str, Any] = {
        "Id": repo.serial,
        "Name": repo.name,
        "ChineseName": repo.display_name,
        "Description": repo.description,
        "Visibility": LEVELS[repo.visibility],
        "ProtectedMode": 1 if repo.gated else 2,
        "License": repo.licence,
        "Downloads": repo.downloads,
        "Likes": repo.likes,
        "CreatedTime": int(repo.created_at.timestamp()),
        "LastUpdatedTime": int(repo.last_modified.timestamp()),
        "StorageSize": size_of(repo),
        "Revision": "master",
        "Tags": [],
    }
    if repo.kind == "dataset":
        data |= {"Owner": repo.owner, "Namespace": repo.owner, "Type": 0}
    else:
        data |= {"Path": repo.owner, "CreatedBy": repo.creator or repo.owner}
    return data


async def list_datasets(call: Call) -> Reply:
    """GET /api/v1/datasets: all that whoever asks may see, indexed or not. Data is the list itself.

    A page beyond the end is an error that names Java's fromIndex and toIndex.
    """
    page, size = number_param(call, "PageNumber", 1), number_param(call, "PageSize", 10)
    found = _visible(call, "dataset", call.query.get("owner") or call.query.get("Owner"))
    start = (page - 1) * size
    if start > len(found):
        raise refuse(400, 400, f"fromIndex({start}) > toIndex({len(found)})")
    rows = [details(repo) for repo in found[start : start + size]]
    return ok(rows, TotalCount=len(found), PageNumber=page, PageSize=size)


async def list_models(call: Call) -> Reply:
    """PUT /api/v1/models/: models of an owner, as clients before 2026 ask for them."""
    wanted = await json_object(call)
    page, size = _whole(wanted, "PageNumber", 1), _whole(wanted, "PageSize", 10)
    found = _visible(call, "model", str(wanted.get("Path") or "") or None)
    rows = [details(repo) for repo in found[(page - 1) * size : page * size]]
    return ok({"Models": rows, "TotalCount": len(found)})


def _visible(call: Call, kind: str, owner: str | None) -> list[Repo]:
    repos = [repo for repo in call.hub.repos.values() if repo.kind == kind and owner in {None, repo.owner}]
    return sorted((repo for repo in repos if may_see(call, repo)), key=lambda repo: repo.serial, reverse=True)


def _whole(wanted: Mapping[str, Any], name: str, default: int) -> int:
    value = wanted.get(name, default)
    if not isinstance(value, int) or value < 1:
        raise refuse(400, 400, f"invalid parameter {name}: {value}")
    return value


async def create_model(call: Call) -> Reply:
    """POST /api/v1/models with JSON."""
    return _create(call, "model", await json_object(call))


async def create_dataset(call: Call) -> Reply:
    """POST /api/v1/datasets with a multipart form; JSON is not understood."""
    kind = call.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise refuse(400, 400, "the request is not a multipart request")
    parser = BytesParser(EmailMessage, policy=HTTP)
    message = parser.parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + await call.body())
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode(errors="replace")
    return _create(call, "dataset", fields)


def _create(call: Call, kind: str, wanted: Mapping[str, Any]) -> Reply:
    token = logged_in(call, code=401, status=401)
    owner = str(wanted.get("Owner" if kind == "dataset" else "Path") or "")
    name = str(wanted.get("Name") or "")
    if not owner or not _NAME.fullmatch(name):
        raise refuse(400, 400, "path is required" if not owner else f"invalid name: {name}")
    visibility = VISIBILITIES.get(_level(wanted.get("Visibility", 5)))
    if visibility is None:
        raise refuse(400, 400, f"invalid visibility: {wanted.get('Visibility')}")
    if owner not in call.hub.accounts:
        raise refuse(400, 400, "The organization does not exist")
    if token.role == "read" or role_of(call, owner) not in {"admin", "write", "contributor"}:
        raise refuse(403, 403, f"no permission to create a repository under {owner}")
    gated = "manual" if visibility == "private" and str(wanted.get("ProtectedMode") or "") == "1" else None
    try:
        repo = call.hub.create(
            kind,
            f"{owner}/{name}",
            visibility=visibility,
            gated=gated,
            licence=str(wanted.get("License") or ""),
            display_name=str(wanted.get("ChineseName") or ""),
            description=str(wanted.get("Description") or ""),
            creator=token.account,
        )
    except RefConflict:
        raise refuse(400, settings_of(call).name_taken_code or NAME_TAKEN[kind], TAKEN) from None
    initialise(repo, settings_of(call), site_of(call).origin("api").url)
    return ok(details(repo))


def _level(value: object) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else 0


async def change(call: Call) -> Reply:
    """PUT …/owner/name or …/Id: visibility, licence, texts. Only admins of the owner may."""
    logged_in(call, code=401, status=401)
    repo = seen_repo(call)
    if not may_manage(call, repo):
        raise refuse(403, 403, "only an admin of the organization may change settings")
    wanted = await json_object(call)
    if "Visibility" in wanted:
        visibility = VISIBILITIES.get(_level(wanted["Visibility"]))
        if visibility is None:
            raise refuse(400, 400, f"invalid visibility: {wanted['Visibility']}")
        repo.visibility = visibility
    if "ProtectedMode" in wanted:
        repo.gated = (
            "manual" if _level(wanted["ProtectedMode"]) == 1 and repo.visibility == "private" else None
        )
    for field, name in (
        ("License", "licence"),
        ("ChineseName", "display_name"),
        ("Description", "description"),
    ):
        if field in wanted:
            setattr(repo, name, str(wanted[field] or ""))
    return ok({})


async def delete(call: Call) -> Reply:
    """DELETE …/owner/name or …/Id: refused to all tokens but those of tier admin (since September 2026 these may)."""
    logged_in(call, code=COMMIT_REFUSED)
    repo = seen_repo(call)
    token = token_of(call)
    if token is None or token.role != "admin":
        raise refuse(400, 400, DELETION_REFUSED)
    if not may_manage(call, repo):
        raise refuse(403, 403, "only an admin of the organization may delete a repository")
    call.hub.delete(repo)
    return ok({})


async def delete_file(call: Call) -> Reply:
    """DELETE …/file and …/repo?FilePath=: refused to API tokens; files go by commits."""
    logged_in(call, code=COMMIT_REFUSED)
    seen_repo(call)
    raise refuse(400, 400, DELETION_REFUSED)
