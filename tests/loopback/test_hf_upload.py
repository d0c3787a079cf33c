"""Bytes into the hub: the unpatched client's own uploads, and what is refused."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import urllib3
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError
from huggingface_hub.hf_api import RepoFile

from hf2ms_tui.loopback.content import BytesContent, SeededContent
from hf2ms_tui.loopback.mutate import push
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Repo
from support.worlds import ORG, OUTSIDER, READ, WRITE, client

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


def test_a_pointer_to_a_missing_blob_is_refused(hf: Running) -> None:
    repo = made(hf)
    before = repo.head().id
    line = '{"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"%s","size":10}}' % ("a" * 64)
    body = '{"key":"header","value":{"summary":"s","description":""}}\n' + line
    answer = POOL.request(
        "POST", f"{hf.env['HF_ENDPOINT']}/api/models/{NEW}/commit/main", body=body, headers=AUTH
    )
    assert (answer.status, b"does not exist" in answer.data) == (400, True)
    assert repo.head().id == before


def test_verify_tells_the_truth(hf: Running) -> None:
    made(hf)
    address = f"{hf.env['HF_ENDPOINT']}/{NEW}.git/info/lfs/objects/verify"
    body = {"oid": hashlib.sha256(b"\0one").hexdigest(), "size": 4}
    assert POOL.request("POST", address, json=body, headers=AUTH).status == 404
    client(hf).upload_file(path_or_fileobj=b"\0one", path_in_repo="one.bin", repo_id=NEW)
    assert POOL.request("POST", address, json=body, headers=AUTH).status == 200
    assert POOL.request("POST", address, json={**body, "size": 5}, headers=AUTH).status == 404


def test_commits_are_guarded_by_their_parent(hf: Running) -> None:
    repo, api = made(hf), client(hf)
    head = repo.head().id
    hf.call(lambda world: push(world.hf, repo, "other.txt", BytesContent(b"somebody else")))
    with pytest.raises(HfHubHTTPError, match="412") as caught:
        api.create_commit(NEW, [CommitOperationAdd("a.txt", b"a")], commit_message="late", parent_commit=head)
    assert "branch was updated" in str(caught.value)
    done = api.create_commit(
        NEW, [CommitOperationAdd("a.txt", b"a")], commit_message="in time", parent_commit=repo.head().id
    )
    assert done.oid == repo.head().id


def test_add_copy_and_delete_in_one_commit(hf: Running) -> None:
    repo, api = made(hf), client(hf)
    api.create_commit(
        NEW,
        [
            CommitOperationAdd("d/a.txt", b"a"),
            CommitOperationAdd("d/b.bin", b"\0b"),
            CommitOperationAdd("c.txt", b"c"),
        ],
        commit_message="first",
        commit_description="why",
    )
    assert repo.head().message == "why"
    api.create_commit(
        NEW,
        [CommitOperationCopy("d/b.bin", "copy.bin"), CommitOperationDelete("c.txt")],
        commit_message="second",
    )
    assert sorted(repo.head().files) == [".gitattributes", "copy.bin", "d/a.txt", "d/b.bin"]
    api.delete_folder("d", NEW)
    assert sorted(repo.head().files) == [".gitattributes", "copy.bin"]
    with pytest.raises(EntryNotFoundError, match="doesn't exist"):
        api.delete_file("absent.txt", NEW)


def test_the_hub_sends_unknown_lfs_names_to_lfs_in_gitattributes(hf: Running) -> None:
    repo = made(hf)
    client(hf).upload_file(path_or_fileobj=b"\0odd", path_in_repo="x/o dd.weird", repo_id=NEW)
    assert text(repo, ".gitattributes").endswith(
        "x/o[[:space:]]dd.weird filter=lfs diff=lfs merge=lfs -text\n"
    )
    before = text(repo, ".gitattributes")
    client(hf).upload_file(path_or_fileobj=b"\0bin", path_in_repo="x/usual.bin", repo_id=NEW)
    assert text(repo, ".gitattributes") == before


def test_bad_paths_and_large_regular_files_are_refused(hf: Running) -> None:
    made(hf)
    address = f"{hf.env['HF_ENDPOINT']}/api/models/{NEW}"
    file = {"path": "..\\ddd", "sample": "", "size": 1}
    assert (
        POOL.request("POST", f"{address}/preupload/main", json={"files": [file]}, headers=AUTH).status == 422
    )
    hf.world.hf.settings["regular_limit"] = 10
    body = '{"key":"header","value":{"summary":"s"}}\n{"key":"file","value":{"path":"a","content":"%s"}}' % (
        "x" * 11
    )
    assert POOL.request("POST", f"{address}/commit/main", body=body, headers=AUTH).status == 400
    clash = body.replace("x" * 11, "x").replace('"a"', '".gitattributes/a"')
    assert POOL.request("POST", f"{address}/commit/main", body=clash, headers=AUTH).status == 400


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (b"---\nlicense: my-own-licence\n---\n", '"license" must be one of'),
        (b"---\nlicense: [mit\n---\n", "Invalid YAML"),
        (b"---\ntags: 7\n---\n", '"tags" must be an array'),
        (b"---\nlanguage: Klingon!\n---\n", '"language"'),
    ],
)
def test_cards_the_hub_refuses(hf: Running, card: bytes, complaint: str) -> None:
    made(hf)
    with pytest.raises(ValueError, match=complaint):
        client(hf).upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=NEW)
    assert hf.log.count(route="commit") == 0
    hf.faults.add("hf:POST:validate-yaml:status=200:body={}")
    with pytest.raises(BadRequestError):
        client(hf).upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=NEW)


def test_a_good_card_sets_the_licence(hf: Running) -> None:
    made(hf)
    card = b"---\nlicense: apache-2.0\nlanguage:\n- en\n- zh\n---\n# New\n"
    client(hf).upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=NEW)
    info = client(hf).model_info(NEW)
    assert "license:apache-2.0" in (info.tags or [])
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        client(hf).upload_file(path_or_fileobj=b"# No card\n", path_in_repo="README.md", repo_id=NEW)


def test_pull_requests_keep_off_main(hf: Running) -> None:
    repo = made(hf)
    done = client(hf).upload_file(path_or_fileobj=b"p", path_in_repo="p.txt", repo_id=NEW, create_pr=True)
    assert done.pr_url == f"{hf.env['HF_ENDPOINT']}/{NEW}/discussions/1"
    assert "p.txt" not in repo.head().files
    files = client(hf).list_repo_tree(NEW, revision="refs/pr/1")
    assert "p.txt" in {entry.path for entry in files if isinstance(entry, RepoFile)}
    refs = client(hf).list_repo_refs(NEW, include_pull_requests=True)
    assert [ref.ref for ref in refs.pull_requests or []] == ["refs/pr/1"]


@pytest.mark.parametrize(("token", "status"), [(READ, 403), (OUTSIDER, 403), (False, 401)])
def test_who_may_not_write(hf: Running, token: str | bool, status: int) -> None:
    for work in (
        lambda api: api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=f"{ORG}/open"),
        lambda api: api.create_repo(f"{ORG}/other"),
        lambda api: api.delete_repo(f"{ORG}/open"),
        lambda api: api.create_tag(f"{ORG}/open", tag="t"),
        lambda api: api.auth_check(f"{ORG}/open", write=True),
    ):
        with pytest.raises(HfHubHTTPError) as caught:
            work(client(hf, token))
        assert caught.value.response.status_code == status
    assert hf.world.hf.get("model", f"{ORG}/open") is not None


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


def test_a_commit_whose_answer_is_lost_has_happened(hf: Running) -> None:
    repo = made(hf)
    hf.faults.add("hf:POST:commit:reset:late:count=1")
    with pytest.raises(Exception, match=r"(?i)reset|disconnect|read"):
        client(hf).upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=NEW)
    assert "x.txt" in repo.head().files
