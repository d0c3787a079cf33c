"""The older faces of the SDK: what programs written before 2026 call."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from modelscope_hub.compat.hub_api import LegacyHubApi
from modelscope_hub.compat.snapshot_download import snapshot_download
from modelscope_hub.errors import NetworkError

from hf2ms_tui.loopback.content import SeededContent
from support.ms_world import ORG, TINY, Ms


@pytest.fixture(autouse=True)
def at_home(ms: Ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These read their endpoint from the environment and write to the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", ms.url)
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", ms.running.env["MODELSCOPE_API_TOKEN"])
    LegacyHubApi._dataset_id_type_cache.clear()


def test_snapshot_download(ms: Ms, tmp_path: Path) -> None:
    got = Path(snapshot_download(f"{ORG}/secret", local_dir=str(tmp_path / "got"), token=ms.token()))
    assert {path: (got / path).read_bytes() for path in TINY} == {
        path: content.read(0, content.size) for path, content in TINY.items()
    }


def test_files_of_a_dataset_by_its_number(ms: Ms) -> None:
    api = LegacyHubApi(endpoint=ms.url, token=ms.token())
    pages = [api.get_dataset_files(f"{ORG}/many", page_number=page) for page in (1, 2, 3, 4, 5)]
    assert [len(page) for page in pages] == [100, 100, 100, 52, 0]
    assert all(entry["Sha256"] for page in pages for entry in page if entry["Type"] == "blob")
    numbered = f"/api/v1/datasets/{ms.repo('dataset', 'many').serial}/repo/tree"
    assert sum(numbered in entry.path for entry in ms.running.log.entries(route="tree")) == 5


class Bytes:
    """Content as a plain reader, the one kind of stream that the SDK sends with a length only."""

    def __init__(self, content: SeededContent) -> None:
        self._content = content
        self._at = 0

    def read(self, amount: int = -1) -> bytes:
        piece = self._content.read(self._at, self._content.size if amount < 0 else amount)
        self._at += len(piece)
        return piece


def test_many_streams_at_once_and_one_commit(ms: Ms) -> None:
    api = ms.api()
    repo_id, contents = (
        f"{ORG}/secret",
        [SeededContent(f"stream {number}", 900_000 + number) for number in range(24)],
    )
    for content in contents[::2]:
        ms.world.recipes.add(content)
    hrefs = api.legacy.validate_blobs(repo_id, "model", [{"oid": c.sha256, "size": c.size} for c in contents])
    assert set(hrefs) == {content.sha256 for content in contents}
    gate = threading.Barrier(8)

    def upload(content: SeededContent) -> None:
        gate.wait(timeout=20)
        ms.api().legacy.upload_blob(hrefs[content.sha256] or "", data=Bytes(content), size=content.size)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, contents))
    assert (
        api.legacy.validate_blobs(repo_id, "model", [{"oid": c.sha256, "size": c.size} for c in contents])
        == {}
    )
    about = {"action": "create", "type": "lfs", "content": "", "encoding": ""}
    actions = [{**about, "path": f"s/{c.size}", "size": c.size, "sha256": c.sha256} for c in contents]
    api.legacy.create_commit(repo_id, "model", actions, "all")
    listed = {
        entry["Path"]: entry["Sha256"] for entry in api.legacy.list_repo_files(repo_id, "model", root="s")
    }
    assert listed == {f"s/{content.size}": content.sha256 for content in contents}


def test_an_upload_that_is_cut_stores_nothing(ms: Ms) -> None:
    ms.running.faults.add("ms:PUT:blob-put:reset=400000:upload:count=1")
    content = SeededContent("cut", 3_000_000)
    legacy = ms.api().legacy
    wanted = [{"oid": content.sha256, "size": content.size}]
    href = legacy.validate_blobs(f"{ORG}/secret", "model", wanted)[content.sha256] or ""
    with pytest.raises(NetworkError):
        legacy.upload_blob(href, data=Bytes(content), size=content.size)
    assert legacy.validate_blobs(f"{ORG}/secret", "model", wanted)[content.sha256] == href
    legacy.upload_blob(href, data=Bytes(content), size=content.size)
    assert legacy.validate_blobs(f"{ORG}/secret", "model", wanted) == {}


def test_the_sdk_leaves_no_trace_when_told_so(ms: Ms, tmp_path: Path) -> None:
    ms.api().list_repo_files(f"{ORG}/secret", "model")
    assert not (tmp_path / "home").exists() and not ms.scratch.exists()
