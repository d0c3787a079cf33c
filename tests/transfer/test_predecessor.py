"""What the predecessor got wrong when it moved and verified; each test is named after the fault it must not have again."""

from __future__ import annotations

import threading
import time

import pytest

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.proof import Level, Proof, Verdict
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.transfer.memory import MemoryLedger
from hf2ms_tui.transfer.verify import verify
from support.transfers import CARD, MIB, MODEL, Sides, add, model, proven, put, ref, sides


def prove(world: Sides, level: Level = Level.READ_BACK, here: str = "hf", there: str = "ms") -> Proof:
    """The copy of the model, proven anew without moving anything."""
    ends = {"hf": world.hf, "ms": world.ms}
    return verify(ends[here].read, ref(here), ends[there], ref(there), level=level)


def test_w01_total_failure_is_not_success() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:PUT:blob-put:status=500")
        view = world.run(ref("hf"), ref("ms"))
        assert view.phase is Phase.FAILED
        assert view.error["what"]
        assert view.moved == 0


def test_w01_partial_failure_is_not_success() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:PUT:blob-put:status=500:after=2")
        view = world.run(ref("hf"), ref("ms"), workers=1, streams=1)
        assert view.phase is Phase.FAILED
        assert 0 < view.moved < view.to_move


def test_w02_the_proof_decides_the_outcome() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:GET:blob-get:corrupt=100")
        view = world.run(ref("hf"), ref("ms"))
        assert world.board.proofs  # it came to its end, and that counts for nothing
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "NotProven"


def test_w03_nothing_compared_is_not_verified() -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        # The source's small files can no longer be read, so their hashes cannot be learnt.
        world.fault("hf:GET:resolve:status=404")
        proof = prove(world, Level.LISTED)
        assert not proof.holds
        assert proof.counts[Verdict.UNKNOWN] == 6  # all but the empty one, which has no bytes to read


@pytest.mark.parametrize("level", list(Level))
def test_w04_small_files_are_verified_and_junk_does_not_hide_losses(level: Level) -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        repo = world.repo("ms")
        repo.commit([], ["vocab.txt"], message="lost", author="mira", branch="master")
        junk = {f"junk{number}.txt": b"x" for number in range(30)}
        put(world.world, repo, {**junk, "config.json": b'{"layers": 3}\n'}, "master")
        proof = prove(world, level)
        assert not proof.holds
        verdicts = {file.path: file.verdict for file in proof.problems}
        assert verdicts == {"vocab.txt": Verdict.MISSING, "config.json": Verdict.MISMATCH}
        assert proof.counts[Verdict.EXTRA] >= 30


def test_w05_sizes_are_compared() -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        shorter = SeededContent("one", MIB)
        put(world.world, world.repo("ms"), {"weights/model-1.safetensors": shorter}, "master")
        (bad,) = prove(world, Level.LISTED).problems
        assert bad.verdict is Verdict.MISMATCH
        assert "3,145,733 bytes on the source, 1,048,576 on the destination" in bad.why


@pytest.mark.parametrize("path", ["README.md", ".gitignore", "src/.github/ci.yml"])
def test_w06_no_file_is_left_out_of_the_comparison(path: str) -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        put(world.world, world.repo("ms"), {path: b"rewritten\n"}, "master")
        assert [file.path for file in prove(world, Level.LISTED).problems] == [path]


def test_w07_hashes_that_cannot_be_had_are_an_error() -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        world.fault("hf:GET:tree:status=403")
        with pytest.raises(Hf2msError):
            prove(world)
        assert world.run(ref("hf"), ref("ms")).phase is Phase.FAILED


def test_w08_a_failed_migration_is_carried_on_and_an_empty_repo_is_no_backup() -> None:
    with sides(model("hf")) as world:
        world.fault("ms:PUT:blob-put:status=500:count=100")
        ledger = MemoryLedger()
        assert world.run(ref("hf"), ref("ms"), ledger=ledger).phase is Phase.FAILED
        assert world.repo("ms")  # it was created, and is as good as empty
        assert not prove(world, Level.LISTED).holds
        world.clear_faults()
        proven(world.run(ref("hf"), ref("ms"), ledger=ledger), world.proof)


def test_w10_files_that_begin_with_git_arrive() -> None:
    names = [
        ".gitignore",
        ".gitkeep",
        ".gitmodules",
        ".github/workflows/a.yml",
        ".gitattributes",
        "d/.gitkeep",
    ]
    files = {name: f"{name}\n".encode() for name in names}
    with sides(lambda world: add(world, "hf", "tiny", files)) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert {name: world.files("ms")[name] for name in names} == world.files("hf")


@pytest.mark.parametrize(("here", "there"), [("hf", "ms"), ("ms", "hf")])
def test_w11_names_with_pattern_characters_arrive_as_data_and_not_as_pointers(here: str, there: str) -> None:
    names = ["a,b.bin", "c[1].bin", "d*.bin", "e?.bin", "f{x}.bin", "g h.bin", "!i.bin", "#j.bin", "k%2F.bin"]
    files = {name: SeededContent(name, 70_000 + number) for number, name in enumerate(names)}
    with sides(lambda world: add(world, here, "tiny", {"README.md": CARD, **files})) as world:
        proven(world.run(ref(here), ref(there)), world.proof)
        head = world.repo(there).head(world.world.hub(there).default_branch)
        assert {name: head.files[name].size for name in names} == {name: files[name].size for name in names}


@pytest.mark.parametrize(("here", "there"), [("hf", "ms"), ("ms", "hf")])
def test_w12_a_public_destination_is_refused_for_a_private_source(here: str, there: str) -> None:
    public = {"README.md": b"mine\n"}
    with sides(model(here), lambda world: add(world, there, "tiny", public, visibility="public")) as world:
        view = world.run(ref(here), ref(there))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "VisibilityRefused"
        assert world.puts() == []
        assert set(world.files(there)) == {"README.md"}
        assert world.repo(there).visibility == "public"  # nor was it changed behind anybody's back


def test_w12_a_destination_made_public_in_mid_job_gets_no_commit() -> None:
    with sides(model("hf")) as world:
        world.fault("hf:GET:blob:stall=2:count=1")

        def publish() -> None:
            # As soon as the job has made it, while a blob still stalls.
            end = time.monotonic() + 30
            while time.monotonic() < end:
                made = world.world.ms.get("model", "acme/tiny")
                if made is not None:
                    time.sleep(0.5)
                    made.visibility = "public"
                    return
                time.sleep(0.01)

        somebody = threading.Thread(target=publish)
        somebody.start()
        view = world.run(ref("hf"), ref("ms"))
        somebody.join()
        assert view.error["error"] == "VisibilityRefused"
        assert "config.json" not in world.files("ms")


def test_w13_a_gated_source_becomes_private_never_ungated() -> None:
    with sides(model("hf", visibility="public", gated="manual", granted={"mira"})) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert world.repo("ms").private
        assert "gate cannot be carried over" in world.log_text()


def test_w13_a_gated_source_is_refused_by_a_public_destination() -> None:
    gated = model("hf", visibility="public", gated="auto", granted={"mira"})
    with sides(gated, lambda world: add(world, "ms", "tiny", {"a.txt": b"a"}, visibility="public")) as world:
        assert world.run(ref("hf"), ref("ms")).error["error"] == "VisibilityRefused"


@pytest.mark.parametrize("licence", ["mit", "llama3.1", "cc-by-nc-4.0", "gemma"])
def test_w14_the_licence_is_carried_over(licence: str) -> None:
    with sides(model("hf", licence=licence)) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert world.repo("ms").licence.casefold() == licence


def test_w14_no_licence_does_not_become_apache() -> None:
    files = {**MODEL, "README.md": b"# nothing said\n"}
    with sides(lambda world: add(world, "hf", "tiny", files)) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert "apache" not in world.repo("ms").licence.casefold()


def test_w15_everything_is_read_at_one_pinned_revision() -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        revision = world.proof.source_revision
        asked = [
            entry.path
            for entry in world.running.log.entries(hub="hf")
            if entry.route in {"tree", "resolve", "resolve-cache"}
        ]
        assert asked
        assert all(revision in path for path in asked)


def test_w17_private_repos_of_modelscope_can_be_migrated() -> None:
    with sides(model("ms", visibility="private")) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        assert world.repo("hf").private


def test_w18_nothing_arrives_that_the_source_does_not_have() -> None:
    with sides(model("ms")) as world:
        proven(world.run(ref("ms"), ref("hf")), world.proof)
        assert set(world.files("hf")) - set(world.files("ms")) <= {".gitattributes"}  # the hub's own


@pytest.mark.parametrize(("here", "there"), [("hf", "ms"), ("ms", "hf")])
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_w19_visibility_is_carried_over(here: str, there: str, visibility: str) -> None:
    with sides(model(here, visibility=visibility)) as world:
        proven(world.run(ref(here), ref(there)), world.proof)
        assert world.repo(there).visibility == visibility


def test_w21_a_listing_cut_at_three_thousand_is_walked_or_unknown() -> None:
    wide = {f"{n % 2}/{n:05}.txt": b"%d" % n for n in range(3400)}
    flat = {f"d/{n:05}.txt": b"%d" % n for n in range(3100)}
    with sides(
        lambda world: add(world, "ms", "wide", wide),
        lambda world: add(world, "ms", "wide-copy", wide),
        lambda world: add(world, "ms", "flat", flat),
        lambda world: add(world, "ms", "flat-copy", flat),
    ) as world:
        reader = world.ms.read
        proof = verify(reader, ref("ms", "wide"), world.ms, ref("ms", "wide-copy"), level=Level.LISTED)
        assert proof.holds
        assert proof.total == 3400
        proof = verify(reader, ref("ms", "flat"), world.ms, ref("ms", "flat-copy"), level=Level.LISTED)
        assert not proof.holds
        assert proof.doubt
        view = world.run(ref("ms", "flat"), ref("hf", "flat"))
        assert view.phase is Phase.FAILED
        assert "may not list every file" in str(view.error["what"])


def test_w22_wrong_bytes_from_the_source_are_never_uploaded() -> None:
    with sides(model("hf")) as world:
        world.fault("hf:GET:resolve-cache:corrupt=0")
        view = world.run(ref("hf"), ref("ms"))
        assert view.error["error"] == "Corrupt"
        assert "git blob id" in str(view.error["meaning"])
        assert world.puts() == []


def test_w23_a_card_that_would_be_refused_is_found_before_bytes_move_and_corrected_in_yaml() -> None:
    card = b"---\n# kept\nlicense:\n- my-own-terms\n- mit\nb: 1\n---\n# Hm \xff\n"
    with sides(lambda world: add(world, "ms", "tiny", {**MODEL, "README.md": card})) as world:
        view = world.run(ref("ms"), ref("hf"))
        proven(view, world.proof)
        log = [line.text for line in world.board.lines]
        found = next(n for n, text in enumerate(log) if "refuses the metadata" in text)
        assert found < next(n for n, text in enumerate(log) if "blobs to move" in text)
        copy = world.repo("hf").head("main").files["README.md"].content.read(0, 1000)
        expected = (
            b"---\n# kept\nlicense:\n- other\n- mit\nlicense_name: my-own-terms\nb: 1\n---\n# Hm \xff\n"
        )
        assert copy == expected
        assert [file.path for file in world.proof.exceptions] == ["README.md"]


@pytest.mark.parametrize(
    "head", [b"license: llama3", b"license:\n- mit\n- apache-2.0", b"license: other\nlicense_name: x\n# kept"]
)
def test_w23_a_card_arrives_byte_for_byte(head: bytes) -> None:
    card = b"---\n" + head + b"\n---\n# \xe9\xff kept as it is\n"
    with sides(lambda world: add(world, "ms", "tiny", {**MODEL, "README.md": card})) as world:
        view = world.run(ref("ms"), ref("hf"))
        if view.error.get("error") == "CardRefused":
            assert world.puts() == []
            return
        proven(view, world.proof)
        assert world.files("hf")["README.md"] == world.files("ms")["README.md"]


def test_w27_no_byte_is_fetched_that_is_not_needed() -> None:
    files = {
        "model.bin": SeededContent("root", MIB),
        **{f"{n}/model.bin": SeededContent(f"{n}", MIB) for n in range(5)},
    }
    with sides(lambda world: add(world, "hf", "tiny", files)) as world:
        proven(world.run(ref("hf"), ref("ms"), level=Level.STORED), world.proof, Level.STORED)
        assert world.running.log.bytes_out("hf", "cdn") == 6 * MIB


def test_w29_one_repo_is_one_commit() -> None:
    files = {f"d/{n:03}.txt": b"%d" % n for n in range(300)}
    with sides(lambda world: add(world, "hf", "tiny", {**MODEL, **files})) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        assert len(world.running.log.entries(hub="ms", route="commit")) == 1


def test_w33_what_the_destination_stores_already_costs_no_bytes() -> None:
    with sides(model("hf"), model("ms", name="elsewhere")) as world:
        view = world.run(ref("hf"), ref("ms"), level=Level.STORED)
        proven(view, world.proof, Level.STORED)
        assert world.running.log.bytes_out("hf", "cdn") == 0
        assert view.present > view.total * 0.9


@pytest.mark.parametrize("role", ["read", "outsider"])
def test_w34_a_refusal_is_not_tried_again(role: str) -> None:
    with sides(model("hf")) as world:
        world.ms = world.session("ms", role)
        view = world.run(ref("hf"), ref("ms"))
        assert view.phase is Phase.FAILED
        assert "Try 2" not in world.log_text()


def test_w42_what_is_only_on_the_destination_is_reported_and_kept() -> None:
    with sides(model("hf"), lambda world: add(world, "ms", "tiny", {"old.txt": b"theirs\n"})) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        extra = [file.path for file in world.proof.files if file.verdict is Verdict.EXTRA]
        assert "old.txt" in extra
        assert "old.txt" in world.files("ms")


def test_w44_a_space_is_declined_with_the_reason() -> None:
    with sides(lambda world: add(world, "hf", "demo", {"app.py": b"1"}, kind="space", sdk="gradio")) as world:
        view = world.run(ref("hf", "demo", "space"), ref("ms", "demo", "space"))
        assert view.phase is Phase.FAILED
        assert view.error["error"] == "NotMigratable"
        assert "secrets" in str(view.error["meaning"])
        assert world.running.log.entries() == []
