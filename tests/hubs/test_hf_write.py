"""Writing to Hugging Face: repos as private as their source, confirmed blobs, commits that are told apart."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Conflict,
    Corrupt,
    Hf2msError,
    HubLied,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
    VisibilityRefused,
)
from hf2ms_tui.domain.manifest import Blob, git_blob_id
from hf2ms_tui.domain.repo import Kind, Visibility
from hf2ms_tui.hubs.body import Memory
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change, Remove, Ticket
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.mutate import push
from hf2ms_tui.loopback.runner import Running
from support.hf_session import CANARY, Session, blob, drain, ref
from support.worlds import LIMITED, ORG, OUTSIDER, READ

NEW = ref("fresh")
SMALL = random.Random(1).randbytes(100_000)
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


def parts(session: Session, threshold: int = 300_000, size: int = 128_000) -> None:
    session.running.world.hf.settings.update(multipart_threshold=threshold, part_size=size)


def store(session: Session, data: bytes) -> Blob:
    for ticket in session.write.missing(NEW, [blob(data)]):
        session.write.put(NEW, ticket, Memory(data))
    return blob(data)


def files(session: Session, name: str = "fresh") -> dict[str, bytes]:
    return {path: node.content.read(0, node.size) for path, node in session.repo(name).head().files.items()}


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_new_repo_is_public_only_when_the_source_is(
    session: Session, kind: str, visibility: Visibility
) -> None:
    made = session.write.prepare(ref("fresh", kind), visibility=visibility, licence="mit")
    expected = Visibility.PUBLIC if visibility is Visibility.PUBLIC else Visibility.PRIVATE
    assert made.created
    assert made.info.visibility is expected
    assert session.repo("fresh", kind).visibility == expected.value
    assert made.revision == session.repo("fresh", kind).head().id


def test_preparing_twice_makes_one_repo(session: Session) -> None:
    first = session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    second = session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert (first.created, second.created) == (True, False)
    assert first.revision == second.revision
    assert session.requests("repo-create") == 1


def test_a_space_is_made_with_its_sdk(session: Session) -> None:
    made = session.write.prepare(
        ref("app", "space"), visibility=Visibility.PRIVATE, licence=None, sdk="gradio"
    )
    assert made.created
    assert session.repo("app", "space").sdk == "gradio"


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.INTERNAL, Visibility.UNKNOWN])
def test_w12_a_private_source_never_goes_into_a_public_repo(session: Session, visibility: Visibility) -> None:
    with pytest.raises(VisibilityRefused) as caught:
        session.write.prepare(ref("open"), visibility=visibility, licence=None)
    assert "settings" in caught.value.way_out
    assert session.requests("settings") == 0
    assert session.repo("open").visibility == "public"


def test_w12_a_hub_that_makes_it_public_all_the_same_is_found_out(session: Session) -> None:
    def widen() -> None:
        session.repo("fresh").visibility = "public"

    session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    widen()
    with pytest.raises(VisibilityRefused):
        session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)


def test_w13_a_gate_is_never_taken_away(session: Session) -> None:
    made = session.write.prepare(ref("gated", "dataset"), visibility=Visibility.PUBLIC, licence=None)
    assert not made.created
    assert session.repo("gated", "dataset").gated == "manual"
    assert session.requests("settings") == 0


def test_an_empty_destination_has_no_revision(session: Session) -> None:
    made = session.write.prepare(ref("empty", "dataset"), visibility=Visibility.PUBLIC, licence=None)
    assert (made.created, made.revision) == (False, "")


@pytest.mark.parametrize("token", [READ, OUTSIDER, LIMITED])
def test_who_may_not_create_is_told_so(session: Session, token: str) -> None:
    with pytest.raises(NotPermitted) as caught:
        session.as_(token).write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert "write" in caught.value.way_out


def test_a_name_taken_in_the_meantime_is_read_back_and_checked(session: Session) -> None:
    session.fault("hf:GET:info:status=404:count=1:header=X-Error-Code=RepoNotFound")
    made = session.write.prepare(ref("tiny"), visibility=Visibility.PRIVATE, licence=None)
    assert not made.created
    session.fault("hf:GET:info:status=404:count=1:header=X-Error-Code=RepoNotFound")
    with pytest.raises(VisibilityRefused):
        session.write.prepare(ref("open"), visibility=Visibility.PRIVATE, licence=None)


def test_a_conflict_on_creating_is_not_repeated_for_ever(session: Session) -> None:
    session.say(
        "POST",
        "repo-create",
        '{"error": "Cannot create repo: another conflicting operation is in progress"}',
        status=409,
    )
    with pytest.raises(NotFound):
        session.write.prepare(NEW, visibility=Visibility.PRIVATE, licence=None)
    assert session.requests("repo-create") == 1


def test_what_goes_inside_a_commit(session: Session) -> None:
    inline = session.write.inline
    assert inline("README.md", 50_000, Kind.MODEL)
    assert inline("a/empty.bin", 0, Kind.MODEL)
    assert inline("config.json", 2_000, Kind.DATASET)
    assert not inline("model.safetensors", 10, Kind.MODEL)
    assert not inline("a/Image.PNG", 10, Kind.DATASET)
    assert not inline("a.json", 20_000_000, Kind.MODEL)


def test_one_put_stores_a_blob_and_makes_it_known(fresh: Session) -> None:
    wanted = [blob(SMALL), blob(LARGE), blob(SMALL)]
    tickets = fresh.write.missing(NEW, wanted)
    assert [ticket.blob for ticket in tickets] == wanted[:2]
    fresh.write.put(NEW, tickets[0], Memory(SMALL))
    assert [ticket.blob for ticket in fresh.write.missing(NEW, wanted)] == [blob(LARGE)]
    assert "http" not in repr(tickets)


def test_parts_go_up_in_order_and_are_completed(fresh: Session) -> None:
    parts(fresh)
    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    fresh.write.put(NEW, ticket, Memory(LARGE))
    assert fresh.requests("put") == 8
    assert fresh.requests("lfs-complete") == 1
    assert fresh.requests("lfs-verify") == 1
    assert fresh.write.missing(NEW, [blob(LARGE)]) == ()


def test_the_token_stays_with_the_hub(fresh: Session) -> None:
    parts(fresh)
    store(fresh, LARGE)
    there = fresh.running.log.entries(hub="hf", origin="storage")
    assert len(there) == 8
    assert not any(asked.authorization or asked.cookie for asked in there)
    assert not any(asked.leaked for asked in fresh.running.log.entries())


@pytest.mark.parametrize("multipart", [False, True])
def test_w22_wrong_bytes_are_never_stored(fresh: Session, multipart: bool) -> None:
    if multipart:
        parts(fresh)
    wrong = bytes([LARGE[0] ^ 1]) + LARGE[1:]
    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    with pytest.raises(Hf2msError):
        fresh.write.put(NEW, ticket, Memory(wrong))
    assert len(fresh.write.missing(NEW, [blob(LARGE)])) == 1


@pytest.mark.parametrize("multipart", [False, True])
def test_a_source_that_fails_stops_the_upload_with_its_own_error(fresh: Session, multipart: bool) -> None:
    if multipart:
        parts(fresh)
    boom = Corrupt("the digest differs")

    class Failing(Memory):
        def read(self, n: int = -1, /) -> bytes:
            data = super().read(n)
            if not data or self._at == len(self._data):
                raise boom
            return data

    (ticket,) = fresh.write.missing(NEW, [blob(LARGE)])
    with pytest.raises(Corrupt) as caught:
        fresh.write.put(NEW, ticket, Failing(LARGE))
    assert caught.value is boom
    assert len(fresh.write.missing(NEW, [blob(LARGE)])) == 1


def test_many_blobs_are_asked_for_500_at_a_time(fresh: Session) -> None:
    many = [Blob(f"{number:064x}", 10 + number) for number in range(1, 1202)]
    tickets = fresh.write.missing(NEW, many)
    assert [ticket.blob for ticket in tickets] == many
    assert fresh.requests("lfs-batch") == 3


def test_a_hub_that_finds_500_too_many_is_asked_for_half(fresh: Session) -> None:
    fresh.fault("hf:POST:lfs-batch:status=413:count=2")
    many = [Blob(f"{number:064x}", 10) for number in range(1, 501)]
    assert len(fresh.write.missing(NEW, many)) == 500
    assert fresh.requests("lfs-batch") == 2 + 3  # 500, 250, then 125 twice and 250 again


def test_empty_blobs_are_never_asked_for(fresh: Session) -> None:
    assert fresh.write.missing(NEW, [EMPTY]) == ()
    assert fresh.requests("lfs-batch") == 0


OID = blob(SMALL).sha256
HREF = "http://127.0.0.1:9/x"


def said(**item: object) -> str:
    return json.dumps({"transfer": "basic", "objects": [{"oid": OID, "size": len(SMALL), **item}]})


LIES = {
    "nothing at all": "{}",
    "no objects": '{"objects": null}',
    "left out": '{"objects": []}',
    "another object": json.dumps({"objects": [{"oid": "0" * 64, "size": len(SMALL)}]}),
    "twice": json.dumps({"objects": [{"oid": OID, "size": len(SMALL)}] * 2}),
    "one too many": json.dumps({"objects": [{"oid": OID, "size": len(SMALL)}, {"oid": "0" * 64, "size": 1}]}),
    "another size": json.dumps({"objects": [{"oid": OID, "size": 1}]}),
    "no address": said(actions={"upload": {}}),
    "no upload": said(actions={"verify": {"href": HREF}}),
    "file address": said(actions={"upload": {"href": "file:///etc/passwd"}}),
    "parts missing": said(actions={"upload": {"href": HREF, "header": {"chunk_size": "50000", "1": HREF}}}),
    "parts of nothing": said(actions={"upload": {"href": HREF, "header": {"chunk_size": "0", "1": HREF}}}),
    "parts with a gap": said(
        actions={"upload": {"href": HREF, "header": {"chunk_size": "50000", "1": HREF, "3": HREF}}}
    ),
}


@pytest.mark.parametrize("way", LIES)
def test_an_answer_that_neither_grants_nor_confirms_is_a_lie(fresh: Session, way: str) -> None:
    fresh.say("POST", "lfs-batch", LIES[way])
    with pytest.raises(HubLied):
        fresh.write.missing(NEW, [blob(SMALL)])


@pytest.mark.parametrize(
    ("code", "kind"),
    [(404, NotFound), (403, NotPermitted), (422, BadInput), (507, Unreachable), ("x", BadInput)],
)
def test_an_object_with_an_error_is_that_error(fresh: Session, code: object, kind: type[Hf2msError]) -> None:
    fresh.say("POST", "lfs-batch", said(error={"code": code, "message": "no luck"}))
    with pytest.raises(kind, match="no luck"):
        fresh.write.missing(NEW, [blob(SMALL)])


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


CARDS = [
    ("---\nlicense: llama3.1\n---\n", ""),
    ("---\nlicense:\n- mit\n- gemma\n---\n", ""),
    ("no card", ""),
    ("---\nlanguage: no\n---\n", ""),
    ("---\nlicense: my-own\n---\n", "license_name: my-own"),
    ("---\ntags: [a\n---\n", "YAML"),
]


@pytest.mark.parametrize(("text", "word"), CARDS)
def test_what_the_hub_would_refuse_in_a_card_is_known_before_bytes_move(
    session: Session, text: str, word: str
) -> None:
    problems = session.write.check_card(Kind.MODEL, text)
    assert bool(problems) == bool(word)
    assert word in " ".join(problems)


def test_a_hub_that_cannot_check_cards_leaves_it_to_us(session: Session) -> None:
    session.fault("hf:POST:validate-yaml:status=404")
    assert session.write.check_card(Kind.MODEL, "---\nlicense: my-own\n---\n")
    assert session.write.check_card(Kind.MODEL, "---\nlicense: mit\n---\n") == ()


def test_a_hubs_own_yes_counts_more_than_our_reading(session: Session) -> None:
    session.say("POST", "validate-yaml", '{"errors": [], "warnings": []}')
    assert session.write.check_card(Kind.MODEL, "---\nlicense: brand-new-licence-of-2030\n---\n") == ()


ACTS: dict[str, Callable[[Session], object]] = {
    "repo-create": lambda session: session.write.prepare(
        ref("x"), visibility=Visibility.PRIVATE, licence=None
    ),
    "lfs-batch": lambda session: session.write.missing(NEW, [blob(SMALL)]),
    "put": lambda session: store(session, SMALL),
    "lfs-verify": lambda session: store(session, SMALL),
    "preupload": lambda session: session.write.commit(NEW, "main", "x", [AddInline("a", b"a")]),
    "validate-yaml": lambda session: session.write.check_card(Kind.MODEL, "x"),
}


@pytest.mark.parametrize("route", ACTS)
def test_a_silent_hub_is_given_up_within_seconds(
    fresh: Session, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hf2ms_tui.hubs.huggingface.lfs.SLOW", 0.4)
    fresh.fault(f"hf:*:{route}:stall=forever")
    started = time.monotonic()
    with pytest.raises(Unreachable):
        ACTS[route](fresh)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("route", ACTS)
def test_a_rate_limit_carries_its_pause(fresh: Session, route: str) -> None:
    fresh.fault(f"hf:*:{route}:status=429:header=Retry-After=90")
    with pytest.raises(RateLimited) as caught:
        ACTS[route](fresh)
    assert caught.value.retry_after == 90


@pytest.mark.parametrize("route", sorted(set(ACTS) - {"validate-yaml"}))
@pytest.mark.parametrize("status", [400, 401, 403, 413, 500])
def test_the_token_is_in_no_error(fresh: Session, route: str, status: int) -> None:
    session = fresh.canary()
    session.fault(f"hf:*:{route}:status={status}:body=you sent {CANARY}")
    with pytest.raises(Hf2msError) as caught:
        ACTS[route](session)
    assert CANARY not in f"{caught.value!s}{caught.value!r}{caught.value.as_dict()}"


@pytest.mark.parametrize("token", [READ, OUTSIDER])
def test_who_may_not_write_is_told_so(fresh: Session, token: str) -> None:
    other = fresh.as_(token)
    for act in ("lfs-batch", "preupload"):
        with pytest.raises((NotPermitted, NotFound)) as caught:
            ACTS[act](other)
        assert caught.value.way_out


def test_a_full_account_is_told_so(fresh: Session) -> None:
    fresh.say("POST", "lfs-batch", '{"error": "You exceeded your storage quota"}', status=403)
    with pytest.raises(QuotaExceeded) as caught:
        fresh.write.missing(NEW, [blob(SMALL)])
    assert "plan" in caught.value.way_out


def test_rights_say_who_may_delete_and_why_not(session: Session) -> None:
    assert session.delete.rights(ref("tiny")).allowed is True
    for token, word in ((READ, "read"), (LIMITED, "repo.write"), (OUTSIDER, f"not in {ORG}")):
        rights = session.as_(token).delete.rights(ref("open"))
        assert rights.allowed is False
        assert word in rights.why
        assert rights.page.endswith("/acme/open/settings")
    session.running.world.hf.accounts[ORG].members["ada"] = "read"
    assert (
        session.as_(session.secret.reveal() if session.secret else None).delete.rights(ref("open")).allowed
        is False
    )


def test_a_contributor_may_delete_only_what_was_made_by_the_account(session: Session) -> None:
    session.running.world.hf.accounts[ORG].members["ada"] = "contributor"
    assert session.delete.rights(ref("tiny")).allowed is True
    session.repo("open").creator = "bob"
    assert session.delete.rights(ref("open")).allowed is False


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
