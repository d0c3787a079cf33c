"""What an org looks like from outside and inside, asked by the unpatched client."""

from __future__ import annotations

import pytest
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import World
from support.worlds import LIMITED, ORG, OUTSIDER, READ, WRITE, add_people, add_repo, client, serve


def test_who_a_token_belongs_to(hf: Running) -> None:
    me = client(hf).whoami()
    assert (me["name"], me["orgs"][0]["name"], me["orgs"][0]["roleInOrg"]) == ("ada", ORG, "admin")
    assert me["auth"]["accessToken"]["role"] == "write"
    assert client(hf, READ).whoami()["auth"]["accessToken"]["role"] == "read"
    assert client(hf, OUTSIDER).whoami()["orgs"] == []
    fine = client(hf, LIMITED).whoami()["auth"]["accessToken"]["fineGrained"]
    assert fine["scoped"][0]["permissions"] == ["repo.content.read"]


def test_bad_and_expired_tokens_are_refused_whatever_they_ask_for(hf: Running) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as caught:
        client(hf, "hf_nonsense").model_info(f"{ORG}/open")
    assert caught.value.response.status_code == 401
    client(hf).model_info(f"{ORG}/open")
    hf.world.hf.tokens[WRITE].expired = True
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        client(hf).whoami()


def test_storage_of_every_repo_in_one_listing(hf: Running) -> None:
    rows = {(row.type, row.id): row for row in client(hf).list_user_repos(ORG)}
    assert set(rows) == {
        ("model", "acme/tiny"),
        ("model", "acme/open"),
        ("dataset", "acme/gated"),
        ("dataset", "acme/empty"),
        ("space", "acme/demo"),
    }
    tiny = rows["model", "acme/tiny"]
    assert tiny.visibility == "private"
    assert tiny.storage > 4_234_567
    assert rows["dataset", "acme/empty"].storage == 0
    assert list(client(hf).list_user_repos()) == []


def test_storage_listing_is_for_members(hf: Running) -> None:
    with pytest.raises(HfHubHTTPError, match="403"):
        list(client(hf, OUTSIDER).list_user_repos(ORG))
    with pytest.raises(HfHubHTTPError, match="401"):
        list(client(hf, False).list_user_repos(ORG))
    assert len(list(client(hf, READ).list_user_repos(ORG))) == 5


def test_storage_listing_comes_in_pages(hf: Running) -> None:
    hf.world.hf.settings["storage_page"] = 2
    assert len(list(client(hf).list_user_repos(ORG))) == 5
    assert hf.log.count(route="storage-listing") == 3


def test_lists_show_private_repos_to_members_only(hf: Running) -> None:
    assert {model.id for model in client(hf).list_models(author=ORG)} == {"acme/tiny", "acme/open"}
    assert {model.id for model in client(hf).list_models(author="ACME")} == {"acme/tiny", "acme/open"}
    for token in (OUTSIDER, False):
        assert {model.id for model in client(hf, token).list_models(author=ORG)} == {"acme/open"}


def test_lists_come_in_pages_and_obey_limits() -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        for number in range(25):
            add_repo(world, "dataset", f"{ORG}/d{number}", {"a.txt": b"%d" % number})
        world.hf.settings["list_page"] = 10

    with serve(build) as running:
        rows = list(
            client(running).list_datasets(author=ORG, expand=["usedStorage", "private", "lastModified"])
        )
        assert sorted(row.id for row in rows) == sorted(f"{ORG}/d{number}" for number in range(25))
        assert running.log.count(route="list") == 3
        assert len(list(client(running).list_datasets(author=ORG, limit=4))) == 4
        assert running.log.count(route="list") == 4


def test_expand_gives_what_was_asked_for_and_nothing_else(hf: Running) -> None:
    [row] = client(hf).list_models(author=ORG, search="tiny", expand=["usedStorage", "private", "createdAt"])
    assert row.used_storage is not None
    assert row.used_storage > 4_000_000
    assert row.private is True
    assert row.created_at is not None
    assert row.sha is None
    assert row.last_modified is None


def test_unknown_expand_is_400_with_the_list_of_known_ones(hf: Running) -> None:
    with pytest.raises(BadRequestError, match=r'"expand" must be one of \[author, '):
        list(client(hf).list_spaces(author=ORG, expand=["gated"]))  # type: ignore[list-item]


def test_tags_and_licence_and_sort(hf: Running) -> None:
    assert [m.id for m in client(hf).list_models(author=ORG, filter="license:mit")] == ["acme/tiny"]
    models = list(client(hf).list_models(author=ORG, sort="last_modified", full=True))
    assert [model.id for model in models] == ["acme/open", "acme/tiny"]
    assert models[0].sha == hf.world.hf.get("model", f"{ORG}/open").head().id  # type: ignore[union-attr]


def test_overview_counts_what_is_visible(hf: Running) -> None:
    seen = client(hf).get_organization_overview(ORG)
    assert (seen.num_models, seen.num_datasets, seen.num_spaces, seen.num_users) == (2, 2, 1, 1)
    assert client(hf, False).get_organization_overview(ORG).num_models == 1
    assert [member.username for member in client(hf).list_organization_members(ORG)] == ["ada"]


def test_missing_and_invisible_repos_look_the_same(hf: Running) -> None:
    for repo_id in (f"{ORG}/nothing", f"{ORG}/tiny"):
        with pytest.raises(RepositoryNotFoundError) as caught:
            client(hf, OUTSIDER).model_info(repo_id)
        assert caught.value.response.status_code == 404
        with pytest.raises(RepositoryNotFoundError) as caught:
            client(hf, False).model_info(repo_id)
        assert caught.value.response.status_code == 401
    with pytest.raises(RepositoryNotFoundError):
        client(hf).model_info("gpt2")
    assert client(hf).repo_exists(f"{ORG}/open")
    assert not client(hf).repo_exists(f"{ORG}/open", repo_type="dataset")


def test_ids_are_case_insensitive(hf: Running) -> None:
    assert client(hf).model_info("ACME/Open").id == "acme/open"


def test_a_limited_token_reads_its_org(hf: Running) -> None:
    assert client(hf, LIMITED).model_info(f"{ORG}/tiny").private is True


def test_disabled_repos_say_so(hf: Running) -> None:
    repo = hf.world.hf.get("model", f"{ORG}/open")
    assert repo is not None
    repo.disabled = True
    with pytest.raises(HfHubHTTPError, match="disabled"):
        client(hf).model_info(f"{ORG}/open")
