"""Files of a revision: hashes, pins, and listings that are cut without a word."""

from __future__ import annotations

import pytest
from modelscope_hub.errors import NotExistError

from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node
from support.ms_world import LFS, ORG, TINY, Ms, add_repo, numbered


def raw(ms: Ms, path: str) -> list[dict[str, object]]:
    answer = ms.ask("GET", f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    files: list[dict[str, object]] = answer.json()["Data"]["Files"]
    return files


def test_every_file_has_its_sha256_and_folders_are_entries_too(ms: Ms) -> None:
    files = ms.api().list_repo_files(f"{ORG}/secret", "model")
    assert {file.path: file.sha256 for file in files if file.type == "blob"} == {
        path: content.sha256 for path, content in TINY.items()
    }
    assert {file.path for file in files if file.type == "tree"} == {"runs", "runs/a b", "weights"}
    entries = {entry["Path"]: entry for entry in raw(ms, f"models/{ORG}/secret/repo/files?Recursive=True")}
    assert {path for path, entry in entries.items() if entry["IsLFS"]} == LFS
    assert entries["weights"]["Sha256"] == "" and entries["weights"]["Size"] == 0


def test_root_and_recursive(ms: Ms) -> None:
    shallow = raw(ms, f"models/{ORG}/tiny/repo/files")
    assert [entry["Path"] for entry in shallow] == [
        "README.md",
        "config.json",
        "empty.txt",
        "runs",
        "weights",
    ]
    below = raw(ms, f"models/{ORG}/tiny/repo/files?Root=/runs&Recursive=True")
    assert [entry["Path"] for entry in below] == ["runs/a b", "runs/a b/loss+1.csv"]
    assert ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo/files?Root=nowhere").status_code == 404


def test_an_entry_names_the_commit_that_last_touched_it(ms: Ms) -> None:
    repo = ms.repo("model", "tiny")
    first = repo.head("master").id
    second = repo.commit([Node("config.json", BytesContent(b"{}"))], message="second", branch="master").id
    entries = {entry["Path"]: entry for entry in raw(ms, f"models/{ORG}/tiny/repo/files")}
    assert (entries["config.json"]["Revision"], entries["README.md"]["Revision"]) == (second, first)
    assert entries["config.json"]["CommitMessage"] == "second"


def test_a_listing_can_be_pinned_and_an_unknown_pin_is_404(ms: Ms) -> None:
    repo = ms.repo("model", "tiny")
    first = repo.head("master").id
    repo.commit([Node("new.txt", BytesContent(b"new"))], branch="master")
    api = ms.api()
    assert "new.txt" in {file.path for file in api.list_repo_files(f"{ORG}/tiny", "model")}
    assert "new.txt" not in {
        file.path for file in api.list_repo_files(f"{ORG}/tiny", "model", revision=first)
    }
    for unknown in ("0" * 40, "main", first[:12]):
        answer = ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo/files?Revision={unknown}")
        assert (answer.status_code, answer.json()["Code"]) == (404, 10990101004)
    with pytest.raises(NotExistError):
        api.list_repo_files(f"{ORG}/tiny", "model", revision="main")
    ms.set(unknown_revision_status=200)
    assert raw(ms, f"models/{ORG}/tiny/repo/files?Revision=main") == []


def test_models_are_cut_at_3000_whatever_paging_is_asked_for(ms: Ms) -> None:
    add_repo(ms.world, "model", "flat", numbered("all", 3100))
    base = f"models/{ORG}/flat/repo/files?Recursive=True"
    assert len(raw(ms, base)) == len(raw(ms, f"{base}&PageNumber=2&PageSize=5000")) == 3000
    assert raw(ms, base) == raw(ms, f"{base}&PageNumber=2&PageSize=10")
    api = ms.api()
    assert len(api.legacy.list_repo_files(f"{ORG}/flat", "model")) == 3001
    assert api.legacy._read_state.listing_incomplete is True


def test_the_sdk_walks_around_the_cut_where_folders_allow_it(ms: Ms) -> None:
    files = {path: content for folder in "abcde" for path, content in numbered(folder, 900).items()}
    add_repo(ms.world, "model", "deep", files)
    api = ms.api()
    found = {
        entry["Path"]
        for entry in api.legacy.list_repo_files(f"{ORG}/deep", "model")
        if entry["Type"] == "blob"
    }
    assert found == set(files) and api.legacy._read_state.listing_incomplete is False
    assert ms.running.log.count(route="files") == 7


def test_pages_of_datasets_have_100_entries_whatever_is_asked_for(ms: Ms) -> None:
    everything = {node.path for node in ms.repo("dataset", "many").head("master").files.values()}
    assert len(ms.api().legacy.list_repo_files(f"{ORG}/many", "dataset")) == 100
    patient = ms.api().legacy.list_dataset_files_paginated(f"{ORG}/many", page_size=100)
    assert {entry["Path"] for entry in patient if entry["Type"] == "blob"} == everything
    base = f"datasets/{ORG}/many/repo/tree?Recursive=True"
    assert len(raw(ms, f"{base}&PageSize=30")) == 30
    assert raw(ms, f"{base}&PageNumber=9&PageSize=100") == []
    ms.set(tree_page_cap=200)
    assert len(ms.api().legacy.list_repo_files(f"{ORG}/many", "dataset")) == len(everything) + 3


def test_datasets_can_be_asked_by_number_and_models_have_no_tree(ms: Ms) -> None:
    number = ms.repo("dataset", "many").serial
    tail = "repo/tree?Recursive=True&PageNumber=2&PageSize=100"
    assert raw(ms, f"datasets/{number}/{tail}") == raw(ms, f"datasets/{ORG}/many/{tail}") != []
    assert ms.ask("GET", f"/api/v1/datasets/{number}/{tail}", "outsider").status_code == 404
    assert ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo/tree").status_code == 404


def test_a_listing_can_fail_with_a_success_and_the_sdk_takes_it_for_empty(ms: Ms) -> None:
    ms.running.faults.add("ms:GET:files|tree:success_false")
    assert ms.ask("GET", f"/api/v1/models/{ORG}/tiny/repo/files").json()["Success"] is False
    assert ms.api().legacy.list_repo_files(f"{ORG}/tiny", "model") == []


def test_a_listing_can_be_truncated_by_a_fault(ms: Ms) -> None:
    ms.running.faults.add("ms:GET:files:truncate=2")
    assert len(raw(ms, f"models/{ORG}/tiny/repo/files?Recursive=True")) == 2


def test_commits_know_only_ref(ms: Ms) -> None:
    repo = ms.repo("model", "tiny")
    first = repo.head("master").id
    repo.create_branch("side", first)
    second = repo.commit([Node("x", BytesContent(b"x"))], message="second", branch="master").id

    def heads(query: str) -> list[str] | None:
        found = ms.ask("GET", f"/api/v1/models/{ORG}/tiny/commits?{query}").json()["Data"]["Commit"]
        return found and [commit["Id"] for commit in found]

    assert heads("Ref=master") == [second, first]
    assert heads("Ref=master&PageNumber=1&PageSize=1") == [second]
    assert heads("Ref=side") == [first] and heads(f"Ref={first}") == [first]
    assert heads("Revision=side") == heads("ref=side") == [second, first]
    assert heads("Ref=main") is None


def test_revisions_and_tags(ms: Ms) -> None:
    repo, api = ms.repo("model", "tiny"), ms.api()
    repo.create_branch("side", "master")
    api.create_repo_tag(f"{ORG}/tiny", "model", "v1", revision=repo.head("master").id)
    branches, tags = api.legacy.list_revisions_detail(f"{ORG}/tiny", "model")
    assert [row["Revision"] for row in branches] == ["master", "side"]
    assert [row["Revision"] for row in tags] == ["v1"]
    assert {row["Revision"] for row in api.list_repo_revisions(f"{ORG}/tiny", "model")} == {
        "master",
        "side",
        "v1",
    }
    again = ms.ask("POST", f"/api/v1/models/{ORG}/tiny/repo/tag", json={"TagName": "v1", "Ref": "master"})
    nowhere = ms.ask("POST", f"/api/v1/models/{ORG}/tiny/repo/tag", json={"TagName": "v2", "Ref": "nope"})
    assert (again.status_code, nowhere.status_code) == (400, 404)
