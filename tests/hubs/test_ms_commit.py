"""Commits to ModelScope: as a whole or not at all, on the parent that was meant, and never believed unread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hf2ms_tui.domain.errors import (
    BadInput,
    Conflict,
    Hf2msError,
    HubLied,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.hubs.modelscope.rules import LIMITS
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change, Remove
from hf2ms_tui.loopback.content import BytesContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Node
from support.ms_session import Bytes, Session, add, blob_of, ref, serve
from support.ms_world import TINY

SECRET = ref("secret")
ONE = [AddInline("note.txt", b"one\n")]


@pytest.fixture
def ms() -> Iterator[Session]:
    with serve(add("data", TINY, kind="dataset")) as session:
        yield session


def commit(
    session: Session,
    changes: list[Change],
    *,
    parent: str = "",
    message: str = "job 1",
    branch: str = "master",
) -> str:
    return session.write.commit(SECRET, branch, message, changes, parent)


def head(session: Session) -> str:
    return session.repo("secret").head("master").id


def reply(session: Session, code: int, message: str) -> None:
    session.say("POST", "commit", f'{{"Code":{code},"Message":"{message}","Success":false}}', status=400)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_everything_that_a_commit_can_do(ms: Session, kind: str) -> None:
    where = SECRET if kind == "model" else ref("data", "dataset")
    data = b"0123456789" * 20_000
    (leave,) = ms.write.missing(where, [blob_of(data)])
    ms.write.put(where, leave, Bytes(data))
    before = ms.read.resolve(where)
    made = ms.write.commit(
        where,
        "master",
        "job 1",
        [
            AddBlob("deep/er/weights.bin", leave.blob),
            AddBlob("again.bin", leave.blob),
            AddInline("README.md", "# Größe 🙂\n".encode()),
            AddInline("empty", b""),
            AddInline("odd/na me [1] #ü%20.txt", b"\x00\xff"),
            Remove("config.json"),
        ],
        before,
    )
    assert made == ms.read.resolve(where)
    found = ms.read.manifest(where, made).by_path()
    assert (found["again.bin"].sha256, found["again.bin"].lfs) == (leave.blob.sha256, True)
    assert found["deep/er/weights.bin"].size == 200_000
    assert found["README.md"].sha256 == blob_of("# Größe 🙂\n".encode()).sha256
    assert found["odd/na me [1] #ü%20.txt"].sha256 == blob_of(b"\x00\xff").sha256
    assert found["empty"].size == 0
    assert "config.json" not in found
    assert ms.requests("commit") == 1


def test_a_moved_branch_is_seen_before(ms: Session) -> None:
    parent = head(ms)
    ms.repo("secret").commit([Node("theirs.txt", BytesContent(b"x"))], message="theirs", branch="master")
    with pytest.raises(Conflict, match="somebody else"):
        commit(ms, ONE, parent=parent)
    assert ms.requests("commit") == 0


def test_a_branch_that_moves_between_is_seen_after(ms: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = head(ms)
    sent = ms.client.legacy

    def meddle(context: object, method: str, path: str, **more: object) -> object:
        if method == "POST" and "/commit/" in path:
            ms.running.call(
                lambda _: ms.repo("secret").commit(
                    [Node("theirs", BytesContent(b"x"))], message="theirs", branch="master"
                )
            )
        return sent(context, method, path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ms.client, "legacy", meddle)
    with pytest.raises(Conflict) as caught:
        commit(ms, ONE, parent=parent)
    assert "was made" in caught.value.meaning


def test_a_lost_answer_is_looked_up(ms: Session) -> None:
    before = head(ms)
    ms.fault("ms:POST:commit:reset=0:late:count=1")
    made = commit(ms, ONE, parent=before)
    assert made == head(ms) != before
    assert ms.requests("commit") == 1


def test_a_commit_that_never_arrived_is_transient(ms: Session) -> None:
    before = head(ms)
    ms.fault("ms:POST:commit:reset=0:count=1")
    with pytest.raises(Unreachable):
        commit(ms, ONE, parent=before)
    assert head(ms) == before
    assert commit(ms, ONE, parent=before) == head(ms)


def test_a_lost_answer_and_somebody_elses_commit(ms: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ms.fault("ms:POST:commit:reset=0:count=1")
    real = ms.write._committer._after_lost_answer

    def meddle(*all_: object) -> str:
        ms.running.call(
            lambda _: ms.repo("secret").commit(
                [Node("theirs", BytesContent(b"x"))], message="theirs", branch="master"
            )
        )
        return real(*all_)  # type: ignore[arg-type]

    monkeypatch.setattr(ms.write._committer, "_after_lost_answer", meddle)
    with pytest.raises(Conflict, match="somebody else"):
        commit(ms, ONE)


def test_an_unanswered_commit_ends(ms: Session) -> None:
    ms.fault("ms:POST:commit:stall=forever")
    with pytest.raises(Unreachable):
        ms.hasty().write.commit(SECRET, "master", "job 1", ONE)


def test_a_commit_that_is_reported_but_not_there(ms: Session) -> None:
    ms.say("POST", "commit", '{"Code":200,"Success":true,"Data":{}}')
    with pytest.raises(HubLied, match="has not moved"):
        commit(ms, ONE)


def test_an_answer_without_the_revision_is_made_up_for(ms: Session) -> None:
    before = head(ms)
    ms.running.faults.add(
        Fault(
            "status", 200, "ms", "POST", "commit", body='{"Code":200,"Success":true,"Data":null}', late=True
        )
    )
    assert commit(ms, ONE) == head(ms) != before


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (10030000001, "user not logged in", NotAuthenticated),
        (10030000001, "用户未登录", NotAuthenticated),
        (10030000001, "branch changed, please retry", Conflict),
        (10030000001, "commit rejected by repository policy", RateLimited),
    ],
)
def test_one_code_means_three_things(ms: Session, code: int, message: str, error: type[Hf2msError]) -> None:
    reply(ms, code, message)
    with pytest.raises(error) as caught:
        commit(ms, ONE)
    if error is RateLimited:
        assert caught.value.retry_after == 5
    assert ms.requests("commit") == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("success_false=no", HubLied),
        ("success_false=no:late", HubLied),
        ("status=429:header=Retry-After=1800", RateLimited),
        ("status=403", NotPermitted),
        ("status=413", QuotaExceeded),
        ("status=422:body=commit request exceeds actions limit", QuotaExceeded),
        ("status=503", Unreachable),
        ("status=200:body=<html>", HubLied),
    ],
)
def test_a_commit_that_is_refused(ms: Session, fault: str, error: type[Hf2msError]) -> None:
    ms.fault(f"ms:POST:commit:{fault}")
    with pytest.raises(error):
        commit(ms, ONE)
    assert ms.requests("commit") == 1, "what changes something is never repeated by itself"


def test_w29_commits_that_come_too_fast(ms: Session) -> None:
    ms.set(commit_burst=1, commit_retry_after=33)
    commit(ms, ONE)
    with pytest.raises(RateLimited) as caught:
        commit(ms, [AddInline("two", b"2")])
    assert caught.value.retry_after == 33


@pytest.mark.parametrize("role", ["bad", "nobody", "outsider"])
def test_commits_of_those_who_may_not_see_it(ms: Session, role: str) -> None:
    with pytest.raises(NotFound):
        ms.as_(role).write.commit(SECRET, "master", "no", ONE)


def test_a_bad_token_on_a_public_repo(ms: Session) -> None:
    """Reading works anonymously; the commit then says "not logged in" with the code of a rejected commit."""
    with pytest.raises(NotAuthenticated):
        ms.as_("bad").write.commit(ref("tiny"), "master", "no", ONE)
    with pytest.raises(NotPermitted):
        ms.as_("read").write.commit(ref("tiny"), "master", "no", ONE)


def test_a_pointer_to_nothing_is_refused(ms: Session) -> None:
    before = head(ms)
    with pytest.raises(Hf2msError, match="not stored"):
        commit(ms, [AddBlob("ghost.bin", blob_of(b"never sent"))])
    assert head(ms) == before


@pytest.mark.parametrize(
    ("changes", "branch"),
    [
        ([], "master"),
        ([AddInline(f"{number}", b"") for number in range(LIMITS.actions + 1)], "master"),
        ([AddInline("a", b"x" * (LIMITS.inline_bytes + 1))], "master"),
        (ONE, ""),
        (ONE, "0" * 40),
    ],
)
def test_what_cannot_be_committed_is_not_sent(ms: Session, changes: list[Change], branch: str) -> None:
    with pytest.raises(BadInput):
        commit(ms, changes, branch=branch)
    assert ms.running.log.entries() == []


def test_a_branch_that_does_not_exist(ms: Session) -> None:
    with pytest.raises(NotFound):
        commit(ms, ONE, branch="feature/x")


def test_as_many_actions_as_one_commit_takes(ms: Session) -> None:
    made = commit(
        ms, [AddInline(f"many/{number:04}.txt", b"%d" % number) for number in range(LIMITS.actions)]
    )
    assert len(ms.read.manifest(SECRET, made).files) == LIMITS.actions + len(TINY)


@pytest.mark.parametrize(
    ("path", "size", "kind", "inside"),
    [
        ("README.md", 5 << 20, "model", True),
        ("README.md", (5 << 20) + 1, "model", False),
        ("sub/Config.JSON", 200_000, "model", True),
        (".gitattributes", 2_000, "dataset", True),
        ("a.txt", 64 * 1024, "model", True),
        ("a.txt", 64 * 1024 + 1, "model", False),
        ("a.safetensors", 10, "model", False),
        ("a.png", 10, "dataset", False),
        ("a.png", 10, "model", True),
        ("a.gguf", 10, "model", True),
        (".bin", 10, "model", True),
        ("dir.bin/a", 10, "model", True),
        ("A.PARQUET", 10, "dataset", False),
        ("a.bin", 0, "model", True),
    ],
)
def test_which_files_go_inside_a_commit(path: str, size: int, kind: str, inside: bool) -> None:
    from modelscope_hub._upload import _is_lfs

    from hf2ms_tui.hubs.modelscope.rules import wants_inline

    assert wants_inline(path, size, Kind(kind)) is inside
    if size and size <= LIMITS.inline_file:
        assert _is_lfs(path, size, kind) is not inside, "the SDK has the same rule"
