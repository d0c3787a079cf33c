"""Blobs on their way in, as the SDK sends them and as it never would."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from modelscope_hub.errors import InvalidParameter

from hf2ms_tui.loopback.content import FileContent, SeededContent
from support.eventually import eventually
from support.ms_world import ORG, WEIGHTS, Ms

NEW = SeededContent("never seen", 300_000)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def batch(ms: Ms, *objects: tuple[str, int], role: str = "write", name: str = "tiny") -> requests.Response:
    body = {"operation": "upload", "objects": [{"oid": oid, "size": size} for oid, size in objects]}
    return ms.ask("POST", f"/api/v1/repos/models/{ORG}/{name}/info/lfs/objects/batch", role, json=body)


def href(ms: Ms, oid: str, size: int) -> str:
    (answer,) = batch(ms, (oid, size)).json()["Data"]["objects"]
    assert answer["actions"]["upload"]["upload_header"] == {"Range": "bytes=0-"}
    return str(answer["actions"]["upload"]["href"])


def test_the_sdk_uploads_a_folder_and_what_it_lists_is_what_it_sent(ms: Ms, tmp_path: Path) -> None:
    files = {
        "README.md": b"# A card\n" * 40,
        "data/part-0.parquet": NEW.read(0, NEW.size),
        "data/again/part-0.parquet": NEW.read(0, NEW.size),
        "data/large.txt": b"line\n" * 40_000,
        "notes/a b/日本.txt": b"short",
        "empty": b"",
    }
    for path, data in files.items():
        target = tmp_path / "in" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    api = ms.api()
    api.create_repo(f"{ORG}/up", "dataset", visibility="private")
    ms.set(tree_page_cap=200)
    api.upload_folder(
        repo_id=f"{ORG}/up", folder_path=tmp_path / "in", repo_type="dataset", commit_message="all of it"
    )
    listed = {
        file.path: file.sha256 for file in api.list_repo_files(f"{ORG}/up", "dataset") if file.type == "blob"
    }
    assert {path: listed.get(path) for path in files} == {path: sha(data) for path, data in files.items()}
    assert ms.repo("dataset", "up").visibility == "private"
    puts = ms.running.log.entries(route="blob-put")
    assert {entry.origin for entry in puts} == {"lfs"} and len(puts) == 2
    api.download_repo(f"{ORG}/up", "dataset", local_dir=tmp_path / "out")
    assert {path: (tmp_path / "out" / path).read_bytes() for path in files} == files


def test_the_sdk_uploads_one_file_and_does_not_send_known_bytes_again(ms: Ms, tmp_path: Path) -> None:
    source = tmp_path / "copy.safetensors"
    source.write_bytes(WEIGHTS.read(0, WEIGHTS.size))
    ms.api().upload_file(
        repo_id=f"{ORG}/secret", path_or_fileobj=source, path_in_repo="copy.safetensors", repo_type="model"
    )
    assert ms.running.log.count(route="blob-put") == 0
    node = ms.repo("model", "secret").head("master").files["copy.safetensors"]
    assert node.lfs and node.content.sha256 == WEIGHTS.sha256


def test_the_batch_omits_what_is_stored_anywhere_and_knows_blobs_by_sha256_and_size(ms: Ms) -> None:
    stored = (WEIGHTS.sha256, WEIGHTS.size)
    answer = batch(ms, stored, (NEW.sha256, NEW.size), (WEIGHTS.sha256, WEIGHTS.size + 1)).json()
    assert (answer["Code"], answer["Success"], answer["Data"]["reused-objects"]) == (200, True, [])
    assert [(each["oid"], each["size"]) for each in answer["Data"]["objects"]] == [
        (NEW.sha256, NEW.size),
        (WEIGHTS.sha256, WEIGHTS.size + 1),
    ]
    assert batch(ms, stored).json()["Data"] == {"objects": [], "reused-objects": []}
    assert (
        ms.api().legacy.validate_blobs(f"{ORG}/tiny", "model", [{"oid": stored[0], "size": stored[1]}]) == {}
    )


def test_who_is_not_logged_in_is_told_so_with_a_misleading_status(ms: Ms) -> None:
    for role in ("bad", "nobody", "expired"):
        answer = batch(ms, (NEW.sha256, NEW.size), role=role)
        assert (answer.status_code, answer.json()["Code"]) == (400, 10030000001)
        assert answer.json()["Message"] == "user not logged in"
    with pytest.raises(InvalidParameter):
        ms.api("bad").legacy.validate_blobs(f"{ORG}/tiny", "model", [{"oid": NEW.sha256, "size": NEW.size}])
    assert batch(ms, (NEW.sha256, NEW.size), role="outsider").status_code == 403
    assert batch(ms, (NEW.sha256, NEW.size), role="outsider", name="secret").status_code == 404
    target = href(ms, NEW.sha256, NEW.size)
    assert ms.ask("PUT", target, "nobody", data=NEW.read(0, NEW.size)).json()["Code"] == 10030000001
    assert ms.world.ms.blobs.find(NEW.sha256, NEW.size) is None


def test_a_blob_that_arrived_is_stored(ms: Ms) -> None:
    data = NEW.read(0, NEW.size)
    answer = ms.ask("PUT", href(ms, NEW.sha256, NEW.size), data=data)
    assert (answer.status_code, answer.json()["Code"], answer.json()["Success"]) == (200, 200, True)
    assert batch(ms, (NEW.sha256, NEW.size)).json()["Data"]["objects"] == []


def test_an_empty_blob_is_a_blob(ms: Ms) -> None:
    assert ms.ask("PUT", href(ms, sha(b""), 0), data=b"", headers={"Content-Length": "0"}).status_code == 200
    assert ms.world.ms.blobs.find(sha(b""), 0) is not None


def test_wrong_bytes_are_refused_known_to_the_world_or_not(ms: Ms) -> None:
    ms.world.recipes.add(NEW)
    for size in (NEW.size, 2_000_000):
        right = NEW.read(0, NEW.size) if size == NEW.size else bytes(size)
        wrong = right[:-1] + b"!"
        answer = ms.ask("PUT", href(ms, sha(right), size), data=wrong)
        assert answer.status_code == 400 and "sha256" in answer.json()["Message"]
        assert ms.world.ms.blobs.find(sha(right), size) is None
    assert eventually(lambda: not list(ms.world.spool.iterdir()))


def test_large_unknown_bytes_go_to_the_spool_and_known_ones_stay_a_recipe(ms: Ms) -> None:
    ms.world.recipes.add(NEW)
    unknown = b"\1" * 3_000_000
    assert ms.ask("PUT", href(ms, sha(unknown), len(unknown)), data=unknown).status_code == 200
    assert ms.ask("PUT", href(ms, NEW.sha256, NEW.size), data=NEW.read(0, NEW.size)).status_code == 200
    assert isinstance(ms.world.ms.blobs.find(sha(unknown), len(unknown)), FileContent)
    assert ms.world.ms.blobs.find(NEW.sha256, NEW.size) is NEW


def raw_put(ms: Ms, url: str, headers: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
        head = (
            f"PUT {parts.path} HTTP/1.1\r\nHost: lfs\r\nAuthorization: Bearer {ms.token()}\r\n{headers}\r\n"
        )
        sock.sendall(head.encode() + body)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


def test_malformed_uploads_are_refused(ms: Ms) -> None:
    data = NEW.read(0, NEW.size)
    url, length = href(ms, NEW.sha256, NEW.size), f"Content-Length: {NEW.size}\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    whole_chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    for headers, body in (
        (length + chunked, data),
        (length + chunked, whole_chunk),
        (chunked, whole_chunk),
        (f"Content-Length: {NEW.size - 1}\r\n", data[:-1]),
    ):
        assert b" 400 " in raw_put(ms, url, headers, body).partition(b"\r\n")[0]
    assert ms.world.ms.blobs.find(NEW.sha256, NEW.size) is None


def test_a_body_that_ends_early_stores_nothing(ms: Ms) -> None:
    data = NEW.read(0, NEW.size)
    raw_put(ms, href(ms, NEW.sha256, NEW.size), f"Content-Length: {NEW.size}\r\n", data[:1000])
    assert ms.world.ms.blobs.find(NEW.sha256, NEW.size) is None
    big = b"\2" * 2_000_000
    raw_put(ms, href(ms, sha(big), len(big)), f"Content-Length: {len(big)}\r\n", big[:1_500_000])
    assert eventually(lambda: not list(ms.world.spool.iterdir()))


def test_too_large_blobs_get_an_error_that_the_sdk_takes_for_stored(ms: Ms) -> None:
    ms.set(blob_limit=1000)
    (answer,) = batch(ms, (NEW.sha256, NEW.size)).json()["Data"]["objects"]
    assert "actions" not in answer and answer["error"]["code"] == 413
    said = ms.api().legacy.validate_blobs(f"{ORG}/tiny", "model", [{"oid": NEW.sha256, "size": NEW.size}])
    assert said == {NEW.sha256: None}


def test_a_batch_can_fail_with_a_success(ms: Ms) -> None:
    ms.running.faults.add("ms:POST:lfs-batch:success_false")
    assert batch(ms, (NEW.sha256, NEW.size)).json()["Success"] is False
    assert (
        ms.api().legacy.validate_blobs(f"{ORG}/tiny", "model", [{"oid": NEW.sha256, "size": NEW.size}]) == {}
    )
