"""The house rules that an import linter cannot say, read off the code itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hf2ms_tui

ROOT = Path(hf2ms_tui.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Every module name that a file imports anywhere, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


def room_of(path: Path) -> str:
    """The room a file stands in: ``hubs``, ``tui``, …, or the file's own name at the top."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("textual", {"tui"}),
        ("huggingface_hub", {"hubs"}),
        ("modelscope_hub", {"hubs"}),
        ("modelscope", set()),
        ("modal", {"engines", "loopback"}),
        ("aiohttp", {"loopback"}),
        ("sqlite3", {"store"}),
    ],
)
def test_a_library_is_imported_only_in_its_rooms(library: str, rooms: set[str]) -> None:
    users = {
        room_of(path)
        for path in MODULES
        for name in imports_of(path)
        if name == library or name.startswith(f"{library}.")
    }
    assert users <= rooms


def test_the_domain_imports_only_the_standard_library() -> None:
    allowed = sys.stdlib_module_names | {"hf2ms_tui"}
    for path in (ROOT / "domain").glob("*.py"):
        for name in imports_of(path):
            assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
            if name.startswith("hf2ms_tui."):
                assert name.startswith("hf2ms_tui.domain"), f"{path.name} imports {name}"


def test_exactly_one_caller_of_a_repo_deletion() -> None:
    callers = [
        f"{room_of(path)}:{path.stem}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "delete_repo"
    ]
    outside = [caller for caller in callers if not caller.startswith("hubs:")]
    assert outside == ["services:deletion"]
    assert len(callers) <= 1 + 2, "each adapter's delete half may call its SDK once"


def test_a_pass_is_made_in_one_place() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Pass"
    ]
    assert makers == ["domain/gate/passes.py"]


@pytest.mark.parametrize(
    "module", ["hf2ms_tui", "hf2ms_tui.transfer.job", "hf2ms_tui.hubs.connect", "hf2ms_tui.domain.gate"]
)
def test_what_a_cloud_worker_imports_is_light(module: str) -> None:
    code = (
        f"import {module}, sys; "
        "print([m for m in sys.modules if m.partition('.')[0] in ('textual', 'modal', 'sqlite3')"
        " or m.startswith('hf2ms_tui.store')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_answers_help_without_the_screens_or_the_hubs() -> None:
    code = (
        "import hf2ms_tui.cli, sys; "
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('textual', 'modal', 'huggingface_hub', 'modelscope_hub', 'aiohttp')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_can_be_held_in_the_head() -> None:
    too_long = {
        str(path.relative_to(ROOT)): count
        for path in MODULES
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert too_long == {}


def test_no_error_is_swallowed_silently() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                bare = node.type is None or (
                    isinstance(node.type, ast.Name) and node.type.id == "BaseException"
                )
                only_pass = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
                assert not only_pass, f"{path.relative_to(ROOT)}:{node.lineno} passes over an error"
                # A thread may catch everything if it hands the error over to whoever waits for it.
                handed_over = any(
                    isinstance(inner, ast.Name) and inner.id == node.name for inner in ast.walk(node)
                )
                raised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert not bare or raised or handed_over, (
                    f"{path.relative_to(ROOT)}:{node.lineno} catches everything and lets nobody know"
                )
