"""Somebody else changes ModelScope while a client looks the other way, through the control route."""

from __future__ import annotations

from typing import Any

import requests

from support.ms_world import ORG, TINY, WEIGHTS, Ms

BIG = "weights/model.safetensors"


def change(ms: Ms, op: str, **fields: Any) -> requests.Response:
    env = ms.running.env
    body = {"op": op, "hub": "ms", "kind": "model", "repo": f"{ORG}/tiny", **fields}
    headers = {"Authorization": f"Bearer {env['LOOPBACK_CONTROL_TOKEN']}"}
    answer = requests.post(
        f"{env['LOOPBACK_CONTROL']}/_loopback/world", json=body, headers=headers, timeout=20
    )
    assert answer.status_code == 200, answer.text
    return answer


def fetch(ms: Ms, path: str) -> requests.Response:
    first = ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo?FilePath={path}")
    return requests.get(first.headers["Location"], timeout=20) if first.status_code == 302 else first


def listed(ms: Ms) -> dict[str, str | None]:
    return {file.path: file.sha256 for file in ms.api().list_repo_files(f"{ORG}/tiny", "model")}


def test_a_push_lands_on_master(ms: Ms) -> None:
    before = ms.repo("model", "tiny").head("master").id
    change(ms, "push", path="pushed.txt", text="hello")
    assert fetch(ms, "pushed.txt").text == "hello" and "pushed.txt" in listed(ms)
    commits = ms.ask("GET", f"/api/v1/models/{ORG}/tiny/commits?Ref=master").json()["Data"]["Commit"]
    assert commits[0]["Id"] != before and commits[1]["Id"] == before
    change(ms, "delete-file", path="pushed.txt")
    assert "pushed.txt" not in listed(ms)


def test_rotten_bytes_keep_their_listed_hash(ms: Ms) -> None:
    before = listed(ms)
    change(ms, "corrupt-blob", path=BIG, offset=5)
    change(ms, "corrupt-blob", path="README.md", offset=1)
    assert listed(ms) == before
    got, right = fetch(ms, BIG).content, WEIGHTS.read(0, WEIGHTS.size)
    assert [place for place in range(len(right)) if got[place] != right[place]] == [5]
    assert fetch(ms, "README.md").content[1] != TINY["README.md"].read(1, 1)[0]


def test_a_lost_blob_is_listed_but_neither_stored_nor_served(ms: Ms) -> None:
    change(ms, "drop-blob", path=BIG)
    assert listed(ms)[BIG] == WEIGHTS.sha256 and fetch(ms, BIG).status_code == 404
    wanted = [{"oid": WEIGHTS.sha256, "size": WEIGHTS.size}]
    assert ms.api().legacy.validate_blobs(f"{ORG}/tiny", "model", wanted)[WEIGHTS.sha256]


def test_visibility_deletion_and_settings(ms: Ms) -> None:
    change(ms, "visibility", value="private")
    assert ms.ask("GET", f"/api/v1/models/{ORG}/tiny", "nobody").status_code == 404
    change(ms, "setting", name="files_cap", value=2)
    assert len(listed(ms)) == 2
    change(ms, "delete")
    assert not ms.api().repo_exists(f"{ORG}/tiny", "model")
    change(ms, "reset")
    assert set(TINY) <= set(listed(ms))
