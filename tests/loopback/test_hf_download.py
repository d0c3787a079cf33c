"""Bytes out of the hub: redirects, ranges, the CDN's manners, gates and locks."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import pytest
import urllib3
from huggingface_hub import hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
)

from hf2ms_tui.loopback.mutate import corrupt_blob, drop_blob
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Node
from support.worlds import ORG, OUTSIDER, READ, WRITE, client

POOL = urllib3.PoolManager(retries=urllib3.Retry(3, connect=0, read=0, status=0), timeout=20)
AUTH = {"Authorization": f"Bearer {WRITE}"}


def node(hf: Running, path: str) -> Node:
    repo = hf.world.hf.get("model", f"{ORG}/tiny")
    assert repo is not None
    return repo.head().files[path]


def data(hf: Running, path: str) -> bytes:
    return node(hf, path).content.read(0, 10**9)


def url(hf: Running, path: str, repo_id: str = f"{ORG}/tiny") -> str:
    return hf_hub_url(repo_id, path, endpoint=hf.env["HF_ENDPOINT"])


def signed(hf: Running, path: str = "weights.bin") -> str:
    answer = POOL.request("GET", url(hf, path), headers=AUTH, redirect=False)
    assert answer.status == 302
    return str(answer.headers["Location"])


def test_metadata_of_lfs_and_regular_files(hf: Running) -> None:
    lfs = client(hf).get_hf_file_metadata(url=url(hf, "weights.bin"))
    assert lfs.etag == node(hf, "weights.bin").content.sha256
    assert lfs.size == 3_000_000
    assert lfs.commit_hash is not None
    assert not lfs.location.startswith(hf.env["HF_ENDPOINT"])
    assert lfs.xet_file_data is None
    regular = client(hf).get_hf_file_metadata(url=url(hf, "config.json"))
    assert regular.etag == node(hf, "config.json").oid
    assert regular.size == len(data(hf, "config.json"))
    assert regular.commit_hash == lfs.commit_hash


def test_snapshot_has_every_byte(hf: Running, tmp_path: Path) -> None:
    folder = Path(client(hf).snapshot_download(f"{ORG}/tiny", local_dir=tmp_path))
    repo = hf.world.hf.get("model", f"{ORG}/tiny")
    assert repo is not None
    for path in repo.head().files:
        assert (folder / path).read_bytes() == data(hf, path)


def test_no_token_reaches_the_cdn(hf: Running, tmp_path: Path) -> None:
    client(hf).snapshot_download(f"{ORG}/tiny", local_dir=tmp_path)
    asked = hf.log.entries(origin="cdn")
    assert len(asked) == 2
    assert not any(entry.authorization or entry.cookie or entry.leaked for entry in asked)
    assert all(entry.token == "write" for entry in hf.log.entries(origin="api"))


def test_cdn_refuses_a_request_that_brings_a_token(hf: Running) -> None:
    answer = POOL.request("GET", signed(hf), headers=AUTH)
    assert answer.status == 400
    assert b"Only one auth mechanism" in answer.data
    assert hf.log.entries(origin="cdn")[-1].token == "write"


def test_signatures_cannot_be_made_up_and_expire(hf: Running) -> None:
    address = signed(hf)
    assert POOL.request("GET", address).data == data(hf, "weights.bin")
    assert POOL.request("GET", address.replace("size=3000000", "size=3000001")).status == 403
    hf.world.hf.settings["signed_seconds"] = -1
    late = POOL.request("GET", signed(hf))
    assert (late.status, b"expired" in late.data) == (403, True)


@pytest.mark.parametrize("path", ["weights.bin", "config.json"])
def test_ranges(hf: Running, path: str) -> None:
    whole, size = data(hf, path), len(data(hf, path))

    def ask(range_header: str) -> urllib3.BaseHTTPResponse:
        address, headers = (signed(hf), {}) if path == "weights.bin" else (url(hf, path), AUTH)
        return POOL.request("GET", address, headers={**headers, "Range": range_header})

    part = ask("bytes=10-99")
    assert (part.status, part.data, part.headers["Content-Range"]) == (
        206,
        whole[10:100],
        f"bytes 10-99/{size}",
    )
    assert ask(f"bytes={size - 5}-").data == whole[-5:]
    assert ask("bytes=-7").data == whole[-7:]
    assert ask(f"bytes=5-{size + 100}").headers["Content-Range"] == f"bytes 5-{size - 1}/{size}"
    beyond = ask(f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_text_is_compressed_without_a_length_for_those_who_accept_it(hf: Running) -> None:
    answer = POOL.request(
        "GET", url(hf, "config.json"), headers={**AUTH, "Accept-Encoding": "gzip", "Range": "bytes=0-9"}
    )
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert "Content-Length" not in answer.headers
    assert answer.data == data(hf, "config.json")


def test_very_large_blobs_only_by_range(hf: Running) -> None:
    hf.world.hf.settings["rangeless_limit"] = 1_000_000
    assert POOL.request("GET", signed(hf)).status == 400
    assert POOL.request("GET", signed(hf), headers={"Range": "bytes=0-9"}).status == 206


def test_missing_files_and_revisions(hf: Running) -> None:
    with pytest.raises(RemoteEntryNotFoundError):
        client(hf).hf_hub_download(f"{ORG}/tiny", "absent.bin")
    with pytest.raises(HfHubHTTPError, match="404"):
        client(hf).hf_hub_download(f"{ORG}/tiny", "README.md", revision="absent")


def test_gated_files_need_access(hf: Running) -> None:
    file = "train.parquet"
    for token, status in ((OUTSIDER, 403), (False, 401)):
        api = client(hf, token)
        assert api.dataset_info(f"{ORG}/gated").gated == "manual"
        with pytest.raises(GatedRepoError) as caught:
            api.get_hf_file_metadata(
                url=hf_hub_url(f"{ORG}/gated", file, repo_type="dataset", endpoint=api.endpoint)
            )
        assert caught.value.response.status_code == status
        with pytest.raises(GatedRepoError):
            api.auth_check(f"{ORG}/gated", repo_type="dataset")
    client(hf, READ).auth_check(f"{ORG}/gated", repo_type="dataset")
    repo = hf.world.hf.get("dataset", f"{ORG}/gated")
    assert repo is not None
    repo.granted.add("bob")
    path = Path(client(hf, OUTSIDER).hf_hub_download(f"{ORG}/gated", file, repo_type="dataset"))
    assert path.stat().st_size == 70_000


def test_a_storage_lock_is_a_403_that_the_client_disguises(hf: Running, tmp_path: Path) -> None:
    hf.world.hf.accounts[ORG].storage_locked = True
    with pytest.raises(HfHubHTTPError, match="storage limit reached") as caught:
        client(hf).get_hf_file_metadata(url=url(hf, "weights.bin"))
    assert caught.value.response.status_code == 403
    with pytest.raises(LocalEntryNotFoundError):
        client(hf).hf_hub_download(f"{ORG}/tiny", "weights.bin", cache_dir=tmp_path)
    client(hf).hf_hub_download(f"{ORG}/open", "model.safetensors", cache_dir=tmp_path)


def test_a_lost_blob_leaves_its_pointer(hf: Running) -> None:
    repo = hf.world.hf.get("model", f"{ORG}/tiny")
    assert repo is not None
    drop_blob(hf.world.hf, repo, "weights.bin")
    assert client(hf).get_hf_file_metadata(url=url(hf, "weights.bin")).size == 3_000_000
    assert POOL.request("GET", signed(hf)).status == 404


def test_a_lying_hub_advertises_the_old_hash(hf: Running) -> None:
    repo, before = hf.world.hf.get("model", f"{ORG}/tiny"), data(hf, "weights.bin")
    assert repo is not None
    corrupt_blob(hf.world.hf, repo, "weights.bin", 1234)
    got = POOL.request("GET", signed(hf)).data
    assert [place for place in range(len(got)) if got[place] != before[place]] == [1234]
    etag = client(hf).get_hf_file_metadata(url=url(hf, "weights.bin")).etag
    assert etag == hashlib.sha256(before).hexdigest()


def test_cut_and_corrupted_bodies(hf: Running) -> None:
    hf.faults.add("hf:GET:blob:cut=1000000:count=1")
    with pytest.raises(urllib3.exceptions.HTTPError):
        POOL.request("GET", signed(hf))
    hf.faults.add("hf:GET:blob:corrupt=5:count=1")
    got, whole = POOL.request("GET", signed(hf)).data, data(hf, "weights.bin")
    assert got != whole
    assert got[6:] == whole[6:]
    hf.faults.add("hf:GET:blob:reset=500000:count=1")
    with pytest.raises(urllib3.exceptions.HTTPError, match="reset"):
        POOL.request("GET", signed(hf))
    assert POOL.request("GET", signed(hf)).data == whole


def test_a_stall_in_the_middle_ends_when_the_client_gives_up(hf: Running) -> None:
    hf.faults.add("hf:GET:blob:stall=forever:at=600000:count=1")
    began = time.monotonic()
    with pytest.raises(urllib3.exceptions.HTTPError):
        POOL.request("GET", signed(hf), timeout=0.5)
    assert 0.4 < time.monotonic() - began < 5


def test_the_client_survives_faults_that_pass(hf: Running, tmp_path: Path) -> None:
    hf.faults.add("hf:GET:blob:cut=100000:count=1")
    path = Path(client(hf).hf_hub_download(f"{ORG}/tiny", "weights.bin", cache_dir=tmp_path))
    assert path.read_bytes() == data(hf, "weights.bin")
    assert hf.faults.all()[0].hits == 1
    assert [entry.bytes_out for entry in hf.log.entries(route="blob")] == [100_000, 3_000_000]


def test_many_streams_at_once(hf: Running) -> None:
    whole, right = data(hf, "weights.bin"), []

    def fetch() -> None:
        right.extend(POOL.request("GET", signed(hf)).data == whole for _ in range(5))

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 40
    assert hf.log.bytes_out(origin="cdn") == 40 * 3_000_000
