"""Faults, shaped links, the request log and the control origin."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import urllib3

from hf2ms_tui.loopback.faults import FOREVER, Fault, Faults, truncate_listing
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.shape import Link, Shaper, parse_amount
from hf2ms_tui.loopback.world import World
from support.worlds import ORG, WRITE, client

POOL = urllib3.PoolManager(retries=False, timeout=30, maxsize=8)
AUTH = {"Authorization": f"Bearer {WRITE}"}


def control(
    hf: Running, method: str, path: str, body: object = None, token: str | None = None
) -> tuple[int, Any]:
    secret = hf.env["LOOPBACK_CONTROL_TOKEN"] if token is None else token
    address = f"{hf.env['LOOPBACK_CONTROL']}/_loopback/{path}"
    headers = {"Authorization": f"Bearer {secret}"}
    answer = POOL.request(method, address, body=None if body is None else json.dumps(body), headers=headers)
    return answer.status, answer.json()


def blob_url(hf: Running) -> str:
    address = f"{hf.env['HF_ENDPOINT']}/{ORG}/open/resolve/main/model.safetensors"
    return str(POOL.request("GET", address, headers=AUTH, redirect=False).headers["Location"])


def test_faults_have_a_text_form() -> None:
    rule = Fault.parse("hf:get:resolve:status=503:header=Retry-After=2:body=busy:count=2:after=1")
    assert (rule.hub, rule.method, rule.route, rule.kind, rule.value) == (
        "hf",
        "GET",
        "resolve",
        "status",
        503,
    )
    assert (rule.headers, rule.body, rule.count, rule.after) == ({"Retry-After": "2"}, "busy", 2, 1)
    assert Fault.parse("*:*:.*:stall=forever").value == FOREVER
    assert Fault.parse("ms:PUT:blob:reset=1.5MB:upload").value == 1_500_000
    assert Fault.parse("ms:*:/openapi/:success_false=No room:p=0.5:seed=3").probability == 0.5
    assert Fault.from_json({"kind": "cut", "value": 10, "p": 0.1}).probability == 0.1
    for bad in ("hf:GET:x", "hf:GET:x:count=1", "hf:GET:x:status=503:nonsense=1", "hf:GET:x:cut=lots"):
        with pytest.raises(ValueError, match=r"fault|amount"):
            Fault.parse(bad)


def test_rules_count_roll_dice_and_let_requests_pass() -> None:
    faults = Faults()
    faults.add("hf:GET:tree:status=500:count=2:after=1")
    hits = [faults.pick("hf", "GET", "tree", "/x") is not None for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert faults.pick("ms", "GET", "tree", "/x") is None
    faults.clear()
    faults.add("*:*:/datasets/:status=500:p=0.3:seed=5")
    rolled = [faults.pick("ms", "PUT", "any", "/api/datasets/1") is not None for _ in range(1000)]
    assert 250 < sum(rolled) < 350
    assert faults.pick("ms", "PUT", "datasets", "/api/models/1") is None
    rule = faults.all()[0]
    assert faults.remove(rule.id)
    assert not faults.remove(rule.id)


def test_listings_are_truncated_wherever_the_list_is() -> None:
    assert truncate_listing(b"[1,2,3]", 1) == b"[1]"
    assert json.loads(truncate_listing(b'{"Data":{"Files":[1,2,3],"n":1}}', 2)) == {
        "Data": {"Files": [1, 2], "n": 1}
    }
    assert truncate_listing(b"no json", 1) == b"no json"
    assert truncate_listing(b'{"a":1}', 1) == b'{"a":1}'


def test_amounts() -> None:
    assert [parse_amount(text) for text in ("5", "20MB", "1.5G", "3k", "2e6")] == [5, 20e6, 1.5e9, 3000, 2e6]
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount("fast")
    with pytest.raises(ValueError, match="unknown link setting"):
        Shaper().set_text("hf:api:speed=3")
    with pytest.raises(ValueError, match="no such link"):
        Shaper().set("hub", "api", Link())


def test_the_most_specific_link_counts() -> None:
    shaper = Shaper()
    shaper.set_text("*:*:latency=1")
    shaper.set_text("hf:storage:down=1MB")
    assert shaper.link("hf", "storage") == Link(down=1e6)
    assert shaper.link("hf", "api") == shaper.link("ms", "storage") == Link(latency=1)


def fetch(hf: Running, streams: int, into: list[int]) -> float:
    address = blob_url(hf)
    pools = [urllib3.PoolManager(retries=False) for _ in range(streams)]

    def one(pool: urllib3.PoolManager) -> None:
        into.append(len(pool.request("GET", address).data))

    threads = [threading.Thread(target=one, args=(pool,)) for pool in pools]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def test_downloads_obey_the_link(hf: Running) -> None:
    sizes: list[int] = []
    hf.shaper.set_text("hf:storage:down_conn=6MB")
    alone = fetch(hf, 1, sizes)
    both = fetch(hf, 2, sizes)
    assert 0.4 < alone < 3
    hf.shaper.set_text("hf:storage:down=6MB")
    shared = fetch(hf, 2, sizes)
    assert 0.9 < shared < 5, "both share the total"
    assert 0.4 < both < shared, "each connection has its own rate"
    assert sizes == [3_000_000] * 5


def test_uploads_obey_the_link(hf: Running) -> None:
    hf.shaper.set_text("hf:storage:up=4MB")
    began = time.monotonic()
    client(hf).upload_file(path_or_fileobj=b"\0" * 2_000_000, path_in_repo="x.bin", repo_id=f"{ORG}/open")
    assert 0.45 < time.monotonic() - began < 5
    hf.shaper.clear()


def test_latency_is_per_request(hf: Running) -> None:
    hf.shaper.set_text("hf:api:latency=0.15")
    began = time.monotonic()
    client(hf).model_info(f"{ORG}/open")
    assert 0.15 <= time.monotonic() - began < 5


def test_status_faults_bring_headers_and_body(hf: Running) -> None:
    address = f"{hf.env['HF_ENDPOINT']}/api/whoami-v2"
    hf.faults.add("hf:GET:whoami:status=429:header=Retry-After=7:body=slow down:count=1")
    answer = POOL.request("GET", address, headers=AUTH)
    assert (answer.status, answer.headers["Retry-After"], answer.data) == (429, "7", b"slow down")
    hf.faults.add("hf:GET:whoami:success_false=No:count=1")
    answer = POOL.request("GET", address, headers=AUTH)
    assert (answer.status, answer.json()) == (200, {"error": "No"})
    hf.faults.add("hf:GET:whoami:stall=0.3:count=1")
    began = time.monotonic()
    assert POOL.request("GET", address, headers=AUTH).status == 200
    assert time.monotonic() - began > 0.29
    hf.faults.add("hf:GET:whoami:reset:count=1")
    with pytest.raises(urllib3.exceptions.ProtocolError, match="reset"):
        POOL.request("GET", address, headers=AUTH)
    assert [entry.fault for entry in hf.log.entries()] == ["status", "success_false", "stall", "reset"]


def test_a_trimmed_body_claims_to_be_whole(hf: Running) -> None:
    address = f"{hf.env['HF_ENDPOINT']}/api/models/{ORG}/open"
    whole = POOL.request("GET", address, headers=AUTH).data
    hf.faults.add("hf:GET:info:trim=2:count=1")
    answer = POOL.request("GET", address, headers=AUTH)
    assert (answer.status, answer.data) == (200, whole[:-2])
    assert answer.headers["Content-Length"] == str(len(whole) - 2)
    hf.faults.add("hf:GET:blob:trim=100:count=1")
    received: list[int] = []
    fetch(hf, 1, received)
    fetch(hf, 1, received)
    assert received[1] - received[0] == 100


def test_a_slow_body(hf: Running) -> None:
    hf.faults.add("hf:GET:blob:slow=6MB:count=1")
    assert 0.4 < fetch(hf, 1, []) < 5


def test_the_log_counts_and_keeps_no_secret(hf: Running) -> None:
    POOL.request("GET", f"{hf.env['HF_ENDPOINT']}/api/models?token={WRITE}", headers={"Cookie": "a=b"})
    POOL.request("GET", f"{hf.env['HF_ENDPOINT']}/api/models", headers={"Authorization": "Bearer wrong"})
    POOL.request("GET", f"{hf.env['HF_ENDPOINT']}/api/models", headers=AUTH)
    leaked, wrong, right = hf.log.entries(route="list")
    assert (leaked.leaked, leaked.cookie, leaked.authorization) == (True, True, False)
    assert (wrong.authorization, wrong.token, wrong.status) == (True, None, 401)
    assert (right.token, right.leaked) == ("write", False)
    assert WRITE not in json.dumps(hf.log.as_json())
    assert "wrong" not in json.dumps(hf.log.as_json())
    assert hf.log.count("hf", "api") == 3
    assert hf.log.bytes_out("hf") == sum(entry.bytes_out for entry in hf.log.entries())
    assert hf.log.active == 0


def test_control_needs_its_token(hf: Running) -> None:
    assert control(hf, "GET", "faults", token="guess")[0] == 401
    assert control(hf, "POST", "stop", token="")[0] == 401


def test_control_of_faults_links_and_log(hf: Running) -> None:
    status, rule = control(hf, "POST", "faults", {"text": "hf:GET:whoami:status=500"})
    assert (status, rule["kind"]) == (200, "status")
    assert control(hf, "POST", "faults", {"kind": "cut", "value": 3, "route": "tree"})[0] == 200
    assert len(control(hf, "GET", "faults")[1]) == 2
    assert control(hf, "DELETE", f"faults/{rule['id']}") == (200, {"removed": True})
    assert control(hf, "DELETE", "faults") == (200, [])
    assert hf.faults.all() == []
    assert control(hf, "POST", "faults", {"text": "nonsense"})[0] == 400
    assert control(hf, "POST", "shape", {"text": "hf:api:latency=0"})[1]["hf:api"]["latency"] == 0
    assert control(hf, "DELETE", "shape") == (200, {})
    client(hf).whoami()
    assert [entry["route"] for entry in control(hf, "GET", "log")[1]["entries"]] == ["whoami"]
    assert control(hf, "GET", "counters")[1][0]["requests"] == 1
    control(hf, "DELETE", "log")
    assert control(hf, "GET", "counters")[1] == []
    assert control(hf, "GET", "environ")[1]["HF_TOKEN"] == WRITE


def test_control_of_the_world(hf: Running) -> None:
    def change(**fields: object) -> int:
        return control(hf, "POST", "world", fields)[0]

    repo = {"repo": f"{ORG}/open"}
    before = client(hf).model_info(f"{ORG}/open").sha
    assert change(op="push", path="new.txt", text="new", **repo) == 200
    assert client(hf).model_info(f"{ORG}/open").sha != before
    assert change(op="push", path="s.bin", seed="s", size=9_000_000, lfs=True, **repo) == 200
    assert change(op="corrupt-blob", path="s.bin", offset=3, **repo) == 200
    assert change(op="drop-blob", path="model.safetensors", **repo) == 200
    assert change(op="visibility", value="private", **repo) == 200
    assert client(hf).model_info(f"{ORG}/open").private is True
    assert change(op="tag", name="t", **repo) == 200
    assert change(op="gate", value="auto", **repo) == 200
    assert change(op="move", to=f"{ORG}/there", **repo) == 200
    assert client(hf).model_info(f"{ORG}/open").id == f"{ORG}/there"
    assert change(op="delete", repo=f"{ORG}/there") == 200
    assert change(op="delete", repo=f"{ORG}/there") == 404
    assert change(op="nonsense", repo=f"{ORG}/tiny") == 400
    assert change(op="setting", name="tree_page", value=2) == 200
    assert hf.world.hf.settings == {"tree_page": 2}
    assert change(op="expire", token="write") == 200
    assert hf.world.hf.tokens[WRITE].expired
    assert change(op="reset") == 200
    assert client(hf).model_info(f"{ORG}/open").sha == before
    assert hf.world.hf.settings == {}


def test_stopping_by_control() -> None:
    running = start(World())
    try:
        assert control(running, "POST", "stop") == (200, {"stopping": True})
        with pytest.raises(urllib3.exceptions.HTTPError):
            for _ in range(50):
                control(running, "GET", "faults")
                time.sleep(0.05)
    finally:
        running.stop()
    assert not running.world.spool.exists()


def test_ports_are_in_a_row() -> None:
    for base in range(23_400, 60_000, 500):
        try:
            running = start(World(), base)
        except OSError:
            continue
        with running:
            ports = [int(url.rpartition(":")[2]) for url in running.env.values() if url.startswith("http")]
            assert min(ports) == base
            assert max(ports) < base + 12
            assert running.env["HF_ENDPOINT"] == f"http://127.0.0.1:{base}"
        return
    raise AssertionError("no free ports")


def test_a_taken_port_is_an_error(hf: Running) -> None:
    port = int(hf.env["HF_ENDPOINT"].rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        start(World(), port)
