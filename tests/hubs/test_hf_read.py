"""Reading Hugging Face: who, what is there, which files, which bytes; and every way in which that goes wrong."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest

from hf2ms_tui.domain.errors import (
    Hf2msError,
    HubLied,
    Moved,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.manifest import FileEntry, git_blob_id
from hf2ms_tui.domain.repo import Gating, GitRef, Hub, RepoId, Visibility
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.runner import Running
from hf2ms_tui.loopback.world import Account, Node, Token, World
from support.hf_session import CANARY, Session, drain, entry, ref
from support.worlds import LIMITED, ORG, OUTSIDER, READ, add_people, add_repo, serve


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


def test_the_inventory_costs_four_requests(session: Session) -> None:
    rows = [info for batch in session.read.inventory(ORG) for info in batch]
    assert session.session.traffic.requests == 4
    assert session.requests() == 4
    found = {info.ref.key: info for info in rows}
    assert set(found) == {
        "hf:model:acme/tiny",
        "hf:model:acme/open",
        "hf:dataset:acme/gated",
        "hf:dataset:acme/empty",
        "hf:space:acme/demo",
    }
    tiny = found["hf:model:acme/tiny"]
    assert (tiny.visibility, tiny.gating, tiny.licence) == (Visibility.PRIVATE, Gating.NONE, "mit")
    assert tiny.size is not None
    assert tiny.size > 4_000_000
    assert not tiny.size_is_estimate
    assert tiny.created_at is not None
    assert found["hf:dataset:acme/gated"].gating is Gating.MANUAL
    assert found["hf:space:acme/demo"].sdk == "gradio"
    assert found["hf:space:acme/demo"].gating is Gating.NONE


def test_pages_add_one_request_each_and_arrive_as_they_come() -> None:
    def build(world: World) -> None:
        add_people(world.hf)
        for number in range(120):
            world.hf.create("model", f"{ORG}/m{number:03}", creator="ada")
        world.hf.settings.update(list_page=50, storage_page=60)

    with serve(build) as running:
        session = Session(running)
        rows = [info for batch in session.read.inventory(ORG) for info in batch]
        assert len(rows) == len({info.ref for info in rows}) == 120
        assert session.requests() == 4 + 2 + 1


def test_without_the_settings_route_sizes_are_estimates(session: Session) -> None:
    session.fault("hf:GET:storage-listing:status=403")
    rows = [info for batch in session.read.inventory(ORG) for info in batch]
    assert len(rows) == 5
    sized = [info for info in rows if info.size is not None]
    assert sized
    assert all(info.size_is_estimate for info in sized)


def test_an_outsider_sees_what_is_public(session: Session) -> None:
    rows = [info for batch in session.as_(OUTSIDER).read.inventory(ORG) for info in batch]
    assert {str(info.ref.id) for info in rows} == {"acme/open", "acme/gated", "acme/demo", "acme/empty"}


def test_nobody_in_particular_needs_no_token(session: Session) -> None:
    rows = [info for batch in session.as_(None).read.inventory(ORG) for info in batch]
    assert len(rows) == 4


def test_an_org_that_does_not_exist_is_not_an_empty_one(session: Session) -> None:
    with pytest.raises(NotFound, match="nosuch"):
        list(session.read.inventory("nosuch"))
    session.running.world.hf.add_account(Account("quiet", "org", "Quiet", {"ada": "admin"}))
    assert list(session.read.inventory("quiet")) == []


def test_a_persons_own_repos_are_listed_too(session: Session) -> None:
    session.running.world.hf.create("model", "ada/mine", creator="ada", visibility="private")
    (batch,) = session.read.inventory("ada")
    assert [str(info.ref.id) for info in batch] == ["ada/mine"]
    assert not batch[0].size_is_estimate


def test_buckets_and_unknown_types_are_tolerated(session: Session) -> None:
    rows = [
        {
            "id": f"{ORG}/{name}",
            "type": kind,
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "visibility": "private",
            "storage": 5,
        }
        for kind, name in (("bucket", "b"), ("kernel", "k"), ("model", "tiny"), ("model", "hidden"))
    ]
    session.say("GET", "storage-listing", json.dumps(rows))
    found = {str(info.ref.id): info for batch in session.read.inventory(ORG) for info in batch}
    assert found["acme/tiny"].size == 5
    assert "storage listing" in found["acme/hidden"].trouble
    assert not {"acme/b", "acme/k"} & set(found)


def test_a_storage_listing_nobody_can_read_is_done_without(session: Session) -> None:
    session.say("GET", "storage-listing", '[{"id": "acme/tiny"}]')
    assert sum(len(batch) for batch in session.read.inventory(ORG)) == 5


def test_a_type_that_cannot_be_listed_raises_after_the_others(session: Session) -> None:
    session.fault("hf:GET:/api/spaces:status=503")
    rows: list[object] = []
    with pytest.raises(Unreachable, match="spaces"):
        for batch in session.read.inventory(ORG):
            rows.extend(batch)
    assert len(rows) == 4


def test_hostile_texts_of_a_listing_are_inert(session: Session) -> None:
    row = {
        "_id": "1",
        "id": "acme/a\x1b[31m",
        "private": True,
        "tags": ["x\u202ey", "license:m\x07it"],
        "gated": "weird",
    }
    session.say("GET", "list", json.dumps([row]))
    info = next(iter(session.read.inventory(ORG)))[0]
    assert "\x1b" not in repr(info)
    assert "\u202e" not in repr(info)
    assert info.gating is Gating.UNKNOWN
    assert info.trouble


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
    (there,) = session.running.log.entries(hub="hf", origin="cdn")
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


ASKS: dict[str, Callable[[Session], object]] = {
    "info": lambda session: session.read.repo(ref("tiny")),
    "refs": lambda session: session.read.refs(ref("tiny")),
    "list": lambda session: list(session.read.inventory(ORG)),
    "tree": lambda session: session.read.manifest(ref("tiny"), session.repo("tiny").head().id),
    "commits": lambda session: session.read.history(ref("tiny"), session.repo("tiny").head().id),
    "whoami": lambda session: session.read.whoami(),
    "resolve": lambda session: session.read.open(
        ref("tiny"), session.repo("tiny").head().id, FileEntry("config.json", 10_902)
    ),
}


@pytest.mark.parametrize("route", ASKS)
def test_a_silent_hub_is_given_up_within_seconds(session: Session, route: str) -> None:
    session.fault(f"hf:*:{route}:stall=forever")
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        ASKS[route](session)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("route", ASKS)
def test_a_long_pause_that_the_hub_asks_for_is_reported_not_slept(session: Session, route: str) -> None:
    session.fault(f"hf:*:{route}:status=429:header=Retry-After=120")
    started = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        ASKS[route](session)
    assert caught.value.retry_after == 120
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("route", sorted(set(ASKS) - {"resolve"}))
@pytest.mark.parametrize(
    "fault", ["status=503", "status=429:header=Retry-After=0", "reset=0", "cut=5", "stall=forever"]
)
def test_one_bad_answer_is_overcome(session: Session, route: str, fault: str) -> None:
    session.fault(f"hf:*:{route}:{fault}:count=1")
    ASKS[route](session)


@pytest.mark.parametrize("route", ASKS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_whatever_the_hub_answers_is_one_of_our_errors(session: Session, route: str, status: int) -> None:
    session.fault(f"hf:*:{route}:status={status}")
    with pytest.raises(Hf2msError) as caught:
        ASKS[route](session)
    assert caught.value.way_out


@pytest.mark.parametrize("route", sorted(set(ASKS) - {"resolve"}))
@pytest.mark.parametrize("body", ["", "<html>", "null", "[1]", '{"a": 1}', "[", '"text"', '[{"id": 5}]'])
def test_a_senseless_answer_is_a_lie_and_no_crash(session: Session, route: str, body: str) -> None:
    session.say("*", route, body)
    with pytest.raises(Hf2msError):
        ASKS[route](session)


@pytest.mark.parametrize("route", ASKS)
@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 429, 500])
def test_the_token_is_in_no_error(hf: Running, route: str, status: int) -> None:
    session = Session(hf).canary()
    session.running.faults.add(
        f"hf:*:{route}:stall=forever"
        if not status
        else f"hf:*:{route}:status={status}:body=bad token {CANARY}"
    )
    with pytest.raises(Hf2msError) as caught:
        ASKS[route](session)
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in f"{error!s}{error!r}{getattr(error, '__dict__', {})}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert CANARY not in repr(session.session)
    assert CANARY not in json.dumps(caught.value.as_dict())


def test_an_expired_token_is_not_a_missing_repo(session: Session) -> None:
    session.running.world.hf.add_token(Token("hf_old", "ada", "write", expired=True))
    old = session.as_("hf_old")
    for ask in (old.read.whoami, lambda: old.read.repo(ref("tiny")), lambda: list(old.read.inventory(ORG))):
        with pytest.raises(NotAuthenticated) as caught:
            ask()
        assert "token" in caught.value.way_out.lower()


def test_one_failing_thread_does_not_close_the_others_connections(session: Session) -> None:
    manifest = session.manifest("tiny")
    source = session.read.open(manifest.ref, manifest.revision, entry(manifest, "weights.bin"))
    source.read(1000)
    elsewhere = Session(session.running)
    elsewhere.session = open_hub(Hub.HF, "http://127.0.0.1:1", elsewhere.secret, read_only=True)
    with pytest.raises(Unreachable):
        elsewhere.read.repo(ref("tiny"))
    assert len(drain(source)) == 3_000_000 - 1000
    assert session.read.repo(ref("tiny")).ref == ref("tiny")
