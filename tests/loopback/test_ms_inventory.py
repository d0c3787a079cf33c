"""Lists of repos and one repo: both APIs, their limits and their holes."""

from __future__ import annotations

import pytest
from modelscope_hub.errors import InvalidParameter
from modelscope_hub.types import Visibility

from support.ms_world import LONG_README, ORG, TINY, Ms, add_repo


def ids(ms: Ms, kind: str, role: str = "write") -> set[str]:
    return {item.name or "" for item in ms.api(role).list_repos(kind, owner=ORG, page_size=50).items}


def test_the_sdk_lists_what_the_token_may_see(ms: Ms) -> None:
    assert ids(ms, "model") == {"tiny", "secret"}
    assert ids(ms, "model", "outsider") == ids(ms, "model", "bad") == {"tiny"}


def test_rows_carry_visibility_licence_and_size(ms: Ms) -> None:
    rows = {item.name: item for item in ms.api().list_repos("model", owner=ORG, sort="last_modified").items}
    assert rows["tiny"].visibility == Visibility.PUBLIC and rows["secret"].visibility == Visibility.PRIVATE
    assert rows["tiny"].license == "MIT"
    raw = ms.ask("GET", f"/openapi/v1/models?owner={ORG}").json()["data"]["models"]
    assert {row["file_size"] for row in raw} == {sum(content.size for content in TINY.values())}


def test_pages_are_at_most_50_and_reach_3000(ms: Ms) -> None:
    ok, long, far = (
        ms.ask("GET", f"/openapi/v1/models?owner={ORG}&page_number={page}&page_size={size}")
        for page, size in ((60, 50), (1, 51), (61, 50))
    )
    assert (ok.status_code, ok.json()["data"]["models"]) == (200, [])
    for answer in (long, far):
        assert (answer.status_code, answer.json()["code"]) == (400, "InputParameterError")
    with pytest.raises(InvalidParameter):
        ms.api().list_repos("model", owner=ORG, page_size=51)


def test_pages_cover_everything_once(ms: Ms) -> None:
    for number in range(7):
        add_repo(ms.world, "dataset", f"set-{number}", {"a.txt": TINY["config.json"]})
    seen = []
    for page in (1, 2, 3):
        result = ms.api().list_repos("dataset", owner=ORG, page_number=page, page_size=3)
        assert result.total_count == 8
        seen += [item.name for item in result.items]
    assert sorted(seen) == sorted(["many", *(f"set-{number}" for number in range(7))])


def test_public_repos_that_look_unfinished_are_in_no_openapi_list(ms: Ms) -> None:
    ms.api().create_repo(f"{ORG}/fresh", "model", visibility="public")
    ms.api().create_repo(f"{ORG}/fresh-private", "model", visibility="private")
    assert ids(ms, "model") == {"tiny", "secret", "fresh-private"}
    assert ms.api().repo_exists(f"{ORG}/fresh", "model")
    listed = ms.ask("PUT", "/api/v1/models/", data=f'{{"Path":"{ORG}","PageNumber":1,"PageSize":50}}').json()
    assert {row["Name"] for row in listed["Data"]["Models"]} == {"tiny", "secret", "fresh", "fresh-private"}
    ms.set(hide_fresh=0)
    assert "fresh" in ids(ms, "model")


def test_a_repo_is_shown_once_it_has_a_readme_of_its_own(ms: Ms) -> None:
    api, repo_id = ms.api(), f"{ORG}/fresh"
    api.create_repo(repo_id, "model", visibility="public")

    def put(path: str, text: str) -> None:
        api.upload_file(repo_id=repo_id, path_or_fileobj=text.encode(), path_in_repo=path, repo_type="model")

    put("train.py", "print(1)\n")
    assert (
        len(ms.repo("model", "fresh").head("master").files["README.md"].content.read(0, 9999).decode()) > 200
    )
    assert "fresh" not in ids(ms, "model")
    put("README.md", "# short\n")
    assert "fresh" not in ids(ms, "model")
    put("README.md", LONG_README)
    assert "fresh" in ids(ms, "model")


def test_a_private_dataset_that_is_not_indexed_is_only_in_the_older_api(ms: Ms) -> None:
    assert ids(ms, "dataset") == {"many"}
    assert ms.ask("GET", f"/openapi/v1/datasets/{ORG}/unindexed").status_code == 404
    older = ms.api().legacy.list_datasets(owner=ORG, page_size=50)
    assert {row["Name"] for row in older["items"]} == {"many", "unindexed"} and older["total_count"] == 2
    assert ms.api().get_repo(f"{ORG}/unindexed", "dataset").repo_id == f"{ORG}/unindexed"


def test_the_older_list_ends_with_an_error_that_the_sdk_knows(ms: Ms) -> None:
    answer = ms.ask("GET", f"/api/v1/datasets?owner={ORG}&PageNumber=3&PageSize=50")
    assert answer.status_code == 400 and "fromIndex" in answer.json()["Message"]
    assert ms.api().legacy.list_datasets(owner=ORG, page_number=3, page_size=50)["items"] == []


def test_a_miss_costs_the_sdk_two_requests(ms: Ms) -> None:
    assert not ms.api().repo_exists(f"{ORG}/nothing", "dataset")
    assert [entry.route for entry in ms.running.log.entries(hub="ms")] == ["info", "legacy-info"]


def test_details_of_the_older_api(ms: Ms) -> None:
    data = ms.api().legacy.get_repo_info(f"{ORG}/many", "dataset")
    assert data["Visibility"] == 1 and isinstance(data["Id"], int) and "Type" in data and data["Owner"] == ORG
    assert data["StorageSize"] == sum(
        node.size for node in ms.repo("dataset", "many").head("master").files.values()
    )


def test_studios_are_listed_without_an_envelope(ms: Ms) -> None:
    add_repo(ms.world, "space", "demo", {"app.py": TINY["config.json"]}, sdk="gradio")
    raw = ms.ask("GET", f"/openapi/v1/studios?owner={ORG}").json()
    assert "success" not in raw and raw["total_count"] == 1 and raw["studios"][0]["sdk_type"] == "gradio"
    assert ids(ms, "studio") == {"demo"}
    assert ms.api().get_repo(f"{ORG}/demo", "studio").name == "demo"
