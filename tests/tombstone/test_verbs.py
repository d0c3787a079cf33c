"""The verbs: tombstones lists them, restore makes the repo again; as real processes, with tokens that nobody may see."""

from __future__ import annotations

import json
from pathlib import Path

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import decisions, deletion, inventory, jobs, proving
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from hf2ms_tui.services.settings import load
from support.desk import CANARIES, HF_CANARY, Desk, assert_no_canary, desk
from support.gate_world import FILES, NAME, ORG
from support.transfers import add

FULL = f"{ORG}/{NAME}"
REF = RepoRef.of("hf", "model", FULL)


def both(world: World) -> None:
    add(world, "hf", NAME, {**FILES, "leak.txt": HF_CANARY.encode()})
    add(world, "ms", NAME, {**FILES, "leak.txt": HF_CANARY.encode()})


def delete(here: Desk) -> None:
    """Delete the repo as the screen does, from this process, with the desk's own tokens."""
    program = Program(load({"org": ORG}, here.env, here.folder))
    try:
        inventory.refresh(program)
        proving.prove(program, jobs.direction(program, REF))
        decisions.decide(program, [REF], Decision.DELETE)
        assert deletion.delete(program, REF, FULL).state is Gone.GONE
    finally:
        program.close()


def test_delete_list_restore_and_no_token_anywhere(tmp_path: Path) -> None:
    with desk(tmp_path, both) as here:
        code, out, _ = here.verb("tombstones")
        assert code == 0 and "There are no tombstones" in out
        code, _, err = here.verb("restore", FULL)
        assert code == 2 and "There is no tombstone" in err
        delete(here)
        code, out, err = here.verb("tombstones", "--check", "--json")
        assert code == 0, err
        (stone,) = json.loads(out)
        assert stone["repo"] == REF.key and stone["whole"] and stone["deletion"] == "done"
        code, out, err = here.verb("restore", FULL, "--dry-run")
        assert code == 0, err
        assert "comes back: 5 files" in out and "does not come back: the history of 1 commit" in out
        code, out, err = here.verb("restore", FULL, "--hub", "hf", "--from", stone["id"][:8], "--json")
        assert code == 0, err
        view = json.loads(out)
        assert view["phase"] == "done" and view["proof"]
        files = here.running.call(
            lambda world: {
                path: node.content.sha256
                for path, node in world.hf.get("model", FULL).head().files.items()  # type: ignore[union-attr]
            }
        )
        wanted = here.running.call(
            lambda world: {
                path: node.content.sha256
                for path, node in world.ms.get("model", FULL).head("master").files.items()  # type: ignore[union-attr]
            }
        )
        assert files == wanted and len(files) == 5
        code, _, err = here.verb("restore", FULL)
        assert code == 1 and "exists on Hugging Face" in err
        code, out, _ = here.verb("journal", "--json")
        kinds = [(entry["kind"], entry["role"], entry["state"]) for entry in json.loads(out)]
        assert kinds.index(("delete", "outcome", "done")) < kinds.index(("restore", "intent", "done"))
        assert any(kind == "restore" and role == "outcome" and state == "done" for kind, role, state in kinds)
    assert_no_canary(tmp_path, here.said)
    assert len(CANARIES) == 2


def test_bad_input_is_refused(tmp_path: Path) -> None:
    with desk(tmp_path, both) as here:
        delete(here)
        for arguments, said in (
            (("restore", FULL, "--hub", "ms"), "no tombstone of"),
            (("restore", "acme/other"), "There is no tombstone"),
            (("restore", FULL, "--from", "nothing"), "No tombstone is called"),
        ):
            code, _, err = here.verb(*arguments)
            assert code == 2 and said in err, err
        (row,) = json.loads(here.verb("tombstones", "--json")[1])
        code, _, err = here.verb("restore", "acme/other", "--from", row["id"])
        assert code == 2 and f"is of {REF.key}" in err
        parts = Path(row["folder"]) / "parts"
        parts.write_bytes(parts.read_bytes()[:-1] + b"?")
        code, out, _ = here.verb("tombstones", "--check")
        assert code == 1 and "damaged" in out and "parts was changed" in out
        code, _, err = here.verb("restore", FULL)
        assert code == 1 and "cannot be used: parts was changed" in err
        assert here.running.call(lambda world: world.hf.get("model", FULL)) is None


def test_read_only_restores_nothing(tmp_path: Path) -> None:
    with desk(tmp_path, both) as here:
        delete(here)
        code, _, err = here.verb("--read-only", "restore", FULL)
        assert code == 1 and "read-only" in err
        assert here.running.call(lambda world: world.hf.get("model", FULL)) is None
