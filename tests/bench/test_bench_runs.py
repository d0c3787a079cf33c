"""The benches must run; what they measure is nobody's business here, as machines differ and are busy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RUN), *arguments], capture_output=True, text=True, timeout=100, check=False
    )


def test_the_quick_run_of_the_benches_without_a_network_prints_their_rows() -> None:
    done = run("--quick", "--only", "plan", "--only", "manifests")
    assert done.returncode == 0, done.stderr
    assert "makespan of the chunk plan, 3.3 TB, 678 files, 100 workers" in done.stdout
    assert "comparing two manifests of 100,000 files" in done.stdout
    assert "0 broken" in done.stdout
    # Sizes alone decide this one: it is the same on every machine.
    assert [
        line.split()[-1] for line in done.stdout.splitlines() if "MISSED" in line and "makespan" in line
    ] == []


def test_requests_are_counted_where_they_arrive() -> None:
    done = run("--quick", "--only", "inventory")
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "Hugging Face" in line)
    assert "holds" in line, line


def test_a_bench_that_breaks_says_so_and_ends_with_1() -> None:
    code = "import sys, run, pure; pure.plan = None; sys.argv = ['run.py', '--only', 'plan']; sys.exit(run.main())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=RUN.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert "1 broken" in done.stdout


def test_an_unknown_name_is_refused() -> None:
    assert run("--only", "nonsense").returncode == 2
