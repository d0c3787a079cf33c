"""Commits: all or nothing, to branches, not too many actions, not too often."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from modelscope_hub.errors import APIError, RateLimitError, ServerError

from hf2ms_tui.loopback.content import SeededContent
from support.ms_world import ORG, TINY, WEIGHTS, Ms

MODEL = f"{ORG}/secret"
MISSING = SeededContent("not stored", 100_000)


def inline(path: str, data: bytes = b"text", action: str = "create") -> dict[str, Any]:
    content = base64.b64encode(data).decode()
    return {
        "action": action,
        "path": path,
        "type": "normal",
        "size": len(data),
        "sha256": "",
        "content": content,
        "encoding": "base64",
    }


def pointer(path: str, sha256: str, size: int) -> dict[str, Any]:
    about = {"action": "create", "path": path, "type": "lfs", "size": size, "sha256": sha256}
    return {**about, "content": "", "encoding": ""}


def delete(path: str) -> dict[str, Any]:
    about = {"action": "delete", "path": path, "type": "normal", "size": 0, "sha256": ""}
    return {**about, "content": "", "encoding": ""}


def send(ms: Ms, *actions: dict[str, Any], branch: str = "master", role: str = "write") -> requests.Response:
    body = {"commit_message": "by hand", "actions": list(actions)}
    return ms.ask("POST", f"/api/v1/repos/models/{MODEL}/commit/{branch}", role, json=body)


def head(ms: Ms) -> dict[str, bytes | str]:
    files = ms.repo("model", "secret").head("master").files
    return {path: node.content.sha256 for path, node in files.items()}


def test_the_sdk_commits_and_reads_it_back(ms: Ms) -> None:
    api, repo = ms.api(), ms.repo("model", "secret")
    before = repo.head("master").id
    made = api.legacy.create_commit(
        MODEL,
        "model",
        [
            inline("notes/new.md", "# 新\n".encode()),
            inline("config.json", b"{}"),
            pointer("again.safetensors", WEIGHTS.sha256, WEIGHTS.size),
            delete("empty.txt"),
        ],
        "several at once",
    )
    commit = repo.head("master")
    assert made == {"oid": commit.id} and commit.parent == before
    assert (commit.title, commit.author) == ("several at once", "mira")
    assert commit.files["notes/new.md"].content.read(0, 100) == "# 新\n".encode()
    assert commit.files["config.json"].content.read(0, 100) == b"{}"
    assert commit.files["again.safetensors"].lfs and "empty.txt" not in commit.files
    assert commit.files["README.md"].content is TINY["README.md"]


def test_the_sdk_deletes_files_by_name_and_pattern(ms: Ms) -> None:
    done = ms.api().delete_files(MODEL, "model", ["README.md"], delete_patterns=["*.csv"])
    assert set(done["deleted_files"]) == {"README.md", "runs/a b/loss+1.csv"}
    assert set(head(ms)) == set(TINY) - {"README.md", "runs/a b/loss+1.csv"}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (delete("not/there"), 10030000001),
        (pointer("x.bin", MISSING.sha256, MISSING.size), 400),
        (pointer("x.bin", WEIGHTS.sha256, WEIGHTS.size - 1), 400),
        (inline("../escape"), 400),
        (inline("/absolute"), 400),
        (inline("a//b"), 400),
        (inline(".git/config"), 400),
        (inline("README.md/below"), 400),
        (inline("weights"), 400),
        (inline("large.txt", bytes(5 * 1024 * 1024 + 1)), 400),
        ({**inline("x"), "content": "not base64!"}, 400),
        ({**inline("x"), "action": "rename"}, 400),
    ],
    ids=lambda value: str(value["path"]) if isinstance(value, dict) else "",
)
def test_one_bad_action_refuses_the_whole_commit(ms: Ms, bad: dict[str, Any], code: int) -> None:
    before = head(ms)
    answer = send(ms, inline("good.txt"), bad)
    assert (answer.status_code, answer.json()["Code"], answer.json()["Success"]) == (400, code, False)
    assert head(ms) == before


def test_five_megabytes_may_be_inline(ms: Ms) -> None:
    assert send(ms, inline("large.txt", bytes(5 * 1024 * 1024))).status_code == 200


def test_only_branches_can_be_committed_to(ms: Ms) -> None:
    repo = ms.repo("model", "secret")
    repo.create_tag("v1", "master")
    repo.create_branch("side/way", "master")
    for branch in ("main", "v1", repo.head("master").id):
        answer = send(ms, inline("x"), branch=branch)
        assert (answer.status_code, answer.json()["Code"]) == (400, 10030000001)
        assert "policy" in answer.json()["Message"]
    assert send(ms, inline("x"), branch="side/way").status_code == 200
    assert "x" in repo.head("side/way").files and "x" not in repo.head("master").files


def test_more_than_2000_actions_are_422(ms: Ms) -> None:
    before = head(ms)
    answer = send(ms, *(inline(f"many/{number}") for number in range(2001)))
    assert answer.status_code == 422
    assert answer.json()["Message"].startswith("commit request exceeds actions limit: 2001 > 2000")
    assert head(ms) == before
    assert send(ms, *(inline(f"many/{number}") for number in range(2000))).status_code == 200


def test_commits_that_come_too_fast_are_429(ms: Ms) -> None:
    ms.set(commit_burst=2, commit_window=1.0)
    assert [send(ms, inline(f"{number}")).status_code for number in range(3)] == [200, 200, 429]
    assert "2" not in head(ms)
    refused = send(ms, inline("x"))
    assert (
        refused.json()["Message"] == "Commit frequency limit exceeded"
        and "Retry-After" not in refused.headers
    )
    ms.set(commit_retry_after=7)
    with pytest.raises(RateLimitError) as caught:
        ms.api().legacy.create_commit(MODEL, "model", [inline("x")], "too soon")
    assert caught.value.retry_after == 7


def test_the_uploader_waits_out_the_limit(ms: Ms) -> None:
    ms.set(commit_burst=1, commit_window=1.5, commit_retry_after=1)
    api = ms.api()
    for name in ("a.txt", "b.txt"):
        api.upload_file(repo_id=MODEL, path_or_fileobj=b"text", path_in_repo=name, repo_type="model")
    assert {"a.txt", "b.txt"} <= set(head(ms))
    assert [entry.status for entry in ms.running.log.entries(route="commit")].count(429) >= 1


def test_a_commit_can_fail_with_a_success_and_changes_nothing(ms: Ms) -> None:
    ms.running.faults.add("ms:POST:commit:success_false:count=1")
    before = head(ms)
    with pytest.raises(APIError):
        ms.api().legacy.create_commit(MODEL, "model", [inline("x")], "no")
    assert head(ms) == before


def test_an_answer_can_be_lost_after_the_commit_was_made(ms: Ms) -> None:
    ms.running.faults.add("ms:POST:commit:status=500:late:count=1")
    with pytest.raises(ServerError):
        ms.api().legacy.create_commit(MODEL, "model", [inline("x")], "yes")
    assert "x" in head(ms)


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [("read", 403, 403), ("outsider", 404, 10010200001), ("bad", 400, 10030000001)],
)
def test_who_may_not_commit(ms: Ms, role: str, status: int, code: int) -> None:
    answer = send(ms, inline("x"), role=role)
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    assert "x" not in head(ms)


def test_nonsense_is_refused(ms: Ms) -> None:
    path = f"/api/v1/repos/models/{MODEL}/commit/master"
    for body in (b"{", b"[]", b'{"actions":[]}', b'{"actions":[1]}', b'{"actions":"x"}'):
        assert ms.ask("POST", path, data=body).status_code == 400
