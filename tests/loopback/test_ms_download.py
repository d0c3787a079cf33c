"""Handing out files: inline, by redirect, in ranges, and links that run out."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
import requests
from modelscope_hub.errors import FileIntegrityError, NotExistError

from hf2ms_tui.loopback.content import CorruptContent
from support.ms_world import ORG, TINY, WEIGHTS, Ms

BIG = "weights/model.safetensors"


def place(path: str, name: str = "secret", revision: str = "master") -> str:
    return f"/api/v1/models/{ORG}/{name}/repo?Revision={revision}&FilePath={quote_plus(path)}"


def link(ms: Ms, path: str = BIG) -> str:
    answer = ms.ask("GET", place(path))
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_the_sdk_downloads_a_whole_repo(ms: Ms, tmp_path: Path) -> None:
    ms.api().download_repo(f"{ORG}/secret", "model", local_dir=tmp_path / "got")
    for path, content in TINY.items():
        assert hashlib.sha256((tmp_path / "got" / path).read_bytes()).hexdigest() == content.sha256, path


def test_the_sdk_downloads_a_dataset_but_only_its_first_page(ms: Ms, tmp_path: Path) -> None:
    ms.api().download_repo(f"{ORG}/many", "dataset", local_dir=tmp_path / "got")
    assert sum(1 for file in (tmp_path / "got" / "data").rglob("*.txt")) < 100
    ms.set(tree_page_cap=200)
    ms.api().download_repo(f"{ORG}/many", "dataset", local_dir=tmp_path / "all")
    assert sum(1 for file in (tmp_path / "all" / "data").rglob("*.txt")) == 349


@pytest.mark.parametrize("status", [206, 200])
def test_the_sdk_resumes_whatever_status_a_range_has(ms: Ms, tmp_path: Path, status: int) -> None:
    ms.set(range_status=status)
    ms.running.faults.add("ms:GET:blob-get:cut=300000:count=1")
    ms.api().download_file(f"{ORG}/secret", "model", BIG, local_dir=tmp_path)
    assert hashlib.sha256((tmp_path / BIG).read_bytes()).hexdigest() == WEIGHTS.sha256
    ranges = [entry.range for entry in ms.running.log.entries(route="blob-get")]
    assert ranges[0] is None and ranges[1] is not None and ranges[1].startswith("bytes=")


def test_the_sdk_notices_a_corrupted_blob(ms: Ms, tmp_path: Path) -> None:
    ms.world.ms.blobs.replace(CorruptContent(WEIGHTS, 12_345))
    with pytest.raises(FileIntegrityError):
        ms.api().download_file(f"{ORG}/secret", "model", BIG, local_dir=tmp_path)
    listed = {file.path: file.sha256 for file in ms.api().list_repo_files(f"{ORG}/secret", "model")}
    assert listed[BIG] == WEIGHTS.sha256


def test_small_files_come_whole_whatever_range_is_asked_for(ms: Ms) -> None:
    answer = ms.ask("GET", place("README.md"), headers={"Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (200, TINY["README.md"].read(0, 10_000))
    assert "Content-Range" not in answer.headers and "Accept-Ranges" not in answer.headers
    assert ms.ask("GET", place("runs/a b/loss+1.csv")).content == TINY["runs/a b/loss+1.csv"].read(0, 100)
    assert ms.ask("GET", place("empty.txt")).content == b""


def test_lfs_files_are_redirected_to_another_host_that_needs_no_credentials(ms: Ms) -> None:
    target = urlsplit(link(ms))
    assert target.hostname == "127.0.0.2" and urlsplit(ms.url).hostname == "127.0.0.1"
    query = parse_qs(target.query)
    assert (query["namespace"], query["repository"], query["tag"]) == ([ORG], ["secret"], ["model"])
    answer = requests.get(target.geturl(), timeout=20)
    assert hashlib.sha256(answer.content).hexdigest() == WEIGHTS.sha256
    assert answer.headers["X-Linked-ETag"] == f'"{WEIGHTS.sha256}"'
    odd = requests.get(link(ms, "weights/部分 1.bin"), timeout=20)
    assert odd.content == TINY["weights/部分 1.bin"].read(0, 100_000)


def test_the_sdk_does_not_carry_its_credentials_to_the_cdn(ms: Ms, tmp_path: Path) -> None:
    ms.api().download_file(f"{ORG}/secret", "model", BIG, local_dir=tmp_path)
    (entry,) = ms.running.log.entries(route="blob-get")
    assert (entry.origin, entry.authorization, entry.cookie, entry.leaked) == ("cdn", False, False, False)


@pytest.mark.parametrize("status", [206, 200])
def test_ranges_on_the_cdn(ms: Ms, status: int) -> None:
    ms.set(range_status=status)
    url = link(ms)
    for header, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=700000-", 700_000, WEIGHTS.size),
        ("bytes=-5", WEIGHTS.size - 5, WEIGHTS.size),
        ("bytes=699999-9999999", 699_999, WEIGHTS.size),
    ):
        answer = requests.get(url, headers={"Range": header}, timeout=20)
        assert answer.status_code == status
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{WEIGHTS.size}"
        assert int(answer.headers["Content-Length"]) == stop - start
        assert answer.content == WEIGHTS.read(start, stop - start)
    beyond = requests.get(url, headers={"Range": f"bytes={WEIGHTS.size}-"}, timeout=20)
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{WEIGHTS.size}")
    whole = requests.get(url, timeout=20)
    assert whole.status_code == 200 and "Content-Range" not in whole.headers


def test_links_run_out_and_cannot_be_forged(ms: Ms) -> None:
    ms.set(link_lifetime=-1)
    assert requests.get(link(ms), timeout=20).status_code == 403
    ms.set(link_lifetime=60)
    url = link(ms)
    stamp = url.partition("auth_key=")[2].partition("-")[0]
    assert abs(int(stamp) - time.time() - 60) < 5
    assert requests.get(url.replace(stamp, str(int(stamp) + 1000)), timeout=20).status_code == 403
    assert requests.get(url.partition("?")[0], timeout=20).status_code == 403


def test_a_lost_blob_is_missing_on_the_cdn_only(ms: Ms) -> None:
    assert ms.world.ms.blobs.drop(WEIGHTS.sha256, WEIGHTS.size)
    assert requests.get(link(ms), timeout=20).status_code == 404


def test_head_has_no_length_and_does_not_redirect(ms: Ms) -> None:
    for path in ("README.md", BIG):
        answer = ms.ask("HEAD", place(path))
        assert (answer.status_code, answer.content) == (200, b"")
        assert "Content-Length" not in answer.headers and "Location" not in answer.headers


def test_the_connection_survives_a_head(ms: Ms) -> None:
    """Read by hand: a client must not wait for a body that HEAD does not have."""
    host, port = urlsplit(ms.url).hostname or "", urlsplit(ms.url).port or 0
    with socket.create_connection((host, port), timeout=10) as sock:
        for _ in range(2):
            sock.sendall(f"HEAD {place('README.md', 'tiny')} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = sock.recv(65536)
            assert head.startswith(b"HTTP/1.1 200") and head.endswith(b"\r\n\r\n")


def test_the_address_of_the_web_site_works_too(ms: Ms) -> None:
    answer = ms.ask("GET", f"/models/{ORG}/tiny/resolve/master/runs/a%20b/loss%2B1.csv", "nobody")
    assert answer.content == TINY["runs/a b/loss+1.csv"].read(0, 100)
    assert ms.ask("GET", f"/models/{ORG}/tiny/resolve/master/{BIG}", "nobody").status_code == 302


def test_what_is_not_there_is_404(ms: Ms) -> None:
    for path in (
        place("nothing.txt"),
        place("weights"),
        place("README.md", revision="main"),
        place("x", "absent"),
    ):
        assert ms.ask("GET", path).status_code == 404
    assert ms.ask("GET", place("README.md"), "outsider").status_code == 404
    with pytest.raises(NotExistError):
        ms.api().legacy.download_stream(f"{ORG}/secret", "model", "nothing.txt")


def test_an_old_revision_keeps_its_bytes(ms: Ms) -> None:
    repo = ms.repo("model", "secret")
    first = repo.head("master").id
    repo.commit(deletes=["README.md"], branch="master")
    assert ms.ask("GET", place("README.md")).status_code == 404
    assert ms.ask("GET", place("README.md", revision=first)).content == TINY["README.md"].read(0, 10_000)
