"""Files, references and history, asked by the unpatched client."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from huggingface_hub.errors import (
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.mutate import push
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Repo
from support.worlds import ORG, add_people, client, many_files, serve

ODD = "odd/na me [1] #ü%20.txt"


def tiny(hf: Running) -> Repo:
    repo = hf.world.hf.get("model", f"{ORG}/tiny")
    assert repo is not None
    return repo


def test_tree_has_true_hashes(hf: Running) -> None:
    files = {
        entry.path: entry
        for entry in client(hf).list_repo_tree(f"{ORG}/tiny", recursive=True)
        if isinstance(entry, RepoFile)
    }
    assert set(files) == set(tiny(hf).head().files)
    for path, node in tiny(hf).head().files.items():
        data = node.content.read(0, node.size)
        entry = files[path]
        assert entry.size == len(data)
        if entry.lfs is None:
            assert entry.blob_id == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        else:
            assert entry.lfs.sha256 == hashlib.sha256(data).hexdigest()
            pointer = (
                f"version https://git-lfs.github.com/spec/v1\noid sha256:{entry.lfs.sha256}\nsize {len(data)}\n"
            ).encode()
            assert entry.blob_id == hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
            assert entry.lfs.pointer_size == len(pointer)
        assert entry.xet_hash is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_folder_ids_are_git_trees(hf: Running, tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.check_output(["git", *arguments], cwd=tmp_path, text=True).strip()

    git("init", "-q")
    for path, node in tiny(hf).head().files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(node.content.pointer if node.lfs else node.content.read(0, node.size))
    (tmp_path / ".git/info/attributes").write_text("* -filter -text\n")
    git("add", "-A")
    root = git("write-tree")
    folders = [
        entry
        for entry in client(hf).list_repo_tree(f"{ORG}/tiny", recursive=True)
        if isinstance(entry, RepoFolder)
    ]
    assert {folder.path for folder in folders} == {"nested", "nested/deep", "nested/deep/er", "odd"}
    for folder in folders:
        assert folder.tree_id == git("rev-parse", f"{root}:{folder.path}")


def test_3500_files_come_in_pages_of_a_thousand() -> None:
    def people(world: object) -> None:
        add_people(world.hf)  # type: ignore[attr-defined]

    with serve(people, many_files) as running:
        api = client(running)
        entries = list(api.list_repo_tree(f"{ORG}/many", repo_type="dataset", recursive=True))
        assert len([entry for entry in entries if isinstance(entry, RepoFile)]) == 3501
        assert len({entry.path for entry in entries}) == 3502
        assert running.log.count(route="tree") == 4
        info = api.dataset_info(f"{ORG}/many", files_metadata=True)
        assert info.siblings is not None
        assert len(info.siblings) == 1000, "siblings are cut short on big repos, silently"


def test_tree_of_a_folder_and_of_nothing(hf: Running) -> None:
    api = client(hf)
    assert [entry.path for entry in api.list_repo_tree(f"{ORG}/tiny", "nested")] == ["nested/deep"]
    below = api.list_repo_tree(f"{ORG}/tiny", "nested/deep", recursive=True)
    assert [entry.path for entry in below] == ["nested/deep/er", "nested/deep/er/data.bin"]
    with pytest.raises(RemoteEntryNotFoundError):
        list(api.list_repo_tree(f"{ORG}/tiny", "absent"))
    with pytest.raises(RevisionNotFoundError):
        list(api.list_repo_tree(f"{ORG}/tiny", revision="absent"))
    with pytest.raises(RevisionNotFoundError):
        list(api.list_repo_tree(f"{ORG}/empty", repo_type="dataset"))


def test_tree_at_a_pinned_revision_does_not_move(hf: Running) -> None:
    api, before = client(hf), tiny(hf).head().id
    hf.call(lambda world: push(world.hf, tiny(hf), "new.txt", BytesContent(b"new")))
    old = {entry.path for entry in api.list_repo_tree(f"{ORG}/tiny", revision=before)}
    assert "new.txt" not in old
    assert "new.txt" in {entry.path for entry in api.list_repo_tree(f"{ORG}/tiny")}


def test_expanded_tree_says_who_changed_what_last(hf: Running) -> None:
    hf.call(lambda world: push(world.hf, tiny(hf), "nested/new.txt", BytesContent(b"n"), message="added"))
    entries = {
        entry.path: entry for entry in client(hf).list_repo_tree(f"{ORG}/tiny", recursive=True, expand=True)
    }
    titles = {path: entry.last_commit.title for path, entry in entries.items() if entry.last_commit}
    assert titles["nested/new.txt"] == titles["nested"] == "added"
    assert titles["nested/deep"] == titles["README.md"] == "initial commit"


def test_expanded_pages_have_fifty_entries() -> None:
    def people(world: object) -> None:
        add_people(world.hf)  # type: ignore[attr-defined]

    with serve(people, many_files) as running:
        entries = client(running).list_repo_tree(
            f"{ORG}/many", repo_type="dataset", recursive=True, expand=True
        )
        for _ in range(120):
            next(iter(entries))
        assert running.log.count(route="tree") == 3


def test_paths_info_leaves_out_what_is_missing(hf: Running) -> None:
    found = client(hf).get_paths_info(f"{ORG}/tiny", [ODD, "nested", "absent", "weights.bin"])
    assert [entry.path for entry in found] == [ODD, "nested", "weights.bin"]
    with pytest.raises(HfHubHTTPError, match="413"):
        client(hf).get_paths_info(f"{ORG}/tiny", [f"p{number}" for number in range(1001)])


def test_info_with_hashes_at_a_revision(hf: Running) -> None:
    info = client(hf).model_info(f"{ORG}/tiny", files_metadata=True, revision=tiny(hf).head().id)
    assert info.sha == tiny(hf).head().id
    assert info.siblings is not None
    by_path = {sibling.rfilename: sibling for sibling in info.siblings}
    assert by_path["weights.bin"].lfs is not None
    assert by_path["weights.bin"].lfs.sha256 == tiny(hf).head().files["weights.bin"].content.sha256
    assert info.card_data is not None
    assert info.card_data.license == "mit"


def test_refs(hf: Running) -> None:
    refs = client(hf).list_repo_refs(f"{ORG}/open", include_pull_requests=True)
    assert [branch.name for branch in refs.branches] == ["main", "dev"]
    assert [tag.ref for tag in refs.tags] == ["refs/tags/v1.0"]
    assert [convert.ref for convert in refs.converts] == ["refs/convert/parquet"]
    assert refs.pull_requests == []
    assert refs.branches[0].target_commit == refs.tags[0].target_commit != refs.branches[1].target_commit
    assert client(hf).list_repo_refs(f"{ORG}/empty", repo_type="dataset").branches == []


def test_history_comes_in_pages(hf: Running) -> None:
    for number in range(60):
        hf.call(
            lambda world, n=number: push(
                world.hf, tiny(hf), "n.txt", BytesContent(b"%d" % n), message=f"m{n}"
            )
        )
    commits = client(hf).list_repo_commits(f"{ORG}/tiny", formatted=True)
    assert [commit.title for commit in commits[:2]] == ["m59", "m58"]
    assert len(commits) == 61
    assert commits[-1].authors == ["ada"]
    assert hf.log.count(route="commits") == 2


def test_moved_repos_redirect_everywhere(hf: Running) -> None:
    api = client(hf)
    hf.call(lambda world: world.hf.move(tiny(hf), f"{ORG}/renamed"))
    assert api.model_info(f"{ORG}/tiny").id == f"{ORG}/renamed"
    assert len(list(api.list_repo_tree(f"{ORG}/tiny"))) == 6
    assert api.list_repo_refs(f"{ORG}/tiny").branches[0].name == "main"
    assert api.get_paths_info(f"{ORG}/tiny", ["README.md"])[0].path == "README.md"
    assert Path(api.hf_hub_download(f"{ORG}/tiny", ODD)).read_bytes() == b"odd but legal\n"
    assert {entry.status for entry in hf.log.entries(route="info")} == {200, 307}


def test_truncated_listings_are_cut_without_a_trace(hf: Running) -> None:
    hf.faults.add("hf:GET:tree:truncate=2")
    assert len(list(client(hf).list_repo_tree(f"{ORG}/tiny", recursive=True))) == 2
