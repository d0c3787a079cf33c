"""The predecessor's faults of severity A (W1–W24): where each has its test; and those that only whole processes show.

Tests are named after the fault they hold off, so ``pytest -k w11`` runs what stands behind one of them.

W1 total failure called success · W2 verification without influence · W3 “verified” without a hash · W4 small files never
verified · W5 sizes never compared · W6 README and .gitattributes left out · W7 hashes that cannot be had: tests/transfer/
test_predecessor.py (on both served hubs) and tests/unit/test_proof.py (as rules).
W8 a failed migration is never retried: tests/transfer/test_predecessor.py, tests/hubs/test_ms_prepare.py.
W9 a crashed member of a batch is not counted: here.
W10 .git* dropped · W11 names that are patterns · W12 private into public · W13 gates lost · W14 licence misdeclared ·
W15 no pinned revision · W17 private repos of ModelScope · W18 cache files uploaded · W19 visibility lost: tests/transfer/
test_predecessor.py; W12–W14 also tests/hubs/test_ms_prepare.py and test_hf_write.py.
W16 “detached” dies with the terminal: here. The predecessor's cause, synchronous calls of a cloud's client, has no
counterpart on this machine: a job is a process of its own.
W20 a changed SDK breaks verification: here and tests/hubs/test_ms_listing.py; the parts of the SDKs that are used are
held in tests/hubs/test_ms_client.py.
W21 listings cut at 3,000 · W22 wrong bytes uploaded · W23 cards and licences spoiled: tests/transfer/test_predecessor.py
and tests/hubs (test_ms_listing.py, test_hf_tree.py, test_hf_write.py, test_hf_read.py, test_card.py).
W24 exit code always 0: here for the verbs, tests/engines/test_local.py for a job's process.

All twenty-four apply. Of W23: only a card that the destination refuses is changed, by the smallest edit of its metadata,
and the proof names it as an exception (tests/hubs/test_correct.py, tests/transfer/test_exceptions.py).
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import HubLied
from hf2ms_tui.domain.job import Phase
from hf2ms_tui.domain.proof import Level, Verdict
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.faults import Fault
from hf2ms_tui.loopback.world import World
from hf2ms_tui.transfer.verify import verify
from support.desk import Desk, assert_no_canary, desk
from support.engine import machine, until
from support.transfers import CARD, MIB, ORG, add, model, proven, ref, sides

TESTS = Path(__file__).parents[1]


def slow_model(world: World) -> None:
    """12 MiB in six blobs; a few seconds at the speed of `crawl`."""
    files = {f"data/{number}.bin": SeededContent(f"part {number}", 2 * MIB) for number in range(6)}
    add(world, "hf", "big", {"README.md": CARD, **files})


def crawl(here: Desk, rate: str = "3M") -> None:
    """Uploads to ModelScope's storage at that many bytes per second in all; the links' own speed with an empty rate."""
    here.running.shaper.set_text(f"ms:storage:up={rate}") if rate else here.running.shaper.clear()


def test_every_fault_of_severity_a_has_a_test() -> None:
    named = {
        int(number)
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def test_(w\d+\w*)", path.read_text(), re.MULTILINE)
        for number in re.findall(r"(?:^|_)w(\d+)(?=_)", name)
    }
    assert set(range(1, 25)) <= named


def test_w09_one_that_crashed_is_not_among_those_that_succeeded(tmp_path: Path) -> None:
    small = {"README.md": CARD, "one.bin": SeededContent("one", MIB)}
    with machine(
        tmp_path,
        slow_model,
        lambda world: add(world, "hf", "a", small),
        lambda world: add(world, "hf", "b", small),
    ) as here:
        here.world.running.shaper.set_text("ms:storage:up=3M")
        ids = {name: here.submit(ref("hf", name), ref("ms", name)) for name in ("big", "a", "b")}
        until(lambda: here.jobs.view(ids["big"]).phase is Phase.MOVING)
        here.process(ids["big"]).kill()
        here.world.running.shaper.clear()
        ends = {name: here.end(job) for name, job in ids.items()}
        assert {name: view.phase is Phase.DONE for name, view in ends.items()} == {
            "big": False,
            "a": True,
            "b": True,
        }
        assert ends["big"].lost
        assert not ends["big"].proof_id
        # Everybody who asks is told so, as often as they ask, and it can be carried on.
        (lost,) = [view for view in here.engine.reconcile() if view.lost]
        assert lost.id == ids["big"]
        here.engine.retry(lost.id, here.tokens)
        assert here.end(lost.id).phase is Phase.DONE


def test_w16_a_detached_job_outlives_everything_that_started_it(tmp_path: Path) -> None:
    with desk(tmp_path, slow_model) as here:
        crawl(here)
        starter = here.start("migrate", f"{ORG}/big", "--to", "ms", "--detach")
        code, out, err = here.end(starter)
        assert code == 0, err
        found = re.search(r"^job (\w+)", out)
        assert found is not None
        job = found[1]
        # The terminal closes: what was started in its session dies.
        with pytest.raises(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGKILL)
        assert here.process(job).is_running()
        watcher = here.start("jobs", "follow", job)
        time.sleep(1.5)
        os.killpg(watcher.pid, signal.SIGKILL)
        assert here.end(watcher)[0] == -signal.SIGKILL
        assert here.process(job).is_running()
        crawl(here, "")
        code, out, err = here.verb("jobs", "follow", job, "--json")
        assert code == 0, err
        ended = json.loads(out)
        assert (ended["phase"], ended["attempt"]) == ("done", 1)
        assert ended["proof"]
        entries = json.loads(here.verb("journal", "--json")[1])
        (begun,) = [entry for entry in entries if entry["kind"] == "migrate" and entry["role"] == "intent"]
        (over,) = [entry for entry in entries if entry["about"] == begun["seq"]]
        assert (over["state"], over["payload"]["proof"]) == ("done", ended["proof"])


SHAPES: dict[str, list[dict[str, object]]] = {
    "no types, no hashes": [{"Path": "README.md", "Size": 60}, {"Path": "one.bin", "Size": 1}],
    "no hashes": [{"Path": "README.md", "Type": "blob", "Size": 60}],
    "other names": [{"path": "README.md", "type": "blob", "size": 60, "sha256": "0" * 64}],
    "other types": [{"Path": "README.md", "Type": 1, "Size": "60", "Sha256": "0" * 64}],
    "not a list of objects": ["README.md"],  # type: ignore[list-item]
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_w20_a_listing_of_another_shape_is_noticed_and_proves_nothing(shape: str) -> None:
    with sides(model("hf")) as world:
        proven(world.run(ref("hf"), ref("ms")), world.proof)
        body = json.dumps({"Code": 200, "Success": True, "Data": {"Files": SHAPES[shape]}})
        world.running.faults.add(Fault("status", 200, "ms", "GET", "files", body=body))
        try:
            proof = verify(world.hf.read, ref("hf"), world.ms, ref("ms"), level=Level.LISTED)
        except HubLied as error:
            assert error.what
        else:
            assert not proof.holds
            assert proof.counts[Verdict.PROVEN] == 0
        world.clear_faults()
        assert verify(world.hf.read, ref("hf"), world.ms, ref("ms"), level=Level.LISTED).holds


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk on which verbs succeed and fail."""
    files = {"README.md": CARD, "one.bin": SeededContent("one", MIB)}
    with desk(
        tmp_path_factory.mktemp("desk"),
        lambda world: add(world, "hf", "same", files),
        lambda world: add(world, "ms", "same", files),
        lambda world: add(world, "hf", "other", files),
        lambda world: add(world, "ms", "other", {**files, "one.bin": SeededContent("two", MIB)}),
        lambda world: add(world, "hf", "app", {"app.py": b"1\n"}, kind="space", sdk="gradio"),
        lambda world: add(world, "hf", "new", files),
    ) as here:
        yield here
        assert_no_canary(here.folder, here.said)


@pytest.mark.parametrize(
    ("arguments", "env", "code", "word"),
    [
        ("inventory", {}, 0, "acme/same"),
        ("verify acme/same", {}, 0, "PROVEN"),
        ("verify acme/other", {}, 1, "NOT PROVEN"),
        ("migrate acme/new --to ms", {}, 0, "proven"),
        ("migrate acme/app --to ms", {}, 1, "not migrat"),
        ("migrate acme/nowhere --to ms", {}, 1, "not found"),
        ("migrate acme --to ms", {}, 2, "owner/name"),
        ("migrate acme/same --to mars", {}, 2, "mars"),
        ("--read-only migrate acme/same --to ms", {}, 2, "read-only"),
        ("inventory", {"HF2MS_WORKERS": "many"}, 2, "HF2MS_WORKERS"),
        ("inventory", {"HF2MS_ORG": ""}, 2, "--org"),
        ("inventory", {"HF_TOKEN": "hf_wrong"}, 1, "token"),
        ("inventory", {"HF_ENDPOINT": "http://127.0.0.1:9"}, 1, "Check the network"),
        ("jobs", {}, 0, ""),
        ("jobs follow nosuchjob", {}, 2, "nosuchjob"),
        ("doctor", {}, 0, "mira"),
        ("doctor", {"MODELSCOPE_TOKEN": "ms-wrong"}, 1, "MODELSCOPE_TOKEN"),
        ("journal --check", {}, 0, ""),
        ("nonsense", {}, 2, "nonsense"),
    ],
)
def test_w24_the_exit_code_of_a_verb_says_what_happened(
    both: Desk, arguments: str, env: dict[str, str], code: int, word: str
) -> None:
    got, out, err = both.verb(*arguments.split(), **env)
    assert got == code, out + err
    assert word in out + err
    assert "Traceback" not in out + err
    assert bool(err) or got < 2


def test_w24_an_edited_journal_is_an_exit_code_too(tmp_path: Path) -> None:
    import sqlite3

    with desk(tmp_path, lambda world: add(world, "hf", "app", {"app.py": b"1\n"})) as here:
        here.running.faults.add("ms:*:.*:status=403")
        assert here.verb("migrate", f"{ORG}/app", "--to", "ms")[0] == 1
        connection = sqlite3.connect(here.state / "state.sqlite3")
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE journal SET payload = '{}' WHERE seq = (SELECT MIN(seq) FROM journal)")
        connection.commit()
        connection.close()
        code, _, err = here.verb("journal", "--check")
        assert code == 1
        assert "edited" in err


def test_w24_interrupted_is_130_and_the_job_goes_on(tmp_path: Path) -> None:
    with desk(tmp_path, slow_model) as here:
        crawl(here, "400K")
        verb = here.start("migrate", f"{ORG}/big", "--to", "ms")
        # Blobs go side by side and all arrive near the end: the first that is stored would be too late.
        until(lambda: any(job["bytes_moved"] for job in here.jobs()), 60)
        verb.send_signal(signal.SIGINT)
        code, _, err = here.end(verb)
        assert code == 130, err
        assert "go on" in err
        assert "Traceback" not in err
        (job,) = here.jobs()
        assert job["alive"]
        code, _, err = here.verb("jobs", "cancel", job["job"])
        assert code == 0, err
        code, _, _ = here.verb("jobs", "follow", job["job"])
        assert code == 1
        assert here.jobs()[0]["phase"] == "cancelled"
