"""The sample org as the real SDKs see it, and where its traps show."""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoFile
from modelscope_hub import HubApi
from modelscope_hub.config import HubConfig

from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.sample.accounts import OWNER, token
from hf2ms_tui.loopback.sample.build import sample_org
from hf2ms_tui.loopback.world import World


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World(sample_org())) as made:
        yield made
        assert not made.log.errors


@pytest.fixture(scope="module")
def hf(running: Running) -> HfApi:
    return HfApi(endpoint=running.env["HF_ENDPOINT"], token=running.env["HF_TOKEN"])


@pytest.fixture(scope="module")
def ms(running: Running) -> HubApi:
    nowhere = Path("/dev/null/n")
    endpoint, secret = running.env["MODELSCOPE_ENDPOINT"], running.env["MODELSCOPE_TOKEN"]
    return HubApi(HubConfig(endpoint=endpoint, token=secret, config_dir=nowhere, cache_dir=nowhere))


def tree(hf: HfApi, name: str, kind: str = "model", revision: str = "main") -> dict[str, RepoFile]:
    items = hf.list_repo_tree(f"{OWNER}/{name}", repo_type=kind, revision=revision, recursive=True)
    return {item.path: item for item in items if isinstance(item, RepoFile)}


def test_the_whole_org_is_listed_with_its_storage(hf: HfApi, running: Running) -> None:
    rows = {(row.type, row.id): row for row in hf.list_user_repos(OWNER)}
    assert rows.keys() == {(one.kind, one.id) for one in running.world.hf.repos.values()}
    assert 0.95e9 < rows["dataset", f"{OWNER}/aurora-video-clips"].storage < 1.1e9
    assert rows["model", f"{OWNER}/aurora-xl-1.0"].visibility == "public"
    (gated,) = [m for m in hf.list_models(author=OWNER, expand=["gated", "downloads"]) if m.gated]
    assert gated.id == f"{OWNER}/aurora-med-8b" and gated.gated == "manual"


def test_a_stranger_sees_only_what_is_public(running: Running) -> None:
    stranger = HfApi(endpoint=running.env["HF_ENDPOINT"], token=token("hf", "outsider"))
    seen = {one.id for one in stranger.list_datasets(author=OWNER)}
    assert seen == {f"{OWNER}/nested-corpus"}


def test_every_odd_name_can_be_listed_and_fetched(hf: HfApi, running: Running) -> None:
    files = tree(hf, "Aurora_LoRA.styles-v2.1")
    repo = running.world.hf.get("model", f"{OWNER}/Aurora_LoRA.styles-v2.1")
    assert repo is not None and files.keys() == repo.head().files.keys()
    for path, file in files.items():
        url = f"{running.env['HF_ENDPOINT']}/{repo.id}/resolve/main/{urllib.parse.quote(path)}"
        # Unlike urllib, this client does not carry the token on to the CDN, which refuses it.
        body = urllib3.request(
            "GET", url, headers={"Authorization": f"Bearer {running.env['HF_TOKEN']}"}
        ).data
        assert len(body) == file.size
        assert hashlib.sha256(body).hexdigest() == repo.head().files[path].content.sha256


def test_3500_files_come_in_pages(hf: HfApi) -> None:
    assert len(tree(hf, "eval-logs", "dataset")) == 3_502


def test_branches_and_tags(hf: HfApi) -> None:
    refs = hf.list_repo_refs(f"{OWNER}/poc-tokenizer-v0")
    assert {branch.name for branch in refs.branches} == {"main", "exp1"}
    only = tree(hf, "poc-tokenizer-v0", revision="exp1").keys() - tree(hf, "poc-tokenizer-v0").keys()
    assert only == {"spm/exp1-morfessor.spm"}
    assert {tag.name for tag in hf.list_repo_refs(f"{OWNER}/aurora-xl-1.0").tags} == {"v1.0", "v1.0.1"}
    assert len(hf.list_repo_commits(f"{OWNER}/poc-tokenizer-v0")) == 14


def test_the_old_name_leads_to_the_new_one(hf: HfApi) -> None:
    assert hf.model_info(f"{OWNER}/aurora-preview").id == f"{OWNER}/aurora-xl-1.0"


def test_modelscope_lists_what_is_its_own(ms: HubApi) -> None:
    models = {item.id for item in ms.list_repos("model", owner=OWNER, page_size=50).items}
    datasets = {item.id for item in ms.list_repos("dataset", owner=OWNER, page_size=50).items}
    assert {f"{OWNER}/aurora-cn-asr", f"{OWNER}/aurora-tokenizer"} <= models
    assert f"{OWNER}/aurora-zh-corpus" in datasets
    assert f"{OWNER}/aurora-faces" not in datasets, "too short a card: it exists and is in no list"
    assert ms.repo_exists(f"{OWNER}/aurora-faces", "dataset")


def test_only_reading_back_shows_the_rotten_byte(hf: HfApi, ms: HubApi) -> None:
    name = f"{OWNER}/aurora-depth-small"
    listed = {entry["Path"]: entry["Sha256"] for entry in ms.legacy.list_repo_files(name, "model", "master")}
    wrong = []
    for path, file in tree(hf, "aurora-depth-small").items():
        assert file.lfs is None or file.lfs.sha256 == listed[path]
        body = ms.legacy.download_stream(name, "model", path, "master").content
        if hashlib.sha256(body).hexdigest() != listed[path]:
            wrong.append(path)
    assert wrong == ["model-00002-of-00002.safetensors"]


def test_the_listing_shows_the_broken_upload(hf: HfApi, ms: HubApi) -> None:
    listed = {
        entry["Path"]: entry["Sha256"]
        for entry in ms.legacy.list_repo_files(f"{OWNER}/broken-upload", "model", "master")
    }
    lfs = {path: file.lfs.sha256 for path, file in tree(hf, "broken-upload").items() if file.lfs}
    assert [path for path in lfs if listed[path] != lfs[path]] == ["model-00002-of-00003.safetensors"]
