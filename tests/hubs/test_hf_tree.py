"""The files of a revision on Hugging Face, and every way in which a listing is not whole."""

from __future__ import annotations

import json

import pytest

from hf2ms_tui.domain.errors import (
    HubLied,
    NotFound,
)
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import World
from support.hf_session import Session, ref
from support.worlds import ORG, add_people, add_repo, serve


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


def test_a_manifest_has_every_file_with_its_hashes(session: Session) -> None:
    manifest = session.manifest("tiny")
    nodes = session.repo("tiny").head().files
    assert manifest.complete
    assert [file.path for file in manifest.files] == sorted(nodes)
    for file in manifest.files:
        node = nodes[file.path]
        assert (file.size, file.git_oid, file.lfs) == (node.size, node.oid, node.lfs)
        assert file.sha256 == (node.content.sha256 if node.lfs else None)
    with pytest.raises(NotFound):
        session.read.manifest(ref("tiny"), "main")
    with pytest.raises(NotFound):
        session.read.manifest(ref("tiny"), "0" * 40)


def numbered(count: int, folder: str = "") -> dict[str, bytes]:
    return {f"{folder}{number:05}.txt": b"%d" % number for number in range(count)}


def test_3500_files_are_listed_page_by_page() -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        add_repo(world, "dataset", f"{ORG}/many", numbered(3500, "images/"))

    with serve(build) as running:
        session = Session(running)
        heard: list[int] = []
        revision = session.read.resolve(ref("many", "dataset"))
        manifest = session.read.manifest(ref("many", "dataset"), revision, heard.append)
        assert len(manifest.files) == 3501
        assert manifest.complete
        assert heard == sorted(heard)
        assert len(heard) == 4
        assert session.requests("tree") <= 5


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("kept", [0, 1, 5, 90])
@pytest.mark.parametrize("folder", ["images/", ""])
def test_w21_a_listing_cut_short_anywhere_is_known_to_be(after: int, kept: int, folder: str) -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        add_repo(world, "model", f"{ORG}/cut", {**numbered(290, folder), "z/last.txt": b"z"})
        world.hf.settings.update(tree_page=100, siblings_limit=150)

    with serve(build) as running:
        session = Session(running)
        assert session.manifest("cut").complete
        session.fault(f"hf:GET:tree:truncate={kept}:after={after}:count=1")
        cut = session.manifest("cut")
        assert not cut.complete
        assert cut.incomplete


def test_executable_files_are_no_reason_to_doubt_a_listing(session: Session) -> None:
    """Git's folder ids count the executable bit, which the listing does not tell."""
    page = session.manifest("tiny")
    listing = [
        {"type": "file", "path": file.path, "oid": file.git_oid, "size": file.size} for file in page.files
    ]
    folders = [{"type": "directory", "path": path, "oid": "a" * 40, "size": 0} for path in FOLDERS]
    session.say("GET", "/tree/[0-9a-f]{40}$", json.dumps([*listing, *folders]))
    again = session.manifest("tiny")
    assert again.complete
    assert again.by_path().keys() == page.by_path().keys()


FOLDERS = ("nested", "nested/deep", "nested/deep/er", "odd")
FILE = {"type": "file", "path": "a", "oid": "a" * 40, "size": 1}
LISTINGS: dict[str, object] = {
    "twice": [FILE, FILE],
    "no folder": [{**FILE, "path": "x/a"}],
    "empty folder": [FILE, {"type": "directory", "path": "x", "oid": "b" * 40}],
    "unknown type": [{**FILE, "type": "commit"}],
}


@pytest.mark.parametrize("way", LISTINGS)
def test_a_listing_no_git_tree_can_have_is_incomplete(session: Session, way: str) -> None:
    session.say("GET", "tree", json.dumps(LISTINGS[way]))
    assert session.manifest("tiny").incomplete


BROKEN: dict[str, object] = {
    "no list": {"files": []},
    "no path": [{**FILE, "path": None}],
    "no id": [{**FILE, "oid": "zz"}],
    "no size": [{**FILE, "size": -1}],
    "size of text": [{**FILE, "size": "12"}],
    "short sha256": [{**FILE, "lfs": {"oid": "ab", "size": 1, "pointerSize": 130}}],
    "not objects": ["a"],
}


@pytest.mark.parametrize("way", BROKEN)
def test_an_entry_nobody_can_read_is_a_lie(session: Session, way: str) -> None:
    session.say("GET", "tree", json.dumps(BROKEN[way]))
    with pytest.raises(HubLied):
        session.manifest("tiny")


def test_pages_in_circles_and_on_another_host_are_lies(session: Session) -> None:
    revision = session.read.resolve(ref("tiny"))
    here = f"{session.endpoint}/api/models/{ORG}/tiny/tree/{revision}?recursive=true&expand=false"
    for link in (here, "https://huggingface.co/api/next"):
        session.heal()
        session.say("GET", "tree", json.dumps([FILE]), headers={"Link": f'<{link}>; rel="next"'})
        with pytest.raises(HubLied):
            session.read.manifest(ref("tiny"), revision)
