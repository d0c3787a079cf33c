"""Who a token is, and what a bad one does."""

from __future__ import annotations

import pytest
import requests
from modelscope_hub import HubApi, HubConfig
from modelscope_hub.errors import AuthenticationError, NotExistError

from support.ms_world import ORG, Ms


def test_the_sdk_learns_who_it_is(ms: Ms) -> None:
    user = ms.api().whoami()
    assert (user.username, user.email) == ("mira", "mira@loopback.invalid")


@pytest.mark.parametrize("role", ["bad", "nobody", "expired"])
def test_only_users_me_tells_that_a_token_is_bad(ms: Ms, role: str) -> None:
    answer = ms.ask("GET", "/openapi/v1/users/me", role)
    assert answer.status_code == 401
    assert answer.json()["code"] == "InvalidAuthentication"
    assert ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo/files", role).status_code == 200


def test_the_sdk_raises_authentication_error_for_a_bad_token(ms: Ms) -> None:
    with pytest.raises(AuthenticationError):
        ms.api("bad").whoami()


def test_login_gives_a_session_that_works_by_itself(ms: Ms) -> None:
    answer = ms.ask("POST", "/api/v1/login", "nobody", json={"AccessToken": ms.token()})
    data = answer.json()["Data"]
    assert data["Username"] == "mira" and data["AccessToken"] != ms.token()
    session = answer.cookies["m_session_id"]
    assert session != ms.token()
    private = f"{ms.url}/api/v1/models/{ORG}/secret"
    assert requests.get(private, cookies={"m_session_id": session}, timeout=20).status_code == 200
    assert requests.get(private, timeout=20).status_code == 404


def test_login_by_the_sdk_with_a_writing_and_a_reading_token(ms: Ms) -> None:
    for role in ("write", "read"):
        folder = ms.scratch / role
        api = HubApi(HubConfig(endpoint=ms.url, token=None, config_dir=folder, cache_dir=folder))
        assert api.login(ms.token(role) or "").username == "mira"
        assert (folder / "credentials" / "git_token").exists() == (role == "write")


def test_login_with_nonsense_is_400_with_its_own_code(ms: Ms) -> None:
    answer = ms.ask("POST", "/api/v1/login", "nobody", json={"AccessToken": "ms-x"})
    assert (answer.status_code, answer.json()["Code"]) == (400, 10010103009)
    with pytest.raises(AuthenticationError):
        ms.api("nobody").login("ms-x")


def test_either_header_does_unless_both_are_required(ms: Ms) -> None:
    path, value = f"{ms.url}/api/v1/models/{ORG}/secret", ms.token() or ""
    bearer, cookie = {"Authorization": f"Bearer {value}"}, {"Cookie": f"m_session_id={value}"}
    for headers in (bearer, cookie):
        assert requests.get(path, headers=headers, timeout=20).status_code == 200
    ms.set(strict_auth=1)
    for headers in (bearer, cookie):
        assert requests.get(path, headers=headers, timeout=20).status_code == 404
    assert requests.get(path, headers=bearer | cookie, timeout=20).status_code == 200
    assert ms.api().get_repo(f"{ORG}/secret", "model").repo_id == f"{ORG}/secret"
    assert ms.api().whoami().username == "mira"


def test_no_access_and_not_there_are_both_404_with_different_codes(ms: Ms) -> None:
    hidden = ms.ask("GET", f"/api/v1/models/{ORG}/secret", "outsider")
    absent = ms.ask("GET", f"/api/v1/models/{ORG}/nothing")
    assert (hidden.status_code, hidden.json()["Code"]) == (404, 10010200001)
    assert (absent.status_code, absent.json()["Code"]) == (404, 10010205001)
    assert hidden.json()["Success"] is False
    with pytest.raises(NotExistError):
        ms.api("outsider").get_repo(f"{ORG}/secret", "model")


def test_unknown_routes_are_plain_text(ms: Ms) -> None:
    answer = ms.ask("GET", "/api/v1/nothing/like/this")
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert ms.ask("GET", f"/api/v1/repos/models/{ORG}/tiny/repo").status_code == 421


def test_credentials_never_reach_the_log(ms: Ms) -> None:
    ms.ask("GET", f"/api/v1/models/{ORG}/secret?token={ms.token()}")
    (entry,) = ms.running.log.entries(route="legacy-info")
    assert entry.leaked and (ms.token() or "") not in entry.path and entry.token == "write"
