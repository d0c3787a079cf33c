"""Deleting, moving, settings, branches and tags, by the unpatched client."""

from __future__ import annotations

import pytest
import urllib3
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Account, Repo, Token
from support.worlds import ORG, OUTSIDER, READ, WRITE, client


def opened(hf: Running) -> Repo:
    repo = hf.world.hf.get("model", f"{ORG}/open")
    assert repo is not None
    return repo


def test_deleted_is_gone(hf: Running) -> None:
    api = client(hf)
    api.delete_repo(f"{ORG}/open")
    with pytest.raises(RepositoryNotFoundError) as caught:
        api.model_info(f"{ORG}/open")
    assert caught.value.response.headers["X-Error-Code"] == "RepoNotFound"
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(f"{ORG}/open")
    api.delete_repo(f"{ORG}/open", missing_ok=True)
    api.delete_repo(f"{ORG}/gated", repo_type="dataset")
    assert {repo.id for repo in hf.world.hf.repos.values()} == {"acme/tiny", "acme/demo", "acme/empty"}


def test_outsiders_cannot_even_see_what_they_cannot_delete(hf: Running) -> None:
    with pytest.raises(RepositoryNotFoundError):
        client(hf, OUTSIDER).delete_repo(f"{ORG}/tiny")
    with pytest.raises(HfHubHTTPError, match="403"):
        client(hf, READ).delete_repo(f"{ORG}/tiny")
    assert hf.world.hf.get("model", f"{ORG}/tiny") is not None


def test_a_moved_id_redirects_but_is_not_deleted(hf: Running) -> None:
    api = client(hf)
    api.move_repo(f"{ORG}/open", f"{ORG}/renamed")
    assert api.model_info(f"{ORG}/open").id == f"{ORG}/renamed"
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(f"{ORG}/open")
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.move_repo(f"{ORG}/renamed", f"{ORG}/tiny")
    api.move_repo(f"{ORG}/renamed", "ada/mine")
    assert api.model_info(f"{ORG}/open").id == "ada/mine"
    with pytest.raises(HfHubHTTPError, match="403"):
        api.move_repo("ada/mine", "bob/taken")


def test_a_new_repo_takes_over_the_id_of_a_moved_one(hf: Running) -> None:
    client(hf).move_repo(f"{ORG}/open", f"{ORG}/renamed")
    client(hf).create_repo(f"{ORG}/open")
    assert client(hf).model_info(f"{ORG}/open").id == f"{ORG}/open"


def test_visibility_and_gate(hf: Running) -> None:
    api = client(hf)
    api.update_repo_settings(f"{ORG}/open", private=True)
    with pytest.raises(RepositoryNotFoundError):
        client(hf, OUTSIDER).model_info(f"{ORG}/open")
    api.update_repo_settings(f"{ORG}/open", visibility="public", gated="auto")
    assert client(hf, OUTSIDER).model_info(f"{ORG}/open").gated == "auto"
    api.update_repo_settings(f"{ORG}/open", gated=False)
    assert api.model_info(f"{ORG}/open").gated is False
    with pytest.raises(HfHubHTTPError, match="403"):
        client(hf, READ).update_repo_settings(f"{ORG}/open", private=True)


def test_branches(hf: Running) -> None:
    api, repo = client(hf), opened(hf)
    api.create_branch(f"{ORG}/open", branch="feature/x", revision="v1.0")
    assert repo.branches["feature/x"] == repo.tags["v1.0"]
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.create_branch(f"{ORG}/open", branch="feature/x")
    api.create_branch(f"{ORG}/open", branch="feature/x", exist_ok=True)
    with pytest.raises(RevisionNotFoundError):
        api.create_branch(f"{ORG}/open", branch="y", revision="absent")
    api.upload_file(path_or_fileobj=b"b", path_in_repo="b.txt", repo_id=f"{ORG}/open", revision="feature/x")
    assert "b.txt" in repo.head("feature/x").files
    assert "b.txt" not in repo.head().files
    api.delete_branch(f"{ORG}/open", branch="feature/x")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        api.delete_branch(f"{ORG}/open", branch="feature/x")
    with pytest.raises(HfHubHTTPError, match="403"):
        api.delete_branch(f"{ORG}/open", branch="main")


def test_tags(hf: Running) -> None:
    api, repo = client(hf), opened(hf)
    api.create_tag(f"{ORG}/open", tag="v2", revision="dev")
    assert repo.tags["v2"] == repo.branches["dev"]
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_tag(f"{ORG}/open", tag="v2")
    api.create_tag(f"{ORG}/open", tag="v2", exist_ok=True)
    api.delete_tag(f"{ORG}/open", tag="v2")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(f"{ORG}/open", tag="v2")


def test_squash_keeps_files_and_drops_history(hf: Running) -> None:
    before = dict(opened(hf).head("dev").files)
    client(hf).super_squash_history(f"{ORG}/open", branch="dev", commit_message="one")
    assert opened(hf).head("dev").files == before
    assert len(client(hf).list_repo_commits(f"{ORG}/open", revision="dev")) == 1


def test_lfs_files_of_all_history(hf: Running) -> None:
    [found] = client(hf).list_lfs_files(f"{ORG}/open")
    assert (found.filename, found.size) == ("model.safetensors", 3_000_000)


def test_contributors_change_only_what_they_made(hf: Running) -> None:
    hub = hf.world.hf
    hub.add_account(Account("cleo"))
    hub.accounts[ORG].members["cleo"] = "contributor"
    hub.add_token(Token("hf_cleo", "cleo", "write", label="cleo"))
    cleo = client(hf, "hf_cleo")
    with pytest.raises(HfHubHTTPError, match="403"):
        cleo.delete_repo(f"{ORG}/open")
    cleo.create_repo(f"{ORG}/hers")
    cleo.delete_repo(f"{ORG}/hers")


def test_auth_check(hf: Running) -> None:
    client(hf).auth_check(f"{ORG}/tiny", write=True)
    client(hf, READ).auth_check(f"{ORG}/tiny")
    with pytest.raises(RepositoryNotFoundError):
        client(hf, OUTSIDER).auth_check(f"{ORG}/tiny")


def test_deletion_whose_answer_is_lost_has_happened(hf: Running) -> None:
    hf.faults.add("hf:DELETE:repo-delete:status=504:late:count=1")
    with pytest.raises(HfHubHTTPError, match="504"):
        client(hf).delete_repo(f"{ORG}/open")
    assert hf.world.hf.get("model", f"{ORG}/open") is None


def test_rate_limit_is_announced_and_on_demand_enforced(hf: Running) -> None:
    pool, headers = urllib3.PoolManager(retries=False), {"Authorization": f"Bearer {WRITE}"}
    address = f"{hf.env['HF_ENDPOINT']}/api/whoami-v2"
    first = pool.request("GET", address, headers=headers)
    assert first.headers["RateLimit"].startswith('"api";r=999;t=')
    hf.world.hf.settings["rate_limit"] = 3
    statuses = [pool.request("GET", address, headers=headers).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    last = pool.request("GET", address, headers=headers)
    assert last.headers["RateLimit"].startswith('"api";r=0;')
    assert int(last.headers["Retry-After"]) > 0


def test_every_answer_has_the_request_id_of_the_client(hf: Running) -> None:
    pool = urllib3.PoolManager(retries=False)
    address = f"{hf.env['HF_ENDPOINT']}/api/models/{ORG}/absent"
    answer = pool.request("GET", address, headers={"X-Amzn-Trace-Id": "abc-1"})
    assert (answer.status, answer.headers["X-Request-Id"]) == (401, "abc-1")
    assert answer.headers["X-Error-Message"] == "Invalid username or password."


def test_xet_is_not_offered(hf: Running) -> None:
    pool, headers = urllib3.PoolManager(retries=False), {"Authorization": f"Bearer {WRITE}"}
    address = f"{hf.env['HF_ENDPOINT']}/api/models/{ORG}/open/xet-read-token/main"
    assert pool.request("GET", address, headers=headers).status == 501
