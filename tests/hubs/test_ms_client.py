"""The SDK made safe: nothing on disk or screen, no secret anywhere, no redirect that leaks, and the SDK as we know it."""

from __future__ import annotations

import inspect
import logging
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hf2ms_tui.domain.errors import Hf2msError, HubLied
from hf2ms_tui.domain.repo import Visibility
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.modelscope import open_session
from hf2ms_tui.hubs.protocol import AddInline
from hf2ms_tui.loopback.faults import Fault
from support.ms_session import CANARY, Bytes, Session, blob_of, pass_for, ref, serve
from support.ms_world import ORG


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve() as session:
        yield session


def everything(session: Session) -> list[tuple[str, object]]:
    """Every call of every half, by name."""
    tiny, data = ref("tiny"), b"canary"
    return [
        ("whoami", session.read.whoami),
        ("inventory", lambda: list(session.read.inventory(ORG))),
        ("repo", lambda: session.read.repo(ref("secret"))),
        ("resolve", lambda: session.read.resolve(ref("secret"))),
        ("manifest", lambda: session.read.manifest(ref("secret"), "0" * 40)),
        ("prepare", lambda: session.write.prepare(ref("new"), visibility=Visibility.PRIVATE, licence=None)),
        ("missing", lambda: session.write.missing(tiny, [blob_of(data)])),
        ("commit", lambda: session.write.commit(tiny, "master", "m", [AddInline("a", data)])),
        ("delete", lambda: session.delete.delete_repo(pass_for(tiny))),
    ]


@pytest.mark.parametrize("fault", ["", "status=500", "status=403", "success_false", "reset=0", "status=400"])
def test_no_error_contains_the_token(ms: Session, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The hub repeats the token in its message, as some do; the canary is in nothing that people or files get to see."""
    session = ms.as_("bad")
    for status in (500, 403, 400, 200):
        body = f'{{"Code":{status}1,"Message":"token {CANARY} is bad \\u001b[2J","Success":false}}'
        if fault.startswith(f"status={status}") or (fault == "success_false" and status == 200):
            ms.running.faults.add(Fault("status", status, "ms", body=body))
    if fault == "reset=0":
        ms.fault("ms:*:.*:reset=0")
    failed = 0
    for name, call in everything(session):
        try:
            call()  # type: ignore[operator]
        except Hf2msError as error:
            failed += 1
            shown = f"{error!s} {error!r} {error.as_dict()} {error.args}"
            assert CANARY not in shown, name
            assert "\u001b" not in shown, name
            assert error.__cause__ is None or CANARY not in repr(error.__cause__)
    assert failed >= 6
    assert capfd.readouterr() == ("", "")
    assert not any(entry.leaked for entry in ms.running.log.entries())


def test_a_client_shows_no_token_and_is_not_pickled(ms: Session) -> None:
    assert ms.secret is not None
    assert ms.secret.reveal() not in repr(ms.client.__dict__)
    with pytest.raises(TypeError):
        pickle.dumps(ms.secret)


def test_halves_follow_what_is_allowed() -> None:
    token = Secret("ms-x")
    whole = open_session("http://127.0.0.1:9/", token, read_only=False)
    assert whole.write is not None
    assert whole.delete is not None
    assert whole.read.endpoint == "http://127.0.0.1:9"
    limited = open_session("http://127.0.0.1:9", token, read_only=True)
    assert (limited.write, limited.delete) == (None, None)
    assert open_session("http://127.0.0.1:9", None, read_only=False).delete is None


def test_nothing_is_written_to_disk_or_screen(ms: Session, tmp_path: Path) -> None:
    """In a fresh process with a home of its own and the loudest settings the SDK knows."""
    script = textwrap.dedent(
        f"""
        from hf2ms_tui.domain.repo import RepoRef, Visibility
        from hf2ms_tui.domain.secret import Secret
        from hf2ms_tui.hubs.modelscope import open_session
        hub = open_session({ms.read.endpoint!r}, Secret({ms.secret.reveal() if ms.secret else ""!r}), read_only=False)
        assert hub.read.whoami().account == "mira"
        assert list(hub.read.inventory({ORG!r}))
        ref = RepoRef.of("ms", "model", "{ORG}/fresh")
        made = hub.write.prepare(ref, visibility=Visibility.PRIVATE, licence=None)
        found = hub.read.manifest(ref, made.revision)
        source = hub.read.open(ref, made.revision, found.files[0])
        assert source.read()
        source.close()
        """
    )
    home = tmp_path / "home"
    home.mkdir()
    loud = {
        "MODELSCOPE_LOG_LEVEL": "DEBUG",
        "MODELSCOPE_API_TOKEN": "ms-other",
        "MODELSCOPE_ENDPOINT": "https://example.invalid",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MODELSCOPE")}
    ran = subprocess.run(
        [sys.executable, "-W", "default", "-c", script],
        env={**kept, "HOME": str(home), "NO_PROXY": "127.0.0.1,127.0.0.2", **loud},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize("level", ["CRITICAL", "10", "nonsense"])
def test_no_log_level_in_the_environment_breaks_the_import(level: str) -> None:
    """One of ModelScope's packages reads a number in it and fails at anything else, the other a name."""
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from hf2ms_tui.hubs.modelscope import Client; print(type(Client('http://127.0.0.1:9', None).api).__name__)",
        ],
        env={**os.environ, "MODELSCOPE_LOG_LEVEL": level},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "HubApi", "")


def test_importing_the_package_does_not_import_the_sdk() -> None:
    code = "import sys, hf2ms_tui.hubs.modelscope; print('modelscope_hub' in sys.modules, 'requests' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.strip() == "False False"


def test_the_sdks_log_goes_nowhere(ms: Session) -> None:
    ms.read.whoami()
    logger = logging.getLogger("modelscope_hub")
    assert [type(handler) for handler in logger.handlers] == [logging.NullHandler]
    assert not logger.propagate


def test_every_session_of_the_sdk_is_guarded(ms: Session) -> None:
    api = ms.client.api
    sessions = [
        value
        for part in (api.legacy, api.openapi)
        for value in vars(part).values()
        if isinstance(value, requests.Session)
    ]
    assert len(sessions) == 4
    for session in sessions:
        assert {type(adapter).__name__ for adapter in session.adapters.values()} == {"InterlockAdapter"}
        assert all(adapter.max_retries.total == 0 for adapter in session.adapters.values())


def test_a_redirect_to_a_stranger_is_not_followed(ms: Session) -> None:
    """The SDK's OpenAPI cookies have no domain: requests would carry the token along to any host."""
    for route in ("me", "legacy-info"):
        ms.running.faults.add(
            Fault("status", 302, "ms", "GET", route, headers={"Location": "http://192.0.2.7/catch"})
        )
    with pytest.raises(HubLied, match=r"192\.0\.2\.7"):
        ms.read.whoami()
    with pytest.raises(HubLied, match=r"192\.0\.2\.7"):
        ms.read.repo(ref("tiny"))


def test_netrc_does_not_replace_the_token(
    ms: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests prefers a .netrc entry for the host, which people who use git have."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password ms-someone-else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ms.set(strict_auth=1)
    assert ms.read.whoami().account == "mira"
    assert ms.read.repo(ref("secret")).visibility is Visibility.PRIVATE


def test_threads_share_a_client(ms: Session) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            revision = ms.read.resolve(ref("secret"))
            assert len(ms.read.manifest(ref("secret"), revision).files) == 6
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_traffic_is_counted(ms: Session) -> None:
    before = (ms.client.traffic.requests, ms.client.traffic.received, ms.client.traffic.sent)
    revision, entry = ms.entry("tiny", "weights/model.safetensors")
    source = ms.read.open(ref("tiny"), revision, entry)
    while source.read(1 << 16):
        pass
    (leave,) = ms.write.missing(ref("tiny"), [blob_of(b"x" * 1000)])
    ms.write.put(ref("tiny"), leave, Bytes(b"x" * 1000))
    assert ms.client.traffic.requests - before[0] == len(ms.running.log.entries())
    assert ms.client.traffic.received - before[1] > entry.size
    assert ms.client.traffic.sent - before[2] == 1000


def test_the_private_parts_we_use_are_as_we_know_them() -> None:
    """``modelscope_hub`` is pinned below 0.6, but these names are private: say so at once when one is gone."""
    from modelscope_hub import HubApi, HubConfig
    from modelscope_hub._legacy_api import LegacyClient
    from modelscope_hub._openapi import OpenAPIClient

    assert {"endpoint", "token", "config_dir", "cache_dir"} <= set(inspect.signature(HubConfig).parameters)
    assert next(iter(inspect.signature(HubApi).parameters)) == "config"
    asked = inspect.signature(LegacyClient._request).parameters
    assert {"method", "path", "params", "json_body", "timeout"} <= set(asked)
    assert {"params", "require_token", "unwrap"} <= set(inspect.signature(OpenAPIClient.request).parameters)
    for name in (
        "create_repo",
        "get_repo_info",
        "list_datasets",
        "delete_repo",
        "get_download_url",
        "_ensure_session_auth",
    ):
        assert callable(getattr(LegacyClient, name))
