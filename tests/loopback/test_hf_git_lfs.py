"""What git-lfs and other plain HTTP clients see: batch downloads, Basic auth, repeated and awkward requests."""

from __future__ import annotations

import base64
import hashlib
import socket
from typing import Any

import pytest
import urllib3

from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.runner import Running
from support.worlds import ORG, OUTSIDER, WRITE, client

POOL = urllib3.PoolManager(retries=False, timeout=20)
BASIC = {"Authorization": "Basic " + base64.b64encode(f"hf_user:{WRITE}".encode()).decode()}


def batch(
    hf: Running, repo_id: str, content: SeededContent, operation: str, headers: dict[str, str]
) -> urllib3.BaseHTTPResponse:
    body = {"operation": operation, "objects": [{"oid": content.sha256, "size": content.size}]}
    address = f"{hf.env['HF_ENDPOINT']}/{repo_id}.git/info/lfs/objects/batch"
    return POOL.request("POST", address, json=body, headers=headers)


def test_batch_download_with_basic_auth(hf: Running) -> None:
    content = SeededContent("weights", 3_000_000)
    answer = batch(hf, f"{ORG}/tiny", content, "download", BASIC)
    assert answer.headers["Content-Type"].startswith("application/vnd.git-lfs+json")
    href = answer.json()["objects"][0]["actions"]["download"]["href"]
    assert POOL.request("GET", href).data == content.read(0, content.size)
    assert POOL.request("GET", href, headers=BASIC).status == 400


def test_batch_says_per_object_what_is_missing(hf: Running) -> None:
    answer = batch(hf, f"{ORG}/open", SeededContent("elsewhere", 1000), "download", {})
    assert answer.json()["objects"][0]["error"]["code"] == 404


def test_batch_asks_strangers_for_credentials(hf: Running) -> None:
    content = SeededContent("weights", 3_000_000)
    answer = batch(hf, f"{ORG}/tiny", content, "download", {})
    assert answer.status == 401
    assert answer.headers["LFS-Authenticate"].startswith("Basic")
    bearer = {"Authorization": f"Bearer {OUTSIDER}"}
    assert batch(hf, f"{ORG}/open", content, "upload", bearer).status == 403
    assert batch(hf, f"{ORG}/open", content, "download", bearer).status == 200
    assert batch(hf, f"{ORG}/gated", content, "download", bearer).status == 404, "that is a dataset"


def upload(hf: Running, content: SeededContent) -> Any:
    client(hf).create_repo(f"{ORG}/new")
    body = {
        "operation": "upload",
        "transfers": ["multipart"],
        "objects": [{"oid": content.sha256, "size": content.size}],
    }
    address = f"{hf.env['HF_ENDPOINT']}/{ORG}/new.git/info/lfs/objects/batch"
    return POOL.request("POST", address, json=body, headers=BASIC).json()["objects"][0]["actions"]["upload"]


def test_a_put_whose_answer_was_lost_can_be_sent_again(hf: Running) -> None:
    content = SeededContent("twice", 100_000)
    action, data = upload(hf, content), content.read(0, content.size)
    hf.faults.add("hf:PUT:put:reset:late:count=1")
    with pytest.raises(urllib3.exceptions.HTTPError):
        POOL.request("PUT", action["href"], body=data)
    assert POOL.request("PUT", action["href"], body=data).status == 200


def test_a_completion_whose_answer_was_lost_can_be_sent_again(hf: Running) -> None:
    hf.world.hf.settings.update(multipart_threshold=1, part_size=60_000)
    content = SeededContent("twice", 100_000)
    action = upload(hf, content)
    etags = [
        POOL.request("PUT", action["header"][number], body=content.read(start, 60_000)).headers["ETag"]
        for number, start in (("00001", 0), ("00002", 60_000))
    ]
    parts = [{"partNumber": number, "etag": etag} for number, etag in enumerate(etags, 1)]
    for _ in range(2):
        answer = POOL.request("POST", action["href"], json={"oid": content.sha256, "parts": parts})
        assert answer.status == 200
    repo = hf.world.hf.get("model", f"{ORG}/new")
    assert repo is not None
    assert repo.blobs.find(content.sha256, content.size) is not None


def test_a_flipped_byte_on_the_way_in_is_noticed(hf: Running) -> None:
    content = SeededContent("flip", 100_000)
    hf.world.recipes.add(content)
    hf.faults.add("hf:PUT:put:corrupt=70000:upload:count=1")
    action, data = upload(hf, content), content.read(0, content.size)
    assert POOL.request("PUT", action["href"], body=data).status == 400
    assert POOL.request("PUT", action["href"], body=data).status == 200


def test_expect_continue(hf: Running) -> None:
    content = SeededContent("patient", 1000)
    href = upload(hf, content)["href"]
    parsed = urllib3.util.parse_url(href)
    with socket.create_connection((str(parsed.host), parsed.port or 0), timeout=10) as link:
        head = f"PUT {parsed.request_uri} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
        link.sendall(head.encode())
        assert link.recv(1000).startswith(b"HTTP/1.1 100")
        link.sendall(content.read(0, 1000))
        assert link.recv(1000).startswith(b"HTTP/1.1 200")


def test_unknown_routes_do_not_pretend_that_a_repo_is_missing(hf: Running) -> None:
    for path in ("/api/nothing", f"/api/models/{ORG}/open/lfs-files/batch", "/"):
        answer = POOL.request("POST", hf.env["HF_ENDPOINT"] + path, headers=BASIC)
        assert answer.status == 404
        assert "X-Error-Code" not in answer.headers
    gone = POOL.request("GET", f"{hf.env['HF_ENDPOINT']}/api/models/gpt2/tree/main", headers=BASIC)
    assert gone.headers["X-Error-Code"] == "RepoNotFound"


def test_control_is_not_slowed_by_links(hf: Running) -> None:
    hf.shaper.set_text("*:*:latency=30")
    headers = {"Authorization": f"Bearer {hf.env['LOOPBACK_CONTROL_TOKEN']}"}
    assert (
        POOL.request("DELETE", f"{hf.env['LOOPBACK_CONTROL']}/_loopback/shape", headers=headers).status == 200
    )
    assert client(hf).whoami()["name"] == "ada"


def test_hashes_of_the_smallest_blobs(hf: Running) -> None:
    client(hf).create_repo(f"{ORG}/new")
    client(hf).upload_file(path_or_fileobj=b"", path_in_repo="empty.bin", repo_id=f"{ORG}/new")
    [entry] = client(hf).get_paths_info(f"{ORG}/new", ["empty.bin"])
    assert getattr(entry, "size", None) == 0
    lfs = getattr(entry, "lfs", None)
    expected = hashlib.sha256(b"").hexdigest()
    assert lfs is None or lfs.sha256 == expected
