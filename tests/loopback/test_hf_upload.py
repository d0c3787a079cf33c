"""Bytes into the hub: the unpatched client's own uploads, and what is refused."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import urllib3
from huggingface_hub.errors import HfHubHTTPError

from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Repo
from support.worlds import ORG, WRITE, client

POOL = urllib3.PoolManager(retries=False, timeout=20)
AUTH = {"Authorization": f"Bearer {WRITE}"}
NEW = f"{ORG}/new"


def made(hf: Running, repo_id: str = NEW) -> Repo:
    """A fresh repo, made by the client."""
    client(hf).create_repo(repo_id, private=True)
    repo = hf.world.hf.get("model", repo_id)
    assert repo is not None
    return repo


def text(repo: Repo, path: str) -> str:
    node = repo.head().files[path]
    return node.content.read(0, node.size).decode()


def batch(
    hf: Running, *blobs: bytes | tuple[str, int], transfers: tuple[str, ...] = ("basic", "multipart")
) -> Any:
    objects = [
        {"oid": blob[0], "size": blob[1]}
        if isinstance(blob, tuple)
        else {"oid": hashlib.sha256(blob).hexdigest(), "size": len(blob)}
        for blob in blobs
    ]
    body = {"operation": "upload", "transfers": list(transfers), "objects": objects}
    address = f"{hf.env['HF_ENDPOINT']}/{NEW}.git/info/lfs/objects/batch"
    return POOL.request("POST", address, json=body, headers=AUTH).json()["objects"]


def spooled(hf: Running) -> int:
    return sum(file.stat().st_size for file in hf.world.spool.iterdir())


def test_a_new_repo_has_what_the_hub_puts_there(hf: Running) -> None:
    url = client(hf).create_repo(NEW, private=True)
    assert (url.repo_id, str(url)) == (NEW, f"{hf.env['HF_ENDPOINT']}/{NEW}")
    info = client(hf).model_info(NEW)
    assert info.private is True
    assert [sibling.rfilename for sibling in info.siblings or []] == [".gitattributes"]
    assert client(hf).list_repo_commits(NEW)[0].title == "initial commit"
    dataset = client(hf).create_repo(f"{ORG}/d", repo_type="dataset")
    assert str(dataset) == f"{hf.env['HF_ENDPOINT']}/datasets/{ORG}/d"
    client(hf).create_repo(f"{ORG}/s", repo_type="space", space_sdk="static")
    assert client(hf).space_info(f"{ORG}/s").sdk == "static"


def test_creating_twice(hf: Running) -> None:
    client(hf).create_repo(NEW)
    assert client(hf).create_repo(NEW, exist_ok=True).repo_id == NEW
    with pytest.raises(HfHubHTTPError, match="already created this model repo"):
        client(hf).create_repo(f"{ORG}/NEW")


@pytest.mark.parametrize("name", ["a--b", "a..b", "x.git", "-a"])
def test_bad_names_are_refused_by_the_hub_itself(hf: Running, name: str) -> None:
    address = f"{hf.env['HF_ENDPOINT']}/api/repos/create"
    assert POOL.request("POST", address, json={"name": name, "organization": ORG}, headers=AUTH).status == 400


def test_small_text_goes_regular_and_binaries_go_lfs(hf: Running) -> None:
    repo, blob = made(hf), bytes(range(256)) * 100
    client(hf).upload_file(path_or_fileobj=b"hello\n", path_in_repo="a/b c.txt", repo_id=NEW)
    client(hf).upload_file(path_or_fileobj=io.BytesIO(blob), path_in_repo="weights.bin", repo_id=NEW)
    files = repo.head().files
    assert (files["a/b c.txt"].lfs, text(repo, "a/b c.txt")) == (False, "hello\n")
    assert (files["weights.bin"].lfs, files["weights.bin"].content.read(0, 10**6)) == (True, blob)
    assert hf.log.count(origin="storage", route="put") == 1
    assert not hf.log.entries(origin="storage")[0].authorization
    assert Path(client(hf).hf_hub_download(NEW, "weights.bin")).read_bytes() == blob


def test_a_folder_arrives_whole(hf: Running, tmp_path: Path) -> None:
    repo = made(hf)
    for number in range(60):
        file = tmp_path / f"part {number % 7}" / f"{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"text {number}")
    (tmp_path / "big.safetensors").write_bytes(SeededContent("folder", 2_500_000).read(0, 10**9))
    client(hf).upload_folder(repo_id=NEW, folder_path=tmp_path)
    assert len(repo.head().files) == 62
    assert text(repo, "part 3/17.txt") == "text 17"
    again = client(hf).upload_folder(repo_id=NEW, folder_path=tmp_path)
    assert again.oid == repo.head().id, "nothing changed, so no commit was made"
    assert hf.log.count(route="put") == 1


def test_multipart(hf: Running) -> None:
    hf.world.hf.settings.update(multipart_threshold=1_000_000, part_size=400_000)
    repo, blob = made(hf), SeededContent("unknown to the world", 2_900_000).read(0, 10**9)
    client(hf).upload_file(path_or_fileobj=blob, path_in_repo="big.bin", repo_id=NEW)
    assert hf.log.count(route="put") == 8
    assert hf.log.bytes_in(route="put") == len(blob)
    assert repo.head().files["big.bin"].content.read(0, 10**9) == blob
    assert spooled(hf) == len(blob)


def test_what_the_world_can_generate_is_not_stored(hf: Running) -> None:
    hf.world.hf.settings.update(multipart_threshold=4_000_000, part_size=1_000_000)
    repo = made(hf)
    for size in (3_000_000, 5_500_000):
        content = SeededContent("known", size)
        hf.world.recipes.add(content)
        path = f"{size}.bin"
        client(hf).upload_file(path_or_fileobj=content.read(0, size), path_in_repo=path, repo_id=NEW)
        assert repo.head().files[path].content is content
    assert spooled(hf) == 0


@pytest.mark.parametrize("known", [True, False])
def test_bytes_with_another_hash_are_refused(hf: Running, known: bool) -> None:
    repo, content = made(hf), SeededContent("announced", 1_500_000)
    if known:
        hf.world.recipes.add(content)
    [entry] = batch(hf, (content.sha256, content.size))
    wrong = bytearray(content.read(0, 10**9))
    wrong[1_200_000] ^= 1
    answer = POOL.request("PUT", entry["actions"]["upload"]["href"], body=bytes(wrong))
    assert (answer.status, b"BadDigest" in answer.data) == (400, True)
    assert repo.blobs.find(content.sha256, content.size) is None
    assert spooled(hf) == 0
    right = POOL.request("PUT", entry["actions"]["upload"]["href"], body=content.read(0, 10**9))
    assert right.status == 200
    assert repo.blobs.find(content.sha256, content.size) is not None


def test_wrong_lengths_chunked_bodies_and_tokens_are_refused(hf: Running) -> None:
    made(hf)
    [entry] = batch(hf, b"x" * 1000)
    href = entry["actions"]["upload"]["href"]
    assert POOL.request("PUT", href, body=b"x" * 999).status == 400
    assert POOL.request("PUT", href, body=iter([b"x" * 1000])).status == 411
    assert POOL.request("PUT", href, body=b"x" * 1000, headers=AUTH).status == 400
    assert POOL.request("PUT", href + "0", body=b"x" * 1000).status == 403
    assert POOL.request("PUT", href, body=b"x" * 1000).status == 200


@pytest.mark.parametrize("known", [True, False])
def test_multipart_needs_every_part_and_the_right_whole(hf: Running, known: bool) -> None:
    hf.world.hf.settings.update(multipart_threshold=1_000_000, part_size=500_000)
    repo, content = made(hf), SeededContent("parts", 1_700_000)
    if known:
        hf.world.recipes.add(content)
    [entry] = batch(hf, (content.sha256, content.size))
    action, etags = entry["actions"]["upload"], {}
    assert sorted(action["header"]) == ["00001", "00002", "00003", "00004", "chunk_size"]

    def put(number: int, data: bytes) -> None:
        answer = POOL.request("PUT", action["header"][f"{number:05d}"], body=data)
        assert answer.status == 200
        etags[number] = answer.headers["ETag"]

    def complete() -> int:
        parts = [{"partNumber": number, "etag": etag} for number, etag in sorted(etags.items())]
        body = {"oid": content.sha256, "parts": parts}
        return int(POOL.request("POST", action["href"], json=body).status)

    def part(number: int) -> bytes:
        return content.read((number - 1) * 500_000, 500_000)

    for number in (4, 2, 1):
        put(number, part(number))
    assert complete() == 400, "a part is missing"
    put(3, bytes(500_000))
    assert complete() == 400, "a part is wrong"
    etags.clear()
    for number in (3, 1, 4, 2):
        put(number, part(number))
    assert complete() == 200
    stored = repo.blobs.find(content.sha256, content.size)
    assert stored is not None
    assert stored.read(0, 10**9) == content.read(0, 10**9)


def test_what_is_stored_needs_no_upload(hf: Running) -> None:
    made(hf)
    client(hf).upload_file(path_or_fileobj=b"\0one", path_in_repo="one.bin", repo_id=NEW)
    one, two = batch(hf, b"\0one", b"\0two")
    assert "actions" not in one
    assert "upload" in two["actions"]


def test_verify_tells_the_truth(hf: Running) -> None:
    made(hf)
    address = f"{hf.env['HF_ENDPOINT']}/{NEW}.git/info/lfs/objects/verify"
    body = {"oid": hashlib.sha256(b"\0one").hexdigest(), "size": 4}
    assert POOL.request("POST", address, json=body, headers=AUTH).status == 404
    client(hf).upload_file(path_or_fileobj=b"\0one", path_in_repo="one.bin", repo_id=NEW)
    assert POOL.request("POST", address, json=body, headers=AUTH).status == 200
    assert POOL.request("POST", address, json={**body, "size": 5}, headers=AUTH).status == 404


def test_a_storage_lock_stops_uploads(hf: Running) -> None:
    made(hf).storage_locked = True
    with pytest.raises(HfHubHTTPError, match="storage limit"):
        client(hf).upload_file(path_or_fileobj=b"\0x", path_in_repo="x.bin", repo_id=NEW)


def test_a_failed_put_is_tried_again(hf: Running) -> None:
    repo = made(hf)
    hf.faults.add("hf:PUT:put:status=500:count=1")
    client(hf).upload_file(path_or_fileobj=io.BytesIO(b"\0again"), path_in_repo="x.bin", repo_id=NEW)
    assert [entry.status for entry in hf.log.entries(route="put")] == [500, 200]
    assert repo.head().files["x.bin"].size == 6


def test_an_upload_that_breaks_off_leaves_nothing(hf: Running) -> None:
    repo, content = made(hf), SeededContent("broken", 6_000_000)
    [entry] = batch(hf, (content.sha256, content.size))
    hf.faults.add("hf:PUT:put:reset=2000000:upload:count=1")
    with pytest.raises(urllib3.exceptions.HTTPError):
        POOL.request("PUT", entry["actions"]["upload"]["href"], body=content.read(0, 10**9))
    assert repo.blobs.find(content.sha256, content.size) is None
    assert spooled(hf) == 0
