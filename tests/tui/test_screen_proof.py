"""Proof on the screen: problems first, full hashes, deeper levels in the background, export; quick with 100,000 files."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hf2ms_tui.domain.proof import FileVerdict, Level, Proof, Verdict
from hf2ms_tui.services import inventory, jobs, proving
from hf2ms_tui.services.program import Program
from hf2ms_tui.tui.app import CleanupApp
from hf2ms_tui.tui.screens.fulltext import FullTextScreen
from hf2ms_tui.tui.screens.proof import ProofScreen
from support.excepted import EXCEPTED, excepted
from support.gate_world import NAME, ORG, GateWorld, gate_world
from support.screen_text import assert_fits, assert_golden, masked, screen_lines, screen_text
from support.screens import SMALL, WIDE, foot, said, settled, until
from support.transfers import MIB, SeededContent

BAD = "weights/one.safetensors"
GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def program(world: GateWorld) -> Program:
    found = world.program()
    inventory.refresh(found)
    return found


async def at_proof(pilot: Pilot[int], world: GateWorld) -> ProofScreen:
    app = await settled(pilot)
    app.open_repo("proof", world.ref())
    await until(pilot, lambda: isinstance(app.screen, ProofScreen) and "Reading the" not in screen_text(app))
    screen = app.screen
    assert isinstance(screen, ProofScreen)
    return screen


def differing(world: GateWorld, program: Program, level: Level = Level.LISTED) -> Proof:
    """A proof with a mismatch and an extra file."""
    world.change({BAD: SeededContent("other", MIB), "only-there.txt": b"extra\n"}, "ms")
    return proving.prove(program, jobs.direction(program, world.ref()), level)


async def test_never_proven_says_what_to_do_and_d_proves(world: GateWorld, program: Program) -> None:
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_proof(pilot, world)
        assert "Never proven" in screen_text(screen.house)
        for key, why in (("p", "never proven"), ("e", "never proven"), ("c", "nothing is being proven")):
            await pilot.press(key)
            assert why in said(screen.house)
        for level in Level:
            await pilot.press("d")
            await until(pilot, lambda level=level: screen.proof is not None and screen.proof.level is level)
            assert f"{level.words}, " in screen_text(screen.house)
            await until(pilot, lambda: screen.why_not_deeper() is None)
        assert "✓ proven" in screen_lines(screen.house)[0]
        await until(pilot, lambda: "✓" in screen.house.model.rows[world.ref().key].backup.state.glyph)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_problems_come_first(world: GateWorld, program: Program, size: tuple[int, int]) -> None:
    proof = differing(world, program)
    async with CleanupApp(program).run_test(size=size) as pilot:
        screen = await at_proof(pilot, world)
        app = screen.house
        await pilot.pause(0.1)
        assert_golden(app, GOLDENS / f"proof-{size[0]}x{size[1]}.txt", masked)
        assert len(foot(app)) <= size[0]
        text = screen_text(app)
        assert proof.summary in text and "✗ not proven" in screen_lines(app)[0]
        file = next(each for each in proof.files if each.path == BAD)
        assert screen.query_one("#files").cursor_key == BAD  # type: ignore[attr-defined]
        assert file.source_sha256 and file.source_sha256 in text
        assert file.destination_sha256 and file.destination_sha256 in text
        assert "+ extra" in text
        await pilot.press("p")
        await pilot.pause(0.1)
        text = screen_text(app)
        assert "README.md" not in text and "only-there.txt" not in text and BAD in text
        await pilot.press("p", "end")
        await pilot.pause(0.1)
        assert "only on the destination" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FullTextScreen))
        await pilot.press("escape")
        await pilot.resize_terminal(*(WIDE if size == SMALL else SMALL))
        await pilot.pause(0.1)
        assert_fits(app)
        assert screen.query_one("#files").cursor_key == "only-there.txt"  # type: ignore[attr-defined]


async def test_export_writes_every_file_with_both_hashes(
    world: GateWorld, program: Program, tmp_path: Path
) -> None:
    proof = differing(world, program)
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        await at_proof(pilot, world)
        await pilot.press("e")
        path = tmp_path / f"proof-{ORG}-{NAME}-{proof.id}.json"
        await until(pilot, path.exists)
    written = json.loads(path.read_text())
    assert not written["holds"] and written["proof"] == proof.id
    assert {file["path"]: file["destination_sha256"] for file in written["files"]} == {
        file.path: file.destination_sha256 for file in proof.files
    }


async def test_export_to_a_folder_that_cannot_be_written_says_so(
    world: GateWorld, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    differing(world, program)
    gone = tmp_path / "gone"
    gone.mkdir()
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_proof(pilot, world)
        monkeypatch.chdir(gone)
        gone.rmdir()
        await pilot.press("e")
        await until(
            pilot, lambda: "was not written" in said(screen.house) or "No such file" in said(screen.house)
        )


async def test_a_proof_can_be_stopped_and_leaves_the_old_one(world: GateWorld, program: Program) -> None:
    proving.prove(program, jobs.direction(program, world.ref()), Level.STORED)
    world.running.faults.add("ms:GET:.*:slow=40000")
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_proof(pilot, world)
        await pilot.press("d")
        await until(pilot, lambda: "proving read back: reading back" in screen_text(screen.house))
        await pilot.press("d")
        assert "c stops it" in said(screen.house)
        await pilot.press("c")
        await until(pilot, lambda: "cancelled" in screen_text(screen.house))
        assert screen.proof is not None and screen.proof.level is Level.STORED
    assert [each.level for each in program.proofs.summaries(world.ref())] == [Level.STORED]


async def test_a_hub_that_does_not_answer_leaves_the_reason_on_the_screen(
    world: GateWorld, program: Program
) -> None:
    proving.prove(program, jobs.direction(program, world.ref()), Level.LISTED)
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_proof(pilot, world)
        world.running.faults.add("ms:*:.*:status=403")
        await pilot.press("d")
        await until(pilot, lambda: "✗ " in "\n".join(screen_lines(screen.house)[15:]), seconds=40)
        assert "ModelScope" in " ".join(screen_lines(screen.house)[15:])


async def test_a_hundred_thousand_files_are_fluent(world: GateWorld, program: Program) -> None:
    files = tuple(
        FileVerdict(
            f"data/{number:06d}.bin",
            Verdict.MISMATCH if number == 77_777 else Verdict.PROVEN,
            f"{number:064x}",
            f"{number:064x}",
            number,
            number,
            Level.READ_BACK,
        )
        for number in range(100_000)
    )
    ref = world.ref()
    there = program.destination_ref(ref)
    program.proofs.save(Proof(ref, "a" * 40, there, "b" * 40, Level.READ_BACK, datetime.now(UTC), files))
    async with CleanupApp(program).run_test(size=SMALL) as pilot:
        screen = await at_proof(pilot, world)
        app = screen.house
        await until(pilot, lambda: "077777" in screen_text(app))
        assert "mismatch 1" in screen_text(app) and "proven 99,999" in screen_text(app)
        took = []
        for key in ("pagedown", "pagedown", "down", "p", "p", "end", "home"):
            began = time.perf_counter()
            await pilot.press(key)
            took.append(time.perf_counter() - began)
        assert max(took) < 1.0, took
        assert "077777" in screen_lines(app)[4]


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_an_exception_is_told_with_both_hashes_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("HF2MS_KEYS", str(tmp_path / "keys.toml"))
    with gate_world(tmp_path, excepted) as world:
        program = world.program(source="ms")
        inventory.refresh(program)
        ref = world.ref("ms", EXCEPTED)
        (file,) = proving.prove(program, jobs.direction(program, ref), Level.READ_BACK).exceptions
        async with CleanupApp(program).run_test(size=size) as pilot:
            app = await settled(pilot)
            app.open_repo("proof", ref)
            await until(pilot, lambda: "≈ excepted" in screen_text(app))
            await pilot.pause(0.1)
            assert_golden(app, GOLDENS / f"proof-excepted-{size[0]}x{size[1]}.txt", masked)
            assert "≈ proven, 1 excepted" in screen_lines(app)[0]
            text = screen_text(app)
            assert str(file.source_sha256) in text and str(file.destination_sha256) in text
            assert "is now apache-2.0" in text
            await pilot.press("p")
            await pilot.pause(0.1)
            assert "README.md" in screen_text(app) and "config.json" not in screen_text(app)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, FullTextScreen))
            await until(pilot, lambda: "is now" in screen_text(app) and "below the" in screen_text(app))
