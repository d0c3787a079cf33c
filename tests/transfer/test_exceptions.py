"""Cards that the destination would refuse, and files that a hub writes by itself: carried over, excepted, said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.proof import Level, Proof, Verdict
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.repo import Repo
from hf2ms_tui.loopback.world import World
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.verify import verify
from support.transfers import MODEL, Sides, add, proven, put, ref, sides

BODY = b"---\n# Title\n\n\xff\xfe not UTF-8, kept\r\n"
CARD = b"---\nlicense: Apache License 2.0\ntags:\n- x\n" + BODY
MENDED = b"---\nlicense: apache-2.0\ntags:\n- x\n" + BODY
FILES = {**MODEL, "README.md": CARD, "LICENSE": b"terms\n"}


def refused(card: bytes = CARD) -> Callable[[World], Repo]:
    return lambda world: add(world, "ms", "tiny", {**FILES, "README.md": card})


def arrived(world: Sides, path: str = "README.md", hub: str = "hf") -> bytes:
    content = world.repo(hub).head(world.world.hub(hub).default_branch).files[path].content
    return bytes(content.read(0, 1 << 20))


def the_exception(proof: Proof, source: bytes, copy: bytes) -> str:
    (file,) = proof.exceptions
    assert (file.verdict, file.level) == (Verdict.EXCEPTED, Level.READ_BACK)
    assert file.source_sha256 == hashlib.sha256(source).hexdigest() and file.source_size == len(source)
    assert file.destination_sha256 == hashlib.sha256(copy).hexdigest() and file.destination_size == len(copy)
    assert proof.holds and proof.proven == proof.total - 1
    return file.why


def test_a_refused_card_is_corrected_said_and_excepted() -> None:
    with sides(refused()) as world:
        view = world.run(ref("ms"), ref("hf"))
        proven(view, world.proof)
        assert arrived(world) == MENDED
        assert arrived(world, hub="ms") == CARD, "the source is never touched"
        why = the_exception(world.proof, CARD, MENDED)
        assert "“Apache License 2.0” is now apache-2.0" in why
        log = world.log_text()
        assert "refuses the metadata in README.md" in log and "is now apache-2.0" in log
        assert "proven: proven" in log and "excepted 1" in log
        assert len(world.running.log.entries(hub="hf", route="commit")) == 1
        assert {path: sha for path, sha in world.files("ms").items() if path != "README.md"} == {
            path: sha
            for path, sha in world.files("hf").items()
            if path in world.files("ms") and path != "README.md"
        }


def test_a_second_run_moves_nothing_and_excepts_the_same() -> None:
    with sides(refused()) as world:
        for ledger in (None, MemoryLedger()):
            kept = ledger or MemoryLedger()
            proven(world.run(ref("ms"), ref("hf"), ledger=kept), world.proof)
            first = world.proof.exceptions
            head = world.repo("hf").head("main").id
            world.running.log.clear()
            view = world.run(ref("ms"), ref("hf"), ledger=kept if ledger else None)
            proven(view, world.proof)
            assert (view.to_move, view.moved, world.puts()) == (0, 0, [])
            assert world.repo("hf").head("main").id == head
            assert [act.kind for act in world.board.acts] == ["repo.prepare"]
            assert world.proof.exceptions == first


def test_an_unknown_licence_links_to_its_text() -> None:
    card = CARD.replace(b"Apache License 2.0", b"Acme Terms")
    with sides(refused(card)) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        copy = card.replace(b"Acme Terms", b"other\nlicense_name: acme-terms\nlicense_link: LICENSE")
        assert arrived(world) == copy
        the_exception(world.proof, card, copy)


@pytest.mark.parametrize(
    ("level", "read_only"),
    [(level, mode) for level in Level for mode in (False, True) if (level, mode) != (Level.STORED, True)],
)
def test_proving_goes_through_the_rule_again(level: Level, read_only: bool) -> None:
    with sides(refused()) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        there = world.session("hf", read_only=read_only)
        the_exception(verify(world.ms.read, ref("ms"), there, ref("hf"), level=level), CARD, MENDED)


@pytest.mark.parametrize(
    "card",
    [
        CARD.replace(b"Apache License 2.0", b"mit"),
        MENDED + b"more",
        MENDED.replace(b"- x", b"- y"),
        MENDED.replace(b"tags:\n- x\n", b""),
        MENDED.replace(b"apache-2.0", b"mit"),
        MENDED.replace(b"# Title", b"# title"),
        b"",
    ],
)
def test_any_other_card_on_the_destination_is_a_mismatch_and_mended_by_a_job(card: bytes) -> None:
    with sides(refused()) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        put(world.world, world.repo("hf"), {"README.md": card}, "main")
        proof = verify(world.ms.read, ref("ms"), world.hf, ref("hf"), level=Level.READ_BACK)
        assert not proof.holds and not proof.exceptions
        assert [(file.path, file.verdict) for file in proof.problems] == [("README.md", Verdict.MISMATCH)]
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        assert arrived(world) == MENDED


def test_a_card_that_the_hub_takes_is_never_corrected_nor_excepted() -> None:
    card = CARD.replace(b"Apache License 2.0", b"apache-2.0")
    with sides(refused(card)) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        assert arrived(world) == card and not world.proof.exceptions
        assert "refuses" not in world.log_text()
        put(world.world, world.repo("hf"), {"README.md": card.replace(b"- x", b"- y")}, "main")
        assert not verify(world.ms.read, ref("ms"), world.hf, ref("hf"), level=Level.LISTED).holds


def test_no_other_file_is_excepted_whatever_its_content() -> None:
    with sides(refused()) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        for path in ("config.json", "src/.github/ci.yml"):
            put(world.world, world.repo("hf"), {path: b'{"layers": 2, "more": 1}\n'}, "main")
        proof = verify(world.ms.read, ref("ms"), world.hf, ref("hf"), level=Level.LISTED)
        assert {file.path for file in proof.problems} == {"config.json", "src/.github/ci.yml"}


def test_a_destination_that_serves_other_bytes_than_it_lists_excepts_nothing() -> None:
    with sides(refused()) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        world.fault("hf:GET:resolve:corrupt=0")
        world.fault("hf:GET:resolve-cache:corrupt=0")
        proof = verify(world.ms.read, ref("ms"), world.hf, ref("hf"), level=Level.LISTED)
        assert not proof.holds and not proof.exceptions


def test_a_card_that_no_correction_helps_stops_the_job_before_bytes_move() -> None:
    with sides(refused()) as world:
        body = '{"errors": [{"message": "never"}]}'
        world.running.faults.add(Fault("status", 400, "hf", "POST", "validate-yaml", body=body))
        view = world.run(ref("ms"), ref("hf"))
        assert view.phase is Phase.FAILED and view.error["error"] == "CardRefused"
        assert "never" in str(view.error["what"])
        assert world.puts() == [] and world.world.hf.get("model", "acme/tiny") is None


def insisting(world: World) -> None:
    add(world, "hf", "tiny", {**MODEL, "configuration.json": b'{"task": "x"}'})
    world.ms.settings["own_json"] = 1


def test_what_a_hub_writes_by_itself_is_excepted_once_putting_back_was_in_vain() -> None:
    with sides(insisting) as world:
        ledger = MemoryLedger()
        proven(world.run(ref("hf"), ref("ms"), ledger=ledger), world.proof)
        assert "putting the source's back" in world.log_text()
        copy = arrived(world, "configuration.json", "ms")
        why = the_exception(world.proof, b'{"task": "x"}', copy)
        assert "ModelScope added" in why
        head = world.repo("ms").head("master").id
        view = world.run(ref("hf"), ref("ms"), ledger=ledger)
        proven(view, world.proof)
        assert (view.moved, world.repo("ms").head("master").id) == (0, head)
        the_exception(world.proof, b'{"task": "x"}', copy)
