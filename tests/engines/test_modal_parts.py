"""Parts of the engine for Modal that need no container: credentials, shares, rates, timeouts, what is sent, the log book."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import modal.exception
import pytest
from grpclib.exceptions import StreamTerminatedError
from hypothesis import given
from hypothesis import strategies as st

import hf2ms_tui
from hf2ms_tui.domain.errors import (
    BadInput,
    Hf2msError,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal import app, deploy, names, rates
from hf2ms_tui.engines.modal.account import Account
from hf2ms_tui.engines.modal.credentials import Credentials, find
from hf2ms_tui.engines.modal.logbook import PAGE, LogBook
from hf2ms_tui.engines.modal.roll import share_of
from hf2ms_tui.engines.modal.trouble import translate
from hf2ms_tui.engines.modal.vault import Vault
from hf2ms_tui.services.settings import load

ROOT = Path(hf2ms_tui.__file__).parents[1]
PROFILES = """
[one]
token_id = "ak-one"
token_secret = "as-one"
[two]
token_id = "ak-two"
token_secret = "as-two"
"""


def home(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / ".modal.toml").write_text(text)
    return {"HOME": str(tmp_path)}


def test_credentials_are_found_where_the_modal_package_finds_them(tmp_path: Path) -> None:
    assert find({}) is None
    assert find({"HOME": str(tmp_path)}) is None
    environ = home(tmp_path, PROFILES)
    assert find(environ) is None, "two profiles, none of them active"
    named = find({**environ, "MODAL_PROFILE": "two"})
    assert named is not None
    assert named.token_id == "ak-two"
    assert named.token_secret == Secret("as-two")
    assert named.origin.endswith(".modal.toml")
    active = find(home(tmp_path, PROFILES + "active = true\n"))
    assert active is not None
    assert active.token_id == "ak-two"
    won = find({**environ, "MODAL_TOKEN_ID": "ak-env", "MODAL_TOKEN_SECRET": "as-env"})
    assert won is not None
    assert (won.token_id, won.origin) == ("ak-env", "environment")
    assert "as-env" not in repr(won)
    dotenv = find({"HOME": "/nowhere"}, {"MODAL_TOKEN_ID": "ak-file", "MODAL_TOKEN_SECRET": "as-file"})
    assert dotenv is not None
    assert dotenv.origin == ".env"
    with pytest.raises(BadInput, match="MODAL_TOKEN_SECRET is not set"):
        find({"MODAL_TOKEN_ID": "ak-half"})
    with pytest.raises(BadInput, match="cannot be read"):
        find(home(tmp_path, "not = [toml"))


def test_the_engine_is_modal_where_credentials_are_found_and_never_in_the_demo(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "HF2MS_STATE": str(tmp_path / "state")}
    own = {"MODAL_TOKEN_ID": "ak-own", "MODAL_TOKEN_SECRET": "as-own"}
    assert load({}, environ, tmp_path).engine == "local"
    assert load({}, environ | own, tmp_path).engine == "modal"
    assert load({"engine": "local"}, environ | own, tmp_path).engine == "local"
    assert load({"demo": True}, environ | own, tmp_path).engine == "local"
    (tmp_path / ".env").write_text("MODAL_TOKEN_ID=ak-own\nMODAL_TOKEN_SECRET=as-own\n")
    assert load({}, environ, tmp_path).engine == "modal"
    assert load({"demo": True}, environ, tmp_path).modal is None
    assert load({"containers": 7, "modal_rate": "0.036"}, environ, tmp_path).containers == 7
    rate = load({"modal_rate": "0.036"}, environ, tmp_path).modal_rate
    assert rate is not None
    assert rate.cost(3600) == pytest.approx(0.036)
    with pytest.raises(BadInput):
        load({"containers": 101}, environ, tmp_path)
    assert "as-own" not in load({}, environ | own, tmp_path).redact("x as-own y")


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 500), min_size=1, max_size=12),
    st.integers(1, 100),
)
def test_shares_are_fair_and_never_more_than_the_cap(wants: dict[str, int], cap: int) -> None:
    shares = {job: share_of(job, wants, cap) for job in wants}
    assert all(share >= 1 for share in shares.values())
    assert sum(shares.values()) <= max(cap, len(wants)) + sum(1 for count in wants.values() if count == 0)
    hungry = [shares[job] for job, count in wants.items() if count > shares[job]]
    if hungry:
        assert max(hungry) - min(hungry) <= 1, "who wants more gets as much as any other"
    if len(wants) <= cap:
        wasted = cap - sum(min(shares[job], count) for job, count in wants.items())
        assert wasted <= 0 or not hungry


def test_rates_are_read_whatever_the_units_are_called() -> None:
    def read(**found: float) -> rates.Rate:
        class Known(Account):
            def __init__(self) -> None:
                pass

            def rates(self) -> dict[str, float]:
                return found

        return rates.read_rate(Known())

    mine = read(cpu_core_second=2e-5, memory_gib_second=4e-6, nonpreemptible_multiplier=3.0)
    assert mine.per_second == pytest.approx(0.5 * 2e-5 + 0.5 * 4e-6)
    assert "your Modal account" in mine.source
    hourly = read(cpu_core_hour=0.072, memory_gib_hour=0.0144, gpu_cpu=9.0)
    assert hourly.per_second == pytest.approx(mine.per_second)
    strange = read(apples=1.0)
    assert strange.per_second == rates.LISTED.per_second
    assert "apples" in strange.source
    assert rates.read_rate(None) == rates.LISTED


def test_a_chunk_gets_time_enough_and_few_different_limits() -> None:
    for size in (0, 10**6, 20 * 2**30, 10**12):
        limit = names.chunk_timeout(size)
        assert limit in names.CHUNK_TIMEOUTS
        assert limit >= min(900 + size / names.SLOWEST, 24 * 3600)
    assert names.chunk_timeout(10**6) <= 1800, "an abandoned small chunk does not bill for a day"


@pytest.mark.parametrize(
    ("error", "kind", "transient"),
    [
        (modal.exception.AuthError("no"), NotAuthenticated, False),
        (modal.exception.NotFoundError("no"), NotFound, False),
        (modal.exception.OutputExpiredError("no"), NotFound, False),
        (modal.exception.ResourceExhaustedError("no"), RateLimited, True),
        (modal.exception.ServiceError("no"), Unreachable, True),
        (modal.exception.ConnectionError("no"), Unreachable, True),
        (modal.exception.FunctionTimeoutError("no"), Hf2msError, False),
        (modal.exception.InvalidError("no"), Hf2msError, False),
        (modal.exception.VersionError("no"), BadInput, False),
        (StreamTerminatedError("no"), Unreachable, True),
        (ConnectionRefusedError("no"), Unreachable, True),
        (TimeoutError("no"), Unreachable, True),
    ],
)
def test_what_modal_raises_becomes_an_error_of_ours(
    error: Exception, kind: type[Hf2msError], transient: bool
) -> None:
    made = translate(error, "asking")
    assert type(made) is kind
    assert made.transient is transient
    assert "asking" in str(made)


def test_only_what_a_worker_needs_is_sent() -> None:
    root = Path(hf2ms_tui.__file__).parent
    sent = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not app.left_out(path)
    }
    assert "engines/modal/app.py" in sent
    assert {path.partition("/")[0] for path in sent} == {
        "__init__.py",
        "domain",
        "hubs",
        "transfer",
        "engines",
    }
    assert not any(path.startswith("engines/local") or not path.endswith(".py") for path in sent)
    assert sent == {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not app.left_out(path.relative_to(root))
    }


def test_the_image_holds_what_pyproject_asks_for() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for package in app.PACKAGES:
        if package != "certifi":  # comes with the hub SDKs
            assert package in wanted


def test_the_deploying_process_is_given_nothing_but_the_way_to_modal(tmp_path: Path) -> None:
    credentials = find({"MODAL_TOKEN_ID": "ak-x", "MODAL_TOKEN_SECRET": "as-x"})
    assert credentials is not None
    made = deploy.environment(credentials, {"PATH": "/bin", "HF_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "y"})
    assert made["GIT_DIR"] == "/nonexistent"
    assert not {"HF_TOKEN", "AWS_SECRET_ACCESS_KEY"} & made.keys()
    assert deploy.app_name() == deploy.app_name()


def test_names_of_secrets_tell_nothing_and_change_with_the_tokens(tmp_path: Path) -> None:
    class Nobody(Account):
        def __init__(self) -> None:
            pass

    vault, other = Vault(Nobody(), tmp_path), Vault(Nobody(), tmp_path)
    (tmp_path / "else").mkdir()
    one, two = Tokens(Secret("hf_a"), None), Tokens(Secret("hf_b"), None)
    assert vault.name_of(one) == other.name_of(one)
    assert vault.name_of(one) != vault.name_of(two)
    assert vault.name_of(one) != Vault(Nobody(), tmp_path / "else").name_of(one)
    assert vault.name_of(one).startswith(vault.prefix)
    assert len(vault.name_of(one)) < 64
    assert (tmp_path / "modal-key").stat().st_mode & 0o077 == 0


class Shelf:
    """A Dict in memory that can die between two writes, as a coordinator does."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.left = 10**9

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        if self.left <= 0:
            raise Unreachable("killed")
        self.left -= 1
        self.values[key] = {"lines": list(value["lines"]), "taken": dict(value["taken"])}

    def drop(self, *keys: str) -> None:
        for key in keys:
            self.values.pop(key, None)


@pytest.mark.parametrize("survive", range(6))
def test_a_log_book_neither_loses_nor_doubles_a_workers_line_when_killed(survive: int) -> None:
    said, record = Shelf(), Shelf()
    count = 3 * PAGE + 77
    for start in range(0, count, 400):
        record.values[f"lines:k:t:{start // 400}"] = [
            ["2026-01-01", "w", 1, str(n)] for n in range(start, min(start + 400, count))
        ]
    first = LogBook(said, record)  # type: ignore[arg-type]
    first.load(0)
    first.add("job", 0, "begin")
    first.flush()
    said.left = survive
    first.pull("k", "t", count)
    with contextlib.suppress(Unreachable):
        first.flush()
    said.left = 10**9
    second = LogBook(said, record)  # type: ignore[arg-type]
    second.load(0)
    second.pull("k", "t", count)
    second.forget("k", "t")
    second.flush()
    pages = [said.values[f"log:{number}"]["lines"] for number in range(len(said.values))]
    texts = [line[3] for page in pages for line in page]
    assert texts == ["begin", *map(str, range(count))]
    assert all(len(page) == PAGE for page in pages[:-1])
    assert second.count == len(texts)
    assert not record.values, "a worker's own copy is dropped once its lines are safe"


def test_what_goes_wrong_with_a_deployment_is_the_last_thing_that_its_process_says(tmp_path: Path) -> None:
    noise = "import atexit\natexit.register(print, 'RuntimeError: an interpreter that shuts down')\n"
    (tmp_path / "sitecustomize.py").write_text(noise)
    env = deploy.environment(Credentials("", Secret(""), "", "", "test"), os.environ)
    env["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{env['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "hf2ms_tui.engines.modal.deploy", "x"],
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Modal does not accept the token" in done.stdout.splitlines()[-1]
