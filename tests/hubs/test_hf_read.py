"""Reading Hugging Face: who, what is there, which files, which bytes; and every way in which that goes wrong."""

from __future__ import annotations

import hashlib

import pytest

from hf2ms_tui.domain.errors import (
    HubLied,
    Moved,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    Unreachable,
)
from hf2ms_tui.domain.manifest import FileEntry, git_blob_id
from hf2ms_tui.domain.repo import GitRef, Hub, RepoId, Visibility
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Node
from support.eventually import until
from support.hf_session import Session, drain, entry, ref
from support.worlds import LIMITED, ORG, OUTSIDER, READ


@pytest.fixture
def session(hf: Running) -> Session:
    return Session(hf)


def test_who_the_token_is(session: Session) -> None:
    who = session.read.whoami()
    assert (who.account, who.token_role, who.orgs) == ("ada", "write", ((ORG, "admin"),))
    assert session.as_(READ).read.whoami().token_role == "read"
    assert session.as_(LIMITED).read.whoami().token_role == "fineGrained"
    session.read.whoami()
    assert session.requests("whoami") == 3


@pytest.mark.parametrize("token", [None, "hf_nobody"])
def test_without_a_good_token_nobody_is_anybody(session: Session, token: str | None) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        session.as_(token).read.whoami()
    assert caught.value.way_out


def test_a_read_only_session_has_no_half_that_changes_anything(hf: Running) -> None:
    made = open_hub(Hub.HF, hf.env["HF_ENDPOINT"] + "/", Secret("x"), read_only=True)
    assert made.write is None
    assert made.delete is None
    assert made.read.endpoint == hf.env["HF_ENDPOINT"]
    assert not any(hasattr(made.read, name) for name in ("put", "commit", "prepare", "delete_repo"))


def test_one_repo(session: Session) -> None:
    info = session.read.repo(ref("tiny"))
    assert info.ref == ref("tiny")
    assert info.visibility is Visibility.PRIVATE
    with pytest.raises(NotFound):
        session.read.repo(ref("tiny", "dataset"))
    with pytest.raises(NotFound):
        session.as_(OUTSIDER).read.repo(ref("tiny"))
    assert session.read.page(ref("gated", "dataset")) == f"{session.endpoint}/datasets/{ORG}/gated"


def test_a_moved_repo_is_never_taken_for_the_one_that_was_asked_for(session: Session) -> None:
    revision = session.read.resolve(ref("tiny"))
    session.running.call(lambda world: world.hf.move(session.repo("tiny"), f"{ORG}/renamed"))
    for ask in (
        lambda: session.read.repo(ref("tiny")),
        lambda: session.read.refs(ref("tiny")),
        lambda: session.read.resolve(ref("tiny")),
        lambda: session.read.history(ref("tiny"), revision),
        lambda: session.read.manifest(ref("tiny"), revision),
        lambda: session.read.find(RepoId(ORG, "tiny")),
        lambda: session.delete.rights(ref("tiny")),
    ):
        with pytest.raises(Moved) as caught:
            ask()
        assert caught.value.now == f"{ORG}/renamed"


def test_an_id_in_other_letters_is_not_the_same_id(session: Session) -> None:
    with pytest.raises(Moved) as caught:
        session.read.repo(ref("TINY"))
    assert caught.value.now == f"{ORG}/tiny"


def test_every_type_that_has_an_id_is_found(session: Session) -> None:
    session.running.world.hf.create("dataset", f"{ORG}/tiny", creator="ada")
    assert session.read.find(RepoId(ORG, "tiny")) == (ref("tiny"), ref("tiny", "dataset"))
    assert session.read.find(RepoId(ORG, "nothing")) == ()


def test_refs_revisions_and_history(session: Session) -> None:
    repo = session.repo("open")
    repo.pulls["1"] = repo.head().id
    main, dev = repo.branches["main"], repo.branches["dev"]
    assert session.read.refs(ref("open")) == (
        GitRef("dev", "branch", dev),
        GitRef("main", "branch", main),
        GitRef("parquet", "convert", main),
        GitRef("1", "pull", main),
        GitRef("v1.0", "tag", main),
    )
    assert session.read.resolve(ref("open")) == main
    assert session.read.resolve(ref("open"), "dev") == dev
    assert session.read.resolve(ref("open"), "v1.0") == main
    assert session.read.resolve(ref("open"), dev) == dev
    assert session.read.history(ref("open"), dev) == 2
    for unknown in ("nosuch", "a/b", "0" * 40):
        with pytest.raises(NotFound):
            session.read.resolve(ref("open"), unknown)
    with pytest.raises(NotFound):
        session.read.resolve(ref("empty", "dataset"))


def test_a_long_history_is_counted_by_pages_and_a_very_long_one_not_at_all(session: Session) -> None:
    session.running.world.hf.settings["commits_page"] = 2
    repo = session.repo("open")
    for number in range(8):
        repo.commit(
            [Node("a.txt", BytesContent(b"%d" % number))], message=str(number), author="ada", branch="main"
        )
    assert session.read.history(ref("open"), "main") == 9
    for number in range(40):
        repo.commit(
            [Node("a.txt", BytesContent(b"_%d" % number))], message=str(number), author="ada", branch="main"
        )
    assert session.read.history(ref("open"), "main") is None


def test_every_byte_of_every_file_is_what_the_listing_says(session: Session) -> None:
    for name, kind in (("tiny", "model"), ("open", "model"), ("gated", "dataset"), ("demo", "space")):
        manifest = session.manifest(name, kind)
        for file in manifest.files:
            data = drain(session.read.open(manifest.ref, manifest.revision, file))
            assert len(data) == file.size
            if file.lfs:
                assert hashlib.sha256(data).hexdigest() == file.sha256
            else:
                assert git_blob_id(data) == file.git_oid


def test_any_range_can_be_read(session: Session) -> None:
    manifest = session.manifest("tiny")
    for path in ("weights.bin", "config.json"):
        file = entry(manifest, path)
        whole = drain(session.read.open(manifest.ref, manifest.revision, file))
        for start, end in ((0, 1), (1, 2), (100, 5000), (file.size - 1, file.size), (7, None)):
            got = drain(session.read.open(manifest.ref, manifest.revision, file, start, end))
            assert got == whole[start:end]


def test_the_token_stays_with_the_hub(session: Session) -> None:
    manifest = session.manifest("tiny")
    drain(session.read.open(manifest.ref, manifest.revision, entry(manifest, "weights.bin")))
    # The hub writes its log once the last byte is sent, when we may have it already.
    (there,) = until(lambda: session.running.log.entries(hub="hf", origin="cdn"))
    assert (there.status, there.authorization, there.cookie) == (206, False, False)
    assert session.running.log.entries(hub="hf", route="resolve")[-1].token == "write"
    assert not any(asked.leaked for asked in session.running.log.entries())


def test_an_empty_file_costs_nothing(session: Session) -> None:
    before = session.requests()
    assert drain(session.read.open(ref("tiny"), "0" * 40, FileEntry("nothing", 0))) == b""
    assert session.requests() == before


def test_a_file_that_is_not_what_was_listed_is_found_out_before_a_byte(session: Session) -> None:
    manifest = session.manifest("tiny")
    weights, config = entry(manifest, "weights.bin"), entry(manifest, "config.json")
    wrong = (
        FileEntry("weights.bin", weights.size, "0" * 64, weights.git_oid, True),
        FileEntry("weights.bin", weights.size - 1, weights.sha256, weights.git_oid, True),
        FileEntry("config.json", config.size + 1, None, config.git_oid),
    )
    for file in wrong:
        with pytest.raises(HubLied):
            session.read.open(manifest.ref, manifest.revision, file)
    with pytest.raises(NotFound, match="file"):
        session.read.open(manifest.ref, manifest.revision, FileEntry("nosuch.bin", 5))


def test_gated_locked_and_hidden_files_say_so(session: Session) -> None:
    gated = session.manifest("gated", "dataset")
    file = entry(gated, "train.parquet")
    with pytest.raises(NotPermitted, match="gated"):
        session.as_(OUTSIDER).read.open(gated.ref, gated.revision, file)
    session.repo("gated", "dataset").storage_locked = True
    with pytest.raises(QuotaExceeded, match="lock"):
        session.read.open(gated.ref, gated.revision, file)
    tiny = session.manifest("tiny")
    with pytest.raises(NotFound):
        session.as_(OUTSIDER).read.open(tiny.ref, tiny.revision, entry(tiny, "weights.bin"))


def test_w22_corrupted_bytes_arrive_as_they_are_and_do_not_hash(session: Session) -> None:
    manifest = session.manifest("tiny")
    file = entry(manifest, "weights.bin")
    session.fault("hf:GET:blob:corrupt=1000:count=1")
    data = drain(session.read.open(manifest.ref, manifest.revision, file))
    assert hashlib.sha256(data).hexdigest() != file.sha256


def test_a_cut_body_is_unreachable_and_the_rest_can_be_fetched(session: Session) -> None:
    manifest = session.manifest("tiny")
    file = entry(manifest, "weights.bin")
    session.fault("hf:GET:blob:cut=1200000:count=1")
    source = session.read.open(manifest.ref, manifest.revision, file)
    got = source.read(1_000_000)
    with pytest.raises(Unreachable):
        source.read(1_000_000)
    source.close()
    rest = drain(session.read.open(manifest.ref, manifest.revision, file, len(got)))
    assert hashlib.sha256(got + rest).hexdigest() == file.sha256
