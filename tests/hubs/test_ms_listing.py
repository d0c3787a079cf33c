"""Manifests of ModelScope: whole where its listings are cut without a word, and saying so where they cannot be whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import HubLied, NotFound, NotPermitted
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.repo import Node
from support.ms_session import Session, add, ref, serve
from support.ms_world import TINY, numbered

DEEP = {
    f"part-{part}/half-{half}/{n:02}.txt": BytesContent(b"%d" % n)
    for part in range(4)
    for half in range(3)
    for n in range(12)
}


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(
        add("deep", DEEP),
        add("flat", {**numbered("images", 130), "README.md": BytesContent(b"# Flat\n")}),
        add("tiny-data", TINY, kind="dataset"),
        add("app", TINY, kind="space"),
    ) as session:
        yield session


def paths(session: Session, name: str, kind: str = "model") -> list[str]:
    return sorted(session.repo(name, kind).head("master").files)


@pytest.mark.parametrize(("name", "kind"), [("tiny", "model"), ("tiny-data", "dataset"), ("app", "space")])
def test_manifest_has_every_file_with_its_hash(ms: Session, name: str, kind: str) -> None:
    heard: list[int] = []
    revision = ms.read.resolve(ref(name, kind))
    found = ms.read.manifest(ref(name, kind), revision, heard.append)
    served = ms.repo(name, kind).head("master").files
    assert [entry.path for entry in found.files] == sorted(served)
    for entry in found.files:
        node = served[entry.path]
        assert (entry.size, entry.sha256, entry.lfs) == (node.size, node.content.sha256, node.lfs)
        assert entry.git_oid is None
    assert (found.complete, found.revision) == (True, revision)
    assert heard[-1] == len(served)


def test_w20_hashes_and_types_come_from_the_listing_itself(ms: Session) -> None:
    """W20: the umbrella SDK lists folders as files and no hashes; every model then failed its verification."""
    found = ms.manifest("deep")
    assert all(entry.sha256 for entry in found.files)
    assert not any(entry.path in {"part-0", "part-0/half-0"} for entry in found.files)


def test_w21_model_listing_past_the_cap_is_walked(ms: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """W21: listings of models end after 3,000 entries without a word."""
    monkeypatch.setattr("hf2ms_tui.hubs.modelscope.listing.FILES_CAP", 40)
    ms.set(files_cap=40)
    found = ms.manifest("deep")
    assert [entry.path for entry in found.files] == paths(ms, "deep")
    assert found.complete
    assert ms.requests("files") == 1 + 1 + 4, "the whole, the top folder alone, and each folder below"


def test_three_thousand_and_more_as_they_are() -> None:
    """The real cap, with nothing turned down: 3,100 files in two folders."""
    with serve(add("big", {**numbered("a", 1600), **numbered("b", 1500)})) as session:
        found = session.manifest("big")
        assert len(found.files) == 3_100
        assert found.complete


def test_a_folder_that_cannot_be_listed_whole_makes_the_manifest_incomplete(
    ms: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hf2ms_tui.hubs.modelscope.listing.FILES_CAP", 100)
    ms.set(files_cap=100)
    found = ms.manifest("flat")
    assert not found.complete
    assert "images" in found.incomplete
    assert "README.md" in found.by_path(), "what can be seen is there all the same"


def test_dataset_pages_are_read_to_the_end(ms: Session) -> None:
    """The SDK asks for 200, gets 100 and stops: 100 of 350."""
    found = ms.manifest("many", "dataset")
    assert [entry.path for entry in found.files] == paths(ms, "many", "dataset")
    assert found.complete


@pytest.mark.parametrize("cap", [30, 50, 100, 117, 351])
def test_dataset_pages_of_any_length(ms: Session, cap: int) -> None:
    ms.set(tree_page_cap=cap)
    found = ms.manifest("many", "dataset")
    assert len(found.files) == 349
    assert found.complete


def test_one_page_cut_short_in_the_middle_is_noticed(ms: Session) -> None:
    ms.fault("ms:GET:tree:truncate=60:after=1:count=1")
    found = ms.manifest("many", "dataset")
    assert not found.complete
    assert "shorter" in found.incomplete


def test_first_page_cut_short_once_is_made_good(ms: Session) -> None:
    ms.fault("ms:GET:tree:truncate=60:count=1")
    found = ms.manifest("many", "dataset")
    assert (len(found.files), found.complete) == (349, True)


@pytest.mark.parametrize(("kind", "route"), [("model", "files"), ("dataset", "tree")])
def test_an_empty_listing_is_never_a_whole_one(ms: Session, kind: str, route: str) -> None:
    ms.fault(f"ms:GET:{route}:truncate=0")
    found = ms.manifest("tiny" if kind == "model" else "tiny-data", kind)
    assert found.files == ()
    assert not found.complete


def test_a_listing_cut_inside_a_folder_is_noticed(ms: Session) -> None:
    """Folders come before their files: one that is named without any file in it was cut off."""
    ms.fault("ms:GET:files:truncate=2")
    assert "part-0" in ms.manifest("deep").incomplete


@pytest.mark.parametrize("status", [404, 200])
def test_unknown_revision_is_not_found_even_if_it_is_listed_as_empty(ms: Session, status: int) -> None:
    ms.set(unknown_revision_status=status)
    for which in (ref("tiny"), ref("tiny-data", "dataset")):
        with pytest.raises(NotFound):
            ms.read.manifest(which, "0" * 40)


def test_branch_names_are_not_listed(ms: Session) -> None:
    with pytest.raises(ValueError, match="pinned"):
        ms.read.manifest(ref("tiny"), "master")


def test_pin_holds_while_the_branch_moves(ms: Session) -> None:
    before = ms.read.resolve(ref("tiny"))
    ms.repo("tiny").commit([Node("late.txt", BytesContent(b"late"))], message="late", branch="master")
    assert "late.txt" not in ms.read.manifest(ref("tiny"), before).by_path()
    assert "late.txt" in ms.manifest("tiny").by_path()


def entry(**changes: object) -> str:
    import json

    blob = {"Path": "a.txt", "Name": "a.txt", "Size": 3, "Sha256": "ab" * 32, "Type": "blob", "IsLFS": False}
    return json.dumps({"Code": 200, "Success": True, "Data": {"Files": [{**blob, **changes}]}})


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_hash_is_unknown(ms: Session, missing: object) -> None:
    revision = ms.read.resolve(ref("tiny"))
    ms.say("GET", "files", entry(Sha256=missing))
    (found,) = ms.read.manifest(ref("tiny"), revision).files
    assert found.sha256 is None
    assert found.blob is None


@pytest.mark.parametrize(
    "bad", [{"Size": -1}, {"Size": "3"}, {"Size": None}, {"Path": ""}, {"Path": None}, {"Sha256": "abc"}]
)
def test_entries_that_make_no_sense_are_refused(ms: Session, bad: dict[str, object]) -> None:
    revision = ms.read.resolve(ref("tiny"))
    ms.say("GET", "files", entry(**bad))
    with pytest.raises(HubLied):
        ms.read.manifest(ref("tiny"), revision)


def test_what_is_neither_file_nor_folder_is_doubtful(ms: Session) -> None:
    revision = ms.read.resolve(ref("tiny"))
    ms.say("GET", "files", entry(Type="commit"))
    assert "neither file nor folder" in ms.read.manifest(ref("tiny"), revision).incomplete


def test_paths_stay_exact_and_are_shown_inert(ms: Session) -> None:
    revision = ms.read.resolve(ref("tiny"))
    ms.say("GET", "files", entry(Path="a\u001b[2Jb.txt"))
    (found,) = ms.read.manifest(ref("tiny"), revision).files
    assert found.path == "a\u001b[2Jb.txt"
    assert "\u001b" not in found.shown


@pytest.mark.parametrize("data", ["null", "{}", '{"Files":null}', '{"Files":{}}', '{"Files":["a"]}', "[]"])
def test_an_answer_without_a_list_is_no_empty_repo(ms: Session, data: str) -> None:
    revision = ms.read.resolve(ref("tiny"))
    ms.say("GET", "files", f'{{"Code":200,"Success":true,"Data":{data}}}')
    with pytest.raises(HubLied):
        ms.read.manifest(ref("tiny"), revision)


def test_a_refusal_between_pages_is_tried_again(ms: Session) -> None:
    """Pages sometimes answer 403 on a repo that was just read."""
    ms.fault("ms:GET:tree:status=403:after=1:count=2")
    assert len(ms.manifest("many", "dataset").files) == 349


def test_a_refusal_from_the_start_is_one(ms: Session) -> None:
    ms.fault("ms:GET:tree:status=403")
    with pytest.raises(NotPermitted):
        ms.manifest("many", "dataset")
    assert ms.requests("tree") == 1
