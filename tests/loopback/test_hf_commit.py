"""Commits by the unpatched client, and what is refused in them."""

from __future__ import annotations

import pytest
import urllib3
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError
from huggingface_hub.hf_api import RepoFile

from hf2ms_tui.loopback.content import BytesContent
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


def test_a_commit_whose_answer_is_lost_has_happened(hf: Running) -> None:
    repo = made(hf)
    hf.faults.add("hf:POST:commit:reset:late:count=1")
    with pytest.raises(Exception, match=r"(?i)reset|disconnect|read"):
        client(hf).upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=NEW)
    assert "x.txt" in repo.head().files
