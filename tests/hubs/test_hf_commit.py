"""Commits on Hugging Face: everything arrives as it is, nothing twice, and a lost answer is told from a failure."""

from __future__ import annotations

import random

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Conflict,
    Hf2msError,
    HubLied,
    Unreachable,
)
from hf2ms_tui.domain.manifest import Blob, git_blob_id
from hf2ms_tui.domain.repo import Visibility
from hf2ms_tui.hubs.body import Memory
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change, Remove, Ticket
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.mutate import push
from hf2ms_tui.loopback.runner import Running
from support.hf_session import Session, blob, drain, ref

NEW = ref("fresh")
LARGE = random.Random(2).randbytes(1_000_000)
EMPTY = Blob("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


@pytest.fixture
def fresh(session: Session) -> Session:
    """A session with an empty private repo NEW."""
    session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    return session


def store(session: Session, data: bytes) -> Blob:
    for ticket in session.write.missing(NEW, [blob(data)]):
        session.write.put(NEW, ticket, Memory(data))
    return blob(data)


def files(session: Session, name: str = "fresh") -> dict[str, bytes]:
    return {path: node.content.read(0, node.size) for path, node in session.repo(name).head().files.items()}


def test_a_commit_holds_everything_and_hits_the_bytes(fresh: Session) -> None:
    head = fresh.read.resolve(NEW)
    readme = "---\nlicense: mit\n---\nna\u00efve ".encode("latin-1")
    changes: list[Change] = [
        AddBlob("a/big.bin", store(fresh, LARGE)),
        AddBlob("again.bin", blob(LARGE)),
        AddBlob("empty.txt", EMPTY),
        AddInline("README.md", readme),
        AddInline(".gitignore", b"*.bin\n*.log\n"),
        AddInline("kept.log", b"w10\n"),
        AddInline("tiny.bin", b"\0\1\2 small but stored"),
        AddInline("odd/na me [1] #\u00fc%20,*.txt", b"odd\n"),
    ]
    made = fresh.write.commit(NEW, "main", "first line\n\nthe rest", changes, head)
    assert made == fresh.repo("fresh").head().id
    got = files(fresh)
    assert got["a/big.bin"] == got["again.bin"] == LARGE
    assert got["README.md"] == readme
    assert got["kept.log"] == b"w10\n"
    assert got["empty.txt"] == b""
    assert got["odd/na me [1] #\u00fc%20,*.txt"] == b"odd\n"
    nodes = fresh.repo("fresh").head().files
    assert nodes["tiny.bin"].lfs
    assert not nodes["README.md"].lfs
    assert fresh.repo("fresh").head().title == "first line"
    manifest = fresh.read.manifest(NEW, made)
    assert manifest.complete
    assert manifest.by_path()["README.md"].git_oid == git_blob_id(readme)


def test_removing_and_adding_in_one_commit(fresh: Session) -> None:
    head = fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a"), AddInline("b.txt", b"b")])
    fresh.write.commit(NEW, "main", "move", [Remove("a.txt"), AddInline("c.txt", b"a")], head)
    assert set(files(fresh)) == {".gitattributes", "b.txt", "c.txt"}


def test_a_commit_that_changes_nothing_is_not_made(fresh: Session) -> None:
    changes = [AddInline("a.txt", b"a"), AddInline("stored.bin", b"\0\1")]
    head = fresh.write.commit(NEW, "main", "add", changes)
    before = fresh.requests("commit")
    assert fresh.write.commit(NEW, "main", "again", changes, head) == head
    assert fresh.write.commit(NEW, "main", "nothing", [], head) == head
    assert fresh.requests("commit") == before
    assert fresh.read.history(NEW, head) == 2
    with pytest.raises(Conflict):
        fresh.write.commit(NEW, "main", "again", changes, "0" * 40)


def test_the_same_path_may_be_removed_and_written_again(fresh: Session) -> None:
    head = fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a")])
    fresh.write.commit(NEW, "main", "rewrite", [Remove("a.txt"), AddInline("a.txt", b"a")], head)
    assert files(fresh)["a.txt"] == b"a"


def test_a_branch_that_moved_on_is_a_conflict_and_stays_as_it_is(fresh: Session) -> None:
    head = fresh.read.resolve(NEW)
    push(fresh.running.world.hf, fresh.repo("fresh"), "theirs.txt", BytesContent(b"theirs"))
    with pytest.raises(Conflict) as caught:
        fresh.write.commit(NEW, "main", "ours", [AddInline("ours.txt", b"ours")], head)
    assert caught.value.way_out
    assert "ours.txt" not in files(fresh)


@pytest.mark.parametrize("fault", ["reset=0:late", "stall=forever:late", "status=504:late", "cut=3"])
def test_a_commit_whose_answer_is_lost_is_found_again(
    fresh: Session, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hf2ms_tui.hubs.huggingface.commit.SLOW", 0.5)
    head = fresh.read.resolve(NEW)
    fresh.fault(f"hf:POST:commit:{fault}:count=1")
    made = fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a")], head)
    assert made == fresh.repo("fresh").head().id
    assert fresh.repo("fresh").head().parent == head


def test_a_commit_that_never_arrived_is_unreachable(fresh: Session) -> None:
    head = fresh.read.resolve(NEW)
    fresh.fault("hf:POST:commit:reset=0:count=1")
    with pytest.raises(Unreachable):
        fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a")], head)
    assert fresh.repo("fresh").head().id == head


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"success": true}',
        '{"commitOid": "main"}',
        f'{{"success": false, "commitOid": "{"a" * 40}"}}',
    ],
)
def test_a_commit_that_is_not_confirmed_is_a_lie(fresh: Session, body: str) -> None:
    fresh.say("POST", "commit", body)
    with pytest.raises(HubLied):
        fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a")])


@pytest.mark.parametrize(
    "body", ["{}", '{"files": []}', '{"files": [{"path": "a.txt", "uploadMode": "odd"}]}']
)
def test_a_preupload_that_says_nothing_is_a_lie(fresh: Session, body: str) -> None:
    fresh.say("POST", "preupload", body)
    with pytest.raises(HubLied):
        fresh.write.commit(NEW, "main", "add", [AddInline("a.txt", b"a")])


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/../b", "./a", "a/.git/config", ".git/x", "a/"])
def test_a_path_that_cannot_be_committed_is_refused_with_its_name(fresh: Session, path: str) -> None:
    with pytest.raises(BadInput):
        fresh.write.commit(NEW, "main", "add", [AddInline(path, b"a")])
    with pytest.raises(BadInput):
        fresh.write.commit(NEW, "main", "add", [AddInline("a", b"a"), AddInline("a", b"b")])


def test_a_pointer_to_a_blob_that_is_not_there_is_refused(fresh: Session) -> None:
    with pytest.raises(Hf2msError):
        fresh.write.commit(NEW, "main", "add", [AddBlob("a.bin", blob(LARGE))])
    assert "a.bin" not in files(fresh)


def test_bytes_read_are_bytes_written(fresh: Session) -> None:
    manifest = fresh.manifest("tiny")
    changes: list[Change] = []
    for file in manifest.files:
        source = fresh.read.open(manifest.ref, manifest.revision, file)
        if file.blob is None:
            changes.append(AddInline(file.path, drain(source)))
            continue
        for ticket in fresh.write.missing(NEW, [file.blob]):
            assert isinstance(ticket, Ticket)
            fresh.write.put(NEW, ticket, source)
        changes.append(AddBlob(file.path, file.blob))
    made = fresh.write.commit(NEW, "main", "all", changes, fresh.read.resolve(NEW))
    there = fresh.read.manifest(NEW, made)
    assert [(file.path, file.size, file.sha256, file.git_oid) for file in there.files] == [
        (file.path, file.size, file.sha256, file.git_oid) for file in manifest.files
    ]
