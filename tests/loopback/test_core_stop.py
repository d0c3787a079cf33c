"""Stopping a world at once, whatever is under way; and the hub's other client, the file system."""

from __future__ import annotations

import threading
import time

import pytest
import urllib3
from huggingface_hub import HfFileSystem

from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.world import World
from support.worlds import ORG, WRITE, add_people, add_repo, small_world


def test_stop_does_not_wait_for_stalled_and_slow_requests() -> None:
    running = start(
        World(small_world), faults=["hf:GET:whoami:stall=forever"], shape=["hf:storage:down=100k"]
    )
    pool = urllib3.PoolManager(retries=False, timeout=60)
    headers, ended = {"Authorization": f"Bearer {WRITE}"}, []
    blob = pool.request(
        "GET",
        f"{running.env['HF_ENDPOINT']}/{ORG}/open/resolve/main/model.safetensors",
        headers=headers,
        redirect=False,
    ).headers["Location"]

    def hang(url: str) -> None:
        try:
            pool.request("GET", url, headers=headers if "whoami" in url else {})
        except urllib3.exceptions.HTTPError:
            ended.append(url)

    urls = [f"{running.env['HF_ENDPOINT']}/api/whoami-v2", str(blob)]
    threads = [threading.Thread(target=hang, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    while running.log.active < 2:
        time.sleep(0.01)
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 2
    for thread in threads:
        thread.join(timeout=5)
    assert sorted(ended) == sorted(urls), "both clients saw their connection end"
    assert running.log.errors == []


def test_a_world_is_called_on_its_own_thread(hf: Running) -> None:
    assert hf.call(lambda world: threading.current_thread().name) == "loopback"
    with pytest.raises(KeyError):
        hf.call(lambda world: world.hub("nowhere"))


def test_hashing_a_large_file_does_not_hold_up_others() -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        add_repo(world, "model", f"{ORG}/huge", {"w.bin": SeededContent("huge", 400_000_000)})

    with start(World(build)) as running:
        pool, headers = urllib3.PoolManager(retries=False), {"Authorization": f"Bearer {WRITE}"}
        done: list[float] = []

        def tree() -> None:
            pool.request(
                "GET", f"{running.env['HF_ENDPOINT']}/api/models/{ORG}/huge/tree/main", headers=headers
            )
            done.append(time.monotonic())

        thread = threading.Thread(target=tree)
        thread.start()
        while running.log.active < 1:
            time.sleep(0.001)
        pool.request("GET", f"{running.env['HF_ENDPOINT']}/api/whoami-v2", headers=headers)
        answered = time.monotonic()
        thread.join()
        assert answered < done[0]


def test_the_file_system_reads_and_writes(hf: Running) -> None:
    files = HfFileSystem(endpoint=hf.env["HF_ENDPOINT"], token=WRITE, skip_instance_cache=True)
    assert {row["name"] for row in files.ls(f"{ORG}/tiny")} >= {
        f"{ORG}/tiny/weights.bin",
        f"{ORG}/tiny/nested",
    }
    whole = SeededContent("weights", 3_000_000).read(0, 3_000_000)
    with files.open(f"{ORG}/tiny/weights.bin", "rb") as file:
        file.seek(1_000_000)
        assert file.read(1000) == whole[1_000_000:1_001_000]
    with files.open(f"{ORG}/tiny/written.txt", "wb") as file:
        file.write(b"written\n")
    assert files.cat(f"{ORG}/tiny/written.txt") == b"written\n"
    files.rm(f"{ORG}/tiny/written.txt")
    assert not files.exists(f"{ORG}/tiny/written.txt")
