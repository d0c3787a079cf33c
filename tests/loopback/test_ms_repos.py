"""Making repos, changing their settings, and the deletion that ordinary tokens are refused."""

from __future__ import annotations

import warnings

import pytest
from modelscope_hub import HubApi
from modelscope_hub.errors import AlreadyExistsError, InvalidParameter, NotExistError, PermissionDeniedError
from modelscope_hub.types import Visibility

from support.ms_world import ORG, Ms


def delete(api: HubApi, name: str, kind: str = "model") -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        api.delete_repo(f"{ORG}/{name}", kind)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("visibility", ["private", "internal", "public"])
def test_created_with_the_visibility_and_licence_that_were_asked_for(
    ms: Ms, kind: str, visibility: str
) -> None:
    api = ms.api()
    made = api.create_repo(
        f"{ORG}/new", kind, visibility=visibility, license="mit", chinese_name="新", description="what it is"
    )
    assert (made.owner, made.name) == (ORG, "new")
    data = api.legacy.get_repo_info(f"{ORG}/new", kind)
    assert data["Visibility"] == {"private": 1, "internal": 3, "public": 5}[visibility]
    assert (data["License"], data["ChineseName"], data["Description"]) == ("mit", "新", "what it is")
    expected = Visibility.PRIVATE if visibility == "private" else Visibility.PUBLIC
    assert api.get_repo(f"{ORG}/new", kind).visibility == expected
    assert ms.api("outsider").repo_exists(f"{ORG}/new", kind) == (visibility != "private")
    assert ms.api("nobody").repo_exists(f"{ORG}/new", kind) == (visibility == "public")


def test_without_words_a_repo_is_public_and_apache(ms: Ms) -> None:
    ms.api().create_repo(f"{ORG}/new", "model")
    repo = ms.repo("model", "new")
    assert (repo.visibility, repo.licence) == ("public", "Apache-2.0")


def test_the_platform_adds_files_of_its_own(ms: Ms) -> None:
    for kind, extra in (("model", {"configuration.json"}), ("dataset", set[str]())):
        ms.api().create_repo(f"{ORG}/new", kind, visibility="private", license="mit")
        files = ms.repo(kind, "new").head("master").files
        assert set(files) == {".gitattributes", "README.md"} | extra
        assert b"license: mit" in files["README.md"].content.read(0, 1000)


def test_a_taken_name_has_a_code_per_kind_and_site(ms: Ms) -> None:
    for kind, name, code in (("model", "tiny", 10010101001), ("dataset", "many", 10020101001)):
        with pytest.raises(AlreadyExistsError) as caught:
            ms.api().create_repo(f"{ORG}/{name}", kind)
        assert isinstance(caught.value.response_body, dict) and caught.value.response_body["Code"] == code
    ms.set(name_taken_code=10010202004)
    with pytest.raises(AlreadyExistsError):
        ms.api().create_repo(f"{ORG}/tiny", "model")


def test_an_owner_that_does_not_exist_looks_like_a_taken_name_to_the_sdk(ms: Ms) -> None:
    with pytest.raises(AlreadyExistsError, match="does not exist"):
        ms.api().create_repo("nobody-here/new", "model")
    assert not ms.api().repo_exists("nobody-here/new", "model")


@pytest.mark.parametrize(
    ("role", "status"), [("read", 403), ("outsider", 403), ("bad", 401), ("nobody", 401)]
)
def test_who_may_not_create(ms: Ms, role: str, status: int) -> None:
    body = {"Path": ORG, "Name": "new", "Visibility": 1}
    assert ms.ask("POST", "/api/v1/models", role, json=body).status_code == status
    assert ms.world.ms.get("model", f"{ORG}/new") is None


def test_datasets_are_made_with_a_form_and_not_with_json(ms: Ms) -> None:
    assert ms.ask("POST", "/api/v1/datasets", json={"Owner": ORG, "Name": "new"}).status_code == 400
    assert ms.world.ms.get("dataset", f"{ORG}/new") is None


def test_gated_only_where_private(ms: Ms) -> None:
    api = ms.api()
    api.create_repo(f"{ORG}/gated", "dataset", visibility="private", gated_mode=True)
    api.create_repo(f"{ORG}/open", "dataset", visibility="public", gated_mode=True)
    assert ms.repo("dataset", "gated").gated == "manual" and ms.repo("dataset", "open").gated is None
    assert ms.ask("GET", f"/openapi/v1/datasets/{ORG}/gated").json()["data"]["gated"] is True


def test_settings_are_changed_by_admins(ms: Ms) -> None:
    number = ms.repo("dataset", "many").serial
    for role, path in (("read", f"models/{ORG}/tiny"), ("outsider", f"models/{ORG}/tiny")):
        assert ms.ask("PUT", f"/api/v1/{path}", role, json={"Visibility": 1}).status_code == 403
    assert ms.repo("model", "tiny").visibility == "public"
    api = ms.api()
    api.legacy._request("PUT", f"models/{ORG}/tiny", json_body={"Visibility": 1, "License": "gpl-3.0"})
    api.legacy._request("PUT", f"datasets/{number}", json_body={"Visibility": 5, "ProtectedMode": 2})
    assert (ms.repo("model", "tiny").visibility, ms.repo("model", "tiny").licence) == ("private", "gpl-3.0")
    assert ms.repo("dataset", "many").visibility == "public"


@pytest.mark.parametrize("role", ["write", "read"])
def test_deletion_is_refused_to_ordinary_tokens(ms: Ms, role: str) -> None:
    with pytest.raises(InvalidParameter, match="no longer supports deletion") as caught:
        delete(ms.api(role), "secret")
    assert caught.value.status_code == 400
    assert ms.repo("model", "secret")


def test_deletion_works_with_a_token_of_tier_admin(ms: Ms) -> None:
    api = ms.api("admin")
    delete(api, "secret")
    assert not api.repo_exists(f"{ORG}/secret", "model")
    with pytest.raises(NotExistError):
        delete(api, "secret")
    number = ms.repo("dataset", "many").serial
    assert ms.ask("DELETE", f"/api/v1/datasets/{number}", "admin").status_code == 200
    assert not api.repo_exists(f"{ORG}/many", "dataset")


def test_a_stranger_learns_nothing_by_deleting(ms: Ms) -> None:
    with pytest.raises(NotExistError):
        delete(ms.api("outsider"), "secret")
    assert ms.ask("DELETE", f"/api/v1/models/{ORG}/secret", "nobody").status_code == 400
    assert ms.repo("model", "secret")


def test_files_are_not_deleted_by_the_direct_route(ms: Ms) -> None:
    for kind, name in (("model", "tiny"), ("dataset", "many")):
        with pytest.raises(InvalidParameter, match="no longer supports deletion"):
            ms.api("admin").legacy.delete_file(f"{ORG}/{name}", kind, "README.md")


def test_the_settings_page_deletes_when_the_id_is_typed(ms: Ms) -> None:
    page = f"/models/{ORG}/secret/settings"
    assert "Delete" in ms.ask("GET", page).text
    assert ms.ask("POST", page, data={"confirm": "secret"}).status_code == 400
    assert ms.api().repo_exists(f"{ORG}/secret", "model")
    assert ms.ask("POST", page, data={"confirm": f"{ORG}/secret"}).status_code == 200
    assert not ms.api().repo_exists(f"{ORG}/secret", "model")


def test_create_can_fail_with_a_success_and_the_sdk_believes_it(ms: Ms) -> None:
    ms.running.faults.add("ms:POST:create:success_false")
    assert ms.api().create_repo(f"{ORG}/new", "model").name == "new"
    assert ms.world.ms.get("model", f"{ORG}/new") is None


def test_reading_tokens_may_not_write(ms: Ms) -> None:
    with pytest.raises(PermissionDeniedError):
        ms.api("read").legacy.validate_blobs(f"{ORG}/tiny", "model", [{"oid": "0" * 64, "size": 1}])


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"{", b"7"])
def test_bodies_that_are_no_objects_are_400(ms: Ms, body: bytes) -> None:
    for method, path in (
        ("POST", "/api/v1/login"),
        ("POST", "/api/v1/models"),
        ("PUT", "/api/v1/models/"),
        ("PUT", f"/api/v1/models/{ORG}/tiny"),
        ("POST", f"/api/v1/models/{ORG}/tiny/repo/tag"),
        ("POST", f"/api/v1/repos/models/{ORG}/tiny/info/lfs/objects/batch"),
        ("POST", f"/api/v1/repos/models/{ORG}/tiny/commit/master"),
    ):
        answer = ms.ask(method, path, data=body)
        assert (answer.status_code, answer.json()["Success"]) == (400, False), path
