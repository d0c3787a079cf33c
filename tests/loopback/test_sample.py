"""The sample org holds what the demo and the journeys count on."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest

from hf2ms_tui.loopback.repo import Node, Repo
from hf2ms_tui.loopback.sample.accounts import OWNER
from hf2ms_tui.loopback.sample.build import sample_org
from hf2ms_tui.loopback.world import Hub, World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(sample_org())
    yield made
    made.close()


def repo(hub: Hub, name: str, kind: str = "model") -> Repo:
    found = hub.get(kind, f"{OWNER}/{name}")
    assert found is not None, f"{hub.name} has no {kind} {name}"
    return found


def files(of: Repo, revision: str | None = None) -> dict[str, Node]:
    return dict(of.resolve(revision or ("main" if "main" in of.branches else "master")).files)


def large(of: Repo, revision: str | None = None) -> dict[str, str]:
    return {path: node.content.sha256 for path, node in files(of, revision).items() if node.lfs}


def hashes(of: Repo) -> dict[str, str]:
    return {path: node.content.sha256 for path, node in files(of).items()}


def everywhere(world: World) -> Iterator[tuple[Repo, str, Node]]:
    for hub in (world.hf, world.ms):
        for one in hub.repos.values():
            for commit in one.commits.values():
                for path, node in commit.files.items():
                    yield one, path, node


def test_looks_like_an_org(world: World) -> None:
    repos = list(world.hf.repos.values())
    assert 24 <= len(repos) <= 30
    assert {one.owner for one in repos} == {OWNER}
    assert Counter(one.kind for one in repos).keys() == {"model", "dataset", "space"}
    names = {one.name for one in repos}
    assert any(name.startswith("poc-") for name in names)
    assert any(name.startswith("test") for name in names)
    assert any(name.endswith("-v0") for name in names)
    assert any(name.startswith("half_done") for name in names)
    public = [one for one in repos if not one.private and one.kind == "model"]
    assert any(one.downloads > 10_000 and one.likes > 100 for one in public)
    assert any(one.private and "train" in one.name and one.kind == "dataset" for one in repos)
    assert [one.name for one in repos if one.gated == "manual" and not one.private]
    assert len([one for one in repos if one.kind == "space"]) == 1


def test_dates_are_up_to_two_years_old_and_in_order(world: World) -> None:
    now = datetime.now(UTC)
    ages = []
    for hub in (world.hf, world.ms):
        for one in hub.repos.values():
            assert one.created_at <= one.last_modified <= now
            assert now - one.created_at < timedelta(days=731)
            ages.append((now - one.last_modified).days)
            for commit in one.commits.values():
                if commit.parent is not None:
                    assert one.commits[commit.parent].date <= commit.date, (one.id, commit.title)
    assert min(ages) <= 3 and max(ages) > 600


def test_subset_is_made_of_the_parents_shards(world: World) -> None:
    parent, subset = (
        repo(world.hf, "aurora-2.6m-train", "dataset"),
        repo(world.hf, "aurora-70k-subset", "dataset"),
    )
    assert set(large(subset).values()) < set(large(parent).values())
    assert len(large(subset)) == 4
    assert not set(large(subset)) & set(large(parent)), "the paths give nothing away"


def test_repacked_has_the_parents_folders_and_counts_but_no_common_blob(world: World) -> None:
    parent, repacked = (
        repo(world.hf, "aurora-2.6m-train", "dataset"),
        repo(world.hf, "shards-repacked", "dataset"),
    )

    def shape(of: Repo) -> Counter[tuple[str, str]]:
        return Counter((str(PurePosixPath(p).parent), PurePosixPath(p).suffix) for p in files(of))

    assert shape(parent) == shape(repacked)
    assert not set(large(parent).values()) & set(large(repacked).values())
    assert abs(parent.used_storage - repacked.used_storage) < 0.01 * parent.used_storage


def test_exact_duplicate(world: World) -> None:
    assert hashes(repo(world.hf, "aurora-xl-1.0")) == hashes(repo(world.hf, "aurora-xl-1.0-copy"))


def test_poc_is_as_the_card_tells_it(world: World) -> None:
    poc = repo(world.hf, "poc-tokenizer-v0")
    assert len(files(poc)) == 48 and len(large(poc)) == 12
    assert len(poc.history(poc.head())) == 14
    proven = set(large(repo(world.ms, "aurora-tokenizer")).values())
    assert len(set(large(poc).values()) & proven) == 10


def test_exp1_has_a_file_that_exists_nowhere_else(world: World) -> None:
    poc = repo(world.hf, "poc-tokenizer-v0")
    only = set(files(poc, "exp1")) - set(files(poc))
    assert len(only) == 1
    lonely = files(poc, "exp1")[only.pop()].content
    on_branch = poc.resolve("exp1")
    for one, path, node in everywhere(world):
        if node.content is lonely:
            assert one is poc and path in on_branch.files
    assert sum(node.content is lonely for one, _, node in everywhere(world)) == 1


def test_branches_and_tags_have_content_of_their_own(world: World) -> None:
    xl = repo(world.hf, "aurora-xl-1.0")
    assert set(large(xl, "fp16").values()) - set(large(xl).values())
    assert xl.tags.keys() == {"v1.0", "v1.0.1"}
    assert hashes(xl) != {path: node.content.sha256 for path, node in files(xl, "v1.0").items()}


def test_folders_deep_and_wide(world: World) -> None:
    nested = files(repo(world.hf, "nested-corpus", "dataset"))
    assert max(path.count("/") for path in nested) >= 12
    logs = files(repo(world.hf, "eval-logs", "dataset"))
    assert Counter(str(PurePosixPath(path).parent) for path in logs)["logs"] == 3_500
    assert len({node.content.sha256 for path, node in logs.items()}) > 3_490


def test_one_repo_is_worth_watching(world: World) -> None:
    clips = [
        node.size for node in files(repo(world.hf, "aurora-video-clips", "dataset")).values() if node.lfs
    ]
    assert len(clips) == 24
    assert 0.95e9 < sum(clips) < 1.1e9
    assert min(clips) >= 10_000_000 and max(clips) <= 120_000_000 and len(set(clips)) == 24
    assert not any(one.name == "aurora-video-clips" for one in world.ms.repos.values())


def test_odd_names(world: World) -> None:
    paths = set(files(repo(world.hf, "Aurora_LoRA.styles-v2.1")))
    for mark in (
        "[red]",
        ",",
        "*",
        "?",
        "#",
        "%20",
        "&",
        "'",
        '"',
        "$",
        "`",
        " ",
        "🌅",
        "é",
        "桜",
        "\u202e",
        "ש",
        "م",
    ):
        assert any(mark in path for path in paths), mark
    composed = {path for path in paths if unicodedata.normalize("NFC", path) == "notes/café.txt"}
    assert len(composed) == 2
    assert "-rf" in paths and ".hidden/.keep" in paths
    assert max(len(PurePosixPath(path).name.encode()) for path in paths) > 190
    assert all(len(PurePosixPath(path).name.encode()) <= 255 for path in paths)
    dotfiles = set(files(repo(world.hf, "aurora-trainer")))
    assert {".gitignore", ".gitmodules", ".gitattributes", ".github/workflows/ci.yml"} <= dotfiles
    titles = [c.title for c in repo(world.hf, "aurora-captioner-v0").commits.values()]
    assert any("\x1b[" in title for title in titles)


def test_cards_that_need_care(world: World) -> None:
    def card(name: str, kind: str = "model") -> bytes:
        node = files(repo(world.hf, name, kind))["README.md"]
        return node.content.read(0, node.size)

    assert b"license: llama3.1" in card("aurora-med-8b")
    assert b"license:\n- apache-2.0\n- cc-by-4.0" in card("aurora-trainer")
    assert b"license: aurora-community-1.0" in card("legacy-notes", "dataset")
    with pytest.raises(UnicodeDecodeError):
        card("legacy-notes", "dataset").decode()


def test_empty_repo_and_ambiguous_id_and_move(world: World) -> None:
    assert set(files(repo(world.hf, "aurora-next"))) == {".gitattributes"}
    assert repo(world.hf, "aurora-bench", "model") is not repo(world.hf, "aurora-bench", "dataset")
    assert world.hf.moved_to("model", f"{OWNER}/aurora-preview") == f"{OWNER}/aurora-xl-1.0"


def test_backups_in_every_state(world: World) -> None:
    hf, ms = world.hf, world.ms
    for name, kind in (("aurora-2.6m-train", "dataset"), ("aurora-tokenizer", "model")):
        here, there = hashes(repo(hf, name, kind)), hashes(repo(ms, name, kind))
        assert here.items() <= there.items()
    assert set(hashes(repo(ms, "aurora-tokenizer"))) - set(hashes(repo(hf, "aurora-tokenizer"))) == {
        "configuration.json"
    }

    whole, partial = repo(hf, "shards-repacked", "dataset"), repo(ms, "shards-repacked", "dataset")
    assert hashes(partial).items() < hashes(whole).items()

    logs, stale = repo(hf, "eval-logs", "dataset"), repo(ms, "eval-logs", "dataset")
    line = logs.history(logs.head())
    assert hashes(stale) == {path: node.content.sha256 for path, node in line[3].files.items()}
    assert line[3].date < stale.last_modified < line[2].date

    trap = repo(ms, "aurora-faces", "dataset")
    assert repo(hf, "aurora-faces", "dataset").private and not trap.private

    assert not files(repo(ms, "finetune-q3")) and large(repo(hf, "finetune-q3"))


def test_corruption_that_the_listing_shows_and_corruption_that_it_hides(world: World) -> None:
    here, there = hashes(repo(world.hf, "broken-upload")), hashes(repo(world.ms, "broken-upload"))
    assert here.keys() == there.keys()
    assert [path for path in here if here[path] != there[path]] == ["model-00002-of-00003.safetensors"]

    source, rotten = repo(world.hf, "aurora-depth-small"), repo(world.ms, "aurora-depth-small")
    assert hashes(source) == hashes(rotten), "the listing is fine"
    differing = []
    for path, node in files(source).items():
        served = files(rotten)[path].content
        if served.read(0, node.size) != node.content.read(0, node.size):
            differing.append(path)
    assert differing == ["model-00002-of-00002.safetensors"]


def test_modelscope_has_repos_of_its_own(world: World) -> None:
    own = {one.name for one in world.ms.repos.values()} - {one.name for one in world.hf.repos.values()}
    assert own == {"aurora-cn-asr", "aurora-zh-corpus"}
    assert all(set(one.branches) == {"master"} for one in world.ms.repos.values())


def test_blobs_of_modelscope_are_known_to_it_and_no_others(world: World) -> None:
    def known_there(of: Repo) -> set[bool]:
        nodes = [node for node in files(of).values() if node.lfs]
        return {world.ms.blobs.find(node.content.sha256, node.size) is not None for node in nodes}

    assert known_there(repo(world.hf, "aurora-2.6m-train", "dataset")) == {True}
    assert known_there(repo(world.hf, "aurora-video-clips", "dataset")) == {False}


def test_moves_at_most_so_many_bytes(world: World) -> None:
    assert 1.3e9 < sum(one.used_storage for one in world.hf.repos.values()) < 1.6e9


def test_uploads_of_what_can_be_generated_are_not_stored(world: World) -> None:
    content = files(repo(world.hf, "broken-upload"))["model-00001-of-00003.safetensors"].content
    intake = world.intake(content.sha256, content.size)
    writer = intake.part()
    for piece in content.steps():
        writer.write(piece)
    writer.close()
    assert intake.finish() is content
    assert not list(world.spool.iterdir())
